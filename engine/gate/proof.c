/* The walk: subspaces in which the policy's rules meet, every point of each decided once and held
 * against the invariants that are checked there. From one point to the next a single dimension
 * changes (a reflected Gray code in mixed radix), so that an ask is never made anew. */
#include "engine/gate/proof.h"

#include <string.h>

#include "engine/gate/proof_own.h"

enum { DIMS_MAX = 10, POINTS_MAX = 3 << 19 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what is proved, and where ---- */

enum space_id {
    SPACE_EACH,
    SPACE_AMOUNTS,
    SPACE_MACHINES,
    SPACE_EYES,
    SPACE_ACTIONS,
    SPACE_PLACES,
    SPACE_BLOCKED,
    SPACE_MATCHES,
    SPACE_ACTS,
    SPACE_ADMINISTRATION,
    SPACE_SEATS,
    SPACE_HIGHEST,
    SPACE_BULK,
    SPACE_LIMITS_ACTS,
    SPACE_LIMITS_EYES,
    SPACE_LIMITS_SEATS,
    SPACE_LIMITS_BULK,
    SPACE_LIMITS_CAP,
    SPACE_LIMITS_WINDOWS,
    SPACES,
};

/* SPACE_EACH is every choice of every dimension, one dimension at a time, for every action and
 * actor; the others are products of these dimensions, the rest plain. */
static const struct space {
    const char *name;
    size_t n;
    enum domain_dim dims[DIMS_MAX];
    bool unlisted; /* also what is no action, and no actor */
    bool on_web;   /* whatever channel is the plain one: T3 is decided nowhere else */
} spaces[SPACES] = {
    [SPACE_EACH] = {"each", 2, {DOMAIN_ACTION, DOMAIN_ACTOR}, .unlisted = true},
    [SPACE_AMOUNTS] = {"amounts",
                       6,
                       {DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_ROLES, DOMAIN_ENTITIES,
                        DOMAIN_APPROVERS, DOMAIN_RATIONALE},
                       .unlisted = false},
    [SPACE_MACHINES] = {"machines",
                        7,
                        {DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_WINDOWS, DOMAIN_CAP,
                         DOMAIN_INTERCOMPANY, DOMAIN_AMBIGUOUS, DOMAIN_ENTITY_MISMATCH},
                        .unlisted = false},
    [SPACE_EYES] = {"eyes",
                    6,
                    {DOMAIN_ACTOR, DOMAIN_RELATION, DOMAIN_ACCOUNTS, DOMAIN_AMOUNT, DOMAIN_TIER,
                     DOMAIN_RATIONALE},
                    .unlisted = false},
    [SPACE_ACTIONS] = {"actions",
                       9,
                       {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_DECISION, DOMAIN_APPROVERS,
                        DOMAIN_PERIOD, DOMAIN_STATE_VALID, DOMAIN_OWN_SEAT, DOMAIN_DELIVERY,
                        DOMAIN_PROD},
                       .unlisted = false},
    [SPACE_PLACES] = {"places",
                      7,
                      {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_TIER, DOMAIN_CHANNEL, DOMAIN_LOGIN_AGE,
                       DOMAIN_FROZEN, DOMAIN_CHANGE},
                      .unlisted = true},
    [SPACE_BLOCKED] = {"blocked",
                       6,
                       {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_TOOL, DOMAIN_COUNTERPARTY,
                        DOMAIN_ENTITIES, DOMAIN_ACCOUNTS},
                       .unlisted = false},
    [SPACE_MATCHES] = {"matches",
                       7,
                       {DOMAIN_ACTOR, DOMAIN_ACCOUNTS, DOMAIN_MATCH_TYPE, DOMAIN_STATE,
                        DOMAIN_SOURCE, DOMAIN_SCORE, DOMAIN_ENTITIES},
                       .unlisted = false},
    [SPACE_ACTS] = {"acts",
                    7,
                    {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_RELATION, DOMAIN_APPROVERS,
                     DOMAIN_KEEPS, DOMAIN_RATIONALE},
                    .unlisted = false},
    [SPACE_ADMINISTRATION] = {"administration",
                              7,
                              {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_RELATION, DOMAIN_SUBJECT,
                               DOMAIN_DECISION, DOMAIN_APPROVERS, DOMAIN_PROD},
                              .unlisted = false},
    [SPACE_SEATS] = {"seats",
                     6,
                     {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_ROLES, DOMAIN_SEATS, DOMAIN_RELATION,
                      DOMAIN_ENTITIES},
                     .unlisted = false},
    [SPACE_HIGHEST] = {"highest",
                       8,
                       {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_TIER, DOMAIN_LOGIN, DOMAIN_DECISION,
                        DOMAIN_APPROVERS, DOMAIN_KEEPS, DOMAIN_PROD},
                       .on_web = true},
    [SPACE_BULK] = {"bulk",
                    6,
                    {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_BULK, DOMAIN_TIER, DOMAIN_CHANNEL,
                     DOMAIN_DECISION},
                    .unlisted = false},
    [SPACE_LIMITS_ACTS] = {"limits of acts",
                           5,
                           {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_KEEPS,
                            DOMAIN_RATIONALE},
                           .unlisted = false},
    [SPACE_LIMITS_EYES] = {"limits and eyes",
                           6,
                           {DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_RELATION, DOMAIN_ENTITIES,
                            DOMAIN_TIER, DOMAIN_RATIONALE},
                           .unlisted = false},
    [SPACE_LIMITS_SEATS] = {"limits and seats",
                            4,
                            {DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_ROLES, DOMAIN_RELATION},
                            .unlisted = false},
    [SPACE_LIMITS_BULK] = {"limits of several",
                           4,
                           {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_BULK, DOMAIN_DECISION},
                           .unlisted = false},
    [SPACE_LIMITS_CAP] = {"limits and the cap",
                          3,
                          {DOMAIN_ACTOR, DOMAIN_AMOUNT, DOMAIN_CAP},
                          .unlisted = false},
    [SPACE_LIMITS_WINDOWS] = {"limits and windows",
                              6,
                              {DOMAIN_ACTION, DOMAIN_ACTOR, DOMAIN_WINDOWS, DOMAIN_KEEPS,
                               DOMAIN_RELATION, DOMAIN_RATIONALE},
                              .unlisted = false},
};

#define IN(space)  (1u << SPACE_##space)
#define EVERYWHERE ((1u << SPACES) - 1)
#define LIMITED    (EVERYWHERE & ~(IN(LIMITS_ACTS) - 1)) /* asked about for each limit, too */

static const struct invariant {
    const char *name, *sentence;
    unsigned spaces;
    rule_fn *holds; /* NULL: it has a walk of its own */
} invariants[] = {
    {"default_deny",
     "What the policy does not provide for is denied: no such action, actor or tier, or no grant.",
     EVERYWHERE, rule_default_deny},
    {"deny_trumps_allow",
     "A fact that alone denies (blocked, not authorised, wrong state, closed period) denies "
     "whatever else speaks for the act.",
     EVERYWHERE, rule_deny_trumps},
    {"frozen_changes_nothing",
     "What is frozen is denied, and nothing is put before anybody for it, but for a thaw by a "
     "person who is not frozen themselves.",
     EVERYWHERE, rule_frozen},
    {"same_ask_same_verdict",
     "The same facts get the same verdict: asked again, in other memory, or written down and read "
     "back.",
     IN(EACH), NULL},
    {"llm_never_confirms", "No language model confirms a match or an escalation.", EVERYWHERE,
     rule_llm},
    {"t2_human_only",
     "No decision of tier T2 or more is a machine's, but a confirmation by engine:auto-confirm of "
     "what engine:matcher proposed.",
     EVERYWHERE, rule_t2_human},
    {"t3_three_humans", "Nothing of tier T3 is allowed before three distinct people stand for it.",
     EVERYWHERE, rule_t3_three},
    {"threshold_monotone",
     "Raising one limit turns no denial into an allowance, but for a missing rationale and what "
     "that limit itself is for.",
     LIMITED, NULL},
    {"clause_exists",
     "Every refusal quotes a sentence, and points at where it stands in the policy.", EVERYWHERE,
     rule_clause},
};

static const size_t same_ask = 3, monotone = 7;

/* ---- one walk ---- */

typedef struct err visit_fn(struct walk *w, size_t i, void *arg, bool *go_on);

/* A product under way: how many choices each dimension has, and which way it is turning. */
struct product {
    size_t n;
    enum domain_dim dims[DIMS_MAX];
    size_t radix[DIMS_MAX];
    bool back[DIMS_MAX];
};

static size_t product_points(const struct product *p)
{
    size_t points = 1;
    for (size_t i = 0; i < p->n; i++)
        points = p->radix[i] > SIZE_MAX / points ? SIZE_MAX : points * p->radix[i];
    return points;
}

/* The dimension that loses most when cut down to `to` its core, or by a quarter. */
static size_t widest(const struct walk *w, const struct product *p, bool to_core)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t core = to_core ? domain_core(w->domain, p->dims[i]) : 1;
        size_t factor = p->dims[i] == DOMAIN_ACTION ? 0 : 100 * p->radix[i] / core;
        if (factor > most)
            best = i, most = factor;
    }
    return most > 100 ? best : SIZE_MAX;
}

