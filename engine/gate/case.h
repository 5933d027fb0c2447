/* A case: facts and the verdict they must get, as people write them beside a policy and as a
 * counterexample is printed (docs/POLICY.md, "Testing a policy").
 *
 * `given` has the facts of an ask by the very names of gate_input (ask_print), and only those that
 * differ from the plain ask of the same action and actor: everything in order, the amount small,
 * the actor somebody whom the policy lets do it. What follows from a fact that is given need not
 * be: kind, principal, channel and roles from the actor; tier, tool and object from the action;
 * what the amount is worth in each of the policy's currencies from the policy's own rates. null
 * takes a fact away. Some facts have a shorter form than gate_input's (docs/POLICY.md lists them):
 *
 *     {action: CONFIRM, actor: "human:ana", amount: "10000.01 USD", roles: [controller],
 *      accounts: ["2400"], cumulative: {one-vendor: "49999 USD"}, rates: {JPY: "149.85"}} */
#ifndef ENGINE_GATE_CASE_H
#define ENGINE_GATE_CASE_H

#include "engine/gate/gate.h"

/* The ask of a case's `given`, an object; its texts are shared with the tree and the policy. The
 * same facts under another policy may be another ask: what is plain, and what an amount is worth,
 * is the policy's. ERR_INPUT for an unknown member, a wrong type, a fact that cannot be: `where` is
 * json_where's, with the pointer below `given`. */
MUST_CHECK struct err case_read(struct arena *arena, const struct policy *policy,
                                const struct json *given, struct ask *ask);

/* {name, given, expect: {ruling, reason, row, clause?, pointer?}}: what case_read makes an ask of
 * that gets the same verdict of the same row, from the same steps. NULL when the arena is full; an
 * ask that ask_print cannot write (an action or a kind out of range) is printed as ask_print would.
 */
struct json *case_print(struct arena *arena, const struct policy *policy, const struct ask *ask,
                        const struct verdict *verdict);

/* Whether an ask is still what a case is about. */
typedef bool case_fn(void *arg, const struct ask *ask);

/* `given` without the facts that do not matter: each is left out in turn, and stays out when
 * `still` says yes to what is left. `given` itself when the arena is full. */
const struct json *case_shrink(struct arena *arena, const struct policy *policy,
                               const struct json *given, case_fn *still, void *arg);

/* What a case expects; what it does not say is not compared. */
struct case_expect {
    enum ruling ruling;
    enum reason reason; /* REASON_NONE: any */
    const char *row;    /* NULL: any; so are the next two */
    const char *clause;
    const char *pointer;
};

struct gate_case {
    const char *name;
    struct ask ask;
    struct case_expect expect;
    const struct json *given;
};

/* A file of cases: {entities?: {id: currency}, given?: {…}, cases: [{name, given, expect}, …]}. The
 * file's `given` holds for every case; a case's own members replace its. Names are unique.
 * ERR_INPUT placed in the whole document. */
MUST_CHECK struct err cases_read(struct arena *arena, const struct policy *policy,
                                 const struct json *tree, struct gate_case **cases, size_t *n);

/* The entities that the file names with their functional currencies, for policy_bind_entities; none
 * when it names none. */
MUST_CHECK struct err cases_entities(struct arena *arena, const struct json *tree,
                                     struct policy_entity **entities, size_t *n);

/* The verdict is what the case expects. */
bool case_passes(const struct gate_case *c, const struct verdict *verdict);

#endif
