/* How much of a policy its cases reach. Everything that a policy says and a verdict can feel is an
 * item: each reason's clause, each limit, listed account, match type, blocked rule, grant, channel.
 * An item is reached one way by a case that it decides, and the other by one in which its row was
 * looked at and did not hold. A grant decides what nothing else would have covered; a limit, what
 * would have passed without it. What this policy can never reach is no item. */
#ifndef ENGINE_GATE_COVERAGE_H
#define ENGINE_GATE_COVERAGE_H

#include "engine/gate/gate.h"

struct cover_item {
    const char *pointer;   /* into the policy */
    const char *what;      /* for people: "the entity's own threshold" */
    const char *decides;   /* the first case it decides; NULL: none yet */
    const char *lets_pass; /* the first that its row was looked at in vain for; NULL: none yet */
    size_t kind, index;    /* coverage.c's own */
};

struct coverage {
    const struct policy *policy;
    struct cover_item *items;
    size_t n;
    struct policy_authority *grants; /* coverage.c's own */
};

MUST_CHECK struct err coverage_init(struct arena *arena, const struct policy *policy,
                                    struct coverage *coverage);
/* What this case reaches; `name` is kept. */
void coverage_see(struct coverage *coverage, const char *name, const struct ask *ask);
/* How many are reached both ways. */
size_t coverage_reached(const struct coverage *coverage);

#endif