/* All choices where that is not too much, else the cores, and of those the first ones: which is not
 * the whole, and is told. */
static struct product product_of(struct walk *w, const struct space *s, size_t most)
{
    struct product p = {.n = s->n};
    size_t i;
    memcpy(p.dims, s->dims, sizeof p.dims);
    for (i = 0; i < p.n; i++) {
        bool names = p.dims[i] == DOMAIN_ACTION || p.dims[i] == DOMAIN_ACTOR;
        p.radix[i] = names && !s->unlisted ? domain_core(w->domain, p.dims[i])
                                           : domain_choices(w->domain, p.dims[i]);
    }
    w->report->whole = w->report->whole && product_points(&p) <= most;
    while (product_points(&p) > most && (i = widest(w, &p, true)) != SIZE_MAX)
        p.radix[i] = domain_core(w->domain, p.dims[i]);
    while (product_points(&p) > most && (i = widest(w, &p, false)) != SIZE_MAX)
        p.radix[i] -= p.radix[i] / 4 + 1;
    return p;
}

static void place(struct walk *w, enum domain_dim dim, size_t choice)
{
    w->choice[dim] = choice;
    domain_set(w->domain, dim, choice, &w->ask);
}

static void to_plain(struct walk *w)
{
    struct domain_point plain;
    memset(w->choice, 0, sizeof w->choice);
    domain_ask(w->domain, w->choice, &plain);
    w->ask = plain.ask;
}

