/* The domain made, and its choices set. A choice copies what domain_amount.c and domain_names.c
 * laid out, or is known from the choice's number alone. */
#include "engine/gate/domain.h"

#include <string.h>

#include "engine/gate/domain_own.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- building ---- */

void *domain_add(struct domain_build *b, enum domain_dim dim, size_t size, const char *name)
{
    struct choices *c = &b->domain->dims[dim];
    const char **names = arena_grow(b->arena, c->names, c->n, &c->names_cap, sizeof *names);
    char *at = arena_grow(b->arena, c->at, c->n, &c->cap, size);
    if (names == NULL || at == NULL)
        return NULL;
    c->size = size;
    c->names = names;
    c->at = at;
    c->names[c->n] = name == NULL ? "" : name;
    memset(at + c->n * size, 0, size);
    return at + c->n++ * size;
}

void domain_core_here(struct domain_build *b, enum domain_dim dim)
{
    b->domain->dims[dim].core = b->domain->dims[dim].n;
}

static void name_put(struct domain_build *b, enum domain_dim dim, const char *name)
{
    (void)DOMAIN_ADD(b, dim, char, name);
}

/* ---- dimensions that no policy makes ---- */

static const enum source sources[] = {SOURCE_MATCHER, SOURCE_LLM, SOURCE_HUMAN, SOURCE_NONE};
static const enum match_state states[] = {MATCH_PROPOSED, MATCH_NONE, MATCH_CONFIRMED,
                                          MATCH_REJECTED, MATCH_REVERSED};
static const enum channel channels[] = {CHANNEL_WEB, CHANNEL_SLACK, CHANNEL_CHAT,   CHANNEL_API,
                                        CHANNEL_CLI, CHANNEL_NONE,  (enum channel)9};
static const enum tier tiers[] = {TIER_T2, TIER_T1, TIER_T0, TIER_T3, (enum tier)4};
static const enum decision decisions[] = {DECISION_NONE,         DECISION_CONFIRM,
                                          DECISION_REJECT,       DECISION_WITHDRAW,
                                          DECISION_REQUEST_INFO, DECISION_ANSWER};
static const char *const subjects[] = {DIA, ANA, BOB, NULL};

static const struct {
    const char *before[2];
    const char *name;
} seats[] = {{{NULL, NULL}, "nobody spoke before"},
             {{BOB, NULL}, "Bob spoke before"},
             {{DIA, NULL}, "Dia spoke before"},
             {{DIA, CEM}, "Dia and Cem spoke before"}};

static const char *const ana[] = {ANA}, *const bob[] = {BOB}, *const both[] = {BOB, ANA};
static const struct {
    struct relation_choice who;
    const char *name;
} relations[] = {
    {{{NULL, 0}, {NULL, 0}}, "nobody is known to have asked"},
    {{{bob, 1}, {NULL, 0}}, "Bob asked"},
    {{{ana, 1}, {NULL, 0}}, "Ana asked herself"},
    {{{both, 2}, {NULL, 0}}, "Bob and Ana asked"},
    {{{NULL, 0}, {bob, 1}}, "Bob's agent asked"},
    {{{NULL, 0}, {ana, 1}}, "Ana's agent asked"},
    {{{NULL, 0}, {both, 2}}, "Bob's and Ana's agents asked"},
    {{{bob, 1}, {ana, 1}}, "Bob and Ana's agent asked"},
};

static const char *const log_ins[] = {"no login is made for it", "one is wanted, none is bound",
                                      "one is wanted, one is bound",
                                      "one is bound, none is wanted"};
static const char *const intercompany[] = {"not intercompany", "intercompany, unpaired",
                                           "intercompany, paired", "paired, not intercompany"};
static const char *const freezes[] = {"not frozen", "frozen", "frozen itself", "only it is frozen"};
static const char *const periods[] = {"posts nothing", "posts", "posts nothing, period closed",
                                      "posts, period closed"};
