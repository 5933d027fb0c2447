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

/* Whose roles are looked at: the actor's own, and of those that are lent all, none, or one seat's.
 */
struct view {
    enum { SEATS_ALL, SEATS_NONE, SEATS_ONE } seats;
    const char *lender;
};

/* A seat is lent, not merged: it counts where its lender could sit down on it. Whoever proposed
 * this, asked for it or approved a stage of it does not come back in somebody else's shape; and
 * what is lent is not lent on. */
static bool seat_counts(const struct policy *p, const struct ask *a, const char *lender)
{
    if (a->actor_kind != ACTOR_HUMAN || a->action == ACTION_SET_DELEGATION)
        return false;
    if (any_text(a->seats, a->seats_n, lender) || same_text(a->subject, lender))
        return false;
    if (a->decision == DECISION_CONFIRM && any_text(a->proposers, a->proposers_n, lender))
        return false;
    bool sod = a->action == ACTION_CONFIRM || write_off_over_limit(p, a);
    return !sod || !eyes_used(p, a, lender);
}

static bool role_counts(const struct policy *p, const struct ask *a, const struct ask_role *r,
                        const struct view *v)
{
    if (r->lender == NULL)
        return true;
    if (v->seats == SEATS_NONE || (v->seats == SEATS_ONE && !same_text(r->lender, v->lender)))
        return false;
    return seat_counts(p, a, r->lender);
}

/* What is asked about: a grant's role held in an entity, as the view has it. */
struct held {
    const struct policy *p;
    const struct ask *a;
    const struct view *view;
    enum alone alone;
};

/* The actor holds the grant's role where it counts: in this entity, or everywhere. An act that
 * names no entity concerns the whole book, which a role in one entity does not reach. */
static bool holds_role(const struct held *h, const char *role, const char *entity)
{
    const struct ask *a = h->a;
    if (a->actor_kind == ACTOR_ENGINE)
        return same_text(role, "engine");
    if (same_text(role, "engine"))
        return false;
    for (size_t i = 0; i < a->roles_n; i++) {
        if (!same_text(a->roles[i].role, role) || !role_counts(h->p, a, &a->roles[i], h->view))
            continue;
        if (a->roles[i].entity == NULL || same_text(a->roles[i].entity, entity))
            return true;
    }
    return false;
}

static bool grant_covers(const struct held *h, const struct policy_authority *g, const char *entity)
{
    const struct ask *a = h->a;
    if ((g->actions & (UINT64_C(1) << a->action)) == 0 || !holds_role(h, g->role, entity))
        return false;
    if (g->entities_n > 0 && !any_text(g->entities, g->entities_n, entity))
        return false;
    if (weighs_nothing(a))
        return true;
    if (g->has_max && over(a, &g->max) != OVER_NO)
        return false;
    return h->alone != ALONE || !g->has_single_max || over(a, &g->single_max) == OVER_NO;
}

static bool held_in(const struct held *h, const char *entity)
{
    for (size_t i = 0; i < h->p->authority_n; i++) {
        if (grant_covers(h, &h->p->authority[i], entity))
            return true;
    }
    return false;
}

static bool held_everywhere(const struct held *h)
{
    if (h->a->entities_n == 0)
        return held_in(h, NULL);
    for (size_t i = 0; i < h->a->entities_n; i++) {
        if (!held_in(h, h->a->entities[i]))
            return false;
    }
    return true;
}

bool authorised(const struct policy *p, const struct ask *a, enum alone alone)
{
    static const struct view all = {.seats = SEATS_ALL};
    return held_everywhere(&(struct held){.p = p, .a = a, .view = &all, .alone = alone});
}

static size_t lenders_all(const struct policy *p, const struct ask *a, const char **lenders,
                          size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < a->roles_n && n < max; i++) {
        const char *lender = a->roles[i].lender;
        if (lender != NULL && seat_counts(p, a, lender) && !any_text(lenders, n, lender))
            lenders[n++] = lender;
    }
    return n;
}

size_t gate_seats(const struct policy *p, const struct ask *a, const char **lenders, size_t max)
{
    struct view view = {.seats = SEATS_NONE};
    const struct held held = {.p = p, .a = a, .view = &view, .alone = ALONE_OR_NOT};
    bool by_role = a->actor_kind == ACTOR_HUMAN && a->action != ACTION_RECORD_DELIVERY;
    if (!by_role || max == 0 || held_everywhere(&held))
        return 0;
    view.seats = SEATS_ONE;
    for (size_t i = 0; i < a->roles_n; i++) {
        view.lender = a->roles[i].lender;
        if (view.lender != NULL && held_everywhere(&held)) {
            lenders[0] = view.lender;
            return 1;
        }
    }
    return lenders_all(p, a, lenders, max);
}

bool lacks_authority(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return !authorised(p, a, ALONE_OR_NOT);
}

enum tier tier_of(const struct policy *p, const struct ask *a)
{
    if (a->action == ACTION_CHANGE_POLICY && a->decision == DECISION_CONFIRM && a->prod &&
        p->policy_change_t3)
        return TIER_T3;
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

/* The login's age is the workspace's word; this is the provider's. */
bool login_unbound(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->actor_kind == ACTOR_HUMAN && a->login_wanted && !a->login_bound &&
           a->decision == DECISION_CONFIRM && tier_of(p, a) == TIER_T3;
}

bool period_closed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->posting && a->period_closed;
}
