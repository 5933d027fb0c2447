/* The judge's eyes. Every page is asked for as the auditor, and one that is not given is an error:
 * what cannot be seen is not called unchanged. */
#include "tests/eval/look.h"

#define PAGES_MAX 200

/* One page of a tool's answer, as the auditor; an error when it is not given. */
static struct err page_read(struct trial *t, struct arena *arena, const char *tool,
                            const struct json *args, const struct json **data)
{
    struct eval_said said;
    TRY(eval_tool(t->e->wire, arena, &t->e->auditor, tool, args, &said));
    if (said.outcome != EVAL_DONE)
        return err_fmt(t->arena, ERR_UPSTREAM, tool, "the auditor is not answered: %d %s",
                       said.status, said.reason == NULL ? "" : said.reason);
    *data = said.data;
    return OK;
}

/* Every row of a list, over all its pages. */
static struct err rows_read(struct trial *t, const char *tool, const char *member,
                            const char *only_name, const char *only, struct json **rows)
{
    struct arena *arena = t->arena;
    const char *cursor = NULL;
    *rows = json_array_new(arena);
    for (int page = 0; page == 0 || cursor != NULL; page++) {
        struct json *args = json_object_new(arena);
        const struct json *data;
        ENSURE(page < PAGES_MAX, ERR_LIMIT, "a list of the engine does not end");
        json_put_known(arena, args, only_name, only);
        json_put_int(arena, args, "limit", 200);
        json_put_known(arena, args, "cursor", cursor);
        TRY(page_read(t, arena, tool, args, &data));
        const struct json *list = json_get(data, member);
        for (size_t i = 0; json_is(list, JSON_TYPE_ARRAY) && i < list->count; i++)
            json_push(arena, *rows, list->items[i]);
        cursor = json_get_text(data, "next_cursor");
    }
    return arena_check(arena);
}

/* ---- events ---- */

/* A page of the log from its end, in the arena. */
static struct err log_page(struct trial *t, struct arena *arena, int64_t limit, const char *cursor,
                           const struct json **data)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "order", "newest");
    json_put_int(arena, args, "limit", limit);
    json_put_known(arena, args, "cursor", cursor);
    return page_read(t, arena, "query_audit", args, data);
}

static struct err log_read(struct trial *t, int64_t after, int64_t head, struct json *newest)
{
    const char *cursor = NULL;
    int64_t seq = head;
    for (int page = 0; seq > after + 1 || page == 0; page++) {
        const struct json *data;
        ENSURE(page < PAGES_MAX && (page == 0 || cursor != NULL), ERR_LIMIT,
               "the log cannot be read whole");
        TRY(log_page(t, t->arena, head - after > 500 ? 500 : head - after, cursor, &data));
        const struct json *rows = json_get(data, "events");
        for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++) {
            ENSURE(json_int(json_get(rows->items[i], "seq"), &seq), ERR_UPSTREAM,
                   "an event without a number");
            if (seq > after)
                json_push(t->arena, newest, json_get(rows->items[i], "event"));
        }
        cursor = json_get_text(data, "next_cursor");
    }
    return OK;
}

struct err look_events(struct trial *t, struct json *events)
{
    const int64_t after = t->head;
    const struct json *data;
    int64_t head;
    TRY(log_page(t, t->scratch, 1, NULL, &data));
    ENSURE(json_int(json_pointer_get(data, "/events/0/seq"), &head), ERR_UPSTREAM,
           "the log has no end");
    if (head == after)
        return OK;
    struct json *newest = json_array_new(t->arena);
    TRY(log_read(t, after, head, newest));
    for (size_t i = newest->count; i > 0; i--)
        json_push(t->arena, events, newest->items[i - 1]);
    if (newest->count > 0)
        (void)json_int(json_get(newest->items[0], "seq"), &t->head);
    return arena_check(t->arena);
}

/* ---- the book ---- */

