/* Reads within roles. */
#include "engine/tools/scope.h"

#include "common/sys/json_read.h"
#include "engine/store/entries.h"

struct err scope_load(struct call *c, struct tx *tx, struct scope *scope)
{
    return actor_scope(tx, c->arena, &c->actor, &scope->all, &scope->entities, &scope->n);
}

bool scope_has(const struct scope *scope, const char *entity)
{
    for (size_t i = 0; !scope->all && i < scope->n; i++) {
        if (text_eq(scope->entities[i], entity))
            return true;
    }
    return scope->all;
}

struct err bound_read(struct arena *arena, const struct escalation *e, struct json **bound)
{
    static const struct json_limits limits = {.bytes_max = 8u << 20, .nodes_max = 1000000};
    return json_read(arena, str_of(e->bound), &limits, bound);
}

bool scope_has_escalation(const struct scope *scope, const struct escalation *e,
                          const struct json *bound)
{
    const struct json *entities = json_get(bound, "entities");
    if (scope->all)
        return true;
    if (!json_is(entities, JSON_TYPE_ARRAY)) /* of a book from before they were bound */
        return e->entity_id != NULL && scope_has(scope, e->entity_id);
    for (size_t i = 0; i < entities->count; i++) {
        if (!scope_has(scope, json_text(entities->items[i])))
            return false;
    }
    return entities->count > 0;
}

struct err scope_has_match(const struct scope *scope, struct call *c, struct tx *tx,
                           const struct match *m, bool *yes)
{
    *yes = scope_has(scope, m->entity_id);
    for (size_t i = 0; *yes && !scope->all && i < m->legs_n; i++) {
        struct entry e;
        TRY(entry_load(tx, c->arena, m->legs[i].entry_id, &e));
        *yes = scope_has(scope, e.entity_id);
    }
    return OK;
}
