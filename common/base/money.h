/* Money: a whole number of a currency's smallest unit, and the currency. By value, sixteen bytes.
 * There is no floating point on the way in, through, or out: text is decimal digits, arithmetic is
 * exact or refused. Amounts in different currencies never meet here; converting one names a rate,
 * and that is the business of decimal.h and of whoever knows the rate's source and date. Every
 * function writes its outputs on success only. */
#ifndef COMMON_BASE_MONEY_H
#define COMMON_BASE_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Made by money_make or money_parse, and from then on always in a currency of currency.def. All
 * zero is no amount at all: it is in no currency, not even in the same one as itself. */
struct money {
    int64_t minor; /* may be negative */
    char cur[4];   /* ISO 4217, upper case, NUL-terminated */
};

enum {
    MONEY_TEXT_MAX = 24, /* a sign, 19 digits, a point, NUL; and some */
    MONEY_UNITS_MAX = 4, /* the most digits any currency has after the point */
};

/* How many digits `cur` has after the point: 0, 2, 3 or 4. ERR_INPUT for text that is not an active
 * ISO 4217 code in upper case (NULL too), and for codes such as XAU that cannot be an amount. */
MUST_CHECK struct err currency_minor_units(const char *cur, int *units);

/* True when amounts can be in `cur`. */
bool currency_valid(const char *cur);

MUST_CHECK struct err money_make(int64_t minor, const char *cur, struct money *m);

/* Plain decimal text: an optional '-', digits, and optionally a point with at least one and at most
 * the currency's number of digits. No '+', exponent, space or separator; extra zeros are refused
 * like any extra digits. ERR_INPUT when the text is not that, ERR_LIMIT when the amount does not
 * fit. */
MUST_CHECK struct err money_parse(const char *text, const char *cur, struct money *m);

/* The same text back, always with all of the currency's digits: "-0.05", "1200", "3.250". */
void money_print(struct money m, char out[MONEY_TEXT_MAX]);

/* ERR_INPUT when the currencies differ, ERR_LIMIT when the result does not fit. */
MUST_CHECK struct err money_add(struct money a, struct money b, struct money *sum);
MUST_CHECK struct err money_sub(struct money a, struct money b, struct money *difference);

/* The total of `n` amounts that are all in `cur`; none at all is zero. Only the total has to fit,
 * so the order of the amounts does not matter. */
MUST_CHECK struct err money_sum(const struct money *amounts, size_t n, const char *cur,
                                struct money *sum);

/* ERR_LIMIT for INT64_MIN, which has no counterpart. */
MUST_CHECK struct err money_neg(struct money m, struct money *negative);
MUST_CHECK struct err money_abs(struct money m, struct money *magnitude);

/* *sign is -1, 0 or 1 as a is less than, equal to or greater than b. */
MUST_CHECK struct err money_cmp(struct money a, struct money b, int *sign);

bool money_same_currency(struct money a, struct money b);
bool money_is_zero(struct money m);
int money_sign(struct money m); /* -1, 0 or 1 */

#endif
