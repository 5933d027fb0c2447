/* A receipt, checked from the outside in: who signed the tree, whether the event is in it, and
 * whether the event is what its place says. */
#include "common/verify/check.h"

#include <inttypes.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"

static bool is_canonical(const struct json *tree, struct str text, struct buf *scratch)
{
    buf_clear(scratch);
    return jcs_print(tree, scratch).kind == ERR_NONE && str_eq(buf_str(scratch), text);
}

const char *check_event(struct arena *arena, struct str event, uint64_t seq, struct str origin,
                        struct buf *scratch, struct json **tree)
{
    static const struct json_limits limits = {.bytes_max = EVENT_BYTES_MAX,
                                              .nodes_max = EVENT_NODES_MAX};
    int64_t own = 0;
    size_t prefix = sizeof ORIGIN_PREFIX - 1;
    if (json_read(arena, event, &limits, tree).kind != ERR_NONE ||
        !json_is(*tree, JSON_TYPE_OBJECT))
        return "the event is not a JSON object";
    if (!is_canonical(*tree, event, scratch))
        return "the event is not in canonical form (RFC 8785)";
    if (!json_int(json_get(*tree, "seq"), &own) || own < 0 || (uint64_t)own != seq)
        return "the event's own number is another";
    const char *book = json_get_text(*tree, "book_id");
    if (book == NULL || origin.len < prefix || memcmp(origin.at, ORIGIN_PREFIX, prefix) != 0 ||
        !str_is((struct str){origin.at + prefix, origin.len - prefix}, book))
        return "the event is of another book than the log";
    return NULL;
}

static void event_facts(const struct json *event, struct report *report)
{
    static const char *const names[] = {"seq",      "book_id", "timestamp_utc", "event_type",
                                        "actor_id", "tool",    "decision",      "reason"};
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
    struct json *tree = NULL;
    buf_init(&scratch, EVENT_BYTES_MAX);
    const char *problem =
        check_event(report->arena, r->event, r->index + 1, c->origin, &scratch, &tree);
    if (problem != NULL)
        return report_fails(report, "event", NULL, "%s", problem);
    event_facts(tree, report);
    report_holds(report, "event", "canonical, and of this book and number");
    return true;
}

bool check_receipt(const struct receipt *r, const struct trust *trust, struct report *report)
{
    struct note note;
    struct checkpoint c;
    bool trusted = trust_checkpoint(trust, r->checkpoint, report, &note, &c);
    if (!trusted && report->failed != NULL && strcmp(report->failed, "checkpoint") == 0)
        return false; /* there is no tree to look into */
    bool in = included(r, &c, report);
    return event_fits(r, &c, report) && in && trusted;
}
