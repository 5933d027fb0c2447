/* Exact arithmetic on amounts, and the table of currencies. Whatever would not be exact is an
 * error: there is no saturation, no rounding and no conversion here. */
#include "common/base/money.h"

#include <string.h>

#include "common/base/decimal.h"
#include "common/base/invariant.h"

enum { NO_MINOR_UNIT = -1 };

static const struct currency {
    char code[4];
    signed char units;
} currencies[] = {
#define CURRENCY(code, units) {#code, units},
#include "common/base/currency.def"
#undef CURRENCY
};

static const struct currency *currency_find(const char *cur)
{
    if (cur == NULL)
        return NULL;
    size_t low = 0, high = sizeof currencies / sizeof currencies[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(cur, currencies[middle].code);
        if (order == 0)
            return &currencies[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct err currency_minor_units(const char *cur, int *units)
{
    const struct currency *currency = currency_find(cur);
    ENSURE(currency != NULL, ERR_INPUT, "not an active ISO 4217 currency code");
    ENSURE(currency->units != NO_MINOR_UNIT, ERR_INPUT,
           "this ISO 4217 code has no minor unit and cannot be an amount");
    *units = currency->units;
    return OK;
}

bool currency_valid(const char *cur)
{
    const struct currency *currency = currency_find(cur);
    return currency != NULL && currency->units != NO_MINOR_UNIT;
}

struct err money_make(int64_t minor, const char *cur, struct money *m)
{
    int units;
    TRY(currency_minor_units(cur, &units));
    *m = (struct money){.minor = minor};
    memcpy(m->cur, cur, sizeof m->cur);
    return OK;
}

struct err money_parse(const char *text, const char *cur, struct money *m)
{
    int units;
    TRY(currency_minor_units(cur, &units));
    struct decimal exact;
    TRY(decimal_parse(text, units, &exact));
    return decimal_round_to_money(exact, cur, ROUND_HALF_UP, m); /* nothing is left to round */
}

void money_print(struct money m, char out[MONEY_TEXT_MAX])
{
    const struct currency *currency = currency_find(m.cur);
    INVARIANT(currency != NULL && currency->units != NO_MINOR_UNIT);
    uint64_t magnitude = m.minor < 0 ? 0 - (uint64_t)m.minor : (uint64_t)m.minor;
    char text[MONEY_TEXT_MAX], *end = text + sizeof text, *p = end; /* from the last digit back */
    *--p = '\0';
    for (int digits = 0; digits <= currency->units || magnitude != 0; digits++) {
        if (digits > 0 && digits == currency->units)
            *--p = '.';
        *--p = (char)('0' + magnitude % 10);
        magnitude /= 10;
    }
    if (m.minor < 0)
        *--p = '-';
    memcpy(out, p, (size_t)(end - p));
}

struct err money_add(struct money a, struct money b, struct money *sum)
{
    int64_t minor;
    ENSURE(money_same_currency(a, b), ERR_INPUT, "amounts are in different currencies");
    ENSURE(!__builtin_add_overflow(a.minor, b.minor, &minor), ERR_LIMIT, "the sum does not fit");
    a.minor = minor;
    *sum = a;
    return OK;
}

struct err money_sub(struct money a, struct money b, struct money *difference)
{
    int64_t minor;
    ENSURE(money_same_currency(a, b), ERR_INPUT, "amounts are in different currencies");
    ENSURE(!__builtin_sub_overflow(a.minor, b.minor, &minor), ERR_LIMIT,
           "the difference does not fit");
    a.minor = minor;
    *difference = a;
    return OK;
}

struct err money_sum(const struct money *amounts, size_t n, const char *cur, struct money *sum)
{
    struct money total;
    TRY(money_make(0, cur, &total));
    int128 minor = 0; /* 2^63 amounts of 2^63 each still fit */
    for (size_t i = 0; i < n; i++) {
        ENSURE(money_same_currency(amounts[i], total), ERR_INPUT,
               "amounts are in different currencies");
        minor += amounts[i].minor;
    }
    ENSURE(minor >= INT64_MIN && minor <= INT64_MAX, ERR_LIMIT, "the sum does not fit");
    total.minor = (int64_t)minor;
    *sum = total;
    return OK;
}

struct err money_neg(struct money m, struct money *negative)
{
    ENSURE(m.minor != INT64_MIN, ERR_LIMIT, "the amount has no opposite that fits");
    m.minor = -m.minor;
    *negative = m;
    return OK;
}

struct err money_abs(struct money m, struct money *magnitude)
{
    if (m.minor < 0)
        return money_neg(m, magnitude);
    *magnitude = m;
    return OK;
}

struct err money_cmp(struct money a, struct money b, int *sign)
{
    ENSURE(money_same_currency(a, b), ERR_INPUT, "amounts are in different currencies");
    *sign = (a.minor > b.minor) - (a.minor < b.minor);
    return OK;
}

bool money_same_currency(struct money a, struct money b)
{
    return a.cur[0] != '\0' && memcmp(a.cur, b.cur, sizeof a.cur) == 0;
}

bool money_is_zero(struct money m)
{
    return m.minor == 0;
}

int money_sign(struct money m)
{
    return (m.minor > 0) - (m.minor < 0);
}
