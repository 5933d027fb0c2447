/* recon://exceptions and what lies below it. Pages go by entity and entry id, so that a page is
 * never shifted by what is resolved or listed meanwhile. */
#include <string.h>

#include "common/base/str.h"
#include "engine/store/master.h"
#include "engine/store/work.h"
#include "engine/tools/cursor.h"
#include "engine/tools/exception_facts.h"
#include "engine/tools/exception_print.h"
#include "engine/tools/resources.h"
#include "engine/tools/scope.h"

/* The first so many of each entity; the others are a page away. */
#define FIRST_SHOWN 500
#define PAGE_SHOWN  200

/* ---- counts ---- */

struct err exception_states_put(struct call *c, struct tx *tx, const char *entity_id,
                                struct json *o)
{
    int64_t counts[EXCEPTION_STATES];
    struct json *states = json_object_new(c->arena);
    TRY(exceptions_states(tx, entity_id, counts));
    for (unsigned s = 0; s < EXCEPTION_STATES; s++)
        json_put_int(c->arena, states, exception_state_name((enum exception_state)s), counts[s]);
    json_put(c->arena, o, "exception_states", states);
    return arena_check(c->arena);
}

static struct err aging_print(struct call *c, struct tx *tx, const char *entity_id,
                              struct json **out)
{
    int64_t counts[EXCEPTION_AGES];
    TRY(exceptions_ages(tx, entity_id, instant_date_utc(tx->now_us), counts));
    *out = json_object_new(c->arena);
    for (unsigned i = 0; i < EXCEPTION_AGES; i++)
        json_put_int(c->arena, *out, exception_age_names[i], counts[i]);
    return arena_check(c->arena);
}

/* ---- lists ---- */

/* From behind `after`; *next is the cursor of the page behind this one, or NULL. */
static struct err page_print(struct call *c, struct tx *tx, const char *entity_id,
                             const char *after, int64_t limit, struct json *list, const char **next)
{
    struct exception_row *rows;
    size_t n;
    TRY(exceptions_list(tx, c->arena, entity_id, after, limit + 1, &rows, &n));
    bool more = n > (size_t)limit;
    n -= more;
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        struct entry e;
        TRY(entry_load(tx, c->arena, rows[i].entry_id, &e));
        TRY(exception_json(c, tx, &rows[i], &e, &o));
        json_push(c->arena, list, o);
    }
    *next = more ? cursor_print(c->arena, rows[n - 1].entry_id) : NULL;
    return arena_check(c->arena);
}

struct err exceptions_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *list = json_array_new(c->arena), *next = json_object_new(c->arena),
                *aging = json_object_new(c->arena), *ages;
    struct entity *entities;
    struct scope scope;
    size_t n;
    (void)id;
    TRY(scope_load(c, tx, &scope));
    TRY(entities_list(tx, c->arena, &entities, &n));
    for (size_t i = 0; i < n; i++) {
        const char *cursor, *entity_id = entities[i].entity_id;
        if (!scope_has(&scope, entity_id))
            continue;
        TRY(page_print(c, tx, entity_id, NULL, FIRST_SHOWN, list, &cursor));
        TRY(aging_print(c, tx, entity_id, &ages));
        json_put(c->arena, aging, entity_id, ages);
        if (cursor != NULL)
            json_put_text(c->arena, next, entity_id, cursor);
    }
    c->result = json_object_new(c->arena);
    json_put(c->arena, c->result, "exceptions", list);
    json_put(c->arena, c->result, "next", next);
    json_put(c->arena, c->result, "aging", aging);
    return arena_check(c->arena);
}

struct err entity_exceptions_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *list = json_array_new(c->arena), *ages;
    struct str entity, cursor = {.at = NULL};
    struct entity found;
    struct scope scope;
    const char *after, *next;
    (void)str_cut(str_of(id), '/', &entity, &cursor);
    const char *entity_id = str_dup(c->arena, entity);
    const char *text = cursor.at == NULL ? NULL : str_dup(c->arena, cursor);
    TRY(arena_check(c->arena));
    TRY(scope_load(c, tx, &scope));
    ENSURE(scope_has(&scope, entity_id), ERR_MISSING, "there is no such entity");
    TRY(entity_load(tx, c->arena, entity_id, &found));
    TRY(cursor_parse(c->arena, text, &after));
    TRY(page_print(c, tx, entity_id, after, PAGE_SHOWN, list, &next));
    TRY(aging_print(c, tx, entity_id, &ages));
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "entity_id", entity_id);
    json_put(c->arena, c->result, "exceptions", list);
    json_put(c->arena, c->result, "aging", ages);
    if (next != NULL)
        json_put_text(c->arena, c->result, "next_cursor", next);
    return arena_check(c->arena);
}

/* ---- one ---- */

struct err exception_read(struct call *c, struct tx *tx, const char *id)
{
    struct exception_seen s;
    struct exception_row *all;
    size_t n;
    struct json *o, *of_entry = json_array_new(c->arena);
    TRY(exception_seen(c, tx, id, &s));
    TRY(exception_json(c, tx, &s.x, &s.e, &o));
    TRY(exceptions_of_entry(tx, c->arena, s.x.entry_id, FIRST_SHOWN, &all, &n));
    for (size_t i = 0; i < n; i++)
        json_push(c->arena, of_entry, json_text_new(c->arena, all[i].exception_id));
    json_put_bool(c->arena, o, "superseded", !s.x.latest);
    json_put(c->arena, o, "entry", entry_json(c->arena, &s.e));
    json_put(c->arena, o, "exceptions_of_entry", of_entry);
    TRY(work_put(c, tx, object_key(c->arena, OBJECT_EXCEPTION, s.x.exception_id), o));
    c->result = o;
    return arena_check(c->arena);
}
