/* Reads within roles. */
#include "engine/tools/scope.h"

#include "common/sys/json_read.h"
#include "engine/store/entries.h"
#include "engine/store/master.h"

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

struct err scope_entities(const struct scope *scope, struct call *c, struct tx *tx,
                          const char *entity_id, const char ***ids, size_t *n)
{
    struct entity *entities;
    size_t all;
    *n = 0;
    TRY(entities_list(tx, c->arena, &entities, &all));
    *ids = ARENA_ARRAY(c->arena, all + 1, const char *);
    ENSURE(*ids != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < all; i++) {
        const char *id = entities[i].entity_id;
        if (scope_has(scope, id) && (entity_id == NULL || text_eq(id, entity_id)))
            (*ids)[(*n)++] = id;
    }
    if (entity_id != NULL && *n == 0)
        return err_at(ERR_MISSING, "/entity_id", "there is no such entity");
    return OK;
}

struct err scope_account(struct call *c, struct tx *tx, const char *const *entities, size_t n,
                         const char *account_id)
{
    struct account account;
    for (size_t i = 0; account_id != NULL && i < n; i++) {
        struct err e = account_load(tx, c->arena, entities[i], account_id, &account);
        if (e.kind != ERR_MISSING)
            return e;
    }
    if (account_id != NULL)
        return err_at(ERR_MISSING, "/account_id", "there is no such account");
    return OK;
}

const char *call_self(const struct call *c)
{
    return c->actor.principal != NULL ? c->actor.principal : c->actor.on_behalf_of;
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
