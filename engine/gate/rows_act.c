/* Rows 11 and 12: the second approver, and the acts that are not about a proposal. */
#include "engine/gate/rows.h"

bool needs_second_approver(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->actor_kind == ACTOR_HUMAN && a->approvers_n < 1 && !authorised(p, a, ALONE);
}

bool llm_resolves_confirm(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->actor_kind == ACTOR_LLM && a->decision == DECISION_CONFIRM;
}

/* Telling what a human asked for decides nothing. */
bool llm_decides(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    bool answers = a->action == ACTION_RESOLVE && a->decision == DECISION_ANSWER;
    return a->actor_kind == ACTOR_LLM && !answers;
}

bool lends_anothers_seat(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return !a->own_seat || a->channel != CHANNEL_WEB;
}

bool not_the_delivery_service(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return !a->delivery_service;
}

/* Who the books belong to and how they are read is changed by a human in dev, by two in prod. */
bool needs_another_human(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) || (a->prod && a->approvers_n < 1);
}

/* The same before the gate's version 3. */
bool needs_third_human_2(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->prod && p->policy_change_t3 && a->approvers_n < 2;
}

/* T3: who asked, and two others. */
bool needs_third_human(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->prod && p->policy_change_t3 && (a->principal == NULL || a->approvers_n < 2);
}

/* Approvers are others than the actor, each counted once: with two of them there are three. What
 * gives nothing up decides nothing that is irreversible. */
bool needs_three(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    bool gives_nothing_up = a->action == ACTION_RESOLVE_EXCEPTION && !writes_off(a);
    bool three = a->actor_kind == ACTOR_HUMAN && a->principal != NULL && a->approvers_n >= 2;
    return !gives_nothing_up && tier_of(p, a) == TIER_T3 && !three;
}

/* A login is made for one decision on bound facts, so there have to be some. */
bool t3_undecided(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->actor_kind == ACTOR_HUMAN && a->login_wanted && a->decision != DECISION_CONFIRM &&
           tier_of(p, a) == TIER_T3;
}

/* The second human of an administrative act is neither who asked for it nor whom it is about. */
bool approves_own_change(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    if (!a->prod || a->actor_kind != ACTOR_HUMAN || a->decision != DECISION_CONFIRM)
        return false;
    return a->principal == NULL || any_text(a->proposers, a->proposers_n, a->principal) ||
           same_text(a->subject, a->principal);
}

/* Keeping house (expiring, reminding, freeing locks) is nobody's authority but the engine's own. */
bool not_the_engine(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->actor_kind != ACTOR_ENGINE;
}

bool write_off_same_eyes(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    return write_off_over_limit(p, a) && same_eyes(p, a, clause);
}

bool write_off_unexplained(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return write_off_over_limit(p, a) && !a->has_rationale;
}

bool write_off_second_approver(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    return writes_off(a) && needs_second_approver(p, a, clause);
}
