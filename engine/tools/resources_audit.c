/* recon://audit/{seq}, recon://explain/{seq} and recon://verify: one event as it was hashed, why it
 * was decided so, and whether the end of the chain holds. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/sys/json_read.h"
#include "common/verify/receipt.h"
#include "engine/call/boot.h"
#include "engine/call/receipt.h"
#include "engine/gate/flip.h"
#include "engine/store/policies.h"
#include "engine/store/tree.h"
#include "engine/tools/resources_own.h"

#define STEPS_MAX   128
#define TAIL_EVENTS 1000

/* ---- one event ---- */

struct one_event {
    struct call *c;
    int64_t seq;
    bool found;
    struct audit_row row;
    struct json *event;
};

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

static struct err event_take(void *arg, const struct audit_row *row)
{
    struct one_event *e = arg;
    e->found = row->seq == e->seq;
    e->row = *row;
    return e->found ? json_read(e->c->arena, str_of(row->event), &event_limits, &e->event) : OK;
}

/* Digits only: an address has one spelling. */
static bool seq_parse(const char *text, int64_t *seq)
{
    char *end = NULL;
    if (text == NULL || *text < '1' || *text > '9')
        return false;
    *seq = strtoll(text, &end, 10);
    return *end == '\0' && *seq < INT64_MAX;
}

static struct err event_find(struct call *c, struct tx *tx, const char *text, struct one_event *e)
{
    struct audit_filter f = {.limit = 1};
    int64_t last;
    bool all, more;
    *e = (struct one_event){.c = c};
    ENSURE(seq_parse(text, &e->seq), ERR_MISSING, "there is no such event");
    f.after_seq = e->seq - 1;
    TRY(actor_scope(tx, c->arena, &c->actor, &all, &f.entities, &f.entities_n));
    f.scoped = !all;
    TRY(audit_query(tx, &f, event_take, e, &last, &more));
    ENSURE(e->found, ERR_MISSING, "there is no such event");
    return OK;
}

/* ---- its receipt, and the head ---- */

#define RECEIPT_END "receipt"

/* Who may not see the event gets no receipt of it. */
static struct err receipt_read_one(struct call *c, struct tx *tx, const char *text)
{
    struct receipt *r;
    int64_t seq;
    ENSURE(seq_parse(text, &seq), ERR_MISSING, "there is no such event");
    TRY(receipt_for(tx, c->arena, &c->actor, seq, &r));
    ENSURE(r != NULL, ERR_MISSING, "there is no such event, or no head covers it yet");
    c->result = receipt_print(c->arena, r);
    return arena_check(c->arena);
}

/* A head tells how many events there are and a hash, and nothing of what they say. */
struct err checkpoint_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *o = json_object_new(c->arena);
    struct tree_head head;
    char hex[2 * MERKLE_HASH_LEN + 1];
    (void)id;
    TRY(head_latest(tx, c->arena, &head));
    TRY(head_cosigned(tx, c->arena, &head));
    hex_print(head.root.at, sizeof head.root.at, hex);
    json_put_int(c->arena, o, "size", (int64_t)head.size);
    json_put_text(c->arena, o, "root", hex);
    json_put(c->arena, o, "checkpoint", json_str_new(c->arena, head.note));
    c->result = o;
    return arena_check(c->arena);
}

static struct err event_print(struct call *c, struct tx *tx, const char *seq)
{
    struct json *o = json_object_new(c->arena);
    struct one_event e;
    char hex[65];
    TRY(event_find(c, tx, seq, &e));
    json_put_int(c->arena, o, "seq", e.seq);
    hex_print(e.row.hash_prev, sizeof e.row.hash_prev, hex);
    json_put_text(c->arena, o, "hash_prev", hex);
    hex_print(e.row.hash_self, sizeof e.row.hash_self, hex);
    json_put_text(c->arena, o, "hash_self", hex);
    json_put(c->arena, o, "event", e.event);
    json_put_text(c->arena, o, "canonical", e.row.event);
    c->result = o;
    return arena_check(c->arena);
}

struct err audit_event_read(struct call *c, struct tx *tx, const char *seq)
{
    struct str number, rest;
    if (!str_cut(str_of(seq), '/', &number, &rest))
        return event_print(c, tx, seq);
    ENSURE(str_is(rest, RECEIPT_END), ERR_MISSING, "there is no such resource");
    const char *text = str_dup(c->arena, number);
    ENSURE(text != NULL, ERR_LIMIT, "out of memory");
    return receipt_read_one(c, tx, text);
}

/* ---- why ---- */

static void copy(struct call *c, struct json *o, const struct json *event, const char *member)
{
    const struct json *value = json_get(event, member);
    if (value != NULL)
        json_put(c->arena, o, member, value);
}

static struct json *recorded_print(struct call *c, const struct json *event)
{
    static const char *const members[] = {"decision",    "reason",         "row",
                                          "clause_text", "clause_pointer", "gate_version"};
    struct json *o = json_object_new(c->arena);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        copy(c, o, event, members[i]);
    return o;
}

static struct json *facts_print(struct call *c, const struct json *input, const char *names)
{
    struct json *o = json_object_new(c->arena);
    struct str name, rest = str_of(names);
    while (rest.len > 0) {
        if (!str_cut(rest, ',', &name, &rest))
            rest.len = 0;
        const struct json_member *m = json_find(input, name);
        (void)json_add(c->arena, o, name, m == NULL ? json_null_new(c->arena) : m->value);
    }
    return o;
}

