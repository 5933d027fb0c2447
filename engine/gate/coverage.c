/* The items of a policy, one table of kinds: how many of a kind there are, where each stands, and
 * when a case reaches it. Grants and their bounds are told by taking them away and asking again. */
#include "engine/gate/coverage.h"

#include <string.h>

#include "common/base/str.h"
#include "engine/gate/rows.h"

#define STEPS_MAX 64

/* One case as the rows saw it. */
struct seen {
    const struct policy *p;
    const struct ask *a;
    struct policy_authority *grants; /* a copy, to take parts away from */
    struct verdict v;
    struct gate_step steps[STEPS_MAX];
    size_t steps_n;
};

typedef bool reach_fn(const struct seen *s, size_t i);

/* ---- rows ---- */

static bool held(const struct seen *s, const char *row)
{
    return same_text(s->v.row, row);
}

static bool in_vain(const struct seen *s, const char *row)
{
    for (size_t i = 0; i < s->steps_n; i++) {
        if (!s->steps[i].held && same_text(s->steps[i].row, row))
            return true;
    }
    return false;
}

static bool at(const struct seen *s, const char *pointer)
{
    return same_text(s->v.pointer, pointer);
}

static bool by_engine(const struct seen *s)
{
    return s->a->actor_kind == ACTOR_ENGINE;
}

static bool by_human(const struct seen *s)
{
    return s->a->actor_kind == ACTOR_HUMAN;
}

static bool somebody_may(const struct policy *p, uint64_t actions)
{
    for (size_t i = 0; i < p->authority_n; i++) {
        if ((p->authority[i].actions & actions) != 0)
            return true;
    }
    return false;
}

#define BIT(name) (UINT64_C(1) << ACTION_##name)

/* ---- reasons ---- */

/* Whether any ask can be answered with this reason. */
static bool reason_reachable(const struct policy *p, enum reason reason)
{
    const struct policy_auto_confirm *c = &p->auto_confirm;
    switch ((int)reason) {
    case REASON_POLICY_BLOCK:
        return p->blocked_n > 0;
    case REASON_CUMULATIVE_OVER_THRESHOLD:
        return p->cumulative_n > 0 && somebody_may(p, BIT(CONFIRM));
    case REASON_AUTO_CONFIRM_CAP:
        return (!c->enabled || c->has_cap_amount || c->has_cap_count) &&
               somebody_may(p, BIT(CONFIRM));
    case REASON_BULK_LIMIT:
        return somebody_may(p, BIT(RESOLVE));
    case REASON_SOURCE_REQUIRES_HUMAN:
    case REASON_AMBIGUOUS_MATCH:
    case REASON_ENTITY_MISMATCH:
    case REASON_INTERCOMPANY_UNPAIRED:
    case REASON_FX_RATE_MISSING:
    case REASON_FX_RATE_STALE:
    case REASON_ACCOUNT_FORCED_HUMAN:
    case REASON_MATERIALITY_OVER_THRESHOLD:
    case REASON_STRATEGY_REQUIRES_HUMAN:
        return somebody_may(p, BIT(CONFIRM));
    default:
        return true;
    }
}

static bool reason_decides(const struct seen *s, size_t i)
{
    return (size_t)s->v.reason == i;
}

static bool reason_in_vain(const struct seen *s, size_t i)
{
    if (i == REASON_UNLISTED)
        return s->v.reason != REASON_UNLISTED;
    for (size_t k = 0; k < s->steps_n; k++) {
        if (!s->steps[k].held && (size_t)s->steps[k].reason == i)
            return true;
    }
    return false;
}

/* ---- what goes to a person ---- */

static bool materiality_decides(const struct seen *s, size_t i)
{
    (void)i;
    return held(s, "5") && at(s, s->p->materiality_clause.pointer);
}

