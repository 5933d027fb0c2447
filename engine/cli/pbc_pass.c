/* One walk over an event's text for all of it. */
#include "engine/cli/pbc_pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_skim.h"

/* What is looked at, as it is written: texts without their quotes, at NULL when not there. Ids and
 * words of ours have nothing escaped in them. */
struct look {
    struct str type, at, actor, principal, decision, action, clause, backend, issuer;
    struct str kind;                          /* of gate_input */
    bool posting, closed, own, facts, unsafe; /* own: the principal is among the proposers */
    struct str proposers;                     /* the array's text */
};

static struct str text_of(struct json_skim *s)
{
    struct str quoted;
    if (json_skim_text(s, &quoted) && quoted.len >= 2)
        return (struct str){quoted.at + 1, quoted.len - 2};
    json_skim_pass(s);
    return (struct str){NULL, 0};
}

static struct str raw_of(struct json_skim *s)
{
    const char *from = s->at;
    json_skim_pass(s);
    return (struct str){from, (size_t)(s->at - from)};
}

static void gate_input_look(struct json_skim *s, struct look *l)
{
    struct str key;
    l->facts = true;
    for (json_skim_into(s, '{'); json_skim_key(s, &key);) {
        if (str_is(key, "actor_kind"))
            l->kind = text_of(s);
        else if (str_is(key, "posting"))
            l->posting = str_is(raw_of(s), "true");
        else if (str_is(key, "period_closed"))
            l->closed = str_is(raw_of(s), "true");
        else if (str_is(key, "proposers"))
            l->proposers = raw_of(s);
        else
            json_skim_pass(s);
    }
}

static void auth_look(struct json_skim *s, struct look *l)
{
    struct str key;
    for (json_skim_into(s, '{'); json_skim_key(s, &key);) {
        if (str_is(key, "backend"))
            l->backend = text_of(s);
        else if (str_is(key, "iss"))
            l->issuer = text_of(s);
        else
            json_skim_pass(s);
    }
}

static struct str *place_of(struct look *l, struct str key)
{
    const struct {
        const char *name;
        struct str *at;
    } places[] = {
        {"event_type", &l->type},        {"timestamp_utc", &l->at},  {"actor_id", &l->actor},
        {"principal_id", &l->principal}, {"decision", &l->decision}, {"action", &l->action},
        {"clause_text", &l->clause},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (str_is(key, places[i].name))
            return places[i].at;
    }
    return NULL;
}

static bool is_listed(struct str list, struct str id)
{
    struct json_skim s = json_skim_of(list);
    for (json_skim_into(&s, '['); json_skim_item(&s);) {
        if (str_eq(text_of(&s), id))
            return true;
    }
    return false;
}

static void look_at(struct str event, struct look *l)
{
    struct json_skim s = json_skim_of(event);
    struct str key;
    *l = (struct look){.facts = false};
    for (json_skim_into(&s, '{'); json_skim_key(&s, &key);) {
        struct str *place = place_of(l, key);
        if (place != NULL)
            *place = text_of(&s);
        else if (str_is(key, "gate_input"))
            gate_input_look(&s, l);
        else if (str_is(key, "auth"))
            auth_look(&s, l);
        else if (str_is(key, "posture"))
            l->unsafe = raw_of(&s).len > 2;
        else
            json_skim_pass(&s);
    }
    l->own =
        l->principal.at != NULL && l->proposers.len > 2 && is_listed(l->proposers, l->principal);
}

/* ---- gathering ---- */

static const char *kept(struct arena *arena, struct str s)
{
    return s.at == NULL ? NULL : arena_dup(arena, s.at, s.len);
}

static bool same(const char *kept_text, struct str s)
{
    return kept_text == NULL ? s.at == NULL : s.at != NULL && str_is(s, kept_text);
}

static struct err type_add(struct pbc_gathered *g, const struct look *l, int64_t seq)
{
    struct pbc_type *t = NULL;
    for (size_t i = 0; t == NULL && i < g->types_n; i++)
        t = same(g->types[i].event_type, l->type) ? &g->types[i] : NULL;
    if (t == NULL) {
        g->types = arena_grow(g->arena, g->types, g->types_n, &g->types_cap, sizeof *t);
        ENSURE(g->types != NULL, ERR_LIMIT, "out of memory");
        t = &g->types[g->types_n++];
        *t = (struct pbc_type){.event_type = kept(g->arena, l->type), .first_seq = seq};
    }
    t->events++;
    t->last_seq = seq;
    return arena_check(g->arena);
}

