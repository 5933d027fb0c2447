/* A match: proposed by whoever called, confirmed by other hands or by the machine within its
 * limits, rejected with a reason, taken back by people. DESIGN §4 rows 1 to 13 and 12.10 to 12.12.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/eval/rules.h"

static int64_t number(const char *text)
{
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

/* ---- a new one ---- */

/* What live matches hold of an entry is never more than there is of it. */
static struct err legs_are_free(struct rules_step *s, const struct rules_event *e,
                                const struct book_change *c, const struct matter *m)
{
    for (size_t i = 0; i < m->legs->count; i++) {
        const struct json *leg = m->legs->items[i];
        const char *entry_id = json_get_text(leg, "entry_id");
        struct answer *entry;
        size_t n;
        int64_t version = 0;
        TRY(rules_ask(s, ASK_ENTRY, &entry_id, 1, &entry, &n));
        int64_t all = n == 0 ? 0 : llabs(number(entry[0].at[4]));
        (void)json_int(json_get(leg, "version"), &version);
        rules_must(s, n == 1 && version == number(entry[0].at[11]), "legs-as-they-stand", e, c,
                   "leg %s is not the entry's latest version", entry_id);
        rules_must(s, book_held(s->rows, entry_id) <= all, "matched-once", e, c,
                   "live matches hold %lld of %lld of %s", (long long)book_held(s->rows, entry_id),
                   (long long)all, entry_id);
    }
    return OK;
}

/* The group's size: the larger side's sum of absolute legs. */
static int64_t size_of(const struct json *legs)
{
    int64_t side[2] = {0, 0}, minor;
    for (size_t i = 0; i < legs->count; i++) {
        bool bank = text_eq(json_get_text(legs->items[i], "side"), "bank");
        const struct json *amount = json_get(legs->items[i], "amount_minor");
        const char *text = json_text(amount);
        minor = text != NULL ? number(text) : 0;
        (void)json_int(amount, &minor);
        side[bank] += llabs(minor);
    }
    return side[0] > side[1] ? side[0] : side[1];
}

struct err rules_match_new(struct rules_step *s, const struct rules_event *e,
                           const struct book_change *c)
{
    static const char *const sources[] = {
        [ACTOR_HUMAN] = "human", [ACTOR_LLM] = "llm", [ACTOR_ENGINE] = "matcher"};
    struct matter *m = ARENA_NEW(s->arena, struct matter);
    ENSURE(m != NULL, ERR_LIMIT, "out of memory");
    TRY(rules_matter(s, c->id, m));
    rules_must(s, text_eq(m->proposer, e->actor), "proposer-is-the-caller", e, c,
               "proposed by %s, says the row, and by %s, says the event", m->proposer, e->actor);
    rules_must(s, text_eq(m->principal, e->principal) && text_eq(m->obo, e->obo),
               "proposer-is-the-caller", e, c, "the people behind the proposer are others");
    rules_must(s, text_eq(m->source, sources[e->kind]), "proposer-is-the-caller", e, c,
               "source is %s", m->source);
    rules_must(s, e->kind != ACTOR_ENGINE || text_eq(e->actor, "engine:matcher"),
               "proposer-is-the-caller", e, c, "the engine proposes as its matcher only");
    rules_must(s, m->amount.minor == size_of(m->legs), "amount-is-the-books", e, c,
               "the amount is %lld, its legs make %lld", (long long)m->amount.minor,
               (long long)size_of(m->legs));
    return legs_are_free(s, e, c, m);
}

/* ---- whose hands ---- */

struct hands {
    const char *requesters[MATTER_MAX], *agents[MATTER_MAX];
    size_t requesters_n, agents_n;
};

static bool among(const char *const *list, size_t n, const char *who)
{
    for (size_t i = 0; i < n; i++) {
        if (who != NULL && text_eq(list[i], who))
            return true;
    }
    return false;
}

static void hand_add(const char **list, size_t *n, const char *who)
{
    if (who != NULL && *n < MATTER_MAX && !among(list, *n, who))
        list[(*n)++] = who;
}

