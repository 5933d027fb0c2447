/* Where in the abstract input space two policies part: points near the plain one of every action
 * and actor, in the choices that either policy can tell apart. Not every point there is: one fact
 * changed, then two (docs/POLICY.md says so). */
#ifndef ENGINE_GATE_SPACE_H
#define ENGINE_GATE_SPACE_H

#include "engine/gate/domain.h"
#include "engine/gate/gate.h"

enum { SPACE_EXAMPLES_EACH = 4, SPACE_EXAMPLES_MAX = 9 * SPACE_EXAMPLES_EACH };

struct space_example {
    struct ask ask;
    struct verdict from, to;
    const struct policy *terms; /* whose currencies and windows the ask is in */
    unsigned facts;             /* how many dimensions differ from the plain point: 0, 1 or 2 */
};

/* A point as a case with as few facts as will do: {name, given, expect: what `new` says}. */
struct json *space_example_print(struct arena *arena, const struct policy *old,
                                 const struct policy *new, const struct space_example *example);

struct space {
    uint64_t points, changed;
    uint64_t unknown;      /* what one policy's terms say cannot be told in the other's */
    uint64_t totals[3][3]; /* by ruling: [from][to]; from a ruling to itself: another reason */
    struct space_example examples[SPACE_EXAMPLES_MAX]; /* the smallest, at most 4 each way */
    size_t examples_n;
};

/* Everything lives in `arena`. */
MUST_CHECK struct err space_compare(struct arena *arena, const struct policy *old,
                                    const struct policy *new, struct space *space);

#endif
