/* The two comparisons that a verdict makes again and again, fast: texts and sums. */
#ifndef ENGINE_GATE_COMPARE_H
#define ENGINE_GATE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/decimal.h"

/* text_eq, but most texts that differ do so at once, and this is the gate's path. */
static inline bool same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a[0] == b[0] && strcmp(a, b) == 0;
}

/* before + value > max, exactly; a sum that has too many digits is more than any max. */
bool sum_exceeds(struct decimal before, struct decimal value, struct decimal max);

#endif
