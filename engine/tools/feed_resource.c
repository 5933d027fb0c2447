/* recon://feed/{after_seq}: what became of escalations, in the order of the log, for who follows
 * them with a cursor; recon://feed: where the log stands now. A follower that goes on from `next`
 * misses nothing: a page is read within one snapshot, and `next` passes nothing by that was not
 * looked at. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "engine/tools/resources_own.h"

#define EVENTS_SHOWN 200

struct feed_page {
    struct call *c;
    struct json *events;
};

/* Reports of deliveries that went on, refusals and the like are no news of the escalation. */
bool feed_tells_event(const char *type, const char *tool)
{
    if (strncmp(type, "ESCALATION_", sizeof "ESCALATION_" - 1) == 0)
        return true;
    return text_eq(type, "DELIVERY_FAILED") ||
           (text_eq(type, "OK") && !text_eq(tool, "record_delivery"));
}

static void copy_as(struct arena *arena, struct json *o, const char *as, const struct json *event,
                    const char *member)
{
    const struct json *value = json_get(event, member);
    if (value != NULL)
        json_put(arena, o, as, value);
}

static struct err event_add(void *arg, const struct audit_row *row)
{
    static const struct json_limits limits = {
        .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};
    struct feed_page *page = arg;
    struct arena *arena = page->c->arena;
    struct json *event, *o = json_object_new(arena);
    TRY(json_read(arena, str_of(row->event), &limits, &event));
    const char *type = json_get_text(event, "event_type");
    ENSURE(type != NULL, ERR_STORE, "an event has no type; run audit verify");
    if (!feed_tells_event(type, json_get_text(event, "tool")))
        return OK;
    json_put_int(arena, o, "seq", row->seq);
    json_put_text(arena, o, "event_type", type);
    copy_as(arena, o, "escalation_id", event, "escalation_id");
    copy_as(arena, o, "at", event, "timestamp_utc");
    copy_as(arena, o, "actor", event, "actor_id");
    copy_as(arena, o, "entity_id", event, "entity_id");
    copy_as(arena, o, "tool", event, "tool");
    copy_as(arena, o, "state_to", event, "state_to");
    json_push(arena, page->events, o);
    return arena_check(arena);
}

/* Digits only, 0 for the beginning: an address has one spelling. */
static bool after_parse(const char *text, int64_t *seq)
{
    const size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 18 || text[n] != '\0' || (text[0] == '0' && n > 1))
        return false;
    *seq = strtoll(text, NULL, 10);
    return true;
}

struct err feed_read_after(struct call *c, struct tx *tx, const char *after_seq)
{
    struct feed_page page = {.c = c, .events = json_array_new(c->arena)};
    struct audit_filter filter = {.escalations = true, .limit = EVENTS_SHOWN};
    int64_t head, last;
    bool all, more;
    ENSURE(after_parse(after_seq, &filter.after_seq), ERR_MISSING,
           "there is no such place in the log");
    TRY(audit_last_seq(tx, &head));
    TRY(actor_scope(tx, c->arena, &c->actor, &all, &filter.entities, &filter.entities_n));
    filter.scoped = !all;
    TRY(audit_query(tx, &filter, event_add, &page, &last, &more));
    if (!more && last < head)
        last = head; /* nothing between concerns the caller */
    c->result = json_object_new(c->arena);
    json_put(c->arena, c->result, "events", page.events);
    json_put_int(c->arena, c->result, "next", last);
    json_put_int(c->arena, c->result, "head", head);
    json_put_bool(c->arena, c->result, "more", more);
    return arena_check(c->arena);
}

struct err feed_read_head(struct call *c, struct tx *tx, const char *id)
{
    int64_t head;
    (void)id;
    TRY(audit_last_seq(tx, &head));
    c->result = json_object_new(c->arena);
    json_put(c->arena, c->result, "events", json_array_new(c->arena));
    json_put_int(c->arena, c->result, "next", head);
    json_put_int(c->arena, c->result, "head", head);
    json_put_bool(c->arena, c->result, "more", false);
    return arena_check(c->arena);
}
