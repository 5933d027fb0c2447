/* Workflow runs as resources, within the caller's entities. */
#include "engine/tools/runs_resource.h"

#include "common/sys/json_read.h"
#include "engine/tools/scope.h"

#define RUNS_SHOWN 100
#define PAGES_MAX  20 /* of other people's entities on the way to the caller's */

static struct err run_print(struct arena *arena, const struct run *r, struct json **out)
{
    struct json *result = NULL, *o = json_object_new(arena);
    json_put_text(arena, o, "run_id", r->run_id);
    json_put_text(arena, o, "kind", r->kind);
    json_put_text(arena, o, "entity_id", r->entity_id);
    json_put_text(arena, o, "works_on", r->lock_key);
    json_put_text(arena, o, "state", fsm_state_name(&fsm_workflow_run, (int)r->state));
    json_put_text(arena, o, "started_by", r->started_by);
    json_put_text(arena, o, "principal_id", r->principal_id);
    json_put_text(arena, o, "on_behalf_of", r->on_behalf_of);
    json_put_text(arena, o, "started_at", r->started_at);
    json_put_text(arena, o, "moved_at", r->moved_at);
    json_put_int(arena, o, "chunks", r->chunks);
    json_put_int(arena, o, "rows", r->rows);
    if (r->result != NULL) {
        TRY(json_read(arena, str_of(r->result), NULL, &result));
        json_put(arena, o, "result", result);
    }
    json_put_text(arena, o, "error", r->error);
    json_put_int(arena, o, "version", r->version);
    json_put_int(arena, o, "seq", r->seq);
    *out = o;
    return arena_check(arena);
}

static struct err page_print(struct call *c, const struct scope *scope, const struct run *rows,
                             size_t n, struct json *list)
{
    for (size_t i = 0; i < n && list->count < RUNS_SHOWN; i++) {
        struct json *o;
        if (!scope_has(scope, rows[i].entity_id))
            continue;
        TRY(run_print(c->arena, &rows[i], &o));
        json_push(c->arena, list, o);
    }
    return arena_check(c->arena);
}

struct err runs_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *list = json_array_new(c->arena);
    const char *before = NULL;
    struct scope scope;
    size_t n = RUNS_SHOWN;
    (void)id;
    TRY(scope_load(c, tx, &scope));
    for (int page = 0; page < PAGES_MAX && n == RUNS_SHOWN && list->count < RUNS_SHOWN; page++) {
        struct run *rows;
        TRY(runs_list(tx, c->arena, before, RUNS_SHOWN, &rows, &n));
        TRY(page_print(c, &scope, rows, n, list));
        before = n == 0 ? before : rows[n - 1].run_id;
    }
    c->result = json_object_new(c->arena);
    json_put(c->arena, c->result, "runs", list);
    return arena_check(c->arena);
}

struct err run_read_one(struct call *c, struct tx *tx, const char *id)
{
    struct scope scope;
    struct run r;
    TRY(scope_load(c, tx, &scope));
    TRY(run_load(tx, c->arena, id, &r));
    if (!scope_has(&scope, r.entity_id))
        return err_fmt(c->arena, ERR_MISSING, NULL, "there is no run %s", id);
    return run_print(c->arena, &r, &c->result);
}
