/* One event: its members found in its bytes, its gate_input read and printed back, the gate asked,
 * the verdict compared. Threads and order are audit_walk's, policies replay_policy.c's. */
#include "engine/call/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/canon_memo.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/call/replay_own.h"
#include "engine/gate/ask_skim.h"
#include "engine/store/audit.h"
#include "engine/store/audit_walk.h"

/* ---- the gates that are linked ---- */

typedef struct verdict gate_fn(const struct policy *policy, const struct ask *ask);

/* An event is decided again by the gate that decided it, or not at all. */
static const struct {
    int64_t version;
    gate_fn *decide;
} gates[] = {{GATE_VERSION, gate_decide}, {2, gate_decide_2}};

static gate_fn *gate_find(int64_t version)
{
    for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++) {
        if (gates[i].version == version)
            return gates[i].decide;
    }
    return NULL;
}

/* ---- an event's members ---- */

enum {
    AT_POINTER,
    AT_CLAUSE,
    AT_DECISION,
    AT_DETAIL,
    AT_TYPE,
    AT_INPUT,
    AT_GATE,
    AT_POLICY,
    AT_REASON,
    AT_ROW,
    AT_COUNT
};
static const struct str names[AT_COUNT] = {
    [AT_POINTER] = {"clause_pointer", 14}, [AT_CLAUSE] = {"clause_text", 11},
    [AT_DECISION] = {"decision", 8},       [AT_DETAIL] = {"detail", 6},
    [AT_TYPE] = {"event_type", 10},        [AT_INPUT] = {"gate_input", 10},
    [AT_GATE] = {"gate_version", 12},      [AT_POLICY] = {"policy_version", 14},
    [AT_REASON] = {"reason", 6},           [AT_ROW] = {"row", 3},
};

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

/* One thread's. */
struct replay_hand {
    struct canon_memo *memo;
    struct buf text;
    struct replay_policies *policies;
};

/* One event under way. */
struct again {
    const struct replay *replay;
    struct replay_hand *own;
    struct arena *scratch;
    struct walk_chunk *chunk;
    int64_t seq;
    struct str at[AT_COUNT]; /* as they are written; .at NULL: absent */
};

/* When the bytes alone do not say: by a tree, each member printed again. */
static struct err members_by_tree(struct again *a, struct str event)
{
    struct json *tree;
    TRY(json_read(a->scratch, event, &event_limits, &tree));
    for (size_t i = 0; i < AT_COUNT; i++) {
        const struct json_member *m = json_find(tree, names[i]);
        a->at[i] = (struct str){.at = NULL};
        if (m != NULL)
            TRY(jcs_text(a->scratch, m->value, &a->at[i]));
    }
    return OK;
}

/* A text member's value, unescaped; NULL when it is none. */
static const char *member_text(const struct again *a, size_t i)
{
    struct str plain;
    struct json *tree;
    if (a->at[i].at == NULL)
        return NULL;
    if (canon_plain(a->at[i], &plain))
        return str_dup(a->scratch, plain);
    return json_read(a->scratch, a->at[i], &event_limits, &tree).kind == ERR_NONE ? json_text(tree)
                                                                                  : NULL;
}

/* ---- findings ---- */

static void unknown_add(struct again *a, const char *why)
{
    struct replay_report *r = a->chunk->found;
    if (r->unknown++ > 0)
        return;
    r->unknown_seq = a->seq;
    r->why = arena_strdup(a->chunk->arena, why);
}

static const char *kept(const struct again *a, const char *text)
{
    return text == NULL ? NULL : arena_strdup(a->chunk->arena, text);
}