static const char *const approvers[] = {"0", "1", "2"};

struct fixed {
    enum domain_dim dim;
    const char *const *names;
    size_t n;
};

static const char *const yes_no[] = {"true", "false"}, *const no_yes[] = {"false", "true"};

static const struct fixed fixed[] = {
    {DOMAIN_STATE_VALID, yes_no, 2},
    {DOMAIN_ENTRY_TAKEN, no_yes, 2},
    {DOMAIN_RATIONALE, yes_no, 2},
    {DOMAIN_AMBIGUOUS, no_yes, 2},
    {DOMAIN_ENTITY_MISMATCH, no_yes, 2},
    {DOMAIN_OWN_SEAT, yes_no, 2},
    {DOMAIN_DELIVERY, no_yes, 2},
    {DOMAIN_PROD, no_yes, 2},
    {DOMAIN_CHANGE, yes_no, 2},
    {DOMAIN_KEEPS, yes_no, 2},
    {DOMAIN_LOGIN, log_ins, COUNT(log_ins)},
    {DOMAIN_INTERCOMPANY, intercompany, COUNT(intercompany)},
    {DOMAIN_FROZEN, freezes, COUNT(freezes)},
    {DOMAIN_PERIOD, periods, COUNT(periods)},
    {DOMAIN_APPROVERS, approvers, COUNT(approvers)},
};

/* CONFIRM is the plain one and changes places with the first; then every action, and two numbers
 * that are none. */
static enum action action_at(size_t i)
{
    if (i == 0)
        return ACTION_CONFIRM;
    if (i + 1 == ACTION_CONFIRM)
        return (enum action)(ACTION_NONE + 1);
    return i + 1 < ACTION_COUNT    ? (enum action)(i + 1)
           : i + 1 == ACTION_COUNT ? ACTION_NONE
                                   : ACTION_COUNT;
}

static void actions_put(struct domain_build *b)
{
    for (size_t i = 0; i + 1 < ACTION_COUNT; i++)
        name_put(b, DOMAIN_ACTION, action_name(action_at(i)));
    domain_core_here(b, DOMAIN_ACTION);
    name_put(b, DOMAIN_ACTION, action_name(ACTION_NONE));
    name_put(b, DOMAIN_ACTION, "past the last");
}

static void fixed_put(struct domain_build *b)
{
    for (size_t i = 0; i < COUNT(fixed); i++) {
        for (size_t j = 0; j < fixed[i].n; j++)
            name_put(b, fixed[i].dim, fixed[i].names[j]);
    }
    for (size_t i = 0; i < COUNT(sources); i++)
        name_put(b, DOMAIN_SOURCE, source_name(sources[i]));
    for (size_t i = 0; i < COUNT(states); i++)
        name_put(b, DOMAIN_STATE, match_state_name(states[i]));
    for (size_t i = 0; i < COUNT(tiers); i++)
        name_put(b, DOMAIN_TIER, tiers[i] > TIER_T3 ? "past the last" : tier_name(tiers[i]));
    for (size_t i = 0; i < COUNT(decisions); i++)
        name_put(b, DOMAIN_DECISION, decision_name(decisions[i]));
    for (size_t i = 0; i < COUNT(subjects); i++)
        name_put(b, DOMAIN_SUBJECT, subjects[i] == NULL ? "none" : subjects[i]);
    for (size_t i = 0; i < COUNT(seats); i++)
        name_put(b, DOMAIN_SEATS, seats[i].name);
    for (size_t i = 0; i < COUNT(relations); i++)
        name_put(b, DOMAIN_RELATION, relations[i].name);
}

static void channel_put(struct domain_build *b, enum channel channel)
{
    enum channel *to = DOMAIN_ADD(b, DOMAIN_CHANNEL, enum channel,
                                  channel > CHANNEL_CLI ? "past the last" : channel_name(channel));
    if (to != NULL)
        *to = channel;
}

