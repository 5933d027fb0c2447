/* Private to engine/gate: the vocabulary of the rows, and every row's predicate. A predicate says
 * whether its row holds; it may name a clause more telling than its reason's own. */
#ifndef ENGINE_GATE_ROWS_H
#define ENGINE_GATE_ROWS_H

#include "engine/gate/compare.h"
#include "engine/gate/gate.h"

/* A comparison with a limit has three answers, and not knowing is one of them. */
enum over { OVER_NO, OVER_YES, OVER_UNKNOWN };

/* The clause that a row found more telling than its reason's own; NULL until it does. */
typedef const struct policy_clause *clause_ptr;

typedef bool predicate(const struct policy *p, const struct ask *a, clause_ptr *clause);

/* ---- facts.c ---- */

/* The amount in the limit's currency; NULL when the plan did not value it there. */
const struct ask_value *value_in(const struct ask *a, const struct policy_limit *limit);
enum over over(const struct ask *a, const struct policy_limit *limit);
/* Acts on money always have an amount, known or not; a comment or a file may have none at all. */
bool weighs_nothing(const struct ask *a);
/* Resolving the exception gives money up. */
bool writes_off(const struct ask *a);
/* … and more than one person may give up alone: over write_off_limit, or over a cumulative limit
 * with what its window holds, or it cannot be told. */
bool write_off_over_limit(const struct policy *p, const struct ask *a);
const struct policy_override *override_of(const struct policy *p, const char *entity);
/* Against the threshold of each entity concerned: one that is passed is enough. */
enum over over_materiality(const struct policy *p, const struct ask *a, clause_ptr *clause);
bool has_prefix(const char *text, const char *prefix);
bool any_text(const char *const *texts, size_t n, const char *wanted);
bool machine(const struct ask *a);

/* May the actor decide this: with others, or alone (rows c and 11)? */
enum alone { ALONE_OR_NOT, ALONE };
bool authorised(const struct policy *p, const struct ask *a, enum alone alone);
/* Did this principal propose it or ask for it; or its agent, and sod.own_agent forbids that? */
bool eyes_used(const struct policy *p, const struct ask *a, const char *principal);

/* Of the decision, whatever tool carries it: a confirmation, its reversal and a write-off above the
 * limit are T2 at least; another policy is T3 in prod where the policy says so. */
enum tier tier_of(const struct policy *p, const struct ask *a);

/* ---- rows_any.c: a to e, what stops any change ---- */
predicate is_frozen, is_blocked, lacks_authority, channel_refused, login_too_old, login_unbound,
    period_closed;

/* ---- rows_confirm.c: 1 to 8, the published rows on matches ---- */
predicate not_proposed, state_invalid, same_eyes, llm_confirms_llm, account_forced,
    engine_over_materiality, engine_strategy, rationale_missing, matcher_made_no_rationale, always;

/* ---- rows_machine.c: 10, what no machine confirms ---- */
predicate source_not_matcher, is_ambiguous, wrong_entity, unpaired, cumulative_passed, cap_reached,
    rate_missing, rate_stale, matcher_unsure, by_llm, by_machine, another_process;

/* ---- rows_act.c: 11 and 12, a second approver and the other acts ---- */
predicate needs_second_approver, llm_resolves_confirm, llm_decides, lends_anothers_seat,
    not_the_delivery_service, approves_own_change, needs_another_human, not_the_engine,
    needs_third_human, needs_third_human_2, needs_three, t3_undecided, write_off_same_eyes,
    write_off_unexplained, write_off_second_approver;

/* ---- rows_bulk.c: f, several escalations in one act ---- */
predicate bulk_by_machine, bulk_mixed, bulk_reason_unlisted, bulk_too_many, bulk_too_much;

#endif
