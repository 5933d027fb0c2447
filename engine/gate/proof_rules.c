/* The invariants that are held against one verdict. None of them asks the gate's rows what is
 * right: each is written from the facts alone. */
#include <string.h>

#include "engine/gate/compare.h"
#include "engine/gate/proof_own.h"

#define BIT(name) (UINT64_C(1) << ACTION_##name)

/* ---- default_deny ---- */

static bool is_listed(const struct ask *a)
{
    bool kind =
        a->actor_kind == ACTOR_HUMAN || a->actor_kind == ACTOR_LLM || a->actor_kind == ACTOR_ENGINE;
    return kind && a->change && a->action > ACTION_NONE && a->action < ACTION_COUNT &&
           a->tier <= TIER_T3 && a->channel <= CHANNEL_CLI;
}

static bool has_role(const struct ask *a, const char *role)
{
    if (a->actor_kind == ACTOR_ENGINE || same_text(role, "engine"))
        return a->actor_kind == ACTOR_ENGINE && same_text(role, "engine");
    for (size_t i = 0; i < a->roles_n; i++) {
        if (same_text(a->roles[i].role, role))
            return true;
    }
    return false;
}

/* Some grant of the policy gives this action to a role that the actor has, wherever and however
 * much. */
static bool is_granted(const struct policy *p, const struct ask *a)
{
    bool house = a->action == ACTION_SWEEP && a->actor_kind == ACTOR_ENGINE;
    if (house || (a->action == ACTION_RECORD_DELIVERY && a->delivery_service))
        return true;
    for (size_t i = 0; i < p->authority_n; i++) {
        if ((p->authority[i].actions >> a->action & 1) != 0 && has_role(a, p->authority[i].role))
            return true;
    }
    return false;
}

const char *rule_default_deny(struct walk *w)
{
    if (w->verdict.ruling == RULING_DENY)
        return NULL;
    if (!is_listed(&w->ask))
        return "what is not listed was not denied";
    if (w->ask.action == ACTION_POST_ENTRY)
        return "an action that has no rows was not denied";
    return is_granted(w->policy, &w->ask) ? NULL : "what no grant covers was not denied";
}

/* ---- deny_trumps_allow ---- */

/* A person who is asked to decide could allow it: that is no denial. */
static bool not_denied(struct walk *w, const struct policy *p, const struct ask *a)
{
    return walk_decide(w, p, a).ruling != RULING_DENY;
}

static const char *trumps(struct walk *w, struct ask *a)
{
    const struct ask plain = *a;
    a->state = MATCH_CONFIRMED;
    a->state_valid = false;
    if (not_denied(w, w->policy, a))
        return "allowed, and not denied when the object's state does not allow it";
    *a = plain;
    a->posting = a->period_closed = true;
    return not_denied(w, w->policy, a) ? "allowed, and not denied into a closed period" : NULL;
}

const char *rule_deny_trumps(struct walk *w)
{
    struct ask a = w->ask;
    bool by_nature = a.action == ACTION_SWEEP || a.action == ACTION_RECORD_DELIVERY;
    if (w->verdict.ruling != RULING_ALLOW || a.action >= ACTION_COUNT)
        return NULL;
    if (not_denied(w, &w->blocking[a.action], &a))
        return "allowed, and not denied when a blocked rule matches";
    if (!by_nature && not_denied(w, w->nobody, &a))
        return "allowed, and not denied when nobody holds any grant";
    return trumps(w, &a);
}

/* ---- frozen_changes_nothing ---- */

static bool comes_to_nothing(struct walk *w, const struct ask *a)
{
    return walk_decide(w, w->policy, a).ruling == RULING_DENY;
}

/* Not even an escalation comes of it: what waits for a person is a change of the book. */
const char *rule_frozen(struct walk *w)
{
    struct ask a = w->ask;
    const bool thaws = a.action == ACTION_THAW && a.actor_kind == ACTOR_HUMAN;
    if (w->verdict.ruling == RULING_DENY)
        return NULL;
    a.frozen_self = true;
    if (!comes_to_nothing(w, &a))
        return "not denied, and still not when the actor itself, or who asked, is frozen";
    a.frozen_self = w->ask.frozen_self;
    a.frozen = true;
    return thaws || comes_to_nothing(w, &a)
               ? NULL
               : "not denied, and still not when the tool, the kind or everything is frozen";
}

/* ---- who decides what is T2 and T3 ---- */

