/* A receipt, checked from the outside in: who signed the tree, whether the event is in it, and
 * whether the event is what its place says. */
#include "common/verify/check.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/canon_scan.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"

static const struct json_limits event_limits = {.bytes_max = EVENT_BYTES_MAX,
                                                .nodes_max = EVENT_NODES_MAX};

/* The members that place an event. */
struct members {
    struct str book, type, utc;
    int64_t seq;
};

/* In one pass; false when that does not settle it. */
static bool members_scan(struct str event, struct members *m)
{
    struct canon_find finds[] = {{.name = STR("book_id")},
                                 {.name = STR("event_type")},
                                 {.name = STR("seq")},
                                 {.name = STR("timestamp_utc")}};
    return event.len > 0 && event.at[0] == '{' &&
           canon_surely(event, finds, sizeof finds / sizeof finds[0]) &&
           canon_plain(finds[0].value, &m->book) && canon_plain(finds[1].value, &m->type) &&
           canon_integer(finds[2].value, &m->seq) && canon_plain(finds[3].value, &m->utc);
}

/* By its tree, and that printed again; what is wrong, or NULL. */
static const char *members_read(struct arena *arena, struct str event, struct buf *scratch,
                                struct members *m)
{
    struct json *tree = NULL;
    if (json_read(arena, event, &event_limits, &tree).kind != ERR_NONE ||
        !json_is(tree, JSON_TYPE_OBJECT))
        return "the event is not a JSON object";
    buf_clear(scratch);
    if (jcs_print(tree, scratch).kind != ERR_NONE || !str_eq(buf_str(scratch), event))
        return "the event is not in canonical form (RFC 8785)";
    m->book = str_of(json_get_text(tree, "book_id"));
    m->type = str_of(json_get_text(tree, "event_type"));
    m->utc = str_of(json_get_text(tree, "timestamp_utc"));
    if (!json_int(json_get(tree, "seq"), &m->seq))
        m->seq = -1;
    return NULL;
}

const char *check_event(struct arena *arena, struct str event, uint64_t seq, struct str origin,
                        struct buf *scratch, struct event_look *look)
{
    struct members m;
    size_t prefix = sizeof ORIGIN_PREFIX - 1;
    const char *problem = members_scan(event, &m) ? NULL : members_read(arena, event, scratch, &m);
    if (problem != NULL)
        return problem;
    if (m.seq < 0 || (uint64_t)m.seq != seq)
        return "the event's own number is another";
    if (m.book.len == 0 || origin.len < prefix || memcmp(origin.at, ORIGIN_PREFIX, prefix) != 0 ||
        !str_eq((struct str){origin.at + prefix, origin.len - prefix}, m.book))
        return "the event is of another book than the log";
    *look = (struct event_look){.type = m.type, .utc = m.utc};
    return NULL;
}

static void event_facts(struct str text, struct report *report)
{
    static const char *const names[] = {"seq",      "book_id", "timestamp_utc", "event_type",
                                        "actor_id", "tool",    "decision",      "reason"};
    struct json *event = NULL;
    if (json_read(report->arena, text, &event_limits, &event).kind != ERR_NONE)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct json *value = json_get(event, names[i]);
        if (value != NULL)
            json_put(report->arena, report->facts, names[i], value);
    }
}

static bool included(const struct receipt *r, const struct checkpoint *c, struct report *report)
{
    uint8_t hash_self[SHA256_LEN];
    struct merkle_hash leaf;
    char hex[SHA256_HEX_SIZE];
    receipt_leaf_data(r, hash_self);
    merkle_leaf(hash_self, sizeof hash_self, &leaf);
    hex_print(hash_self, sizeof hash_self, hex);
    json_put_text(report->arena, report->facts, "hash_self", hex);
    if (r->index >= c->size)
        return report_fails(report, "inclusion", NULL,
                            "index %" PRIu64 " is not in a tree of %" PRIu64 " events", r->index,
                            c->size);
    if (!merkle_inclusion_holds(&leaf, r->index, c->size, &r->proof, &c->root))
        return report_fails(report, "inclusion", NULL,
                            "the proof does not lead from this event to the tree's root: the event "
                            "(or hash_prev, or the proof) is not the one that was signed");
    report_holds(report, "inclusion", "event %" PRIu64 " is in the tree of %" PRIu64 " events",
                 r->index + 1, c->size);
    return true;
}

static bool event_fits(const struct receipt *r, const struct checkpoint *c, struct report *report)
{
    CLEANUP(buf_fini) struct buf scratch;
    struct event_look look;
    buf_init(&scratch, EVENT_BYTES_MAX);
    const char *problem =
        check_event(report->arena, r->event, r->index + 1, c->origin, &scratch, &look);
    if (problem != NULL)
        return report_fails(report, "event", NULL, "%s", problem);
    event_facts(r->event, report);
    report_holds(report, "event", "canonical, and of this book and number");
    return true;
}

bool check_receipt(const struct receipt *r, const struct trust *trust, struct report *report)
{
    struct note note;
    struct checkpoint c;
    bool trusted = trust_checkpoint(trust, r->checkpoint, report, &note, &c);
    if (c.origin.at == NULL)
        return false; /* there is no tree to look into */
    bool in = included(r, &c, report);
    return event_fits(r, &c, report) && in && trusted;
}