/* The plain one is one on which a confirmation is decided. */
static void channels_put(struct domain_build *b)
{
    size_t plain = 0;
    while (plain + 1 < COUNT(channels) && channels[plain] <= CHANNEL_CLI &&
           (b->policy->channels[TIER_T2] >> channels[plain] & 1) == 0)
        plain++;
    plain = channels[plain] > CHANNEL_CLI ? 0 : plain;
    channel_put(b, channels[plain]);
    for (size_t i = 0; i < COUNT(channels); i++) {
        if (i != plain)
            channel_put(b, channels[i]);
    }
}

static void age_put(struct domain_build *b, int64_t age_s)
{
    const struct choices *c = &b->domain->dims[DOMAIN_LOGIN_AGE];
    const int64_t *at = c->at;
    for (size_t i = 0; i < c->n; i++) {
        if (at[i] == age_s)
            return;
    }
    int64_t *to =
        DOMAIN_ADD(b, DOMAIN_LOGIN_AGE, int64_t,
                   age_s < 0 ? "not known" : arena_fmt(b->arena, "%lld s", (long long)age_s));
    if (to != NULL)
        *to = age_s;
}

static void ages_put(struct domain_build *b)
{
    age_put(b, 60);
    age_put(b, -1);
    for (int t = TIER_T0; t <= TIER_T3; t++) {
        int64_t max = b->policy->login_age_max_s[t];
        if (max != 0)
            age_put(b, max);
        if (max != 0)
            age_put(b, max + 1);
    }
}

static void score_put(struct domain_build *b, bool sure, int64_t bp, const char *name)
{
    struct score_choice *to = DOMAIN_ADD(b, DOMAIN_SCORE, struct score_choice, name);
    if (to != NULL)
        *to = (struct score_choice){sure, bp};
}

static void scores_put(struct domain_build *b)
{
    int64_t high = b->policy->matching.high_bp;
    score_put(b, true, 10000, "certain");
    score_put(b, false, 10000, "certain, but the matcher does not stand by it");
    score_put(b, true, high, "as high as matching.high");
    score_put(b, true, high - 1, "below matching.high");
    score_put(b, true, 0, "none");
}

struct err domain_new(struct arena *arena, const struct policy *policy, struct domain **domain)
{
    struct domain_build b = {.arena = arena, .policy = policy};
    b.domain = ARENA_NEW(arena, struct domain);
    TRY(arena_check(arena));
    b.domain->policy = policy;
    actions_put(&b);
    fixed_put(&b);
    channels_put(&b);
    ages_put(&b);
    scores_put(&b);
    domain_actors(&b);
    domain_amounts(&b);
    domain_windows(&b);
    domain_cap(&b);
    domain_bulk(&b);
    domain_entities(&b);
    domain_accounts(&b);
    domain_match_types(&b);
    domain_roles(&b);
    domain_counterparties(&b);
    domain_tools(&b);
    TRY(arena_check(arena));
    *domain = b.domain;
    return OK;
}

/* ---- what there is ---- */

size_t domain_choices(const struct domain *domain, size_t dim)
{
    return dim < DOMAIN_DIMS ? domain->dims[dim].n : 0;
}

const char *domain_choice_name(const struct domain *domain, size_t dim, size_t choice)
{
    return choice < domain_choices(domain, dim) ? domain->dims[dim].names[choice] : "";
}

size_t domain_core(const struct domain *domain, size_t dim)
{
    if (dim >= DOMAIN_DIMS)
        return 0;
    const struct choices *c = &domain->dims[dim];
    return c->core == 0 ? c->n : c->core;
}

bool domain_whole(const struct domain *domain)
{
    return domain->whole;
}

/* ---- setting ---- */

#define AT(type, dim) (&((type const *)d->dims[DOMAIN_##dim].at)[i])

typedef void set_fn(const struct domain *d, size_t i, struct ask *a);

static void set_action(const struct domain *d, size_t i, struct ask *a)
{
    (void)d;
    a->action = action_at(i);
}