static void differs(struct again *a, const char *what, const struct verdict *v)
{
    struct replay_report *r = a->chunk->found;
    if (r->differing++ > 0)
        return;
    r->bad_seq = a->seq;
    r->what = kept(a, what);
    r->was = (struct replay_verdict){.ruling = kept(a, member_text(a, AT_DECISION)),
                                     .reason = kept(a, member_text(a, AT_REASON)),
                                     .row = kept(a, member_text(a, AT_ROW)),
                                     .clause = kept(a, member_text(a, AT_CLAUSE)),
                                     .pointer = kept(a, member_text(a, AT_POINTER))};
    if (v != NULL)
        r->again = (struct replay_verdict){.ruling = ruling_name(v->ruling),
                                           .reason = reason_name(v->reason),
                                           .row = v->row,
                                           .clause = kept(a, v->clause),
                                           .pointer = kept(a, v->pointer)};
}

/* ---- the ask ---- */

static bool prints_back(struct again *a, const struct ask *ask)
{
    struct canon w;
    buf_clear(&a->own->text);
    canon_into_text(&w, &a->own->text);
    ask_write(&w, CANON_ITEM, ask);
    return canon_done(&w).kind == ERR_NONE && str_eq(buf_str(&a->own->text), a->at[AT_INPUT]);
}

/* The slow way: every schema there was. What an older one did not have cannot be printed back. */
static bool ask_by_tree(struct again *a, struct ask *ask)
{
    struct json *tree;
    int64_t schema = 0;
    struct err e = json_read(a->scratch, a->at[AT_INPUT], &event_limits, &tree);
    if (e.kind == ERR_NONE && json_int(json_get(tree, "schema"), &schema) && schema > ASK_SCHEMA) {
        unknown_add(a, arena_fmt(a->scratch,
                                 "its gate_input has schema %" PRId64
                                 ", which this engine does not know",
                                 schema));
        return false;
    }
    if (e.kind == ERR_NONE)
        e = ask_read(a->scratch, tree, ask);
    if (e.kind != ERR_NONE) {
        differs(a,
                arena_fmt(a->scratch, "gate_input cannot be read: %s%s%s",
                          e.where == NULL ? "" : e.where, e.where == NULL ? "" : ": ", e.msg),
                NULL);
        return false;
    }
    if (schema < ASK_SCHEMA || prints_back(a, ask))
        return true;
    differs(a, "gate_input does not print back to the same bytes", NULL);
    return false;
}

static bool ask_take(struct again *a, struct ask *ask)
{
    struct json_skim s = json_skim_of(a->at[AT_INPUT]);
    if (ask_skim(a->scratch, &s, ask) && s.at == s.end && prints_back(a, ask))
        return true;
    return ask_by_tree(a, ask);
}

/* ---- the verdict ---- */

static bool member_is(struct again *a, size_t i, const char *text)
{
    struct str plain;
    if (canon_plain(a->at[i], &plain))
        return str_is(plain, text);
    buf_clear(&a->own->text);
    return canon_text_print(str_of(text), &a->own->text).kind == ERR_NONE &&
           str_eq(buf_str(&a->own->text), a->at[i]);
}

/* The first member that is not the verdict's; NULL: it is the same. */
static const char *verdict_differs(struct again *a, const struct verdict *v)
{
    if (!member_is(a, AT_DECISION, ruling_name(v->ruling)))
        return "decision";
    if (!member_is(a, AT_REASON, reason_name(v->reason)))
        return "reason";
    if (!member_is(a, AT_ROW, v->row))
        return "row";
    if (!member_is(a, AT_CLAUSE, v->clause))
        return "clause_text";
    return member_is(a, AT_POINTER, v->pointer) ? NULL : "clause_pointer";
}

/* A denied act is a violation and nothing else is; what waits for a human is pending, or a stage
 * further; and what was allowed is neither, unless the act was to ask a human. */
static bool type_agrees(const struct again *a, enum ruling ruling, enum action action)
{
    struct str type = STR("");
    (void)canon_plain(a->at[AT_TYPE], &type);
    const bool pending = str_is(type, "ESCALATION_PENDING");
    switch (ruling) {
    case RULING_DENY:
        return str_is(type, "POLICY_VIOLATION");
    case RULING_HUMAN:
        return pending || str_is(type, "ESCALATION_STAGE_APPROVED");
    case RULING_ALLOW:
        return !str_is(type, "POLICY_VIOLATION") && (!pending || action == ACTION_ESCALATE);
    }
    return false;
}