/* One dimension one choice on; false after the last point. */
static bool step(struct walk *w, struct product *p)
{
    for (size_t i = p->n; i-- > 0;) {
        size_t at = w->choice[p->dims[i]];
        bool can = p->back[i] ? at > 0 : at + 1 < p->radix[i];
        if (can) {
            place(w, p->dims[i], p->back[i] ? at - 1 : at + 1);
            return true;
        }
        p->back[i] = !p->back[i];
    }
    return false;
}

static struct err walk_product(struct walk *w, struct product *p, size_t *i, visit_fn *visit,
                               void *arg)
{
    bool go_on = true;
    do {
        w->verdict = walk_decide(w, w->policy, &w->ask);
        w->report->points++;
        w->report->allowed += w->verdict.ruling == RULING_ALLOW;
        TRY(visit(w, (*i)++, arg, &go_on));
    } while (go_on && step(w, p));
    return OK;
}

static struct err walk_space(struct walk *w, const struct space *s, size_t most, visit_fn *visit,
                             void *arg)
{
    struct product p = product_of(w, s, most);
    size_t i = 0;
    to_plain(w);
    if (s->on_web)
        w->ask.channel = CHANNEL_WEB;
    return walk_product(w, &p, &i, visit, arg);
}

/* ---- findings ---- */