static bool materiality_in_vain(const struct seen *s, size_t i)
{
    bool global = s->a->entities_n == 0;
    (void)i;
    for (size_t k = 0; k < s->a->entities_n; k++)
        global = global || override_of(s->p, s->a->entities[k]) == NULL;
    return global && by_engine(s) && in_vain(s, "5");
}

static bool override_decides(const struct seen *s, size_t i)
{
    return held(s, "5") && at(s, s->p->overrides[i].clause.pointer);
}

static bool override_in_vain(const struct seen *s, size_t i)
{
    return by_engine(s) && in_vain(s, "5") &&
           any_text(s->a->entities, s->a->entities_n, s->p->overrides[i].entity);
}

static bool account_decides(const struct seen *s, size_t i)
{
    return held(s, "4") && at(s, s->p->accounts[i].clause.pointer);
}

static bool account_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return machine(s->a) && in_vain(s, "4");
}

static bool type_decides(const struct seen *s, size_t i)
{
    return held(s, "6") && at(s, s->p->match_types[i].clause.pointer);
}

static bool type_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return by_engine(s) && in_vain(s, "6");
}

static bool window_decides(const struct seen *s, size_t i)
{
    return held(s, "10.5") && at(s, s->p->cumulative[i].clause.pointer);
}

static bool window_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return machine(s->a) && in_vain(s, "10.5");
}

static bool count_decides(const struct seen *s, size_t i)
{
    (void)i;
    return held(s, "10.6") && s->a->auto_confirmed_n >= s->p->auto_confirm.cap_count;
}

static bool cap_decides(const struct seen *s, size_t i)
{
    const struct policy_auto_confirm *c = &s->p->auto_confirm;
    (void)i;
    return held(s, "10.6") && (!c->has_cap_count || s->a->auto_confirmed_n < c->cap_count) &&
           (c->enabled || !by_engine(s));
}

static bool cap_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return machine(s->a) && in_vain(s, "10.6");
}

static bool score_decides(const struct seen *s, size_t i)
{
    (void)i;
    return held(s, "10.9") && s->a->sure;
}

static bool score_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return by_engine(s) && in_vain(s, "10.9");
}

static bool write_off_decides(const struct seen *s, size_t i)
{
    (void)i;
    return (held(s, "12.7") || held(s, "12.8")) && over(s->a, &s->p->write_off_limit) != OVER_NO;
}

static bool write_off_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return writes_off(s->a) && in_vain(s, "12.8") && !write_off_over_limit(s->p, s->a);
}

static bool block_decides(const struct seen *s, size_t i)
{
    return at(s, s->p->blocked[i].clause.pointer);
}

static bool block_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return in_vain(s, "b");
}

/* ---- grants ---- */

enum without { THE_GRANT, THE_MAX, THE_SINGLE_MAX };

/* Would the actor still be authorised without this part of the grant? */
static bool authorised_without(const struct seen *s, size_t i, enum without part, enum alone alone)
{
    struct policy p = *s->p;
    struct policy_authority *g = &s->grants[i];
    p.authority = s->grants;
    g->actions = part == THE_GRANT ? 0 : g->actions;
    g->has_max = part != THE_MAX && g->has_max;
    g->has_single_max = part != THE_SINGLE_MAX && g->has_single_max;
    bool still = authorised(&p, s->a, alone);
    *g = s->p->authority[i];
    return still;
}

static bool grant_gives(const struct seen *s, size_t i)
{
    return (s->p->authority[i].actions & (UINT64_C(1) << s->a->action)) != 0;
}

/* Nothing else covers it. */
static bool grant_decides(const struct seen *s, size_t i)
{
    return in_vain(s, "c") && grant_gives(s, i) &&
           !authorised_without(s, i, THE_GRANT, ALONE_OR_NOT);
}

static bool grant_refuses(const struct seen *s, size_t i)
{
    return held(s, "c") && grant_gives(s, i);
}