static bool same_actor(const struct pbc_actor *a, const struct look *l)
{
    return same(a->actor, l->actor) && same(a->principal, l->principal) &&
           same(a->backend, l->backend) && same(a->issuer, l->issuer);
}

static struct err actor_of(struct pbc_gathered *g, const struct look *l, int64_t seq,
                           struct pbc_actor **actor)
{
    for (size_t i = 0; i < g->actors_n; i++) {
        const size_t k = (g->actor_last + i) % g->actors_n; /* who acted last often acts again */
        if (same_actor(&g->actors[k], l)) {
            g->actor_last = k;
            *actor = &g->actors[k];
            return OK;
        }
    }
    g->actors = arena_grow(g->arena, g->actors, g->actors_n, &g->actors_cap, sizeof **actor);
    ENSURE(g->actors != NULL, ERR_LIMIT, "out of memory");
    *actor = &g->actors[g->actors_n++];
    **actor = (struct pbc_actor){.actor = kept(g->arena, l->actor),
                                 .principal = kept(g->arena, l->principal),
                                 .backend = kept(g->arena, l->backend),
                                 .issuer = kept(g->arena, l->issuer),
                                 .first_seq = seq,
                                 .first_act = kept(g->arena, l->at)};
    return arena_check(g->arena);
}

static struct err actor_add(struct pbc_gathered *g, const struct look *l, int64_t seq)
{
    struct pbc_actor *a;
    TRY(actor_of(g, l, seq, &a));
    a->events++;
    a->allowed += str_is(l->decision, "allow");
    a->held += str_is(l->decision, "human");
    a->refused += str_is(l->decision, "deny");
    a->last_seq = seq;
    (void)snprintf(a->last_act, sizeof a->last_act, "%.*s", (int)l->at.len, l->at.at);
    return OK;
}

/* As pbc_unexpected lists them. */
static void claims_add(struct pbc_gathered *g, const struct look *l)
{
    const bool allowed = str_is(l->decision, "allow"),
               confirms = allowed && str_is(l->action, "CONFIRM");
    g->unexpected[0] += confirms && l->own;
    g->unexpected[1] += confirms && str_is(l->kind, "llm");
    g->unexpected[2] +=
        (str_is(l->decision, "human") || str_is(l->decision, "deny")) && l->clause.len == 0;
    g->unexpected[3] += allowed && l->posting && l->closed;
    g->unexpected[4] += l->unsafe;
    g->unexpected[5] += l->decision.at != NULL && !l->facts;
    g->unexpected[6] += allowed && str_is(l->kind, "human") && l->principal.at == NULL;
}

struct err pbc_gather(struct pbc_gathered *g, const struct pbc_event *event)
{
    struct look l;
    look_at(event->event, &l);
    TRY(type_add(g, &l, event->seq));
    if (!event->shown)
        return OK;
    claims_add(g, &l);
    return actor_add(g, &l, event->seq);
}

/* ---- the queries' order: binary, NULL first ---- */

static int text_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int by_type(const void *x, const void *y)
{
    const struct pbc_type *a = x, *b = y;
    return text_order(a->event_type, b->event_type);
}

static int by_actor(const void *x, const void *y)
{
    const struct pbc_actor *a = x, *b = y;
    int order = text_order(a->actor, b->actor);
    if (order == 0)
        order = text_order(a->principal, b->principal);
    if (order == 0)
        order = text_order(a->backend, b->backend);
    return order != 0 ? order : text_order(a->issuer, b->issuer);
}

void pbc_gathered_sort(struct pbc_gathered *g)
{
    if (g->types_n > 1)
        qsort(g->types, g->types_n, sizeof *g->types, by_type);
    if (g->actors_n > 1)
        qsort(g->actors, g->actors_n, sizeof *g->actors, by_actor);
}