/* ---- one event ---- */

/* The policy that decided it: a reload's own event carries the version that it loaded. */
static const char *policy_of(const struct again *a)
{
    struct str type = STR("");
    struct json *detail;
    (void)canon_plain(a->at[AT_TYPE], &type);
    if (str_is(type, "POLICY_LOADED") && a->at[AT_DETAIL].at != NULL &&
        json_read(a->scratch, a->at[AT_DETAIL], &event_limits, &detail).kind == ERR_NONE)
        return json_get_text(detail, "replaces");
    return member_text(a, AT_POLICY);
}

/* Values are one for each of the policy's currencies; an ask without an amount has none. */
static bool currencies_fit(const struct policy *policy, const struct ask *ask)
{
    for (size_t i = 0; i < ask->values_n; i++) {
        if (i >= policy->currencies_n || strcmp(ask->values[i].cur, policy->currencies[i]) != 0)
            return false;
    }
    return ask->values_n == 0 || ask->values_n == policy->currencies_n;
}

static void judge(struct again *a, const struct replay_policy *policy, const struct ask *ask,
                  gate_fn *decide)
{
    const struct verdict v = decide(policy->policy, ask);
    const char *what = verdict_differs(a, &v);
    if (!currencies_fit(policy->policy, ask))
        what = "the currencies of gate_input are not the policy's";
    if (what == NULL && !type_agrees(a, v.ruling, ask->action))
        what = "event_type does not agree with the decision";
    if (what == NULL)
        return;
    if (policy->unsure == NULL)
        differs(a, what, &v);
    else
        unknown_add(a, arena_fmt(a->scratch,
                                 "%s; an override of its policy is in the currency of"
                                 " entity %s, whose master data was changed since",
                                 what, policy->unsure));
}

static struct err event_again(struct again *a)
{
    struct replay_report *r = a->chunk->found;
    const struct replay_policy *policy;
    int64_t version = 0;
    struct ask ask;
    gate_fn *decide = canon_integer(a->at[AT_GATE], &version) ? gate_find(version) : NULL;
    r->decided++;
    if (decide == NULL) {
        unknown_add(a,
                    arena_fmt(a->scratch,
                              "it was decided by gate %" PRId64 ", which this engine does not have",
                              version));
        return OK;
    }
    TRY(replay_policy_find(a->own->policies, policy_of(a), a->seq, &policy));
    if (policy->broken != NULL)
        differs(a, policy->broken, NULL);
    else if (policy->unknown != NULL)
        unknown_add(a, policy->unknown);
    else if (ask_take(a, &ask))
        judge(a, policy, &ask, decide);
    if (replay_was_late(a->replay, policy, a->seq) && r->late++ == 0)
        r->late_seq = a->seq;
    return OK;
}

static struct err row_again(struct walk_hand *hand, struct walk_chunk *chunk,
                            const struct walk_row *row)
{
    struct again a = {.replay = hand->arg,
                      .own = hand->own,
                      .scratch = hand->scratch,
                      .chunk = chunk,
                      .seq = row->seq};
    struct replay_report *r = chunk->found;
    if (!canon_memo_surely(a.own->memo, row->event, a.at))
        TRY(err_in(members_by_tree(&a, row->event),
                   arena_fmt(hand->scratch, "event %" PRId64, row->seq)));
    if (a.at[AT_INPUT].at != NULL)
        return event_again(&a);
    if (a.at[AT_DECISION].at != NULL)
        differs(&a, "a decision without a gate_input", NULL);
    r->recorded++;
    return OK;
}

/* ---- the walk ---- */

static struct err chunk_open(struct walk_hand *hand, struct walk_chunk *chunk)
{
    (void)hand;
    chunk->found = ARENA_NEW(chunk->arena, struct replay_report); /* of this chunk alone */
    return arena_check(chunk->arena);
}

