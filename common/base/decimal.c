/* Exact decimals in 128 bits. Two helpers carry everything: `divide` gives the whole quotient of
 * two magnitudes and what is left over, `round_up` decides about what is left. Signs are taken off
 * first and put back last, so that rounding is symmetric. */
#include "common/base/decimal.h"

#include <string.h>

#include "common/base/invariant.h"

/* What a division or a cut left behind, compared with half a unit of the last digit kept. */
enum rest { REST_NONE, REST_BELOW_HALF, REST_HALF, REST_ABOVE_HALF };

#define TEN_19   ((uint128)10000000000000000000u)
#define COEF_MAX (TEN_19 * TEN_19 - 1) /* 38 nines */

static uint128 power_of_ten(int exponent)
{
    INVARIANT(exponent >= 0 && exponent <= DECIMAL_DIGITS_MAX);
    uint64_t power = 1; /* a machine word as long as it lasts: this is on the gate's path */
    for (int i = exponent % 19; i > 0; i--)
        power *= 10;
    for (uint128 wide = power;; wide *= TEN_19, exponent -= 19) {
        if (exponent < 19)
            return wide;
    }
}

static uint128 magnitude(struct decimal d)
{
    return d.coef < 0 ? (uint128)-d.coef : (uint128)d.coef;
}

static int digit_count(uint128 n)
{
    int digits = 1;
    while (n >= 10) {
        n /= 10;
        digits++;
    }
    return digits;
}

/* n * 10^exponent, if that still has at most 38 digits */
static bool shift_left(uint128 *n, int exponent)
{
    for (; exponent > 0 && *n != 0; exponent--) {
        if (*n > COEF_MAX / 10)
            return false;
        *n *= 10;
    }
    return true;
}

/* n without its last `places` digits; `below` says that more than nothing followed them already. */
static enum rest cut_digits(uint128 *n, int places, bool below)
{
    if (places > DECIMAL_DIGITS_MAX) { /* 38 digits are less than half of 10^39 */
        bool any = *n != 0 || below;
        *n = 0;
        return any ? REST_BELOW_HALF : REST_NONE;
    }
    uint128 unit = power_of_ten(places);
    uint128 left = *n % unit;
    *n /= unit;
    if (left == 0 && !below)
        return REST_NONE;
    if (left < unit - left)
        return REST_BELOW_HALF;
    return left == unit - left && !below ? REST_HALF : REST_ABOVE_HALF;
}

static bool round_up(uint128 n, enum rest rest, enum rounding rounding)
{
    switch (rounding) {
    case ROUND_HALF_UP:
        return rest >= REST_HALF;
    case ROUND_HALF_EVEN:
        return rest == REST_ABOVE_HALF || (rest == REST_HALF && n % 2 == 1);
    case ROUND_AWAY:
        return rest != REST_NONE;
    case ROUND_DOWN:
        return false;
    }
    INVARIANT(!"a rounding that exists");
    return false;
}

/* The number with its sign back, in the scale it has or, if it fits nowhere else, a smaller one. */
static struct err finish(bool negative, uint128 n, int scale, struct decimal *d)
{
    while (scale > 0 && n % 10 == 0 && (n == 0 || scale > DECIMAL_SCALE_MAX || n > COEF_MAX)) {
        n /= 10;
        scale--;
    }
    ENSURE(scale <= DECIMAL_SCALE_MAX, ERR_LIMIT, "the number has too many digits after the point");
    ENSURE(scale >= 0 || shift_left(&n, -scale), ERR_LIMIT, "the number has too many digits");
    ENSURE(n <= COEF_MAX, ERR_LIMIT, "the number has too many digits");
    *d = (struct decimal){.coef = negative ? -(int128)n : (int128)n,
                          .scale = (unsigned char)(scale < 0 ? 0 : scale)};
    return OK;
}

/* Zeros at the end of the fraction only cost room. */
static struct decimal without_zeros(struct decimal d)
{
    while (d.scale > 0 && d.coef % 10 == 0) {
        d.coef /= 10;
        d.scale--;
    }
    return d;
}

struct err decimal_parse(const char *text, int scale_max, struct decimal *d)
{
    INVARIANT(scale_max >= 0 && scale_max <= DECIMAL_PARSE_SCALE_MAX);
    ENSURE(text != NULL, ERR_INPUT, "expected a decimal number");
    bool negative = text[0] == '-';
    const char *p = text + negative;
    const char *point = NULL;
    uint128 n = 0;
    ENSURE(*p >= '0' && *p <= '9', ERR_INPUT, "expected a decimal number");
    for (; *p != '\0'; p++) {
        if (*p == '.' && point == NULL) {
            point = p;
            continue;
        }
        ENSURE(*p >= '0' && *p <= '9', ERR_INPUT, "expected a decimal number");
        ENSURE(point == NULL || p - point <= scale_max, ERR_INPUT,
               "more digits after the point than there may be");
        unsigned digit = (unsigned)(*p - '0');
        ENSURE(n <= COEF_MAX / 10, ERR_LIMIT, "the number has too many digits");
        n = n * 10 + digit;
    }
    ENSURE(point == NULL || p - point > 1, ERR_INPUT, "expected a digit after the point");
    return finish(negative, n, point == NULL ? 0 : (int)(p - point) - 1, d);
}

