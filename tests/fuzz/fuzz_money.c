/* Amounts and decimals from text: the first byte picks a currency, the rest is the text. What is
 * read prints as something that reads as the same number. */
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/invariant.h"
#include "common/base/money.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decimal_check(const char *text)
{
    struct decimal d, again;
    char printed[DECIMAL_TEXT_MAX];
    if (decimal_parse(text, DECIMAL_PARSE_SCALE_MAX, &d).kind != ERR_NONE)
        return;
    decimal_print(d, printed);
    INVARIANT(decimal_parse(printed, DECIMAL_PARSE_SCALE_MAX, &again).kind == ERR_NONE);
    INVARIANT(decimal_cmp(d, again) == 0);
}

/* Two numbers around a slash: a / b * b is close to a, and no step overflows. */
static void division_check(char *text)
{
    struct decimal a, b, q, product, error, unit = {.coef = 1, .scale = 6};
    char *slash = strchr(text, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    if (decimal_parse(text, 18, &a).kind != ERR_NONE ||
        decimal_parse(slash + 1, 18, &b).kind != ERR_NONE)
        return;
    for (int rounding = ROUND_HALF_UP; rounding <= ROUND_DOWN; rounding++) {
        if (decimal_div(a, b, 20, (enum rounding)rounding, &q).kind == ERR_NONE)
            INVARIANT(decimal_is_zero(q) == decimal_is_zero(a));
        if (decimal_div_to_scale(a, b, 6, (enum rounding)rounding, &q).kind != ERR_NONE ||
            decimal_mul(q, b, &product).kind != ERR_NONE ||
            decimal_sub(a, product, &error).kind != ERR_NONE ||
            decimal_mul(unit, b, &product).kind != ERR_NONE)
            continue;
        INVARIANT(decimal_cmp(decimal_abs(error), decimal_abs(product)) <= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const currencies[] = {"USD", "JPY", "KWD", "CLF", "XAU", "usd"};
    if (size < 1)
        return 0;
    const char *cur = currencies[data[0] % 6];
    char *text = calloc(size, 1); /* the text and its NUL */
    INVARIANT(text != NULL);
    memcpy(text, data + 1, size - 1);
    struct money m, again;
    char printed[MONEY_TEXT_MAX];
    if (money_parse(text, cur, &m).kind == ERR_NONE) {
        money_print(m, printed);
        INVARIANT(money_parse(printed, cur, &again).kind == ERR_NONE && again.minor == m.minor);
    }
    decimal_check(text);
    division_check(text);
    free(text);
    return 0;
}
