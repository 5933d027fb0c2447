/* Rows 1 to 8: the state, two pairs of eyes, sensitive accounts, materiality, rationale. */
#include "engine/gate/rows.h"

bool not_proposed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->state != MATCH_PROPOSED;
}

bool state_invalid(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return !a->state_valid || a->entry_taken;
}

static enum over account_forces_human(const struct policy *p, const struct ask *a,
                                      clause_ptr *clause);

static bool own_agent_forbidden(const struct policy *p, const struct ask *a)
{
    clause_ptr ignored = NULL;
    switch (p->own_agent) {
    case OWN_AGENT_DENY:
        return true;
    case OWN_AGENT_BELOW_MATERIALITY:
        return a->tier == TIER_T3 || over_materiality(p, a, &ignored) != OVER_NO ||
               account_forces_human(p, a, &ignored) != OVER_NO;
    case OWN_AGENT_ALLOW:
        return a->tier == TIER_T3 || account_forces_human(p, a, &ignored) != OVER_NO;
    }
    return true;
}

bool eyes_used(const struct policy *p, const struct ask *a, const char *principal)
{
    if (any_text(a->proposers, a->proposers_n, principal))
        return true;
    return any_text(a->own_agents_of, a->own_agents_of_n, principal) && own_agent_forbidden(p, a);
}

bool gate_eyes_used(const struct policy *policy, const struct ask *ask, const char *principal)
{
    return eyes_used(policy, ask, principal);
}

bool same_eyes(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    if (a->actor_kind != ACTOR_HUMAN)
        return false;
    return a->principal == NULL || eyes_used(p, a, a->principal);
}

bool llm_confirms_llm(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->source == SOURCE_LLM && a->actor_kind == ACTOR_LLM;
}

static bool rule_names_account(const struct policy_account *r, const struct ask_account *account)
{
    if (account->reconciled && !r->legs_all)
        return false;
    if (r->id != NULL)
        return same_text(account->id, r->id);
    if (r->prefix != NULL)
        return has_prefix(account->id, r->prefix);
    return r->class_ != NULL && same_text(account->class_, r->class_);
}

static bool rule_holds(const struct policy_account *r, const struct ask *a)
{
    if (r->event != NULL)
        return any_text(a->events, a->events_n, r->event);
    for (size_t i = 0; i < a->accounts_n; i++) {
        if (rule_names_account(r, &a->accounts[i]))
            return true;
    }
    return false;
}

/* YES: a rule names one of them. UNKNOWN: the chart or the contra side does not say what it is, or
 * nobody looked. */
static enum over account_forces_human(const struct policy *p, const struct ask *a,
                                      clause_ptr *clause)
{
    for (size_t i = 0; i < p->accounts_n; i++) {
        if (rule_holds(&p->accounts[i], a)) {
            *clause = &p->accounts[i].clause;
            return OVER_YES;
        }
    }
    for (size_t i = 0; i < a->accounts_n; i++) {
        if (!a->accounts[i].known || a->accounts[i].id == NULL)
            return OVER_UNKNOWN;
    }
    return a->accounts_n == 0 ? OVER_UNKNOWN : OVER_NO;
}

bool account_forced(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    return a->actor_kind != ACTOR_HUMAN && account_forces_human(p, a, clause) != OVER_NO;
}

bool engine_over_materiality(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    if (a->actor_kind != ACTOR_ENGINE)
        return false;
    *clause = p->materiality_clause.text == NULL ? NULL : &p->materiality_clause;
    return over_materiality(p, a, clause) == OVER_YES;
}

bool engine_strategy(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    if (a->actor_kind != ACTOR_ENGINE)
        return false;
    for (size_t i = 0; i < p->match_types_n; i++) {
        if (same_text(p->match_types[i].name, a->match_type)) {
            *clause = &p->match_types[i].clause;
            return true;
        }
    }
    return false;
}

bool rationale_missing(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    clause_ptr ignored = NULL;
    (void)clause;
    return !a->has_rationale && over_materiality(p, a, &ignored) != OVER_NO;
}

/* What nobody is known to have proposed counts as the engine's. */
bool matcher_made_no_rationale(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return (a->source == SOURCE_MATCHER || a->source == SOURCE_NONE) && !a->has_rationale;
}

bool always(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)a, (void)clause;
    return true;
}