static bool max_decides(const struct seen *s, size_t i)
{
    return grant_refuses(s, i) && authorised_without(s, i, THE_MAX, ALONE_OR_NOT);
}

static bool max_in_vain(const struct seen *s, size_t i)
{
    return grant_decides(s, i) && !weighs_nothing(s->a);
}

static bool alone_decides(const struct seen *s, size_t i)
{
    bool second = held(s, "11") || held(s, "12.9") || held(s, "12.12");
    return second && authorised_without(s, i, THE_SINGLE_MAX, ALONE);
}

static bool alone_in_vain(const struct seen *s, size_t i)
{
    bool looked = in_vain(s, "11") || in_vain(s, "12.9") || in_vain(s, "12.12");
    return looked && by_human(s) && s->a->approvers_n < 1 && grant_gives(s, i) &&
           authorised(s->p, s->a, ALONE) && !authorised_without(s, i, THE_GRANT, ALONE);
}

/* Housekeeping asks nobody for a grant. */
static bool grant_counts(const struct policy *p, size_t i)
{
    return (p->authority[i].actions & ~(BIT(SWEEP) | BIT(RECORD_DELIVERY))) != 0;
}

static bool alone_counts(const struct policy *p, size_t i)
{
    const struct policy_authority *g = &p->authority[i];
    return g->has_single_max &&
           (g->actions & (BIT(CONFIRM) | BIT(UNMATCH) | BIT(RESOLVE_EXCEPTION))) != 0;
}

/* ---- people ---- */

static bool own_agent(const struct seen *s)
{
    return any_text(s->a->own_agents_of, s->a->own_agents_of_n, s->a->principal) &&
           !any_text(s->a->proposers, s->a->proposers_n, s->a->principal);
}

static bool agent_decides(const struct seen *s, size_t i)
{
    (void)i;
    return s->v.reason == REASON_SOD_SAME_ACTOR && by_human(s) && own_agent(s);
}

static bool agent_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return by_human(s) && in_vain(s, "2") && (s->p->own_agent == OWN_AGENT_DENY || own_agent(s));
}

/* Items of a tier: 0 is T1. */
static bool tier_is(const struct seen *s, size_t i)
{
    return by_human(s) && (size_t)tier_of(s->p, s->a) == i + 1;
}

static bool channel_decides(const struct seen *s, size_t i)
{
    return tier_is(s, i) && held(s, "d.1");
}

static bool channel_in_vain(const struct seen *s, size_t i)
{
    return tier_is(s, i) && in_vain(s, "d.1");
}

static bool login_decides(const struct seen *s, size_t i)
{
    return tier_is(s, i) && held(s, "d.2");
}

static bool login_in_vain(const struct seen *s, size_t i)
{
    return tier_is(s, i) && in_vain(s, "d.2");
}

/* Items of the bulk limits. */
static const char *const bulk_rows[] = {"f.3", "f.4", "f.5"};

static bool bulk_decides(const struct seen *s, size_t i)
{
    return held(s, bulk_rows[i]);
}

static bool bulk_in_vain(const struct seen *s, size_t i)
{
    return s->a->bulk_n != 0 && in_vain(s, bulk_rows[i]);
}

static bool third_decides(const struct seen *s, size_t i)
{
    (void)i;
    return held(s, "12.13");
}

static bool third_in_vain(const struct seen *s, size_t i)
{
    (void)i;
    return s->a->prod && in_vain(s, "12.13");
}

/* ---- the items ---- */

enum kind {
    KIND_REASON,
    KIND_MATERIALITY,
    KIND_OVERRIDE,
    KIND_ACCOUNT,
    KIND_TYPE,
    KIND_WINDOW,
    KIND_CAP_COUNT,
    KIND_CAP,
    KIND_SCORE,
    KIND_WRITE_OFF,
    KIND_BLOCK,
    KIND_GRANT,
    KIND_MAX,
    KIND_SINGLE_MAX,
    KIND_OWN_AGENT,
    KIND_CHANNEL,
    KIND_LOGIN,
    KIND_BULK,
    KIND_THIRD,
    KINDS,
};