static struct err found(struct walk *w, const struct invariant *inv, const char *what)
{
    struct proof_report *r = w->report;
    struct ask *ask = ARENA_NEW(w->arena, struct ask);
    TRY(arena_check(w->arena));
    *ask = w->ask;
    r->holds = false;
    r->finding = (struct proof_finding){
        .invariant = inv->name, .what = what, .ask = ask, .verdict = w->verdict, .space = w->space};
    return OK;
}

/* ---- what is looked at, point by point ---- */

static struct err visit_rules(struct walk *w, size_t i, void *arg, bool *go_on)
{
    (void)i, (void)arg;
    for (size_t k = 0; k < COUNT(invariants); k++) {
        const char *what = invariants[k].holds == NULL ? NULL : invariants[k].holds(w);
        if (what != NULL) {
            *go_on = false;
            return found(w, &invariants[k], what);
        }
    }
    return OK;
}

struct sites {
    struct limit_site *at;
    size_t n;
};

static struct err visit_limits(struct walk *w, size_t i, void *arg, bool *go_on)
{
    const struct sites *sites = arg;
    TRY(visit_rules(w, i, NULL, go_on));
    for (size_t k = 0; k < sites->n && *go_on; k++) {
        const char *what = proof_limit_holds(w, &sites->at[k]);
        if (what != NULL) {
            *go_on = false;
            return found(w, &invariants[monotone], what);
        }
    }
    return OK;
}

static struct err visit_first(struct walk *w, size_t i, void *arg, bool *go_on)
{
    proof_again_first(arg, i, &w->verdict);
    return visit_rules(w, i, NULL, go_on);
}

static struct err visit_again(struct walk *w, size_t i, void *arg, bool *go_on)
{
    const char *what;
    TRY(proof_again_holds(arg, i, w, &what));
    *go_on = what == NULL;
    return what == NULL ? OK : found(w, &invariants[same_ask], what);
}

/* ---- the walks ---- */

/* A verdict costs more the more rules there are: then fewer are asked for. */
static size_t points_max(const struct policy *p)
{
    enum { RULES_FREE = 64 };
    size_t rules = p->authority_n + p->blocked_n + p->accounts_n + p->overrides_n + p->cumulative_n;
    return POINTS_MAX / (1 + (rules > RULES_FREE ? (rules - RULES_FREE) / 16 : 0));
}

/* Every choice of one dimension, for every action and actor. */
static struct product each_of(struct walk *w, size_t dim)
{
    struct space s = spaces[SPACE_EACH];
    s.dims[s.n++] = (enum domain_dim)dim;
    return product_of(w, &s, points_max(w->policy) / 4);
}

static bool is_each(size_t dim)
{
    return dim != DOMAIN_ACTION && dim != DOMAIN_ACTOR;
}

/* One dimension after the other. */
static struct err walk_each(struct walk *w, visit_fn *visit, void *arg)
{
    size_t i = 0;
    for (size_t dim = 0; dim < DOMAIN_DIMS && w->report->holds; dim++) {
        if (!is_each(dim))
            continue;
        struct product p = each_of(w, dim);
        to_plain(w);
        TRY(walk_product(w, &p, &i, visit, arg));
    }
    return OK;
}

static size_t each_points(struct walk *w)
{
    size_t sum = 0;
    for (size_t dim = 0; dim < DOMAIN_DIMS; dim++) {
        struct product p = {.n = 0};
        if (is_each(dim))
            p = each_of(w, dim);
        sum += is_each(dim) ? product_points(&p) : 0;
    }
    return sum;
}

/* ---- who walks what ---- */

/* The walk's share of the subspaces, and what they are about. */
struct share {
    bool mine[SPACES];
    size_t points_max[SPACES]; /* a limit's points are asked about once for each limit */
    struct sites sites;
};

static void weights(struct walk *w, struct share *s, uint64_t weight[SPACES])
{
    const size_t most = points_max(w->policy);
    for (size_t i = 0; i < SPACES; i++) {
        bool limits = i >= SPACE_LIMITS_ACTS;
        s->points_max[i] = limits ? 4 * most / (s->sites.n + 1) : most;
        if (i == SPACE_EACH) {
            weight[i] = 2 * each_points(w);
            continue;
        }
        struct product p = product_of(w, &spaces[i], s->points_max[i]);
        weight[i] = product_points(&p) * (limits ? 1 + s->sites.n / 2 : 1);
    }
}

