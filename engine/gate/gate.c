/* The policy gate: the published matrix (DESIGN §4) as a table, read from the top.
 *
 * A row is {actions, predicate, ruling, reason}. The first whose predicate holds decides; past the
 * last row the answer is no. Predicates only read the policy and the ask. A limit that cannot be
 * compared, because a rate is missing or stale, never counts as kept: see facts.c. docs/adr/0004
 * says which row speaks first then. */
#include "engine/gate/gate.h"

#include <string.h>

#include "engine/gate/rows.h"

struct row {
    const char *label;
    uint64_t actions;
    predicate *holds;
    enum ruling ruling;
    enum reason reason;
    const char *meaning;
    const char *facts;
};

#define BIT(name) (UINT64_C(1) << ACTION_##name)
#define ANY       (~UINT64_C(0) & ~BIT(NONE))
#define ADMIN     (BIT(CHANGE_MASTER_DATA) | BIT(CHANGE_POLICY) | BIT(CHANGE_REGISTRY) | BIT(THAW))
#define LISTED                                                                                     \
    (BIT(CONFIRM) | BIT(REJECT) | BIT(FLAG) | BIT(ESCALATE) | BIT(RESOLVE) | BIT(WITHDRAW) |       \
     BIT(ASSIGN) | BIT(COMMENT) | BIT(ATTACH) | BIT(RESOLVE_EXCEPTION) | BIT(SET_DELEGATION) |     \
     BIT(RECORD_DELIVERY) | BIT(INGEST) | BIT(UNMATCH) | BIT(FREEZE) | BIT(SWEEP) | ADMIN)

