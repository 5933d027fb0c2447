/* From a text to the object it names, and who may know of it. */
#include "engine/tools/object.h"

#include <string.h>

#include "engine/store/exceptions.h"
#include "engine/tools/scope.h"

static bool cut(const char *text, const char *prefix, const char **rest)
{
    size_t n = strlen(prefix);
    if (strncmp(text, prefix, n) != 0 || text[n] == '\0')
        return false;
    *rest = text + n;
    return true;
}

static struct err name_parse(const char *text, struct object *o)
{
    static const struct {
        enum object_kind kind;
        const char *word, *id;
    } kinds[] = {{OBJECT_MATCH, "match:", "mat"},
                 {OBJECT_EXCEPTION, "exception:", "exc"},
                 {OBJECT_ESCALATION, "escalation:", "esc"}};
    o->kind = OBJECT_ENTRY;
    if (cut(text, "entry:", &o->id))
        return OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *id = text;
        (void)cut(text, kinds[i].word, &id);
        if (!id_valid(id, kinds[i].id))
            continue;
        o->kind = kinds[i].kind;
        o->id = id;
        return OK;
    }
    return err_at(ERR_INPUT, "/object",
                  "expected the id of a match, exception or escalation, or entry:ENTRY_ID");
}

/* ---- where it belongs ---- */

static struct err entity_one(struct call *c, const char *entity, struct object *o)
{
    const char **list = ARENA_ARRAY(c->arena, 1, const char *);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    list[0] = entity;
    o->entities = list;
    o->entities_n = entity == NULL ? 0 : 1;
    o->entity_id = entity;
    return OK;
}

static struct err match_fill(struct call *c, struct tx *tx, struct object *o)
{
    struct match m;
    TRY(match_load(tx, c->arena, o->id, &m));
    const char **list = ARENA_ARRAY(c->arena, m.legs_n + 1, const char *);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    list[o->entities_n++] = m.entity_id;
    for (size_t i = 0; i < m.legs_n; i++) {
        struct entry e;
        size_t at = 0;
        TRY(entry_load(tx, c->arena, m.legs[i].entry_id, &e));
        while (at < o->entities_n && !text_eq(list[at], e.entity_id))
            at++;
        if (at == o->entities_n)
            list[o->entities_n++] = e.entity_id;
    }
    o->entities = list;
    o->entity_id = m.entity_id;
    o->version = m.version;
    o->open = m.state == MATCH_PROPOSED || m.state == MATCH_CONFIRMED;
    return OK;
}

static struct err exception_fill(struct call *c, struct tx *tx, struct object *o)
{
    struct exception_row x;
    TRY(exception_load(tx, c->arena, o->id, &x));
    o->version = x.version;
    o->open = x.latest && exception_is_open(x.state);
    return entity_one(c, x.entity_id, o);
}

static struct err entry_fill(struct call *c, struct tx *tx, struct object *o)
{
    struct entry e;
    TRY(entry_load(tx, c->arena, o->id, &e));
    o->version = e.version;
    o->open = true;
    return entity_one(c, e.entity_id, o);
}

/* The entities that its bound facts name. */
static struct err escalation_fill(struct call *c, struct tx *tx, struct object *o)
{
    struct escalation e;
    struct json *bound;
    TRY(escalation_load(tx, c->arena, o->id, &e));
    TRY(bound_read(c->arena, &e, &bound));
    o->version = e.version;
    o->open = escalation_is_open(e.state);
    TRY(entity_one(c, e.entity_id, o));
    const struct json *entities = json_get(bound, "entities");
    if (!json_is(entities, JSON_TYPE_ARRAY) || entities->count == 0)
        return OK;
    const char **list = ARENA_ARRAY(c->arena, entities->count, const char *);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < entities->count; i++)
        list[i] = json_text(entities->items[i]);
    o->entities = list;
    o->entities_n = entities->count;
    return OK;
}

static struct err fill(struct call *c, struct tx *tx, struct object *o)
{
    switch (o->kind) {
    case OBJECT_MATCH:
        return match_fill(c, tx, o);
    case OBJECT_EXCEPTION:
        return exception_fill(c, tx, o);
    case OBJECT_ESCALATION:
        return escalation_fill(c, tx, o);
    case OBJECT_ENTRY:
        break;
    }
    return entry_fill(c, tx, o);
}

static struct err missing(void)
{
    return err_at(ERR_MISSING, "/object", "there is no such object");
}

struct err object_load(struct call *c, struct tx *tx, const char *text, struct object *o)
{
    struct scope scope;
    *o = (struct object){.kind = OBJECT_ENTRY};
    TRY(name_parse(text, o));
    struct err e = fill(c, tx, o);
    if (e.kind == ERR_MISSING)
        return missing();
    TRY(e);
    TRY(scope_load(c, tx, &scope));
    bool seen = scope.all || o->entities_n > 0;
    for (size_t i = 0; i < o->entities_n; i++)
        seen = seen && o->entities[i] != NULL && scope_has(&scope, o->entities[i]);
    if (!seen)
        return missing();
    o->key = object_key(c->arena, o->kind, o->id);
    return arena_check(c->arena);
}

struct err object_plan(struct call *c, struct tx *tx, const char *text, struct object *o)
{
    TRY(object_load(c, tx, text, o));
    c->ask.entities = o->entities;
    c->ask.entities_n = o->entities_n;
    c->ask.object_version = o->version;
    c->ask.state_valid = true;
    c->object_type = c->ask.object_type = object_kind_name(o->kind);
    c->object_id = c->ask.object_id = o->id;
    c->entity_id = o->entity_id;
    c->match_id = o->kind == OBJECT_MATCH ? o->id : NULL;
    return OK;
}