/* Whoever proposed it or ever asked for it, and people whose agents did. */
static struct err hands_of(const struct rules_step *s, const struct matter *m, struct hands *h)
{
    const char *const bind[] = {m->match_id, "confirm_match"};
    struct answer *askers;
    size_t n;
    *h = (struct hands){.requesters_n = 0};
    TRY(rules_ask(s, ASK_ASKERS, bind, 2, &askers, &n));
    hand_add(h->requesters, &h->requesters_n, m->principal);
    hand_add(h->agents, &h->agents_n, m->obo);
    for (size_t i = 0; i < n; i++) {
        if (text_eq(askers[i].at[0], "requester"))
            hand_add(h->requesters, &h->requesters_n, askers[i].at[1]);
        else
            hand_add(h->agents, &h->agents_n, askers[i].at[1]);
    }
    return OK;
}

/* Whether this person's own agent having asked is as bad as asking: sod.own_agent. */
static bool own_agent_bars(const struct rules_event *e, const struct matter *m)
{
    const char *own = json_text(json_pointer_get(e->policy->tree, "/sod/own_agent"));
    if (text_eq(own, "deny") ||
        stated_sensitive(e->policy, m->accounts, m->accounts_n, m->events, m->events_n))
        return true;
    return !text_eq(own, "allow") &&
           stated_materiality(e->policy, &m->amount, m->entities, m->entities_n) != WITHIN;
}

struct err rules_other_approver(const struct rules_step *s, const struct rules_event *e,
                                const char *tool, const char *object, bool *yes)
{
    *yes = false;
    for (size_t i = 0; i < s->changes_n; i++) {
        const struct book_change *c = &s->changes[i];
        struct answer *parties, *person;
        size_t n, found;
        if (!text_eq(c->table, "escalations") || !text_eq(json_get_text(c->after, "tool"), tool) ||
            !text_eq(json_get_text(c->after, "object_id"), object))
            continue;
        TRY(rules_ask(s, ASK_PARTIES, &c->id, 1, &parties, &n));
        for (size_t k = 0; k < n; k++) {
            const char *who = parties[k].at[1];
            if (!text_eq(parties[k].at[0], "approver") || who == NULL || text_eq(who, e->principal))
                continue;
            TRY(rules_ask(s, ASK_PRINCIPAL, &who, 1, &person, &found));
            *yes |= found == 1 && text_eq(person[0].at[0], "active");
        }
    }
    return OK;
}

/* ---- people ---- */

/* A person's decision of the second tier: where from, how fresh, and with which reason. */
static struct err with_care(struct rules_step *s, const struct rules_event *e,
                            const struct book_change *c, const struct matter *m)
{
    int64_t age_max = stated_login_age(e->policy, "T2"), now = 0, since = 0;
    const char *channel = json_get_text(e->tree, "channel");
    const char *login = json_text(json_pointer_get(e->tree, "/auth/auth_time"));
    TRY(instant_parse(e->at, &now));
    if (login != NULL)
        TRY(instant_parse(login, &since));
    rules_must(s, stated_channel(e->policy, "T2", channel), "channel", e, c,
               "decided on the channel %s", channel);
    rules_must(s, age_max == 0 || (login != NULL && now - since <= (age_max + 1) * 1000000),
               "login-age", e, c, "the login is of %s", login == NULL ? "(never)" : login);
    rules_must(s,
               e->rationale != NULL ||
                   stated_materiality(e->policy, &m->amount, m->entities, m->entities_n) == WITHIN,
               "material-wants-a-reason", e, c, "%lld %s without a reason",
               (long long)m->amount.minor, m->amount.cur);
    return OK;
}

static struct err with_authority(struct rules_step *s, const struct rules_event *e,
                                 const struct book_change *c, const struct matter *m,
                                 const char *action, const char *tool, const struct hands *h)
{
    struct authority a = {.action = action,
                          .entities = m->entities,
                          .entities_n = m->entities_n,
                          .amount = &m->amount,
                          .not_seats = h == NULL ? NULL : h->requesters,
                          .not_seats_n = h == NULL ? 0 : h->requesters_n};
    bool may, alone, other;
    TRY(rules_authority(s, e, &a, &may));
    rules_must(s, may, "authority", e, c, "%s has no grant of %s for %lld %s", e->actor, action,
               (long long)m->amount.minor, m->amount.cur);
    a.alone = true;
    TRY(rules_authority(s, e, &a, &alone));
    if (alone)
        return OK;
    TRY(rules_other_approver(s, e, tool, m->match_id, &other));
    rules_must(s, other, "second-approver", e, c, "%lld %s by one person",
               (long long)m->amount.minor, m->amount.cur);
    return OK;
}