static const struct {
    const char *what;
    reach_fn *decides, *lets_pass;
} kinds[KINDS] = {
    [KIND_REASON] = {"the reason's clause", reason_decides, reason_in_vain},
    [KIND_MATERIALITY] = {"the threshold", materiality_decides, materiality_in_vain},
    [KIND_OVERRIDE] = {"the entity's threshold", override_decides, override_in_vain},
    [KIND_ACCOUNT] = {"the listed account", account_decides, account_in_vain},
    [KIND_TYPE] = {"the listed match type", type_decides, type_in_vain},
    [KIND_WINDOW] = {"the cumulative limit", window_decides, window_in_vain},
    [KIND_CAP_COUNT] = {"how many the engine confirms", count_decides, cap_in_vain},
    [KIND_CAP] = {"how much the engine confirms", cap_decides, cap_in_vain},
    [KIND_SCORE] = {"the least score the engine confirms", score_decides, score_in_vain},
    [KIND_WRITE_OFF] = {"what one person may give up", write_off_decides, write_off_in_vain},
    [KIND_BLOCK] = {"the blocked rule", block_decides, block_in_vain},
    [KIND_GRANT] = {"the grant", grant_decides, grant_refuses},
    [KIND_MAX] = {"the grant's max", max_decides, max_in_vain},
    [KIND_SINGLE_MAX] = {"the grant's single_max", alone_decides, alone_in_vain},
    [KIND_OWN_AGENT] = {"one's own agent", agent_decides, agent_in_vain},
    [KIND_CHANNEL] = {"the tier's channels", channel_decides, channel_in_vain},
    [KIND_LOGIN] = {"the tier's login age", login_decides, login_in_vain},
    [KIND_BULK] = {"several at once", bulk_decides, bulk_in_vain},
    [KIND_THIRD] = {"three people for a policy", third_decides, third_in_vain},
};

struct listing {
    struct arena *arena;
    struct coverage *c;
    size_t cap;
};

static void add(struct listing *l, enum kind kind, size_t index, const char *pointer)
{
    struct coverage *c = l->c;
    struct cover_item *items = arena_grow(l->arena, c->items, c->n, &l->cap, sizeof c->items[0]);
    if (items == NULL || pointer == NULL)
        return; /* the arena is full, and coverage_init will say so */
    c->items = items;
    items[c->n++] = (struct cover_item){
        .pointer = pointer, .what = kinds[kind].what, .kind = kind, .index = index};
}

static void list_confirmations(struct listing *l, const struct policy *p)
{
    const struct policy_auto_confirm *cap = &p->auto_confirm;
    bool engine_may = cap->enabled;
    add(l, KIND_MATERIALITY, 0, p->materiality_clause.pointer);
    for (size_t i = 0; i < p->overrides_n; i++)
        add(l, KIND_OVERRIDE, i, p->overrides[i].clause.pointer);
    for (size_t i = 0; i < p->accounts_n; i++)
        add(l, KIND_ACCOUNT, i, p->accounts[i].clause.pointer);
    for (size_t i = 0; i < p->match_types_n; i++)
        add(l, KIND_TYPE, i, p->match_types[i].clause.pointer);
    for (size_t i = 0; i < p->cumulative_n; i++)
        add(l, KIND_WINDOW, i, p->cumulative[i].clause.pointer);
    if (cap->has_cap_count)
        add(l, KIND_CAP_COUNT, 0, "/auto_confirm/cap/count");
    if (cap->has_cap_amount)
        add(l, KIND_CAP, 0, "/auto_confirm/cap/amount");
    if (engine_may)
        add(l, KIND_SCORE, 0, "/matching/high");
}