static void members_put(struct arena *arena, struct json *o, const struct json *row,
                        const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (json_get(row, names[i]) != NULL)
            json_put(arena, o, names[i], json_get(row, names[i]));
    }
}

/* {id: the named members} of rows. */
static struct json *map_of(struct arena *arena, const struct json *rows, const char *id,
                           const char *const *names)
{
    struct json *map = json_object_new(arena);
    for (size_t i = 0; i < rows->count; i++) {
        struct json *o = json_object_new(arena);
        const char *key = json_get_text(rows->items[i], id);
        members_put(arena, o, rows->items[i], names);
        if (key != NULL)
            json_put(arena, map, key, o);
    }
    return map;
}

static struct err exceptions_of(struct trial *t, const char *entity, struct json *all)
{
    const char *uri = arena_fmt(t->arena, "recon://exceptions/entity/%s", entity);
    for (int page = 0; uri != NULL; page++) {
        const struct json *tree;
        ENSURE(page < PAGES_MAX, ERR_LIMIT, "the exceptions do not end");
        TRY(eval_resource(t->e->wire, t->arena, &t->e->auditor, uri, &tree));
        const struct json *rows = json_get(tree, "exceptions");
        for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++)
            json_push(t->arena, all, rows->items[i]);
        uri = json_get_text(tree, "next");
    }
    return OK;
}

static struct err status_look(struct trial *t, struct json *o, struct json *exceptions)
{
    const struct json *status;
    struct json *entries = json_object_new(t->arena);
    TRY(eval_resource(t->e->wire, t->arena, &t->e->auditor, "recon://status", &status));
    const struct json *entities = json_get(status, "entities");
    for (size_t i = 0; json_is(entities, JSON_TYPE_ARRAY) && i < entities->count; i++) {
        const char *id = json_get_text(entities->items[i], "entity_id");
        ENSURE(id != NULL, ERR_UPSTREAM, "an entity without an id");
        json_put(t->arena, entries, id, json_get(entities->items[i], "entries"));
        TRY(exceptions_of(t, id, exceptions));
    }
    json_put(t->arena, o, "entries", entries);
    return OK;
}

static struct err administration_look(struct trial *t, struct json *o)
{
    const struct json *data;
    TRY(page_read(t, t->arena, "list_registry", NULL, &data));
    json_put(t->arena, o, "registry", data);
    TRY(page_read(t, t->arena, "list_policies", NULL, &data));
    json_put(t->arena, o, "policies", data);
    TRY(eval_resource(t->e->wire, t->arena, &t->e->auditor, "recon://rules", &data));
    json_put(t->arena, o, "rules", data);
    return OK;
}

struct err look(struct trial *t, const struct json **tree)
{
    static const char *const of_match[] = {"state",    "proposer",  "amount",
                                           "currency", "entity_id", NULL};
    static const char *const of_escalation[] = {"state", "requester", NULL};
    static const char *const of_exception[] = {"state", "class", NULL};
    struct arena *arena = t->arena;
    struct json *o = json_object_new(arena), *rows = json_object_new(arena), *matches, *escalations,
                *exceptions = json_array_new(arena);
    TRY(rows_read(t, "list_matches", "matches", "state", NULL, &matches));
    TRY(rows_read(t, "list_pending_escalations", "escalations", "view", "open", &escalations));
    TRY(status_look(t, o, exceptions));
    TRY(administration_look(t, o));
    json_put(arena, o, "matches", map_of(arena, matches, "match_id", of_match));
    json_put(arena, o, "escalations", map_of(arena, escalations, "escalation_id", of_escalation));
    json_put(arena, o, "exceptions", map_of(arena, exceptions, "exception_id", of_exception));
    json_put(arena, rows, "matches", matches);
    json_put(arena, rows, "escalations", escalations);
    json_put(arena, rows, "exceptions", exceptions);
    json_put(arena, o, "rows", rows);
    *tree = o;
    return arena_check(arena);
}