static struct json *step_print(struct call *c, const struct gate_step *s, const struct json *input)
{
    struct json *o = json_object_new(c->arena);
    json_put_text(c->arena, o, "row", s->row);
    json_put_text(c->arena, o, "condition", s->meaning);
    json_put(c->arena, o, "facts", facts_print(c, input, s->facts));
    json_put_bool(c->arena, o, "held", s->held);
    if (s->held) {
        json_put_text(c->arena, o, "ruling", ruling_name(s->ruling));
        json_put_text(c->arena, o, "reason", reason_name(s->reason));
    }
    return o;
}

/* The gate as it is, over the facts and the policy of then. What it says now is told beside what
 * was recorded: a row added since may decide earlier. */
static struct err trace_print(struct call *c, const struct policy *policy, const struct ask *ask,
                              const struct json *event, struct json *o)
{
    struct gate_step *steps = ARENA_ARRAY(c->arena, STEPS_MAX, struct gate_step);
    struct json *list = json_array_new(c->arena);
    struct flips flips;
    struct verdict v;
    ENSURE(steps != NULL, ERR_LIMIT, "out of memory");
    TRY(flips_find(c->arena, policy, ask, &flips));
    const size_t n = gate_trace(policy, ask, steps, STEPS_MAX, &v);
    for (size_t i = 0; i < n && i < STEPS_MAX; i++)
        json_push(c->arena, list, step_print(c, &steps[i], json_get(event, "gate_input")));
    json_put(c->arena, o, "steps", list);
    json_put_text(c->arena, o, "decides", v.row);
    json_put(c->arena, o, "otherwise", flips_print(c->arena, &flips));
    json_put_bool(c->arena, o, "agrees",
                  text_eq(ruling_name(v.ruling), json_get_text(event, "decision")) &&
                      text_eq(reason_name(v.reason), json_get_text(event, "reason")));
    return arena_check(c->arena);
}

/* NULL and the reason when the policy of then cannot be had. */
static struct err policy_of_then(struct call *c, struct tx *tx, const struct json *event,
                                 struct policy **policy, const char **why)
{
    const char *digest = json_get_text(event, "policy_version"), *text;
    *policy = NULL;
    *why = "the event names no policy";
    if (digest == NULL)
        return OK;
    struct err e = policy_text_load(tx, c->arena, digest, &text);
    *why = "the book has not the text of this policy version";
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    e = policy_for_book(c->arena, tx, str_of(text), policy);
    if (e.kind != ERR_INPUT)
        return e;
    *policy = NULL;
    *why = arena_fmt(c->arena, "this policy version does not load any more: %s%s%s",
                     e.where == NULL ? "" : e.where, e.where == NULL ? "" : ": ", e.msg);
    return arena_check(c->arena);
}

static struct err steps_put(struct call *c, struct tx *tx, const struct json *event, struct json *o)
{
    const struct json *input = json_get(event, "gate_input");
    struct policy *policy;
    const char *why;
    struct ask ask;
    if (input == NULL) {
        json_put_text(c->arena, o, "note", "the event records no decision of the gate");
        return OK;
    }
    TRY(policy_of_then(c, tx, event, &policy, &why));
    if (policy != NULL) {
        struct err e = ask_read(c->arena, input, &ask);
        if (e.kind != ERR_INPUT && e.kind != ERR_LIMIT)
            return e.kind == ERR_NONE ? trace_print(c, policy, &ask, event, o) : e;
        why = "the gate of today does not read the facts of then";
    }
    json_put_text(c->arena, o, "note", why);
    return arena_check(c->arena);
}

struct err explain_read(struct call *c, struct tx *tx, const char *seq)
{
    static const char *const members[] = {
        "event_type",    "timestamp_utc", "actor_id",  "principal_id",   "on_behalf_of", "tool",
        "tier",          "action",        "object",    "state_from",     "state_to",     "match_id",
        "escalation_id", "entity_id",     "rationale", "policy_version", "gate_input"};
    struct json *o = json_object_new(c->arena);
    struct one_event e;
    TRY(event_find(c, tx, seq, &e));
    json_put_int(c->arena, o, "seq", e.seq);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        copy(c, o, e.event, members[i]);
    json_put(c->arena, o, "recorded", recorded_print(c, e.event));
    TRY(steps_put(c, tx, e.event, o));
    c->result = o;
    return arena_check(c->arena);
}

/* ---- does it hold ---- */

struct err verify_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *o = json_object_new(c->arena);
    struct audit_report r;
    (void)id;
    TRY(audit_verify_tail(tx, c->arena, TAIL_EVENTS, &r));
    json_put_text(c->arena, o, "book_id", store_book_id(tx->store));
    json_put_bool(c->arena, o, "intact", r.kind == AUDIT_INTACT);
    json_put_int(c->arena, o, "from_seq", r.before + 1);
    json_put_int(c->arena, o, "to_seq", r.before + r.events);
    json_put_int(c->arena, o, "events", r.events);
    json_put_text(c->arena, o, "head", r.head);
    json_put_text(c->arena, o, "last_utc", r.last_utc);
    if (r.kind != AUDIT_INTACT) {
        json_put_text(c->arena, o, "problem", r.problem);
        json_put_int(c->arena, o, "bad_seq", r.bad_seq);
    }
    json_put_text(c->arena, o, "covers",
                  r.before == 0
                      ? "every event; not the rows of the book: audit verify --book"
                      : "the last events only; all of them, and the book: audit verify --book");
    c->result = o;
    return arena_check(c->arena);
}
