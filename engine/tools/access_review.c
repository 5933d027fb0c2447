/* access_review: who could do what on a day, for the quarterly review: every person with identities
 * and roles, who asked for each role and who approved it, when they last acted; every client with
 * its key and channels. The day's state is today's with every later change taken back. */
#include <string.h>

#include "common/base/civil.h"
#include "engine/tools/administer.h"
#include "engine/tools/registry_history.h"

struct access_review {
    const char *as_of;
};

static const struct json_field fields[] = {
    JSON_DATE(struct access_review, as_of, .help = "at the end of this day (UTC); default: now"),
};

struct review {
    const char *as_of;
    const struct json *people, *clients;
};

static const struct json_field result[] = {
    JSON_TEXT(struct review, as_of, .help = "the day, or the time of asking"),
    JSON_ANY(struct review, people, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array: principal_id, name, status, identities, roles (with granted_at, "
                     "granted_by, approved_by), last_act"),
    JSON_ANY(struct review, clients, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array: client_id, kind, status, key_sha256, channels, tools"),
};

/* People or clients, by the member that names them. */
struct state {
    struct arena *arena;
    const char *member;
    const struct json **rows;
    size_t n;
};

static const char *id_of(const struct registry_event *e, const char *member)
{
    const char *id = json_get_text(e->after, member);
    return id != NULL ? id : json_get_text(e->before, member);
}

/* What was not there before is gone; what was is as it was. */
static struct err take_back(struct state *s, const struct registry_event *e)
{
    const char *id = id_of(e, s->member);
    bool was = json_is(e->before, JSON_TYPE_OBJECT);
    for (size_t i = 0; id != NULL && i < s->n; i++) {
        if (!text_eq(json_get_text(s->rows[i], s->member), id))
            continue;
        if (was)
            s->rows[i] = e->before;
        else
            memmove(&s->rows[i], &s->rows[i + 1], (--s->n - i) * sizeof *s->rows);
        return OK;
    }
    return OK;
}

static bool has_role(const struct json *person, const char *role, const char *entity)
{
    const struct json *roles = json_get(person, "roles");
    for (size_t i = 0; roles != NULL && i < roles->count; i++) {
        if (text_eq(json_get_text(roles->items[i], "role"), role) &&
            text_eq(json_get_text(roles->items[i], "entity"), entity))
            return true;
    }
    return false;
}

/* The last event by which this person came to hold this role; NULL: since the book began. */
static const struct registry_event *granted_by(const struct registry_event *events, size_t n,
                                               const char *id, const struct json *role)
{
    const char *name = json_get_text(role, "role"), *entity = json_get_text(role, "entity");
    const struct registry_event *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (text_eq(id_of(&events[i], "principal_id"), id) &&
            has_role(events[i].after, name, entity) && !has_role(events[i].before, name, entity))
            found = &events[i];
    }
    return found;
}

static struct json *roles_print(struct arena *arena, const struct json *person,
                                const struct registry_event *events, size_t n)
{
    struct json *list = json_array_new(arena);
    const struct json *roles = json_get(person, "roles");
    for (size_t i = 0; roles != NULL && i < roles->count; i++) {
        const struct json *role = roles->items[i];
        const struct registry_event *e =
            granted_by(events, n, json_get_text(person, "principal_id"), role);
        struct json *o = json_object_new(arena);
        json_put_text(arena, o, "role", json_get_text(role, "role"));
        json_put_text(arena, o, "entity", json_get_text(role, "entity"));
        json_put_text(arena, o, "granted_at", e == NULL ? "with the book" : e->at);
        json_put_text(arena, o, "granted_by", e == NULL ? "engine:init" : e->asked_by);
        json_put_text(arena, o, "approved_by", e == NULL ? NULL : e->approved_by);
        json_push(arena, list, o);
    }
    return list;
}

static struct err person_review(struct call *c, struct tx *tx, const struct json *person,
                                const struct registry_event *events, size_t n, struct json *list)
{
    struct json *o = json_object_new(c->arena);
    const struct json *identities = json_get(person, "identities");
    const char *last = NULL;
    json_put(c->arena, o, "principal_id", json_get(person, "principal_id"));
    json_put(c->arena, o, "name", json_get(person, "name"));
    json_put(c->arena, o, "status", json_get(person, "status"));
    json_put(c->arena, o, "identities", identities);
    json_put(c->arena, o, "roles", roles_print(c->arena, person, events, n));
    for (size_t i = 0; identities != NULL && i < identities->count; i++) {
        const char *at = NULL;
        if (!text_eq(json_get_text(identities->items[i], "kind"), "actor"))
            continue;
        const char *subject = json_get_text(identities->items[i], "subject");
        TRY(actor_last_act(tx, c->arena, arena_fmt(c->arena, "human:%s", subject), &at));
        if (at != NULL && (last == NULL || strcmp(at, last) > 0))
            last = at;
    }
    json_put_text(c->arena, o, "last_act", last);
    json_push(c->arena, list, o);
    return arena_check(c->arena);
}

static struct err now_read(struct call *c, struct tx *tx, struct state *people,
                           struct state *clients)
{
    struct person *persons;
    struct client *programs;
    *people = (struct state){.arena = c->arena, .member = "principal_id"};
    *clients = (struct state){.arena = c->arena, .member = "client_id"};
    TRY(people_list(tx, c->arena, &persons, &people->n));
    TRY(clients_list(tx, c->arena, &programs, &clients->n));
    people->rows = ARENA_ARRAY(c->arena, people->n + 1, const struct json *);
    clients->rows = ARENA_ARRAY(c->arena, clients->n + 1, const struct json *);
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < people->n; i++)
        people->rows[i] = person_print(c->arena, &persons[i]);
    for (size_t i = 0; i < clients->n; i++)
        clients->rows[i] = client_print(c->arena, &programs[i]);
    return arena_check(c->arena);
}

static struct err review_read(struct call *c, struct tx *tx)
{
    const struct access_review *a = c->args;
    struct json *people = json_array_new(c->arena), *clients = json_array_new(c->arena);
    struct registry_event *events;
    struct state persons, programs;
    size_t n;
    char now[INSTANT_TEXT_MAX];
    TRY(registry_readable(c, tx));
    TRY(registry_events(tx, c->arena, &events, &n));
    TRY(now_read(c, tx, &persons, &programs));
    instant_print(tx->now_us, now);
    const char *last =
        a->as_of == NULL ? now : arena_fmt(c->arena, "%sT23:59:59.999999Z", a->as_of);
    TRY(arena_check(c->arena));
    for (; n > 0 && strcmp(events[n - 1].at, last) > 0; n--) {
        TRY(take_back(&persons, &events[n - 1]));
        TRY(take_back(&programs, &events[n - 1]));
    }
    for (size_t i = 0; i < persons.n; i++)
        TRY(person_review(c, tx, persons.rows[i], events, n, people));
    for (size_t i = 0; i < programs.n; i++)
        json_push(c->arena, clients, programs.rows[i]);
    const struct review review = {a->as_of == NULL ? now : a->as_of, people, clients};
    return json_unbind(c->arena, JSON_FIELDS(result), &review, &c->result);
}

const struct tool tool_access_review = {
    .name = "access_review",
    .title = "Access review",
    .summary = "Who may do what: every person with identities, roles, who granted and approved "
               "them and when they last acted; every client. For the quarterly review.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct access_review),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = review_read,
};