/* clang-format off */
static const struct row rows[] = {
    {"a",  ANY, is_frozen,       RULING_DENY, REASON_FROZEN,
     "the actor, the tool or the kind of actor is frozen; people may thaw unless they are frozen themselves", "action,actor_kind,frozen,frozen_self"},
    {"b",  ANY, is_blocked,      RULING_DENY, REASON_POLICY_BLOCK,
     "a blocked rule of the policy matches", "action,actor_kind,actor,tool,entities,counterparty,accounts,values"},
    {"c",  ANY & ~(BIT(SWEEP) | BIT(RECORD_DELIVERY)), lacks_authority, RULING_DENY, REASON_NOT_AUTHORISED,
     "no role of the principal, nor of a seat lent to it, covers this action, entity and amount", "action,roles,entities,values,seats,proposers,own_agents_of"},
    {"c.1", BIT(SWEEP), not_the_engine, RULING_DENY, REASON_NOT_AUTHORISED,
     "only the engine keeps house", "actor_kind"},
    {"c.2", BIT(RECORD_DELIVERY), not_the_delivery_service, RULING_DENY, REASON_NOT_AUTHORISED,
     "only the workspace's service client records deliveries", "delivery_service"},
    {"d.1", ANY, channel_refused, RULING_DENY, REASON_CHANNEL_NOT_ALLOWED,
     "a human decides this tier on a channel the policy does not allow", "actor_kind,action,tier,channel"},
    {"d.2", ANY, login_too_old,  RULING_DENY, REASON_AUTH_TOO_OLD,
     "the person's login is older than the policy allows for this tier", "actor_kind,action,tier,auth_age_s"},
    {"d.3",  ANY, login_unbound,  RULING_DENY, REASON_AUTH_TOO_OLD,
     "a person confirms what is T3 without a login made for this one decision", "actor_kind,action,tier,decision,prod,login_wanted,login_bound"},
    {"e",  ANY, period_closed,   RULING_DENY, REASON_PERIOD_CLOSED,
     "it posts into a closed period", "posting,period_closed"},
    {"f.1", BIT(RESOLVE), bulk_by_machine, RULING_DENY, REASON_TIER_REQUIRES_HUMAN,
     "several escalations at once, and not by a person", "bulk_n,actor_kind"},
    {"f.2", BIT(RESOLVE), bulk_mixed, RULING_DENY, REASON_BULK_LIMIT,
     "several escalations at once that are not all under one clause, or one of T3 among them", "bulk_n,bulk_one_clause,tier"},
    {"f.3", BIT(RESOLVE), bulk_reason_unlisted, RULING_DENY, REASON_BULK_LIMIT,
     "several escalations at once under a reason that bulk.reasons does not list", "bulk_n,bulk_reason"},
    {"f.4", BIT(RESOLVE), bulk_too_many, RULING_DENY, REASON_BULK_LIMIT,
     "more escalations at once than bulk.max_items", "bulk_n"},
    {"f.5", BIT(RESOLVE), bulk_too_much, RULING_DENY, REASON_BULK_LIMIT,
     "several escalations at once that together are more than bulk.max_amount, or cannot be valued", "bulk_n,bulk_sum"},
    {"1",  BIT(CONFIRM), not_proposed, RULING_DENY, REASON_STATE_INVALID,
     "the match is not PROPOSED_MATCH", "state"},
    {"1b", BIT(REJECT) | BIT(FLAG) | BIT(PROPOSE), state_invalid, RULING_DENY, REASON_STATE_INVALID,
     "wrong state, or an entry is already in a live match", "state_valid,entry_taken"},
    {"1c", ANY & ~(BIT(CONFIRM) | BIT(REJECT) | BIT(FLAG) | BIT(PROPOSE)), state_invalid, RULING_DENY, REASON_STATE_INVALID,
     "the object's state does not allow it", "state_valid,entry_taken"},
    {"2",  BIT(CONFIRM), same_eyes, RULING_DENY, REASON_SOD_SAME_ACTOR,
     "this principal proposed it or asked for it, or its own agent did and sod.own_agent forbids", "actor_kind,principal,proposers,own_agents_of,tier,entities,values,accounts,events"},
    {"2b", ADMIN, approves_own_change, RULING_DENY, REASON_SOD_SAME_ACTOR,
     "in prod, who asked for an administrative change, or whom it is about, approves it", "actor_kind,prod,decision,principal,proposers,subject"},
    {"3",  BIT(CONFIRM), llm_confirms_llm, RULING_DENY, REASON_SOD_SAME_ACTOR,
     "an llm proposed it and an llm confirms it", "source,actor_kind"},
    {"4",  BIT(CONFIRM), account_forced, RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN,
     "an account or event kind is in always_human_accounts, or unknown, and the actor is not human", "actor_kind,accounts,events"},
    {"5",  BIT(CONFIRM), engine_over_materiality, RULING_HUMAN, REASON_MATERIALITY_OVER_THRESHOLD,
     "the engine confirms more than materiality", "actor_kind,entities,amount,values"},
    {"6",  BIT(CONFIRM), engine_strategy, RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
     "the engine confirms a match type in no_auto_confirm_match_types", "actor_kind,match_type"},
    {"7",  BIT(CONFIRM), rationale_missing, RULING_DENY, REASON_MISSING_RATIONALE,
     "more than materiality, or no rate, and no rationale of the deciding actor", "entities,values,has_rationale"},
    {"8",  BIT(REJECT), matcher_made_no_rationale, RULING_DENY, REASON_MISSING_RATIONALE,
     "the engine proposed it and the rejection gives no rationale", "source,has_rationale"},
    {"9",  BIT(PROPOSE), always, RULING_ALLOW, REASON_ALLOWED,
     "anybody may propose", ""},
    {"10.1", BIT(CONFIRM), source_not_matcher, RULING_HUMAN, REASON_SOURCE_REQUIRES_HUMAN,
     "a machine confirms what engine:matcher did not propose", "actor_kind,source"},
    {"10.2", BIT(CONFIRM), is_ambiguous, RULING_HUMAN, REASON_AMBIGUOUS_MATCH,
     "a machine confirms an ambiguous match", "actor_kind,ambiguous"},
    {"10.3", BIT(CONFIRM), wrong_entity, RULING_HUMAN, REASON_ENTITY_MISMATCH,
     "a machine confirms legs of different entities", "actor_kind,entity_mismatch"},
    {"10.4", BIT(CONFIRM), unpaired, RULING_HUMAN, REASON_INTERCOMPANY_UNPAIRED,
     "a machine confirms an intercompany match without an explicit pair rule", "actor_kind,intercompany,intercompany_paired"},
    {"10.5", BIT(CONFIRM), cumulative_passed, RULING_HUMAN, REASON_CUMULATIVE_OVER_THRESHOLD,
     "a machine would pass a cumulative limit", "actor_kind,cumulative,values"},
    {"10.6", BIT(CONFIRM), cap_reached, RULING_HUMAN, REASON_AUTO_CONFIRM_CAP,
     "the auto-confirm cap of this account and period is reached, or auto_confirm is off", "actor_kind,auto_confirmed,auto_confirmed_n,values"},
    {"10.7", BIT(CONFIRM), rate_missing, RULING_HUMAN, REASON_FX_RATE_MISSING,
     "a machine confirms an amount that a limit's currency has no rate for", "actor_kind,entities,values"},
    {"10.8", BIT(CONFIRM), rate_stale, RULING_HUMAN, REASON_FX_RATE_STALE,
     "a machine confirms an amount whose rate is too old", "actor_kind,entities,values"},
    {"10.9", BIT(CONFIRM), matcher_unsure, RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
     "the engine confirms a match that the matcher does not stand by, or scored below matching.high", "actor_kind,sure,score_bp"},
    {"10.10", BIT(CONFIRM), by_llm, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "any other confirmation by an llm", "actor_kind"},
    {"10.11", BIT(CONFIRM), another_process, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "a process of the engine other than engine:auto-confirm confirms", "actor_kind,actor"},
    {"11", BIT(CONFIRM), needs_second_approver, RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
     "above single_max of the human's authority, and nobody else has approved", "actor_kind,roles,entities,values,approvers_n"},
    {"12.1", BIT(RESOLVE), llm_resolves_confirm, RULING_DENY, REASON_TIER_REQUIRES_HUMAN,
     "an llm confirms an escalation", "actor_kind,decision"},
    {"12.2", BIT(RESOLVE_EXCEPTION) | BIT(SET_DELEGATION) | BIT(RESOLVE), llm_decides, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "an llm resolves, but for an answer to what it was asked, or lends a seat", "actor_kind,decision"},
    {"12.3", BIT(SET_DELEGATION), lends_anothers_seat, RULING_DENY, REASON_NOT_AUTHORISED,
     "a seat that is not one's own, or not on the web", "own_seat,channel"},
    {"12.5", BIT(INGEST), by_llm, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "an llm loads a file", "actor_kind"},
    {"12.6", ADMIN, needs_another_human, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "a machine changes master data, registry or policy, or prod asks for a second human", "actor_kind,prod,approvers_n"},
    {"12.13", BIT(CHANGE_POLICY), needs_third_human, RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
     "in prod, where changes of policy are T3, and nobody but who asked has spoken", "prod,principal,approvers_n"},
    {"12.7", BIT(RESOLVE_EXCEPTION), write_off_same_eyes, RULING_DENY, REASON_SOD_SAME_ACTOR,
     "a write-off above the limit, by who flagged it or asked for it", "actor_kind,principal,proposers,own_agents_of,keeps_amount,values,cumulative"},
    {"12.8", BIT(RESOLVE_EXCEPTION), write_off_unexplained, RULING_DENY, REASON_MISSING_RATIONALE,
     "a write-off above the limit and no rationale of the deciding actor", "keeps_amount,values,cumulative,has_rationale"},
    {"12.9", BIT(RESOLVE_EXCEPTION), write_off_second_approver, RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
     "a write-off above single_max of the human's authority, and nobody else has approved", "actor_kind,roles,entities,values,approvers_n"},
    {"12.10", BIT(UNMATCH) | BIT(FREEZE), by_machine, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "a machine takes back a confirmation, or freezes", "actor_kind"},
    {"12.11", BIT(UNMATCH), rationale_missing, RULING_DENY, REASON_MISSING_RATIONALE,
     "more than materiality, or no rate, and no rationale of the deciding actor", "entities,values,has_rationale"},
    {"12.12", BIT(UNMATCH), needs_second_approver, RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
     "above single_max of the human's authority, and nobody else has approved", "actor_kind,roles,entities,values,approvers_n"},
    {"12.14", LISTED, t3_undecided, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "what is T3 is written down before it is decided, where logins are bound to decisions", "actor_kind,tier,decision,login_wanted"},
    {"12.15", BIT(CONFIRM) | BIT(UNMATCH) | BIT(RESOLVE_EXCEPTION) | ADMIN, needs_three, RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
     "what is T3 is decided by a person whom two others have joined", "actor_kind,principal,action,tier,prod,decision,keeps_amount,approvers_n"},
    {"13", LISTED, always, RULING_ALLOW, REASON_ALLOWED,
     "otherwise", ""},
};
/* clang-format on */

