/* Rows a to e: what stops any change, whoever asks for it. */
#include "engine/gate/rows.h"

/* Whatever is frozen, people who are not frozen themselves can thaw it. */
bool is_frozen(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    bool thaws = a->action == ACTION_THAW && a->actor_kind == ACTOR_HUMAN;
    return a->frozen_self || (a->frozen && !thaws);
}

static bool any_account(const struct ask *a, const char *id, const char *prefix)
{
    for (size_t i = 0; i < a->accounts_n; i++) {
        const char *account = a->accounts[i].id;
        if (id != NULL ? same_text(account, id) : has_prefix(account, prefix))
            return true;
    }
    return false;
}

static bool block_holds(const struct policy_block *b, const struct ask *a)
{
    if (b->action != ACTION_NONE && b->action != a->action)
        return false;
    if (b->actor_kind != ACTOR_NONE && b->actor_kind != a->actor_kind)
        return false;
    if (b->actor != NULL && !same_text(b->actor, a->actor))
        return false;
    if (b->tool != NULL && !same_text(b->tool, a->tool))
        return false;
    if (b->entity != NULL && !any_text(a->entities, a->entities_n, b->entity))
        return false;
    if (b->counterparty != NULL && !same_text(b->counterparty, a->counterparty))
        return false;
    if (b->account != NULL && !any_account(a, b->account, NULL))
        return false;
    if (b->account_prefix != NULL && !any_account(a, NULL, b->account_prefix))
        return false;
    return !b->has_over || (!weighs_nothing(a) && over(a, &b->over) != OVER_NO);
}

bool is_blocked(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    for (size_t i = 0; i < p->blocked_n; i++) {
        if (block_holds(&p->blocked[i], a)) {
            *clause = &p->blocked[i].clause;
            return true;
        }
    }
    return false;
}

/* The actor holds the grant's role where it counts: in this entity, or everywhere. An act that
 * names no entity concerns the whole book, which a role in one entity does not reach. */
static bool holds_role(const struct ask *a, const char *role, const char *entity)
{
    if (a->actor_kind == ACTOR_ENGINE)
        return same_text(role, "engine");
    if (same_text(role, "engine"))
        return false;
    for (size_t i = 0; i < a->roles_n; i++) {
        if (!same_text(a->roles[i].role, role))
            continue;
        if (a->roles[i].entity == NULL || same_text(a->roles[i].entity, entity))
            return true;
    }
    return false;
}

static bool grant_covers(const struct policy_authority *g, const struct ask *a, const char *entity,
                         enum alone alone)
{
    if ((g->actions & (UINT64_C(1) << a->action)) == 0 || !holds_role(a, g->role, entity))
        return false;
    if (g->entities_n > 0 && !any_text(g->entities, g->entities_n, entity))
        return false;
    if (weighs_nothing(a))
        return true;
    if (g->has_max && over(a, &g->max) != OVER_NO)
        return false;
    return alone != ALONE || !g->has_single_max || over(a, &g->single_max) == OVER_NO;
}

static bool authorised_in(const struct policy *p, const struct ask *a, const char *entity,
                          enum alone alone)
{
    for (size_t i = 0; i < p->authority_n; i++) {
        if (grant_covers(&p->authority[i], a, entity, alone))
            return true;
    }
    return false;
}

bool authorised(const struct policy *p, const struct ask *a, enum alone alone)
{
    if (a->entities_n == 0)
        return authorised_in(p, a, NULL, alone);
    for (size_t i = 0; i < a->entities_n; i++) {
        if (!authorised_in(p, a, a->entities[i], alone))
            return false;
    }
    return true;
}

bool lacks_authority(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return !authorised(p, a, ALONE_OR_NOT);
}

/* A confirmation, its reversal and a write-off above the limit are T2 at least, whatever tool
 * carries them. */
static enum tier tier_of(const struct policy *p, const struct ask *a)
{
    bool t2 =
        a->action == ACTION_CONFIRM || a->action == ACTION_UNMATCH || write_off_over_limit(p, a);
    return t2 && a->tier < TIER_T2 ? TIER_T2 : a->tier;
}

bool channel_refused(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    enum tier tier = tier_of(p, a);
    if (a->actor_kind != ACTOR_HUMAN || tier == TIER_T0)
        return false;
    if (tier == TIER_T3 && a->channel != CHANNEL_WEB)
        return true;
    return (p->channels[tier] & (1u << a->channel)) == 0;
}

bool login_too_old(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    int64_t age_max_s = p->login_age_max_s[tier_of(p, a)];
    if (a->actor_kind != ACTOR_HUMAN || age_max_s == 0)
        return false;
    return a->auth_age_s < 0 || a->auth_age_s > age_max_s;
}

bool period_closed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->posting && a->period_closed;
}
