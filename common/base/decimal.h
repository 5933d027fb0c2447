/* Exact decimal numbers, for rates and for amounts before they are rounded: coef / 10^scale.
 * Adding, subtracting, multiplying and comparing are exact or refused; only dividing and rounding
 * round, once, the way the caller says. Money leaves through decimal_round_to_money.
 * Every function writes its outputs on success only. */
#ifndef COMMON_BASE_DECIMAL_H
#define COMMON_BASE_DECIMAL_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/money.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* Not unique: 1.5 is also 1.50; compare with decimal_cmp. All zero is the number 0. */
struct decimal {
    int128 coef; /* at most 38 digits, so that it can always be negated */
    unsigned char scale;
};

enum {
    DECIMAL_SCALE_MAX = 36,       /* digits after the point, in arithmetic */
    DECIMAL_PARSE_SCALE_MAX = 18, /* and in text */
    DECIMAL_DIGITS_MAX = 38,      /* digits in all */
    DECIMAL_TEXT_MAX = 44,        /* a sign, "0.", 38 digits, NUL; and some */
};

/* All four treat negative numbers as the mirror image of positive ones. */
enum rounding {
    ROUND_HALF_UP,   /* to nearest, a half away from zero: invoices, taxes, conversions */
    ROUND_HALF_EVEN, /* to nearest, a half to the even neighbour */
    ROUND_AWAY,      /* away from zero: what is compared with a limit */
    ROUND_DOWN,      /* towards zero */
};

/* An optional '-', digits, and optionally a point with 1 to `scale_max` (at most 18) digits;
 * nothing else. ERR_INPUT when the text (or NULL) is not that, ERR_LIMIT past 38 digits. */
MUST_CHECK struct err decimal_parse(const char *text, int scale_max, struct decimal *d);

/* The shortest text: no zeros after the last fraction digit, no point without digits, no "-0". */
void decimal_print(struct decimal d, char out[DECIMAL_TEXT_MAX]);

struct decimal decimal_of_int(int64_t n);
struct decimal decimal_of_money(struct money m);

/* -1, 0 or 1 as a is less than, equal to or greater than b. Never overflows. */
int decimal_cmp(struct decimal a, struct decimal b);
int decimal_sign(struct decimal d);
bool decimal_is_zero(struct decimal d);
struct decimal decimal_neg(struct decimal d);
struct decimal decimal_abs(struct decimal d);

/* Exact; ERR_LIMIT when the exact result has more than 38 digits, or more than 36 after the point.
 */
MUST_CHECK struct err decimal_add(struct decimal a, struct decimal b, struct decimal *sum);
MUST_CHECK struct err decimal_sub(struct decimal a, struct decimal b, struct decimal *difference);
MUST_CHECK struct err decimal_mul(struct decimal a, struct decimal b, struct decimal *product);

/* a / b with `digits` (1 to 36) significant digits; fewer when they are exact. ERR_INPUT when b is
 * zero, ERR_LIMIT when the quotient needs more than 36 digits after the point or 38 in all. */
MUST_CHECK struct err decimal_div(struct decimal a, struct decimal b, int digits,
                                  enum rounding rounding, struct decimal *quotient);

/* a / b with `scale` digits after the point, rounded once. */
MUST_CHECK struct err decimal_div_to_scale(struct decimal a, struct decimal b, int scale,
                                           enum rounding rounding, struct decimal *quotient);

/* `d` with at most `scale` digits after the point. */
MUST_CHECK struct err decimal_round(struct decimal d, int scale, enum rounding rounding,
                                    struct decimal *rounded);

/* `d` major units of `cur` as money; ERR_INPUT for a currency that is none, ERR_LIMIT when the
 * amount does not fit. */
MUST_CHECK struct err decimal_round_to_money(struct decimal d, const char *cur,
                                             enum rounding rounding, struct money *m);

/* a / b major units of `cur`, rounded once: an amount through a cross rate that is never rounded.
 */
MUST_CHECK struct err decimal_div_to_money(struct decimal a, struct decimal b, const char *cur,
                                           enum rounding rounding, struct money *m);

#endif
