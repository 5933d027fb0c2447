/* An event says which rows it wrote (effects) and what it is about (object, ids): from both follow
 * the addresses whose content is another now. A list hears of anything in it that the listener may
 * see a part of; a single thing is for those who may see all it concerns (engine/tools/scope.h). */
#include "engine/mcp/engine_news.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "engine/mcp/engine_own.h"

#define URI_MAX 300

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

/* What a row of a table, an object of a type or an id of the event stands for: the list it is in,
 * and its own address. */
static const struct kind {
    const char *name; /* a table, or an object's type */
    const char *list, *one;
} kinds[] = {
    {"matches", NULL, "recon://matches/"},
    {"match_states", NULL, "recon://matches/"},
    {"match_differences", NULL, "recon://matches/"},
    {"match", NULL, "recon://matches/"},
    {"exceptions", "recon://exceptions", "recon://exceptions/"},
    {"exception_states", "recon://exceptions", "recon://exceptions/"},
    {"exception_flags", "recon://exceptions", "recon://exceptions/"},
    {"exception", "recon://exceptions", "recon://exceptions/"},
    {"escalations", "recon://escalations", "recon://escalations/"},
    {"escalation", "recon://escalations", "recon://escalations/"},
    {"workflow_runs", "recon://runs", "recon://runs/"},
    {"run", "recon://runs", "recon://runs/"},
    {"matching_rules", "recon://rules", NULL},
};
#define KINDS_N (sizeof kinds / sizeof kinds[0])

/* Beside those of `kinds`. */
static const char *const others[] = {"recon://status", "recon://verify", "recon://policy",
                                     "recon://feed"};
#define OF_EVERY_EVENT 2 /* of them */

#define EXCEPTIONS_OF "recon://exceptions/entity/"

bool news_has(const char *uri)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(uri, others[i]) == 0)
            return true;
    for (size_t i = 0; i < KINDS_N; i++) {
        const size_t n = kinds[i].one == NULL ? 0 : strlen(kinds[i].one);
        if (kinds[i].list != NULL && strcmp(uri, kinds[i].list) == 0)
            return true;
        if (n > 0 && strncmp(uri, kinds[i].one, n) == 0 && strchr(uri + n, '/') == NULL)
            return true;
    }
    const size_t n = sizeof EXCEPTIONS_OF - 1;
    return strncmp(uri, EXCEPTIONS_OF, n) == 0 && strchr(uri + n, '/') == NULL;
}

void news_init(struct news *n, struct arena *arena, const struct watch *watch)
{
    *n = (struct news){.arena = arena, .watch = watch};
    STAILQ_INIT(&n->notes);
    SLIST_INIT(&n->concerns);
}

/* ---- whom it concerns ---- */

static bool same(const struct concern *c, const char *const *entities, size_t n)
{
    for (size_t i = 0; c->n == n && i < n; i++)
        if (strcmp(c->entities[i], entities[i]) != 0)
            return false;
    return c->n == n;
}

/* One for equal lists, so that equal ones are one pointer. NULL without memory. */
static const struct concern *concern_of(struct news *n, const char *const *entities, size_t count)
{
    struct concern *c;
    SLIST_FOREACH(c, &n->concerns, link)
    if (same(c, entities, count))
        return c;
    const char **kept = ARENA_ARRAY(n->arena, count + 1, const char *);
    c = ARENA_NEW(n->arena, struct concern);
    for (size_t i = 0; kept != NULL && i < count; i++)
        kept[i] = arena_strdup(n->arena, entities[i]);
    if (c == NULL || kept == NULL || arena_check(n->arena).kind != ERR_NONE)
        return NULL;
    *c = (struct concern){.entities = kept, .n = count};
    SLIST_INSERT_HEAD(&n->concerns, c, link);
    return c;
}

static void change_add(struct news *n, struct change *change, const struct concern *c)
{
    for (size_t i = 0; i < change->n; i++)
        if (change->concerns[i] == c)
            return;
    const struct concern **more =
        arena_grow(n->arena, change->concerns, change->n, &change->cap, sizeof *more);
    if (more == NULL)
        return; /* news_take says so */
    change->concerns = more;
    change->concerns[change->n++] = c;
}

/* ---- notes ---- */

/* The note of this URI, a new one if need be; NULL when nobody follows it, or without memory. */
static struct news_note *note_of(struct news *n, const char *uri, bool task)
{
    struct news_note *note;
    if (!watch_has(n->watch, uri))
        return NULL;
    STAILQ_FOREACH(note, &n->notes, link)
    if (strcmp(note->uri, uri) == 0)
        return note;
    note = ARENA_NEW(n->arena, struct news_note);
    const char *kept = arena_strdup(n->arena, uri);
    if (note == NULL || kept == NULL)
        return NULL;
    *note = (struct news_note){.uri = kept, .change = {.task = task}};
    STAILQ_INSERT_TAIL(&n->notes, note, link);
    n->notes_n++;
    return note;
}

/* The entities of the event under way, sorted as they stand there. */
struct about {
    const char *entities[64];
    size_t n;
    bool too_many; /* then only those who may see everything are told of single things */
};

