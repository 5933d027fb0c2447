/* A policy comes into force, or is proposed, only when its proof holds (engine/gate/proof.h). What
 * was proved once is not proved again: the event that started an engine, put the policy in force or
 * proposed it says so, and the audit log is all that is trusted. docs/adr/0013. */
#ifndef ENGINE_CALL_ADMIT_H
#define ENGINE_CALL_ADMIT_H

#include "engine/gate/proof.h"
#include "engine/store/store.h"

/* A proof as it is told to people. */
struct policy_examined {
    struct proof_report report;  /* its finding's ask is not kept: */
    struct json *counterexample; /* a case of `policy test`; NULL when it holds */
};

/* Proves the policy that `text` is. What it needs to do so, up to some hundred megabytes for a
 * policy of thousands of rules, is its own; the result lives in `arena`. Takes up to a second. */
MUST_CHECK struct err policy_examine(struct arena *arena, struct str text,
                                     const struct policy *policy, struct policy_examined *examined);

/* ERR_REFUSED, with the counterexample in its words, when the policy breaks an invariant. *proof is
 * what the event that takes the policy is to say in its detail, as `proof`. `tx` may be NULL: no
 * book knows anything yet. */
MUST_CHECK struct err policy_admit(struct arena *arena, struct tx *tx, struct str text,
                                   const struct policy *policy, struct json **proof);

#endif
