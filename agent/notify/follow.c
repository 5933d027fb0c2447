/* Events to deliveries. */
#include "agent/notify/follow.h"

#include <string.h>

#include "common/base/str.h"
#include "common/sys/log.h"

/* What is done about a type of event. Whatever else is told of an escalation refreshes its message
 * in Slack: cards are drawn when they leave, from what the book says then. */
struct plan {
    const char *type, *kind;
    bool teams, people, settles;
};

static const struct plan plans[] = {
    {"ESCALATION_PENDING", "notice", .teams = true, .people = true},
    {"ESCALATION_REMINDED", "reminder", .teams = true, .people = true},
    {"ESCALATION_REASSIGNED", "update", .people = true},
    {"ESCALATION_APPROVED", "update", .teams = true, .settles = true},
    {"ESCALATION_REJECTED", "update", .teams = true, .settles = true},
    {"ESCALATION_WITHDRAWN", "update", .teams = true, .settles = true},
    {"ESCALATION_EXPIRED", "update", .teams = true, .settles = true},
    {"ESCALATION_STALE", "update", .teams = true, .settles = true},
};
static const struct plan otherwise = {.kind = "update"};

struct event {
    int64_t seq;
    const char *type, *escalation_id;
    const struct plan *plan;
    const char **people;
    size_t people_n;
};

static const struct plan *plan_of(const char *type)
{
    static const char prefix[] = "ESCALATION_";
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (text_eq(plans[i].type, type))
            return &plans[i];
    }
    return strncmp(type, prefix, sizeof prefix - 1) == 0 ? &otherwise : NULL;
}

/* ---- reading the page ---- */

static struct err event_read(const struct follow *f, struct arena *arena, const struct json *node,
                             struct event *e, bool *ours)
{
    *e = (struct event){.type = json_get_text(node, "event_type"),
                        .escalation_id = json_get_text(node, "escalation_id")};
    ENSURE(json_int(json_get(node, "seq"), &e->seq) && e->type != NULL, ERR_UPSTREAM,
           "the engine's feed is not as agreed");
    e->plan = plan_of(e->type);
    *ours = e->plan != NULL && e->escalation_id != NULL;
    if (*ours && e->plan->people && (f->mail || f->push))
        TRY(f->people(f->ctx, arena, e->escalation_id, e->type, &e->people, &e->people_n));
    return OK;
}

static struct err events_read(const struct follow *f, struct arena *arena, const struct json *page,
                              struct event **out, size_t *n)
{
    const struct json *events = json_get(page, "events");
    ENSURE(json_is(events, JSON_TYPE_ARRAY), ERR_UPSTREAM, "the engine's feed is not as agreed");
    *out = ARENA_ARRAY(arena, events->count, struct event);
    *n = 0;
    TRY(arena_check(arena));
    for (size_t i = 0; i < events->count; i++) {
        bool ours;
        TRY(event_read(f, arena, events->items[i], &(*out)[*n], &ours));
        *n += ours;
    }
    return OK;
}

/* ---- writing rows ---- */

static struct err queue(const struct follow *f, struct arena *arena, const struct event *e,
                        const char *channel, const char *recipient, int64_t *queued)
{
    const int64_t now_us = f->clock_us();
    const bool person = recipient[0] != '\0';
    struct delivery d = {
        .channel = channel,
        .recipient = recipient,
        .escalation_id = e->escalation_id,
        /* a person who is newly asked has not heard of it yet */
        .kind = person && text_eq(e->plan->kind, "update") ? "notice" : e->plan->kind,
        .seq = e->seq,
        .event_type = e->type,
        .tries_left = f->tries,
        .next_us = now_us,
    };
    bool added;
    TRY(outbox_add(f->db, arena, &d, now_us, &added));
    *queued += added;
    return OK;
}

static struct err queue_people(const struct follow *f, struct arena *arena, const struct event *e,
                               int64_t *queued)
{
    for (size_t i = 0; i < e->people_n; i++) {
        if (f->mail)
            TRY(queue(f, arena, e, "email", e->people[i], queued));
        if (f->push)
            TRY(queue(f, arena, e, "push", e->people[i], queued));
    }
    return OK;
}

static struct err event_queue(const struct follow *f, struct arena *arena, const struct event *e,
                              int64_t *queued)
{
    const int64_t now_us = f->clock_us();
    /* A later update says all that an earlier one would have. */
    TRY(outbox_cancel(f->db, e->escalation_id, NULL, "update", "a later one says it", now_us));
    if (e->plan->settles)
        TRY(outbox_cancel(f->db, e->escalation_id, NULL, NULL, "it was settled before this left",
                          now_us));
    if (f->slack)
        TRY(queue(f, arena, e, "slack", "", queued));
    if (f->teams && e->plan->teams)
        TRY(queue(f, arena, e, "teams", "", queued));
    return queue_people(f, arena, e, queued);
}

static struct err page_apply(const struct follow *f, struct arena *arena,
                             const struct event *events, size_t n, int64_t next, int64_t *queued)
{
    for (size_t i = 0; i < n; i++)
        TRY(event_queue(f, arena, &events[i], queued));
    return cursor_set(f->db, next, f->clock_us());
}

static struct err page_take(const struct follow *f, struct arena *arena, const struct json *page,
                            int64_t next, int64_t *queued)
{
    struct event *events;
    size_t n;
    TRY(events_read(f, arena, page, &events, &n));
    TRY(agent_db_begin(f->db));
    return agent_db_end(f->db, page_apply(f, arena, events, n, next, queued));
}

struct err follow_step(const struct follow *f, struct arena *arena, bool *more, int64_t *queued)
{
    const struct json *page;
    int64_t after, next, head;
    bool known;
    *more = false;
    *queued = 0;
    TRY(cursor_find(f->db, &known, &after));
    TRY(f->page(f->ctx, arena, known ? after : -1, &page));
    ENSURE(json_int(json_get(page, "next"), &next) && json_int(json_get(page, "head"), &head) &&
               next >= 0,
           ERR_UPSTREAM, "the engine's feed is not as agreed");
    if (known && after > head) {
        log_warn("the engine's book is an older one than was followed: following from its end",
                 LOG_INT("followed", after), LOG_INT("head", head), LOG_END);
        next = head;
    }
    const struct json *flag = json_get(page, "more");
    *more = json_is(flag, JSON_TYPE_BOOL) && flag->truth;
    if (known && next == after && json_is(json_get(page, "events"), JSON_TYPE_ARRAY) &&
        json_get(page, "events")->count == 0)
        return OK; /* nothing new: nothing to write */
    return page_take(f, arena, page, next, queued);
}