static void note_list(struct news *n, const char *uri, const struct about *about)
{
    struct news_note *note = note_of(n, uri, false);
    if (note == NULL)
        return;
    note->change.everybody |= about->n == 0 || about->too_many;
    for (size_t i = 0; i < about->n; i++) {
        const struct concern *c = concern_of(n, &about->entities[i], 1);
        if (c != NULL)
            change_add(n, &note->change, c);
    }
}

static void note_one(struct news *n, const char *prefix, const char *id, const struct about *about)
{
    char uri[URI_MAX];
    if (id == NULL || (size_t)snprintf(uri, sizeof uri, "%s%s", prefix, id) >= sizeof uri)
        return;
    struct news_note *note = note_of(n, uri, false);
    const struct concern *c =
        note == NULL || about->too_many ? NULL : concern_of(n, about->entities, about->n);
    if (c != NULL && c->n > 0)
        change_add(n, &note->change, c);
}

static void note_kind(struct news *n, const char *name, const char *id, const struct about *about)
{
    for (size_t i = 0; name != NULL && i < KINDS_N; i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        if (kinds[i].list != NULL)
            note_list(n, kinds[i].list, about);
        if (kinds[i].one != NULL)
            note_one(n, kinds[i].one, id, about);
        for (size_t k = 0; strncmp(name, "exception", 9) == 0 && k < about->n; k++)
            note_one(n, EXCEPTIONS_OF, about->entities[k],
                     &(struct about){.entities = {about->entities[k]}, .n = 1});
    }
}

/* ---- an event ---- */

static void about_add(struct about *about, const char *entity)
{
    for (size_t i = 0; entity != NULL && i < about->n; i++)
        if (strcmp(about->entities[i], entity) == 0)
            return;
    about->too_many |= about->n == sizeof about->entities / sizeof about->entities[0];
    if (entity != NULL && !about->too_many)
        about->entities[about->n++] = entity;
}

static void about_add_all(struct about *about, const struct json *entities)
{
    for (size_t i = 0; json_is(entities, JSON_TYPE_ARRAY) && i < entities->count; i++)
        about_add(about, json_text(entities->items[i]));
}

static void take_rows(struct news *n, const struct json *rows, const struct about *about)
{
    for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++)
        note_kind(n, json_get_text(rows->items[i], "table"), json_get_text(rows->items[i], "id"),
                  about);
}

static bool is_registry(const struct json *event, const char *type)
{
    const struct json *effects = json_get(event, "effects");
    static const char *const tables[] = {"principals", "clients", "roles", "delegations"};
    if (strcmp(type, "REGISTRY_CHANGED") == 0 || strcmp(type, "DELEGATION_SET") == 0)
        return true;
    for (size_t i = 0; json_is(effects, JSON_TYPE_ARRAY) && i < effects->count; i++) {
        const char *table = json_get_text(effects->items[i], "table");
        for (size_t k = 0; table != NULL && k < sizeof tables / sizeof tables[0]; k++)
            if (strcmp(table, tables[k]) == 0)
                return true;
    }
    return false;
}

struct err news_take(struct news *n, struct arena *scratch, const char *event)
{
    struct about about = {.n = 0};
    struct json *tree;
    TRY(json_read(scratch, str_of(event), &event_limits, &tree));
    const char *type = json_get_text(tree, "event_type");
    const char *escalation = json_get_text(tree, "escalation_id");
    const struct json *object = json_get(tree, "object");
    ENSURE(type != NULL, ERR_STORE, "an event has no type; run audit verify");
    about_add(&about, json_get_text(tree, "entity_id"));
    about_add_all(&about, json_get(json_get(tree, "gate_input"), "entities"));
    about_add_all(&about, json_get(tree, "entities"));
    n->policy |= strcmp(type, "POLICY_LOADED") == 0;
    n->registry |= is_registry(tree, type);
    for (size_t i = 0; i < OF_EVERY_EVENT; i++)
        note_list(n, others[i], &about);
    if (escalation != NULL && feed_tells_event(type, json_get_text(tree, "tool")))
        note_list(n, "recon://feed", &about);
    if (strcmp(type, "POLICY_LOADED") == 0)
        note_list(n, "recon://policy", &(struct about){.n = 0});
    take_rows(n, json_get(tree, "effects"), &about);
    take_rows(n, json_get(tree, "effects_bulk"), &about);
    note_kind(n, json_get_text(object, "type"), json_get_text(object, "id"), &about);
    note_kind(n, "escalation", escalation, escalation == NULL ? &(struct about){.n = 0} : &about);
    note_one(n, "recon://matches/", json_get_text(tree, "match_id"), &about);
    note_one(n, "recon://runs/", json_get_text(tree, "batch_id"), &about);
    if (escalation != NULL)
        (void)note_of(n, escalation, true);
    return arena_check(n->arena);
}

struct err news_tasks(struct news *n, struct tx *tx)
{
    struct news_note *note;
    STAILQ_FOREACH(note, &n->notes, link)
    {
        if (!note->change.task)
            continue;
        struct err e = engine_task_load(tx, n->arena, note->uri, &note->task, &note->change.parties,
                                        &note->change.parties_n);
        if (e.kind == ERR_MISSING)
            note->change.parties_n = 0;
        else
            TRY(e);
    }
    return arena_check(n->arena);
}