static struct err hand_begin(struct walk_hand *hand)
{
    struct replay_hand *own = hand->own = calloc(1, sizeof *own);
    ENSURE(own != NULL, ERR_LIMIT, "out of memory");
    buf_init(&own->text, (size_t)16 << 20);
    own->memo = canon_memo_new(names, AT_COUNT);
    ENSURE(own->memo != NULL, ERR_LIMIT, "out of memory");
    return replay_policies_new(hand->arg, &hand->tx, &own->policies);
}

static void hand_end(struct walk_hand *hand)
{
    struct replay_hand *own = hand->own;
    if (own == NULL)
        return;
    canon_memo_free(own->memo);
    buf_fini(&own->text);
    replay_policies_free(own->policies);
    free(own);
}

static const char *moved(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static struct replay_verdict verdict_moved(struct arena *arena, const struct replay_verdict *v)
{
    return (struct replay_verdict){.ruling = moved(arena, v->ruling),
                                   .reason = moved(arena, v->reason),
                                   .row = moved(arena, v->row),
                                   .clause = moved(arena, v->clause),
                                   .pointer = moved(arena, v->pointer)};
}

static struct err chunk_join(void *arg, const struct walk_chunk *chunk, bool *stop)
{
    struct replay *w = arg;
    struct replay_report *r = w->report;
    const struct replay_report *f = chunk->found;
    (void)stop;
    r->decided += f->decided;
    r->recorded += f->recorded;
    if (r->bad_seq == 0 && f->bad_seq != 0) {
        r->bad_seq = f->bad_seq;
        r->what = moved(w->arena, f->what);
        r->was = verdict_moved(w->arena, &f->was);
        r->again = verdict_moved(w->arena, &f->again);
    }
    if (r->unknown_seq == 0 && f->unknown_seq != 0) {
        r->unknown_seq = f->unknown_seq;
        r->why = moved(w->arena, f->why);
    }
    r->late_seq = r->late_seq == 0 ? f->late_seq : r->late_seq;
    r->differing += f->differing;
    r->unknown += f->unknown;
    r->late += f->late;
    if (w->spec->progress != NULL)
        w->spec->progress(w->spec->arg, chunk->last, r->to);
    return arena_check(w->arena);
}

static struct err range_find(struct replay *w, struct tx *tx)
{
    struct replay_report *r = w->report;
    int64_t last;
    TRY(audit_last_seq(tx, &last));
    r->from = w->spec->from == 0 ? 1 : w->spec->from;
    r->to = w->spec->to == 0 ? last : w->spec->to;
    ENSURE(last > 0, ERR_MISSING, "the book has no events");
    ENSURE(r->from >= 1 && r->from <= r->to && r->to <= last, ERR_INPUT,
           "the range is not one of the log's events");
    return replay_loads_read(w, tx);
}

struct err replay_log(const struct replay_spec *spec, struct arena *arena,
                      struct replay_report *report)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct replay w = {.spec = spec, .arena = arena, .report = report};
    struct tx tx;
    *report = (struct replay_report){.from = 0};
    TRY(store_open(spec->path, STORE_READER, arena, &store));
    struct err e = tx_read_begin(store, arena, 0, &tx);
    if (e.kind == ERR_NONE)
        e = range_find(&w, &tx);
    if (e.kind != ERR_NONE)
        return err_fmt(arena, e.kind, NULL, "%s", e.msg);
    tx_read_end(&tx);
    const struct walk walk = {.path = spec->path,
                              .prepared = true,
                              .first = report->from,
                              .last = report->to,
                              .threads = spec->threads,
                              .arg = &w,
                              .begin = hand_begin,
                              .end = hand_end,
                              .open = chunk_open,
                              .row = row_again,
                              .join = chunk_join};
    TRY(audit_walk(&walk, arena, NULL));
    replay_policies_count(&w);
    return arena_check(arena);
}

bool replay_equal(const struct replay_report *report)
{
    return report->differing == 0 && report->unknown == 0;
}