/* The heaviest one left goes to whoever has least: each part finds the same without being told. */
static void share_out(struct walk *w, unsigned part, unsigned parts, struct share *s)
{
    enum { PARTS_MAX = 16 };
    uint64_t weight[SPACES], load[PARTS_MAX] = {0};
    bool given[SPACES] = {false};
    parts = parts > PARTS_MAX ? PARTS_MAX : parts == 0 ? 1 : parts;
    weights(w, s, weight);
    for (size_t n = 0; n < SPACES; n++) {
        size_t heavy = SPACES, least = 0;
        for (size_t i = 0; i < SPACES; i++)
            heavy = !given[i] && (heavy == SPACES || weight[i] > weight[heavy]) ? i : heavy;
        for (size_t k = 1; k < parts; k++)
            least = load[k] < load[least] ? k : least;
        given[heavy] = true;
        load[least] += weight[heavy];
        s->mine[heavy] = least == part;
    }
}

static struct err walk_share(struct walk *w, struct share *s, struct again *again)
{
    if (s->mine[SPACE_EACH])
        TRY(walk_each(w, visit_first, again));
    for (size_t i = SPACE_AMOUNTS; i < SPACES && w->report->holds; i++) {
        bool limits = i >= SPACE_LIMITS_ACTS;
        w->space = i;
        if (s->mine[i])
            TRY(walk_space(w, &spaces[i], s->points_max[i], limits ? visit_limits : visit_rules,
                           &s->sites));
    }
    w->space = SPACES;
    return s->mine[SPACE_EACH] && w->report->holds ? walk_each(w, visit_again, again) : OK;
}

/* ---- the report ---- */

static const char *spaces_named(struct arena *arena, unsigned mask)
{
    const char *text = "";
    for (size_t s = 0; s < SPACES && text != NULL; s++) {
        if ((mask & 1u << s) != 0)
            text = arena_fmt(arena, "%s%s%s", text, text[0] == '\0' ? "" : ", ", spaces[s].name);
    }
    return text;
}

static struct err report_begin(struct arena *arena, struct proof_report *r)
{
    struct proof_invariant *list = ARENA_ARRAY(arena, COUNT(invariants), struct proof_invariant);
    TRY(arena_check(arena));
    for (size_t i = 0; i < COUNT(invariants); i++)
        list[i] = (struct proof_invariant){.name = invariants[i].name,
                                           .sentence = invariants[i].sentence,
                                           .spaces = spaces_named(arena, invariants[i].spaces)};
    *r = (struct proof_report){
        .holds = true, .whole = true, .invariants = list, .invariants_n = COUNT(invariants)};
    return arena_check(arena);
}

struct err policy_prove(struct arena *arena, const struct proof_of *of, struct proof_report *report)
{
    struct share share = {.sites = {.n = 0}};
    struct domain *domain;
    struct again again;
    TRY(report_begin(arena, report));
    TRY(domain_new(arena, of->policy, &domain));
    struct walk w = {.arena = arena,
                     .policy = of->policy,
                     .tree = of->tree,
                     .gate = of->gate == NULL ? gate_decide : of->gate,
                     .domain = domain,
                     .report = report};
    report->whole = domain_whole(domain);
    TRY(proof_rules_begin(&w));
    TRY(proof_again_begin(&again, arena, each_points(&w)));
    TRY(proof_limits_find(&w, &share.sites.at, &share.sites.n));
    share_out(&w, of->part, of->parts, &share);
    struct err e = walk_share(&w, &share, &again);
    proof_again_end(&again);
    return e;
}

void proof_join(struct proof_report *report, const struct proof_report *part)
{
    report->points += part->points;
    report->allowed += part->allowed;
    report->decided += part->decided;
    report->whole = report->whole && part->whole;
    if (!part->holds && (report->holds || part->finding.space < report->finding.space))
        report->finding = part->finding;
    report->holds = report->holds && part->holds;
}
