/* REGISTRY_CHANGED events, read back. */
#include "engine/tools/registry_history.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "engine/store/escalations.h"

#define PAGE_ROWS 1000

struct reading {
    struct tx *tx;
    struct arena *arena;
    struct registry_event *events;
    size_t n, cap;
    int64_t last_seq;
};

static struct err room(struct reading *r)
{
    struct registry_event *more = arena_grow(r->arena, r->events, r->n, &r->cap, sizeof *more);
    ENSURE(more != NULL, ERR_LIMIT, "out of memory");
    r->events = more;
    return OK;
}

static struct err row_read(void *arg, const struct audit_row *row)
{
    struct reading *r = arg;
    struct json *event;
    TRY(json_read(r->arena, str_of(arena_strdup(r->arena, row->event)), NULL, &event));
    const struct json *detail = json_get(event, "detail");
    if (json_get_text(detail, "act") == NULL)
        return OK; /* of a book from before changes were told */
    TRY(room(r));
    r->events[r->n++] = (struct registry_event){
        .seq = row->seq,
        .at = json_get_text(event, "timestamp_utc"),
        .asked_by = json_get_text(event, "actor_id"),
        .approved_by = json_get_text(event, "escalation_id"), /* until asked_set */
        .act = json_get_text(detail, "act"),
        .before = json_get(detail, "before"),
        .after = json_get(detail, "after"),
    };
    return arena_check(r->arena);
}

/* Whoever acted in the end approved; who asked stands in the escalation. */
static struct err asked_set(struct reading *r, struct registry_event *event)
{
    struct escalation e;
    if (event->approved_by == NULL)
        return OK;
    TRY(escalation_load(r->tx, r->arena, event->approved_by, &e));
    event->approved_by = event->asked_by;
    event->asked_by = e.requester;
    return OK;
}

struct err registry_events(struct tx *tx, struct arena *arena, struct registry_event **events,
                           size_t *n)
{
    struct reading r = {.tx = tx, .arena = arena};
    bool more = true;
    while (more) {
        const struct audit_filter filter = {
            .event_type = "REGISTRY_CHANGED", .after_seq = r.last_seq, .limit = PAGE_ROWS};
        TRY(audit_query(tx, &filter, row_read, &r, &r.last_seq, &more));
    }
    for (size_t i = 0; i < r.n; i++)
        TRY(asked_set(&r, &r.events[i]));
    *events = r.events;
    *n = r.n;
    return OK;
}