static void set_actor(const struct domain *d, size_t i, struct ask *a)
{
    const struct actor_choice *c = AT(struct actor_choice, ACTOR);
    a->actor_kind = c->kind;
    a->actor = c->actor;
    a->principal = c->principal;
    a->on_behalf_of = c->on_behalf_of;
}

static void set_amount(const struct domain *d, size_t i, struct ask *a)
{
    const struct amount_choice *c = AT(struct amount_choice, AMOUNT);
    a->amount = c->amount;
    a->has_amount = c->has_amount;
    a->values = c->values;
    a->values_n = c->values_n;
}

static void set_entities(const struct domain *d, size_t i, struct ask *a)
{
    const struct texts_choice *c = AT(struct texts_choice, ENTITIES);
    a->entities = c->at;
    a->entities_n = c->n;
}

static void set_accounts(const struct domain *d, size_t i, struct ask *a)
{
    const struct accounts_choice *c = AT(struct accounts_choice, ACCOUNTS);
    a->accounts = c->accounts;
    a->accounts_n = c->accounts_n;
    a->events = c->events;
    a->events_n = c->events_n;
}

static void set_relation(const struct domain *d, size_t i, struct ask *a)
{
    (void)d;
    a->proposers = relations[i].who.proposers.at;
    a->proposers_n = relations[i].who.proposers.n;
    a->own_agents_of = relations[i].who.own_agents_of.at;
    a->own_agents_of_n = relations[i].who.own_agents_of.n;
}

static void set_roles(const struct domain *d, size_t i, struct ask *a)
{
    const struct roles_choice *c = AT(struct roles_choice, ROLES);
    a->roles = c->roles;
    a->roles_n = c->n;
}

static void set_seats(const struct domain *d, size_t i, struct ask *a)
{
    (void)d;
    a->seats = seats[i].before;
    a->seats_n = (size_t)(seats[i].before[0] != NULL) + (size_t)(seats[i].before[1] != NULL);
}

static void set_windows(const struct domain *d, size_t i, struct ask *a)
{
    const struct windows_choice *c = AT(struct windows_choice, WINDOWS);
    a->cumulative = c->at;
    a->cumulative_n = c->n;
}

static void set_cap(const struct domain *d, size_t i, struct ask *a)
{
    const struct cap_choice *c = AT(struct cap_choice, CAP);
    a->auto_confirmed = c->sum;
    a->auto_confirmed_n = c->n;
}

static void set_score(const struct domain *d, size_t i, struct ask *a)
{
    const struct score_choice *c = AT(struct score_choice, SCORE);
    a->sure = c->sure;
    a->score_bp = c->bp;
}

static void set_bulk(const struct domain *d, size_t i, struct ask *a)
{
    const struct bulk_choice *c = AT(struct bulk_choice, BULK);
    a->bulk_n = c->n;
    a->bulk_one_clause = c->one_clause;
    a->bulk_reason = c->reason;
    a->bulk_sum = c->sum;
}

static void set_match_type(const struct domain *d, size_t i, struct ask *a)
{
    a->match_type = *AT(const char *, MATCH_TYPE);
}

static void set_counterparty(const struct domain *d, size_t i, struct ask *a)
{
    a->counterparty = *AT(const char *, COUNTERPARTY);
}

static void set_tool(const struct domain *d, size_t i, struct ask *a)
{
    a->tool = *AT(const char *, TOOL);
}

static void set_login_age(const struct domain *d, size_t i, struct ask *a)
{
    a->auth_age_s = *AT(int64_t, LOGIN_AGE);
}

/* A choice that is its number: the fact is true at 1, or false there when the plain one is true. */
#define SET(name, ...)                                                                             \
    static void set_##name(const struct domain *d, size_t i, struct ask *a)                        \
    {                                                                                              \
        (void)d;                                                                                   \
        __VA_ARGS__;                                                                               \
    }