/* What the rows speak of: every action here changes something, so an ask that says it does not is
 * not one of ours. */
static bool listed(const struct ask *a)
{
    return a->change && a->action > ACTION_NONE && a->action < ACTION_COUNT &&
           (a->actor_kind == ACTOR_HUMAN || a->actor_kind == ACTOR_LLM ||
            a->actor_kind == ACTOR_ENGINE) &&
           a->tier <= TIER_T3 && a->channel <= CHANNEL_CLI;
}

static struct verdict verdict_of(const struct policy *p, const struct row *r, clause_ptr clause)
{
    struct verdict v = {
        .ruling = r->ruling, .reason = r->reason, .row = r->label, .clause = "", .pointer = ""};
    if (r->reason == REASON_ALLOWED)
        return v;
    if (clause == NULL)
        clause = &p->clauses[r->reason];
    v.clause = clause->text == NULL ? "" : clause->text;
    v.pointer = clause->pointer == NULL ? "" : clause->pointer;
    return v;
}

static struct verdict unlisted(const struct policy *p)
{
    static const struct row none = {.label = "-", .ruling = RULING_DENY, .reason = REASON_UNLISTED};
    return verdict_of(p, &none, NULL);
}

static bool never(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)a, (void)clause;
    return false;
}

/* The row's predicate as version 2 had it, or of a row that it had not. */
static predicate *holds_2(const struct row *r)
{
    if (r->holds == another_process || r->holds == needs_three)
        return never;
    return r->holds == needs_third_human ? needs_third_human_2 : r->holds;
}