static bool blocked(const struct rules_event *e, const struct matter *m, const char *action)
{
    const struct blockable act = {.action = action,
                                  .tool = e->tool,
                                  .actor = e->actor,
                                  .kind = e->kind == ACTOR_HUMAN ? "human"
                                          : e->kind == ACTOR_LLM ? "llm"
                                                                 : "engine",
                                  .counterparty = m->counterparty,
                                  .entities = m->entities,
                                  .entities_n = m->entities_n,
                                  .accounts = m->accounts,
                                  .accounts_n = m->accounts_n,
                                  .amount = &m->amount};
    return stated_blocks(e->policy, &act);
}

static struct err confirmed_by_a_person(struct rules_step *s, const struct rules_event *e,
                                        const struct book_change *c, const struct matter *m)
{
    struct hands *h = ARENA_NEW(s->arena, struct hands);
    ENSURE(h != NULL, ERR_LIMIT, "out of memory");
    TRY(hands_of(s, m, h));
    rules_must(s, e->principal != NULL && !among(h->requesters, h->requesters_n, e->principal),
               "two-pairs-of-eyes", e, c, "%s proposed it or asked for it", e->actor);
    rules_must(s, !among(h->agents, h->agents_n, e->principal) || !own_agent_bars(e, m),
               "own-agent", e, c, "the agent of %s proposed it or asked for it", e->actor);
    TRY(with_authority(s, e, c, m, "CONFIRM", "confirm_match", h));
    return with_care(s, e, c, m);
}

/* ---- the machine ---- */

/* The same window, the same key: what a later confirmation of this very step has put there. */
struct window {
    const char *scope, *key, *from;
};

static const char *key_in(const struct rules_step *s, const struct matter *m, const char *scope)
{
    if (text_eq(scope, "entity"))
        return m->entity;
    if (text_eq(scope, "account"))
        return arena_fmt(s->arena, "%s/%s", m->entity, m->account);
    if (text_eq(scope, "counterparty"))
        return m->counterparty == NULL ? "" : m->counterparty;
    return "";
}

enum { SUMS_MAX = 64 };
struct sums {
    struct sum at[SUMS_MAX];
    size_t n;
    int64_t count;
};

static struct err sums_add(const struct rules_step *s, enum rules_sql which, const struct window *w,
                           struct date on, struct sums *sums)
{
    const char *const bind[] = {w->scope, w->key, w->from};
    struct answer *rows;
    size_t n;
    TRY(rules_ask(s, which, bind, 3, &rows, &n));
    for (size_t i = 0; i < n && sums->n < SUMS_MAX; i++) {
        sums->at[sums->n++] =
            (struct sum){.minor = number(rows[i].at[1]), .cur = rows[i].at[0], .on = on};
        sums->count += which == ASK_CONFIRMED_WINDOW ? number(rows[i].at[2]) : 0;
    }
    return OK;
}

/* The book shows the step's end: what the machine confirmed behind this one is taken out again. */
static struct err later_taken_out(const struct rules_step *s, const struct book_change *c,
                                  const struct window *w, struct sums *sums)
{
    struct matter *later = ARENA_NEW(s->arena, struct matter);
    ENSURE(later != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = (size_t)(c - s->changes) + 1; i < s->changes_n; i++) {
        const struct book_change *o = &s->changes[i];
        if (!text_eq(o->table, "match_states") || rules_event_of(s, o)->kind != ACTOR_ENGINE)
            continue;
        TRY(rules_matter(s, o->id, later));
        if (!text_eq(key_in(s, later, w->scope), w->key))
            continue;
        sums->count--;
        for (size_t k = 0; k < sums->n; k++) {
            if (text_eq(sums->at[k].cur, later->amount.cur)) {
                sums->at[k].minor -= later->amount.minor;
                break;
            }
        }
    }
    return OK;
}

static const char *day_text(const struct rules_step *s, struct date day)
{
    char text[DATE_TEXT_MAX];
    date_print(day, text);
    return arena_strdup(s->arena, text);
}