/* What decides something of T2 or more by its nature, whatever the tool's own tier. */
static bool decides(const struct ask *a)
{
    const uint64_t always = BIT(CONFIRM) | BIT(UNMATCH) | BIT(POST_ENTRY) | BIT(THAW) |
                            BIT(CHANGE_MASTER_DATA) | BIT(CHANGE_POLICY) | BIT(CHANGE_REGISTRY);
    if (a->action < ACTION_COUNT && (always >> a->action & 1) != 0)
        return true;
    return a->action == ACTION_RESOLVE_EXCEPTION && !a->keeps_amount;
}

static bool is_auto_confirm(const struct ask *a)
{
    return a->action == ACTION_CONFIRM && a->tier != TIER_T3 && a->actor_kind == ACTOR_ENGINE &&
           same_text(a->actor, "engine:auto-confirm") && a->source == SOURCE_MATCHER;
}

const char *rule_t2_human(struct walk *w)
{
    const struct ask *a = &w->ask;
    if (w->verdict.ruling != RULING_ALLOW || a->actor_kind == ACTOR_HUMAN)
        return NULL;
    bool answers = a->action == ACTION_RESOLVE &&
                   (a->decision == DECISION_CONFIRM || a->decision == DECISION_REJECT);
    if (!decides(a) && !answers)
        return NULL;
    return is_auto_confirm(a) ? NULL
                              : "allowed to a machine that is not engine:auto-confirm confirming "
                                "what engine:matcher proposed";
}

static bool is_t3(const struct policy *p, const struct ask *a)
{
    bool policy = a->action == ACTION_CHANGE_POLICY && a->prod && p->policy_change_t3;
    return policy || (a->tier == TIER_T3 && decides(a));
}

/* Approvers are principals other than the actor, each counted once: who asked is one of them, or
 * does not count at all. Two of them and the actor are three. */
const char *rule_t3_three(struct walk *w)
{
    const struct ask *a = &w->ask;
    if (w->verdict.ruling != RULING_ALLOW || !is_t3(w->policy, a))
        return NULL;
    if (a->actor_kind != ACTOR_HUMAN || a->principal == NULL)
        return "T3 was allowed to somebody who is no known person";
    return a->approvers_n >= 2 ? NULL : "T3 was allowed with fewer than three people";
}

const char *rule_llm(struct walk *w)
{
    const struct ask *a = &w->ask;
    if (w->verdict.ruling != RULING_ALLOW || a->actor_kind != ACTOR_LLM)
        return NULL;
    if (a->action == ACTION_CONFIRM)
        return "an llm confirmed a match";
    return a->action == ACTION_RESOLVE && a->decision == DECISION_CONFIRM
               ? "an llm confirmed an escalation"
               : NULL;
}

/* ---- clause_exists ---- */

static bool resolves(struct walk *w, const char *pointer)
{
    const char **slot = &w->seen.pointer[(uintptr_t)pointer / 8 % 256];
    if (*slot == pointer)
        return true;
    if (pointer[0] != '/' || json_pointer_get(w->tree, pointer) == NULL)
        return false;
    *slot = pointer;
    return true;
}

const char *rule_clause(struct walk *w)
{
    const struct verdict *v = &w->verdict;
    if (v->ruling == RULING_ALLOW)
        return v->clause[0] == '\0' && v->pointer[0] == '\0' ? NULL
                                                             : "an allowance quotes a clause";
    if (v->reason <= REASON_ALLOWED || v->reason >= REASON_COUNT)
        return "a refusal gives no reason";
    if (v->clause == NULL || v->clause[0] == '\0')
        return "a refusal quotes no sentence";
    return v->pointer != NULL && resolves(w, v->pointer)
               ? NULL
               : "a refusal points at nothing that stands in the policy";
}

/* ---- the copies ---- */

struct err proof_rules_begin(struct walk *w)
{
    struct policy_block *rules = ARENA_ARRAY(w->arena, ACTION_COUNT, struct policy_block);
    w->blocking = ARENA_ARRAY(w->arena, ACTION_COUNT, struct policy);
    w->nobody = ARENA_NEW(w->arena, struct policy);
    TRY(arena_check(w->arena));
    for (int action = 0; action < ACTION_COUNT; action++) {
        rules[action] = (struct policy_block){.id = "proof",
                                              .action = (enum action)action,
                                              .clause = w->policy->clauses[REASON_POLICY_BLOCK]};
        w->blocking[action] = *w->policy;
        w->blocking[action].blocked = &rules[action];
        w->blocking[action].blocked_n = 1;
    }
    *w->nobody = *w->policy;
    w->nobody->authority_n = 0;
    return OK;
}
