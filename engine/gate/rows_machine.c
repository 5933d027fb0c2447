/* Row 10: what no machine confirms. */
#include "engine/gate/rows.h"

bool source_not_matcher(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->source != SOURCE_MATCHER;
}

bool is_ambiguous(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->ambiguous;
}

bool wrong_entity(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->entity_mismatch;
}

bool unpaired(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->intercompany && !a->intercompany_paired;
}

/* `before` plus this act's amount passes the limit. A window that could not be valued counts as
 * full; an act that cannot be valued is for the rows on rates, which say so more clearly. */
static bool passes(const struct ask *a, const struct ask_cumulative *before,
                   const struct policy_limit *limit)
{
    const struct ask_value *v = value_in(a, limit);
    if (!before->known)
        return true;
    if (v == NULL || v->status != FX_KNOWN)
        return false;
    return sum_exceeds(before->sum, v->value, limit->max);
}

bool cumulative_passed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    static const struct ask_cumulative unknown = {.known = false};
    for (size_t i = 0; machine(a) && i < p->cumulative_n; i++) {
        const struct ask_cumulative *before = i < a->cumulative_n ? &a->cumulative[i] : &unknown;
        if (passes(a, before, &p->cumulative[i].limit)) {
            *clause = &p->cumulative[i].clause;
            return true;
        }
    }
    return false;
}

bool cap_reached(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    const struct policy_auto_confirm *cap = &p->auto_confirm;
    (void)clause;
    if (!machine(a))
        return false;
    if (a->actor_kind == ACTOR_ENGINE && !cap->enabled)
        return true;
    if (cap->has_cap_count && a->auto_confirmed_n >= cap->cap_count)
        return true;
    return cap->has_cap_amount && passes(a, &a->auto_confirmed, &cap->cap_amount);
}

static bool unvalued(const struct ask *a, const struct policy_limit *limit, enum fx_status why)
{
    const struct ask_value *v = value_in(a, limit);
    return (v == NULL ? FX_MISSING : v->status) == why;
}

/* Some limit that a machine must keep cannot be compared, for this reason. */
static bool limit_unvalued(const struct policy *p, const struct ask *a, enum fx_status why)
{
    if (a->entities_n == 0 && unvalued(a, &p->materiality, why))
        return true;
    for (size_t i = 0; i < a->entities_n; i++) {
        const struct policy_override *o = override_of(p, a->entities[i]);
        if (unvalued(a, o == NULL ? &p->materiality : &o->limit, why))
            return true;
    }
    for (size_t i = 0; i < p->cumulative_n; i++) {
        if (unvalued(a, &p->cumulative[i].limit, why))
            return true;
    }
    return p->auto_confirm.has_cap_amount && unvalued(a, &p->auto_confirm.cap_amount, why);
}

bool rate_missing(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return machine(a) && limit_unvalued(p, a, FX_MISSING);
}

bool rate_stale(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return machine(a) && limit_unvalued(p, a, FX_STALE);
}

bool matcher_unsure(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->actor_kind == ACTOR_ENGINE && (!a->sure || a->score_bp < p->matching.high_bp);
}

bool by_machine(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a);
}

bool by_llm(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->actor_kind == ACTOR_LLM;
}

/* The engine keeps house, matches and ingests under other names: none of them confirms. */
bool another_process(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->actor_kind == ACTOR_ENGINE && !same_text(a->actor, "engine:auto-confirm");
}