static struct err within_windows(struct rules_step *s, const struct rules_event *e,
                                 const struct book_change *c, const struct matter *m)
{
    const struct json *limits = json_get(e->policy->tree, "cumulative_limits");
    struct date today;
    TRY(date_parse(arena_dup(s->arena, e->at, 10), &today));
    for (size_t i = 0; limits != NULL && i < limits->count; i++) {
        const struct json *l = limits->items[i];
        struct sums *sums = ARENA_NEW(s->arena, struct sums);
        struct decimal max;
        char cur[4];
        int64_t days = 1;
        (void)json_int(json_get(l, "window_days"), &days);
        struct date first = {.days = today.days - (int32_t)(days - 1)};
        const char *per = json_get_text(l, "per");
        const struct window w = {per, key_in(s, m, per), day_text(s, first)};
        ENSURE(sums != NULL, ERR_LIMIT, "out of memory");
        TRY(sums_add(s, ASK_CONFIRMED_WINDOW, &w, m->amount.on, sums));
        TRY(later_taken_out(s, c, &w, sums));
        TRY(sums_add(s, ASK_WRITTEN_WINDOW, &w, m->amount.on, sums));
        bool good = stated_limit(json_get(l, "max"), NULL, &max, cur);
        enum weight weight = stated_weigh(e->policy, sums->at, sums->n, &max, cur);
        rules_must(s, good && (weight == WITHIN || weight == OLD_RATE), "cumulative-limit", e, c,
                   "the window of %s %s is passed", per, w.key);
    }
    return OK;
}

static const char *period_begin(const struct rules_step *s, const char *period, struct date today)
{
    struct ymd d = date_ymd(today);
    struct date first = today;
    int month = text_eq(period, "year")      ? 1
                : text_eq(period, "quarter") ? (d.month - 1) / 3 * 3 + 1
                                             : d.month;
    if (text_eq(period, "week"))
        first.days -= ((int)date_weekday(today) - (int)MONDAY + 7) % 7;
    else if (!text_eq(period, "day"))
        (void)!date_make(d.year, month, 1, &first).kind;
    return day_text(s, first);
}

static struct err within_cap(struct rules_step *s, const struct rules_event *e,
                             const struct book_change *c, const struct matter *m)
{
    const struct json *cap = json_pointer_get(e->policy->tree, "/auto_confirm/cap");
    const struct json *enabled = json_pointer_get(e->policy->tree, "/auto_confirm/enabled");
    struct sums *sums = ARENA_NEW(s->arena, struct sums);
    struct date today;
    int64_t count_max = INT64_MAX;
    struct decimal max;
    char cur[4];
    ENSURE(sums != NULL, ERR_LIMIT, "out of memory");
    rules_must(s, enabled != NULL && enabled->truth, "auto-confirm-is-enabled", e, c,
               "the policy does not enable it");
    if (cap == NULL)
        return OK;
    TRY(date_parse(arena_dup(s->arena, e->at, 10), &today));
    const struct window w = {"account", key_in(s, m, "account"),
                             period_begin(s, json_get_text(cap, "period"), today)};
    TRY(sums_add(s, ASK_CONFIRMED_WINDOW, &w, m->amount.on, sums));
    TRY(later_taken_out(s, c, &w, sums));
    (void)json_int(json_get(cap, "count"), &count_max);
    rules_must(s, sums->count <= count_max, "auto-confirm-cap", e, c, "%lld confirmations",
               (long long)sums->count);
    if (!stated_limit(json_get(cap, "amount"), NULL, &max, cur))
        return OK;
    enum weight weight = stated_weigh(e->policy, sums->at, sums->n, &max, cur);
    rules_must(s, weight == WITHIN || weight == OLD_RATE, "auto-confirm-cap", e, c,
               "the cap's amount is passed");
    return OK;
}

static struct err left_to_people(struct rules_step *s, const struct rules_event *e,
                                 const struct book_change *c, const struct matter *m)
{
    struct answer *open;
    size_t n;
    TRY(rules_ask(s, ASK_OPEN_OF, &m->match_id, 1, &open, &n));
    for (size_t i = 0; i < n; i++)
        rules_must(s, text_eq(open[i].at[1], e->actor), "left-to-people", e, c,
                   "%s put it before a person", open[i].at[1]);
    return OK;
}