SET(source, a->source = sources[i])
SET(state, a->state = states[i])
SET(state_valid, a->state_valid = i == 0)
SET(entry_taken, a->entry_taken = i == 1)
SET(rationale, a->has_rationale = i == 0)
SET(channel, a->channel = *AT(enum channel, CHANNEL))
SET(login, a->login_wanted = i == 1 || i == 2; a->login_bound = i >= 2)
SET(tier, a->tier = tiers[i])
SET(decision, a->decision = decisions[i])
SET(approvers, a->approvers_n = (int64_t)i)
SET(ambiguous, a->ambiguous = i == 1)
SET(entity_mismatch, a->entity_mismatch = i == 1)
SET(intercompany, a->intercompany = i == 1 || i == 2; a->intercompany_paired = i >= 2)
SET(frozen, a->frozen = i == 1 || i == 2; a->frozen_self = i >= 2)
SET(period, a->posting = i == 1 || i == 3; a->period_closed = i >= 2)
SET(own_seat, a->own_seat = i == 0)
SET(delivery, a->delivery_service = i == 1)
SET(subject, a->subject = subjects[i])
SET(prod, a->prod = i == 1)
SET(change, a->change = i == 0)
SET(keeps, a->keeps_amount = i == 0)

static set_fn *const set[DOMAIN_DIMS] = {
    [DOMAIN_ACTION] = set_action,
    [DOMAIN_ACTOR] = set_actor,
    [DOMAIN_AMOUNT] = set_amount,
    [DOMAIN_ENTITIES] = set_entities,
    [DOMAIN_ACCOUNTS] = set_accounts,
    [DOMAIN_SOURCE] = set_source,
    [DOMAIN_STATE] = set_state,
    [DOMAIN_STATE_VALID] = set_state_valid,
    [DOMAIN_ENTRY_TAKEN] = set_entry_taken,
    [DOMAIN_MATCH_TYPE] = set_match_type,
    [DOMAIN_RATIONALE] = set_rationale,
    [DOMAIN_RELATION] = set_relation,
    [DOMAIN_ROLES] = set_roles,
    [DOMAIN_CHANNEL] = set_channel,
    [DOMAIN_LOGIN_AGE] = set_login_age,
    [DOMAIN_LOGIN] = set_login,
    [DOMAIN_TIER] = set_tier,
    [DOMAIN_DECISION] = set_decision,
    [DOMAIN_APPROVERS] = set_approvers,
    [DOMAIN_SEATS] = set_seats,
    [DOMAIN_AMBIGUOUS] = set_ambiguous,
    [DOMAIN_ENTITY_MISMATCH] = set_entity_mismatch,
    [DOMAIN_INTERCOMPANY] = set_intercompany,
    [DOMAIN_WINDOWS] = set_windows,
    [DOMAIN_CAP] = set_cap,
    [DOMAIN_SCORE] = set_score,
    [DOMAIN_FROZEN] = set_frozen,
    [DOMAIN_PERIOD] = set_period,
    [DOMAIN_OWN_SEAT] = set_own_seat,
    [DOMAIN_DELIVERY] = set_delivery,
    [DOMAIN_SUBJECT] = set_subject,
    [DOMAIN_PROD] = set_prod,
    [DOMAIN_COUNTERPARTY] = set_counterparty,
    [DOMAIN_TOOL] = set_tool,
    [DOMAIN_CHANGE] = set_change,
    [DOMAIN_KEEPS] = set_keeps,
    [DOMAIN_BULK] = set_bulk,
};

void domain_set(const struct domain *domain, size_t dim, size_t choice, struct ask *ask)
{
    if (choice < domain_choices(domain, dim))
        set[dim](domain, choice, ask);
}

void domain_ask(const struct domain *domain, const size_t *choice, struct domain_point *point)
{
    point->ask = (struct ask){.object_type = "match", .object_id = "mat_1", .object_version = 1};
    for (size_t dim = 0; dim < DOMAIN_DIMS; dim++)
        domain_set(domain, dim, choice[dim], &point->ask);
}