void decimal_print(struct decimal d, char out[DECIMAL_TEXT_MAX])
{
    d = without_zeros(d);
    uint128 n = magnitude(d);
    char text[DECIMAL_TEXT_MAX], *end = text + sizeof text, *p = end; /* from the last digit back */
    *--p = '\0';
    for (int digits = 0; digits <= d.scale || n != 0; digits++) {
        if (digits > 0 && digits == d.scale)
            *--p = '.';
        *--p = (char)('0' + (int)(n % 10));
        n /= 10;
    }
    if (d.coef < 0)
        *--p = '-';
    memcpy(out, p, (size_t)(end - p));
}

struct decimal decimal_of_int(int64_t n)
{
    return (struct decimal){.coef = n};
}

struct decimal decimal_of_money(struct money m)
{
    int units = 0;
    struct err e = currency_minor_units(m.cur, &units);
    INVARIANT(e.kind == ERR_NONE);
    return (struct decimal){.coef = m.minor, .scale = (unsigned char)units};
}

int decimal_cmp(struct decimal a, struct decimal b)
{
    if (decimal_sign(a) != decimal_sign(b))
        return decimal_sign(a) < decimal_sign(b) ? -1 : 1;
    uint128 x, y;
    int lift_a = a.scale < b.scale ? b.scale - a.scale : 0;
    int lift_b = b.scale < a.scale ? a.scale - b.scale : 0;
    if (__builtin_mul_overflow(magnitude(a), power_of_ten(lift_a), &x) ||
        __builtin_mul_overflow(magnitude(b), power_of_ten(lift_b), &y)) {
        uint128 unit_a = power_of_ten(a.scale), unit_b = power_of_ten(b.scale);
        x = magnitude(a) / unit_a;
        y = magnitude(b) / unit_b;
        if (x == y) { /* the fractions, which have at most 36 digits */
            x = magnitude(a) % unit_a * power_of_ten(lift_a);
            y = magnitude(b) % unit_b * power_of_ten(lift_b);
        }
    }
    int order = (x > y) - (x < y);
    return decimal_sign(a) < 0 ? -order : order;
}

int decimal_sign(struct decimal d)
{
    return (d.coef > 0) - (d.coef < 0);
}

bool decimal_is_zero(struct decimal d)
{
    return d.coef == 0;
}

struct decimal decimal_neg(struct decimal d)
{
    d.coef = -d.coef;
    return d;
}

struct decimal decimal_abs(struct decimal d)
{
    return d.coef < 0 ? decimal_neg(d) : d;
}

struct err decimal_add(struct decimal a, struct decimal b, struct decimal *sum)
{
    if (a.scale != b.scale) {
        a = without_zeros(a);
        b = without_zeros(b);
    }
    int scale = a.scale > b.scale ? a.scale : b.scale;
    uint128 x = magnitude(a), y = magnitude(b);
    ENSURE(shift_left(&x, scale - a.scale) && shift_left(&y, scale - b.scale), ERR_LIMIT,
           "the sum has too many digits");
    int128 total = (a.coef < 0 ? -(int128)x : (int128)x); /* two of 38 digits: no overflow below */
    INVARIANT(!__builtin_add_overflow(total, b.coef < 0 ? -(int128)y : (int128)y, &total));
    return finish(total < 0, total < 0 ? -(uint128)total : (uint128)total, scale, sum);
}

struct err decimal_sub(struct decimal a, struct decimal b, struct decimal *difference)
{
    return decimal_add(a, decimal_neg(b), difference);
}

struct err decimal_mul(struct decimal a, struct decimal b, struct decimal *product)
{
    uint128 n;
    if (__builtin_mul_overflow(magnitude(a), magnitude(b), &n)) {
        a = without_zeros(a);
        b = without_zeros(b);
        ENSURE(!__builtin_mul_overflow(magnitude(a), magnitude(b), &n), ERR_LIMIT,
               "the product has too many digits");
    }
    return finish((a.coef < 0) != (b.coef < 0), n, a.scale + b.scale, product);
}

