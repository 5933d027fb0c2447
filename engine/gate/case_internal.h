/* Between the files of engine/gate/case only: the plain ask that a case's facts differ from. */
#ifndef ENGINE_GATE_CASE_INTERNAL_H
#define ENGINE_GATE_CASE_INTERNAL_H

#include "engine/gate/case.h"

/* What the rest of a plain ask follows from. */
struct case_seed {
    enum action action;
    const char *actor; /* NULL: whoever usually does this */
    bool bulk;         /* several escalations at once */
};

/* Who usually does it: human:ana, or the engine's own process. */
const char *case_actor(enum action action);

/* Is the plain ask of it about money? */
bool case_has_amount(enum action action);

/* Everything in order, small, and allowed where the policy lets it be; the amount is not valued
 * yet. The lists are in `arena`. ERR_LIMIT when that is full. */
MUST_CHECK struct err case_plain(struct arena *arena, const struct policy *policy,
                                 const struct case_seed *seed, struct ask *ask);

/* The amount in each of the policy's currencies, by the policy's own rates of this day. */
MUST_CHECK struct err case_value(struct arena *arena, const struct policy *policy, struct date on,
                                 struct ask *ask);

/* The day a case happens on when it does not say: that of the policy's latest rate. */
struct date case_day(const struct policy *policy);

#endif