/* Inlined into both of its callers, which know what `as_2` is: the hot one asks nothing more. */
static inline struct verdict decide(const struct policy *p, const struct ask *a, bool as_2)
{
    if (!listed(a))
        return unlisted(p);
    uint64_t action = UINT64_C(1) << a->action;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clause_ptr clause = NULL;
        if ((rows[i].actions & action) != 0 &&
            (as_2 ? holds_2(&rows[i]) : rows[i].holds)(p, a, &clause))
            return verdict_of(p, &rows[i], clause);
    }
    return unlisted(p);
}

struct verdict gate_decide(const struct policy *policy, const struct ask *ask)
{
    return decide(policy, ask, false);
}

struct verdict gate_decide_2(const struct policy *policy, const struct ask *ask)
{
    return decide(policy, ask, true);
}

size_t gate_trace(const struct policy *policy, const struct ask *ask, struct gate_step *steps,
                  size_t max, struct verdict *verdict)
{
    size_t n = 0;
    *verdict = unlisted(policy);
    if (!listed(ask))
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        clause_ptr clause = NULL;
        if ((r->actions & (UINT64_C(1) << ask->action)) == 0)
            continue;
        bool held = r->holds(policy, ask, &clause);
        if (n++ < max)
            steps[n - 1] = (struct gate_step){.row = r->label,
                                              .meaning = r->meaning,
                                              .facts = r->facts,
                                              .ruling = r->ruling,
                                              .reason = r->reason,
                                              .held = held};
        if (held) {
            *verdict = verdict_of(policy, r, clause);
            break;
        }
    }
    return n;
}

const char *ruling_name(enum ruling ruling)
{
    switch (ruling) {
    case RULING_DENY:
        return "deny";
    case RULING_HUMAN:
        return "human";
    case RULING_ALLOW:
        return "allow";
    }
    return "deny";
}