/* Ten times the remainder `left`, over `by`, by ten additions since left * 10 may not fit. */
static unsigned next_digit(uint128 *left, uint128 by)
{
    unsigned digit = 0;
    uint128 sum = 0;
    for (int i = 0; i < 10; i++) {
        bool carry = sum >= by - *left;
        sum = carry ? sum - (by - *left) : sum + *left;
        digit += carry;
    }
    *left = sum;
    return digit;
}

/* The next so many digits of a long division; many at once where the divisor has 64 bits, since the
 * remainder and 10^19 then fit together. */
static uint128 next_digits(uint128 *left, uint128 by, int digits)
{
    if (by > UINT64_MAX)
        return next_digit(left, by);
    uint128 n = *left * power_of_ten(digits);
    *left = n % by;
    return n / by;
}

/* n * 10^exponent / by, whole, and the rest; false when the quotient has more than 38 digits. */
static bool divide(uint128 n, int exponent, uint128 by, uint128 *quotient, enum rest *rest)
{
    uint128 q = n / by, left = n % by;
    while (exponent > 0 && (q != 0 || left != 0)) {
        int digits = by > UINT64_MAX ? 1 : exponent < 19 ? exponent : 19;
        uint128 next = next_digits(&left, by, digits);
        if (__builtin_mul_overflow(q, power_of_ten(digits), &q) ||
            __builtin_add_overflow(q, next, &q) || q > COEF_MAX)
            return false;
        exponent -= digits;
    }
    if (exponent < 0)
        *rest = cut_digits(&q, -exponent, left != 0);
    else if (left == 0)
        *rest = REST_NONE;
    else if (left == by - left)
        *rest = REST_HALF;
    else
        *rest = left < by - left ? REST_BELOW_HALF : REST_ABOVE_HALF;
    *quotient = q;
    return true;
}

struct err decimal_div_to_scale(struct decimal a, struct decimal b, int scale,
                                enum rounding rounding, struct decimal *quotient)
{
    ENSURE(b.coef != 0, ERR_INPUT, "division by zero");
    uint128 n = 0;
    enum rest rest = REST_NONE;
    ENSURE(divide(magnitude(a), scale + b.scale - a.scale, magnitude(b), &n, &rest), ERR_LIMIT,
           "the quotient has too many digits");
    n += round_up(n, rest, rounding);
    return finish((a.coef < 0) != (b.coef < 0), n, scale, quotient);
}

struct err decimal_div(struct decimal a, struct decimal b, int digits, enum rounding rounding,
                       struct decimal *quotient)
{
    INVARIANT(digits >= 1 && digits <= DECIMAL_SCALE_MAX);
    ENSURE(b.coef != 0, ERR_INPUT, "division by zero");
    uint128 x = magnitude(a), y = magnitude(b), n = 0;
    enum rest rest = REST_NONE;
    if (x == 0)
        return finish(false, 0, 0, quotient);
    int exponent = digits - 1 - (digit_count(x) - digit_count(y)); /* gives `digits` or one less */
    INVARIANT(divide(x, exponent, y, &n, &rest));
    if (n < power_of_ten(digits - 1))
        INVARIANT(divide(x, ++exponent, y, &n, &rest));
    n += round_up(n, rest, rounding);
    struct decimal q;
    TRY(finish((a.coef < 0) != (b.coef < 0), n, exponent + a.scale - b.scale, &q));
    *quotient = without_zeros(q);
    return OK;
}

struct err decimal_round(struct decimal d, int scale, enum rounding rounding,
                         struct decimal *rounded)
{
    INVARIANT(scale >= 0);
    if (d.scale <= scale) {
        *rounded = d;
        return OK;
    }
    uint128 n = magnitude(d);
    enum rest rest = cut_digits(&n, d.scale - scale, false);
    n += round_up(n, rest, rounding);
    return finish(d.coef < 0, n, scale, rounded);
}

struct err decimal_round_to_money(struct decimal d, const char *cur, enum rounding rounding,
                                  struct money *m)
{
    int units = 0;
    TRY(currency_minor_units(cur, &units));
    TRY(decimal_round(d, units, rounding, &d));
    uint128 n = magnitude(d);
    uint128 max = (uint128)INT64_MAX + (d.coef < 0);
    ENSURE(shift_left(&n, units - d.scale) && n <= max, ERR_LIMIT, "the amount does not fit");
    return money_make((int64_t)(d.coef < 0 ? -(int128)n : (int128)n), cur, m);
}

struct err decimal_div_to_money(struct decimal a, struct decimal b, const char *cur,
                                enum rounding rounding, struct money *m)
{
    int units = 0;
    struct decimal quotient;
    TRY(currency_minor_units(cur, &units));
    TRY(decimal_div_to_scale(a, b, units, rounding, &quotient));
    return decimal_round_to_money(quotient, cur, rounding, m);
}