static struct err confirmed_by_the_machine(struct rules_step *s, const struct rules_event *e,
                                           const struct book_change *c, const struct matter *m)
{
    const struct stated *p = e->policy;
    rules_must(s, text_eq(e->actor, "engine:auto-confirm"), "machine-confirms", e, c, "by %s",
               e->actor);
    rules_must(s, text_eq(m->source, "matcher") && text_eq(m->proposer, "engine:matcher"),
               "machine-confirms-its-matcher", e, c, "proposed by %s", m->proposer);
    rules_must(s, !m->ambiguous && m->sure, "no-tie-is-broken", e, c, "it is not the only answer");
    rules_must(s, m->score >= stated_share(p, "/matching/high", 9000), "no-tie-is-broken", e, c,
               "its score is %lld", (long long)m->score);
    rules_must(s, m->entities_n == 1, "entities", e, c, "it is across %zu entities", m->entities_n);
    rules_must(s, !stated_lists(json_get(p->tree, "no_auto_confirm_match_types"), m->type),
               "match-type", e, c, "of type %s", m->type);
    rules_must(s, !stated_sensitive(p, m->accounts, m->accounts_n, m->events, m->events_n),
               "sensitive-account", e, c, "an account is reserved for people");
    rules_must(s, stated_materiality(p, &m->amount, m->entities, m->entities_n) == WITHIN,
               "materiality", e, c, "%lld %s", (long long)m->amount.minor, m->amount.cur);
    TRY(left_to_people(s, e, c, m));
    TRY(within_cap(s, e, c, m));
    return within_windows(s, e, c, m);
}

/* ---- states ---- */

static struct err confirmed(struct rules_step *s, const struct rules_event *e,
                            const struct book_change *c, const struct matter *m)
{
    rules_must(s, e->kind != ACTOR_LLM, "no-agent-confirms", e, c, "confirmed by %s", e->actor);
    rules_must(s, !blocked(e, m, "CONFIRM"), "blocked", e, c, "a rule of blocked forbids it");
    if (e->kind == ACTOR_HUMAN)
        return confirmed_by_a_person(s, e, c, m);
    return e->kind == ACTOR_ENGINE ? confirmed_by_the_machine(s, e, c, m) : OK;
}

static struct err rejected(struct rules_step *s, const struct rules_event *e,
                           const struct book_change *c, const struct matter *m)
{
    const struct authority a = {
        .action = "REJECT", .entities = m->entities, .entities_n = m->entities_n};
    bool may;
    TRY(rules_authority(s, e, &a, &may));
    rules_must(s, may && e->kind != ACTOR_ENGINE, "authority", e, c, "%s has no grant of REJECT",
               e->actor);
    rules_must(s, !text_eq(m->source, "matcher") || e->rationale != NULL,
               "rejection-wants-a-reason", e, c,
               "the matcher's proposal is rejected without a reason");
    rules_must(s, !blocked(e, m, "REJECT"), "blocked", e, c, "a rule of blocked forbids it");
    return OK;
}

static struct err taken_back(struct rules_step *s, const struct rules_event *e,
                             const struct book_change *c, const struct matter *m)
{
    rules_must(s, e->kind == ACTOR_HUMAN, "people-take-back", e, c, "taken back by %s", e->actor);
    rules_must(s, !blocked(e, m, "UNMATCH"), "blocked", e, c, "a rule of blocked forbids it");
    TRY(with_authority(s, e, c, m, "UNMATCH", "unmatch", NULL));
    return with_care(s, e, c, m);
}

struct err rules_match_state(struct rules_step *s, const struct rules_event *e,
                             const struct book_change *c)
{
    const char *from = c->before == NULL ? "PROPOSED_MATCH" : json_get_text(c->before, "state");
    const char *to = json_get_text(c->after, "state");
    struct matter *m = ARENA_NEW(s->arena, struct matter);
    ENSURE(m != NULL, ERR_LIMIT, "out of memory");
    TRY(rules_matter(s, c->id, m));
    bool open = text_eq(from, "PROPOSED_MATCH");
    bool way = (open && (text_eq(to, "CONFIRMED") || text_eq(to, "REJECTED"))) ||
               (text_eq(from, "CONFIRMED") && text_eq(to, "REVERSED"));
    rules_must(s, way, "match-states", e, c, "from %s to %s", from, to);
    rules_must(s, text_eq(json_get_text(c->after, "actor"), e->actor), "actor-of-the-row", e, c,
               "the row says %s, the event %s", json_get_text(c->after, "actor"), e->actor);
    rules_must(s, text_eq(json_get_text(e->tree, "match_id"), c->id), "event-names-it", e, c,
               "the event is about another match");
    if (e->policy == NULL || !text_eq(e->decision, "allow")) {
        rules_must(s, false, "allowed-by-the-gate", e, c, "the event's decision is %s",
                   e->decision == NULL ? "none" : e->decision);
        return OK;
    }
    if (text_eq(to, "CONFIRMED"))
        return confirmed(s, e, c, m);
    return text_eq(to, "REJECTED") ? rejected(s, e, c, m) : taken_back(s, e, c, m);
}
