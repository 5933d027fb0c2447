/* recon://escalations/{id}: what was bound, who stands around it, what was asked back and answered,
 * which reminders went out, and its events, within the caller's entities. */
#include "engine/tools/resources_escalations.h"

#include "common/sys/json_read.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/scope.h"

#define EVENTS_SHOWN 200

struct history {
    struct call *c;
    struct json *list;
};

static void copy_text(struct arena *arena, struct json *o, const struct json *event,
                      const char *key, const char *as)
{
    const struct json *value = json_get(event, key);
    if (value != NULL)
        json_put(arena, o, as, value);
}

static struct err event_add(void *arg, const struct audit_row *row)
{
    static const struct json_limits limits = {
        .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};
    struct history *h = arg;
    struct arena *arena = h->c->arena;
    struct json *event, *o = json_object_new(arena);
    TRY(json_read(arena, str_of(row->event), &limits, &event));
    json_put_int(arena, o, "seq", row->seq);
    copy_text(arena, o, event, "event_type", "event_type");
    copy_text(arena, o, event, "timestamp_utc", "at");
    copy_text(arena, o, event, "actor_id", "by");
    copy_text(arena, o, event, "tool", "tool");
    copy_text(arena, o, event, "decision", "ruling");
    copy_text(arena, o, event, "reason", "reason");
    copy_text(arena, o, event, "state_from", "state_from");
    copy_text(arena, o, event, "state_to", "state_to");
    copy_text(arena, o, event, "rationale", "rationale");
    copy_text(arena, o, event, "opened_at", "opened_at");
    copy_text(arena, o, event, "evidence_opened", "evidence_opened");
    copy_text(arena, o, event, "detail", "detail");
    json_push(arena, h->list, o);
    return arena_check(arena);
}

static struct err history_put(struct call *c, struct tx *tx, const char *id, struct json *o)
{
    struct history h = {c, json_array_new(c->arena)};
    struct audit_filter filter = {.escalation_id = id, .limit = EVENTS_SHOWN};
    bool all, more;
    int64_t last;
    TRY(actor_scope(tx, c->arena, &c->actor, &all, &filter.entities, &filter.entities_n));
    filter.scoped = !all;
    TRY(audit_query(tx, &filter, event_add, &h, &last, &more));
    json_put(c->arena, o, "events", h.list);
    json_put_bool(c->arena, o, "more_events", more);
    return arena_check(c->arena);
}

struct err escalation_read_one(struct call *c, struct tx *tx, const char *id)
{
    struct escalation e;
    struct scope scope;
    struct json *bound;
    TRY(scope_load(c, tx, &scope));
    TRY(escalation_load(tx, c->arena, id, &e));
    TRY(bound_read(c->arena, &e, &bound));
    ENSURE(scope_has_escalation(&scope, &e, bound), ERR_MISSING, "there is no such escalation");
    TRY(escalation_view(c, tx, &e, bound, &c->result));
    TRY(escalation_view_life(c, tx, &e, c->result));
    return history_put(c, tx, e.escalation_id, c->result);
}
