/* A folder's file for each sampled decision: all that the book has on it, and the proof that the
 * signed log holds it. */
#include <inttypes.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/verify/receipt.h"
#include "engine/cli/pbc.h"
#include "engine/store/tree.h"

#define EVENT_NODES ((size_t)1000000)
#define PROOF_BYTES ((size_t)16 << 20)

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = (size_t)8 << 20, .nodes_max = EVENT_NODES};

/* ---- its history ---- */

/* Adds what is not there yet, in order of seq. */
static void merge(struct arena *arena, const struct json *more, struct json **list)
{
    struct json *all = json_array_new(arena);
    size_t i = 0, k = 0;
    if (all == NULL)
        return;
    while (i < (*list)->count || k < more->count) {
        int64_t a = INT64_MAX, b = INT64_MAX;
        if (i < (*list)->count)
            (void)json_int(json_get((*list)->items[i], "seq"), &a);
        if (k < more->count)
            (void)json_int(json_get(more->items[k], "seq"), &b);
        json_push(arena, all, a <= b ? (*list)->items[i] : more->items[k]);
        i += a <= b;
        k += b <= a;
    }
    *list = all;
}

/* Every event of the match, the escalation and the object, up to the period's end. */
static struct err history_read(struct pbc *p, const struct json *event, struct json **list)
{
    const struct json *object = json_get(event, "object");
    const struct {
        enum pbc_query query;
        const char *id;
    } asks[] = {
        {PBC_HISTORY_OF_MATCH, json_get_text(event, "match_id")},
        {PBC_HISTORY_OF_ESCALATION, json_get_text(event, "escalation_id")},
        {PBC_HISTORY_OF_OBJECT,
         arena_fmt(p->scratch, "%s:%s",
                   json_get_text(object, "type") == NULL ? "-" : json_get_text(object, "type"),
                   json_get_text(object, "id") == NULL ? "-" : json_get_text(object, "id"))},
    };
    *list = json_array_new(p->scratch);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        struct json *rows;
        if (asks[i].id == NULL)
            continue;
        TRY(pbc_rows(p, p->scratch, asks[i].query, asks[i].id, &rows));
        merge(p->scratch, rows, list);
    }
    return arena_check(p->scratch);
}

/* ---- who approved, and how they were known ---- */

static void copy(struct pbc *p, struct json *to, const struct json *from, const char *name)
{
    if (json_get(from, name) != NULL)
        json_put(p->scratch, to, name, json_get(from, name));
}

static struct err approval_print(struct pbc *p, const struct json *row, struct json *list)
{
    static const char *const told[] = {
        "event_type", "actor_id",  "principal_id",     "auth",      "client",
        "channel",    "roles",     "decision",         "reason",    "timestamp_utc",
        "opened_at",  "rationale", "rationale_author", "state_to",  "evidence_opened",
        "signers",    "tool",      "action",           "state_from"};
    const struct json *raw = json_get(row, "event");
    struct json *event, *o = json_object_new(p->scratch);
    TRY(json_read(p->scratch, raw->text, &event_limits, &event));
    const char *actor = json_get_text(event, "actor_id");
    if (actor == NULL || strncmp(actor, "human:", 6) != 0 || json_get(event, "decision") == NULL)
        return OK;
    json_put(p->scratch, o, "seq", json_get(row, "seq"));
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        copy(p, o, event, told[i]);
    json_push(p->scratch, list, o);
    return arena_check(p->scratch);
}

static struct err approvals_print(struct pbc *p, const struct json *history, struct json *o)
{
    struct json *list = json_array_new(p->scratch);
    for (size_t i = 0; i < history->count; i++)
        TRY(approval_print(p, history->items[i], list));
    json_put(p->scratch, o, "human_decisions", list);
    return arena_check(p->scratch);
}

/* ---- the rest ---- */

