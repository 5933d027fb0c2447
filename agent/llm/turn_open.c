/* Approvals that a conversation waits for: what became of them is asked of the engine when the
 * person speaks again or looks, and noted, so that the model knows at its next question. */
#include "agent/llm/turn.h"

#include <string.h>

#define APPROVALS_MAX 32 /* asked about at a time */

static bool is_decided(const struct turn *t, size_t from, const char *id)
{
    for (size_t i = from; i < t->n; i++) {
        const struct json *body = t->rows[i].body;
        const char *what =
            t->rows[i].trace.kind == TRACE_NOTED ? json_get_text(body, "what") : NULL;
        const char *of = json_get_text(body, "escalation_id");
        if (what != NULL && of != NULL && text_eq(what, "decided") && text_eq(of, id))
            return true;
    }
    return false;
}

static bool is_listed(const char *const *list, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (text_eq(list[i], id))
            return true;
    return false;
}

struct err turn_approvals(struct turn *t, const char ***escalations, size_t *n)
{
    *n = 0;
    *escalations = ARENA_ARRAY(t->arena, t->n + 1, const char *);
    TRY(arena_check(t->arena));
    for (size_t i = 0; i < t->n; i++) {
        const struct json *body = t->rows[i].body;
        const char *id =
            t->rows[i].trace.kind == TRACE_RETURNED ? json_get_text(body, "escalation_id") : NULL;
        const char *status = json_get_text(body, "status");
        if (id == NULL || status == NULL || !text_eq(status, "pending_approval") ||
            is_decided(t, i, id) || is_listed(*escalations, *n, id))
            continue;
        (*escalations)[(*n)++] = id;
    }
    return OK;
}

static bool still_waits(const char *state)
{
    static const char *const waiting[] = {"PENDING", "STAGE_APPROVED", "INFO_REQUESTED"};
    for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++)
        if (text_eq(state, waiting[i]))
            return true;
    return false;
}

static struct err note_decided(struct turn *t, const char *id, const char *state)
{
    struct json *body = json_object_new(t->arena);
    json_put_text(t->arena, body, "what", "decided");
    json_put_text(t->arena, body, "escalation_id", id);
    json_put_text(t->arena, body, "state", state);
    json_put_text(t->arena, body, "text",
                  arena_fmt(t->arena, "Escalation %s is now %s.", id, state));
    TRY(arena_check(t->arena));
    return turn_add(
        t, &(struct row_new){
               .kind = TRACE_NOTED, .body = body, .event = STAYS, .turn_ends = !t->talk.turn_open});
}

/* As the model's own actor: what it may not see is not told to it. */
static struct err settle_one(struct turn *t, const char *id, size_t *open)
{
    const struct mcpc_actor actor = turn_actor(t->arena, &t->talk);
    const char *uri = arena_fmt(t->arena, "recon://escalations/%s", id);
    const struct json *tree;
    TRY(arena_check(t->arena));
    TRY(mcpc_read_json(t->worker->mcpc, t->arena, &actor, uri, &tree));
    const char *state = json_get_text(tree, "state");
    if (state != NULL && !still_waits(state))
        return note_decided(t, id, state);
    *open += 1;
    return OK;
}

struct err turn_settle(struct turn *t, size_t *open)
{
    const char **ids;
    size_t n;
    *open = 0;
    TRY(turn_approvals(t, &ids, &n));
    if (n > APPROVALS_MAX)
        *open = n - APPROVALS_MAX;
    for (size_t i = *open; i < n; i++)
        TRY(settle_one(t, ids[i], open));
    return OK;
}
