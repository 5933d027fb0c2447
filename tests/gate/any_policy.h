/* Policies nobody wrote: every section drawn at random, within the grammar, and loaded as a book
 * would load it. The same seed gives the same policy. */
#ifndef TESTS_GATE_ANY_POLICY_H
#define TESTS_GATE_ANY_POLICY_H

#include "engine/gate/policy.h"

struct dice {
    uint64_t state; /* not 0 */
};
uint64_t dice_next(struct dice *dice);
size_t dice_below(struct dice *dice, size_t n); /* 0 … n - 1; n at least 1 */
bool dice_one_in(struct dice *dice, size_t n);

struct any_policy {
    const char *text;
    const struct json *tree;
    const struct policy *policy; /* bound to entities of its own */
};

/* Ends the process, with the text, when the policy does not load. */
struct any_policy any_policy_make(struct arena *arena, struct dice *dice);

#endif