static struct err part_put(struct pbc *p, enum pbc_query query, const char *id, bool one,
                           const char *name, struct json *o)
{
    struct json *rows;
    if (id == NULL)
        return OK;
    TRY(pbc_rows(p, p->scratch, query, id, &rows));
    if (!one)
        json_put(p->scratch, o, name, rows);
    else if (rows->count > 0)
        json_put(p->scratch, o, name, rows->items[0]);
    return arena_check(p->scratch);
}

static void policy_put(struct pbc *p, const struct json *event, struct json *o)
{
    static const char *const told[] = {
        "policy_version", "decision",       "reason",       "row",
        "clause_text",    "clause_pointer", "gate_version", "gate_input"};
    struct json *rule = json_object_new(p->scratch);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        copy(p, rule, event, told[i]);
    json_put(p->scratch, o, "rule", rule);
}

static struct err receipt_files(struct pbc *p, int64_t seq, struct json *o)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf proof;
    struct receipt r;
    buf_init(&proof, PROOF_BYTES);
    if (p->head_size == 0)
        return OK;
    TRY(receipt_at(&p->book.tx, p->scratch, seq, p->head_size, &r));
    json_put(p->scratch, o, "receipt", receipt_print(p->scratch, &r));
    tlog_proof_print(&r, &proof);
    TRY(buf_check(&proof));
    return pbc_file(p, arena_fmt(p->scratch, "transactions/%" PRId64 ".tlog-proof", seq),
                    buf_str(&proof));
}

static struct err event_read(struct pbc *p, int64_t seq, struct json **event, struct json **row)
{
    struct pbc at = *p;
    struct json *rows;
    at.ask.first = at.ask.last = seq;
    TRY(pbc_rows(&at, p->scratch, PBC_EVENT, NULL, &rows));
    ENSURE(rows->count == 1, ERR_STORE, "an event is missing; run audit verify");
    *row = json_object_new(p->scratch);
    TRY(json_read(p->scratch, json_get(rows->items[0], "event")->text, &event_limits, event));
    json_put(p->scratch, *row, "seq", json_get(rows->items[0], "seq"));
    json_put(p->scratch, *row, "hash_prev", json_get(rows->items[0], "hash_prev"));
    json_put(p->scratch, *row, "hash_self", json_get(rows->items[0], "hash_self"));
    json_put(p->scratch, *row, "event", *event);
    return arena_check(p->scratch);
}

static struct err transaction(struct pbc *p, const char *control, const struct sample_pick *pick)
{
    struct json *event, *row, *history, *o = json_object_new(p->scratch);
    const int64_t seq = pick->item.seq;
    TRY(event_read(p, seq, &event, &row));
    json_put_text(p->scratch, o, "control", control);
    json_put(p->scratch, o, "decision", row);
    policy_put(p, event, o);
    const char *match = json_get_text(event, "match_id"),
               *escalation = json_get_text(event, "escalation_id");
    TRY(part_put(p, PBC_MATCH, match, true, "proposal", o));
    TRY(part_put(p, PBC_MATCH_LEGS, match, false, "inputs", o));
    TRY(part_put(p, PBC_ESCALATION, escalation, true, "escalation", o));
    TRY(part_put(p, PBC_DELIVERIES, escalation, false, "deliveries", o));
    TRY(history_read(p, event, &history));
    TRY(approvals_print(p, history, o));
    json_put(p->scratch, o, "history", history);
    TRY(receipt_files(p, seq, o));
    TRY(arena_check(p->scratch));
    p->transactions++;
    return pbc_json(p, arena_fmt(p->scratch, "transactions/%" PRId64 ".json", seq), o, NULL);
}

struct err pbc_transactions(struct pbc *p)
{
    for (size_t i = 0; i < p->sampled_n; i++) {
        for (size_t k = 0; k < p->sampled[i].sample.n; k++) {
            arena_reset(p->scratch);
            TRY(transaction(p, p->sampled[i].control, &p->sampled[i].sample.picks[k]));
        }
    }
    return OK;
}
