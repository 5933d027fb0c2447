/* Sums against limits: in machine words where they fit, in decimal.c where they do not. */
#include "engine/gate/compare.h"

#include <stdint.h>

/* Not negative, and so small that it times a power of ten up to the 18th, twice over, still fits.
 */
static inline bool is_handy(struct decimal d)
{
    return d.coef >= 0 && d.coef <= INT64_MAX && d.scale <= 18;
}

/* clang-format off */
static const int64_t ten[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
    100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
    10000000000000000, 100000000000000000, 1000000000000000000};
/* clang-format on */

bool sum_exceeds(struct decimal before, struct decimal value, struct decimal max)
{
    struct decimal sum;
    if (is_handy(before) && is_handy(value) && is_handy(max)) {
        int scale = before.scale > value.scale ? before.scale : value.scale;
        scale = scale > max.scale ? scale : max.scale;
        return before.coef * ten[scale - before.scale] + value.coef * ten[scale - value.scale] >
               max.coef * ten[scale - max.scale];
    }
    struct err e = decimal_add(before, value, &sum);
    return e.kind != ERR_NONE || decimal_cmp(sum, max) > 0;
}