static void list_grants(struct listing *l, const struct policy *p)
{
    for (size_t i = 0; i < p->authority_n; i++) {
        const struct policy_authority *g = &p->authority[i];
        const char *pointer = g->clause.pointer;
        if (!grant_counts(p, i))
            continue;
        add(l, KIND_GRANT, i, pointer);
        if (g->has_max)
            add(l, KIND_MAX, i, arena_fmt(l->arena, "%s/max", pointer));
        if (alone_counts(p, i))
            add(l, KIND_SINGLE_MAX, i, arena_fmt(l->arena, "%s/single_max", pointer));
    }
}

static void list_people(struct listing *l, const struct policy *p)
{
    static const char *const tiers[] = {"T1", "T2", "T3"};
    const char *const bulk[] = {p->bulk.reasons_clause.pointer, p->bulk.items_clause.pointer,
                                p->bulk.amount_clause.pointer};
    add(l, KIND_OWN_AGENT, 0, "/sod/own_agent");
    for (size_t i = 0; i < 3; i++) {
        add(l, KIND_CHANNEL, i, arena_fmt(l->arena, "/channels/%s", tiers[i]));
        if (p->login_age_max_s[i + 1] != 0)
            add(l, KIND_LOGIN, i,
                arena_fmt(l->arena, "/channels/max_login_age_minutes/%s", tiers[i]));
    }
    for (size_t i = 0; i < 3 && somebody_may(p, BIT(RESOLVE)); i++) {
        if (has_prefix(bulk[i], "/bulk/"))
            add(l, KIND_BULK, i, bulk[i]);
    }
    if (p->policy_change_t3)
        add(l, KIND_THIRD, 0, "/administration/policy_changes");
}

struct err coverage_init(struct arena *arena, const struct policy *policy,
                         struct coverage *coverage)
{
    struct listing l = {.arena = arena, .c = coverage};
    *coverage = (struct coverage){.policy = policy};
    coverage->grants = ARENA_ARRAY(arena, policy->authority_n, struct policy_authority);
    TRY(arena_check(arena));
    memcpy(coverage->grants, policy->authority, policy->authority_n * sizeof coverage->grants[0]);
    for (size_t r = REASON_ALLOWED + 1; r < REASON_COUNT; r++) {
        if (reason_reachable(policy, (enum reason)r))
            add(&l, KIND_REASON, r, arena_fmt(arena, "/clauses/%s", reason_name((enum reason)r)));
    }
    if (somebody_may(policy, BIT(CONFIRM)))
        list_confirmations(&l, policy);
    if (policy->has_write_off_limit && somebody_may(policy, BIT(RESOLVE_EXCEPTION)))
        add(&l, KIND_WRITE_OFF, 0, "/write_off_limit");
    for (size_t i = 0; i < policy->blocked_n; i++)
        add(&l, KIND_BLOCK, i, policy->blocked[i].clause.pointer);
    list_grants(&l, policy);
    list_people(&l, policy);
    return arena_check(arena);
}

void coverage_see(struct coverage *coverage, const char *name, const struct ask *ask)
{
    struct seen s = {.p = coverage->policy, .a = ask, .grants = coverage->grants};
    size_t n = gate_trace(s.p, ask, s.steps, STEPS_MAX, &s.v);
    s.steps_n = n < STEPS_MAX ? n : STEPS_MAX;
    for (size_t i = 0; i < coverage->n; i++) {
        struct cover_item *item = &coverage->items[i];
        if (item->decides == NULL && kinds[item->kind].decides(&s, item->index))
            item->decides = name;
        if (item->lets_pass == NULL && kinds[item->kind].lets_pass(&s, item->index))
            item->lets_pass = name;
    }
}

size_t coverage_reached(const struct coverage *coverage)
{
    size_t n = 0;
    for (size_t i = 0; i < coverage->n; i++)
        n += coverage->items[i].decides != NULL && coverage->items[i].lets_pass != NULL;
    return n;
}
