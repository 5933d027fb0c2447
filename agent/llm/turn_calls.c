/* Calls of the engine's tools. A call is recorded before it goes out, with the key under which the
 * engine keeps what came of it: whoever finds it without a result asks again with that key, and the
 * engine answers with what happened, or lets it happen now, once. A tool that takes no key and
 * changes something is not asked twice. */
#include "agent/llm/turn.h"

#include <string.h>

#include "agent/llm/mark.h"

#define KEY          "idempotency_key"
#define KEY_KEPT_US  (INT64_C(29) * 86400 * 1000000) /* the engine keeps keys for 30 days */
#define RESULT_SHOWN ((size_t)256 * 1024)            /* of a structured result, in the trace */

/* ---- which are owed ---- */

static const struct turn_row *row_of_call(const struct turn *t, size_t from, enum trace_kind kind,
                                          const char *call_id)
{
    for (size_t i = from; i < t->n; i++) {
        const char *id =
            t->rows[i].trace.kind == kind ? json_get_text(t->rows[i].body, "call_id") : NULL;
        if (id != NULL && text_eq(id, call_id))
            return &t->rows[i];
    }
    return NULL;
}

static struct owed owed_of(const struct turn *t, size_t answered, const struct json *part)
{
    struct owed o = {.answered = answered,
                     .call_id = json_get_text(part, "call_id"),
                     .tool = json_get_text(part, "tool"),
                     .arguments = json_get(part, "arguments"),
                     .malformed = json_get_text(part, "malformed")};
    const struct turn_row *calling = row_of_call(t, answered, TRACE_CALLING, o.call_id);
    if (calling != NULL) {
        o.calling = calling->body;
        o.calling_us = calling->trace.at_us;
    }
    return o;
}

static bool last_answer(const struct turn *t, size_t *at)
{
    for (size_t i = t->n; i > 0; i--)
        if (t->rows[i - 1].trace.kind == TRACE_ANSWERED) {
            *at = i - 1;
            return true;
        }
    return false;
}

struct err turn_owed(struct turn *t, struct owed **owed, size_t *n)
{
    size_t at;
    *n = 0;
    *owed = NULL;
    if (!last_answer(t, &at))
        return OK;
    const struct json *parts = json_get(t->rows[at].body, "parts");
    ENSURE(json_is(parts, JSON_TYPE_ARRAY), ERR_STORE, "a trace does not say what was answered");
    *owed = ARENA_ARRAY(t->arena, parts->count + 1, struct owed);
    TRY(arena_check(t->arena));
    for (size_t i = 0; i < parts->count; i++) {
        const struct json *part = parts->items[i];
        const char *id = json_get_text(part, "call_id");
        if (id == NULL || row_of_call(t, at, TRACE_RETURNED, id) != NULL)
            continue;
        (*owed)[(*n)++] = owed_of(t, at, part);
    }
    return OK;
}

/* ---- what comes back ---- */

/* The last call's result also says so to the machine. */
static struct err add_returned(struct turn *t, struct json *body, int64_t latency_us, bool last)
{
    TRY(arena_check(t->arena));
    return turn_add(t, &(struct row_new){.kind = TRACE_RETURNED,
                                         .body = body,
                                         .event = last ? AGENT_SESSION_EVENT_RETURN : STAYS,
                                         .latency_us = latency_us});
}

static struct json *returned(struct turn *t, const struct owed *o, const char *status,
                             bool is_error)
{
    struct json *body = json_object_new(t->arena);
    json_put_text(t->arena, body, "call_id", o->call_id);
    json_put_text(t->arena, body, "tool", o->tool);
    json_put_text(t->arena, body, "status", status);
    json_put_bool(t->arena, body, "is_error", is_error);
    return body;
}

/* A result of ours: the call never reached the engine, or nobody knows what came of it. */
static struct err add_refused(struct turn *t, const struct owed *o, const char *status,
                              const char *sentence, bool last)
{
    struct json *body = returned(t, o, status, true);
    json_put_text(t->arena, body, "text", sentence);
    return add_returned(t, body, 0, last);
}

static void copy_texts(struct arena *arena, struct json *to, const struct json *from)
{
    static const char *const names[] = {"escalation_id", "code",    "reason",
                                        "clause",        "pointer", "match_id"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_put_known(arena, to, names[i], json_get_text(from, names[i]));
    int64_t seq;
    if (json_int(json_get(from, "seq"), &seq))
        json_put_int(arena, to, "seq", seq);
}

/* The structured result for people's eyes; one that is too large is left to the other screens. */
static struct err put_result(struct turn *t, struct json *body, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, RESULT_SHOWN);
    jw_tree(&w, NULL, tree);
    const struct err e = jw_done(&w, &text);
    if (e.kind == ERR_NONE)
        json_put(t->arena, body, "result", tree);
    else
        json_put_bool(t->arena, body, "result_left_out", true);
    return e.kind == ERR_NONE || e.kind == ERR_LIMIT ? OK : e;
}

/* What the model is given, and what people are shown: both without account numbers. */
static struct err add_tree(struct turn *t, const struct owed *o, struct json *body,
                           const struct json *tree, int64_t latency_us, bool last)
{
    const struct mark mark = {t->talk.nonce, (size_t)t->config->result_bytes};
    struct str text;
    size_t hidden = 0;
    TRY(arena_check(t->arena));
    TRY(redact_tree(t->llm->redactor, t->arena, tree, &tree, &hidden));
    TRY(mark_tree(t->arena, &mark, o->tool, tree, &text));
    json_put(t->arena, body, "text", json_str_new(t->arena, text));
    copy_texts(t->arena, body, tree);
    TRY(put_result(t, body, tree));
    if (hidden > 0)
        json_put_int(t->arena, body, "hidden", (int64_t)hidden);
    return add_returned(t, body, latency_us, last);
}

static struct json *failure(struct turn *t, const char *error, const char *message,
                            const char *pointer)
{
    struct json *said = json_object_new(t->arena);
    json_put_known(t->arena, said, "error", error);
    json_put_known(t->arena, said, "message", message);
    json_put_known(t->arena, said, "pointer", pointer);
    return said;
}

static struct err add_result(struct turn *t, const struct owed *o, const struct mcpc_result *result,
                             int64_t latency_us, bool last)
{
    const struct json *tree = result->structured != NULL
                                  ? result->structured
                                  : failure(t, result->error, result->message, result->pointer);
    return add_tree(t, o, returned(t, o, result->status, result->is_error), tree, latency_us, last);
}

/* An error's words may quote the book, so they are data, too. */
static struct err add_failed(struct turn *t, const struct owed *o, const char *status, struct err e,
                             bool last)
{
    return add_tree(t, o, returned(t, o, status, true),
                    failure(t, err_kind_name(e.kind), e.msg, e.where), 0, last);
}

/* ---- going out ---- */

static bool takes_key(const struct toolset_row *row)
{
    return json_pointer_get(row->definition, "/inputSchema/properties/" KEY) != NULL;
}

static struct json *arguments_with(struct turn *t, const struct json *arguments, const char *key)
{
    struct json *o = json_object_new(t->arena);
    for (size_t i = 0; i < arguments->count; i++)
        json_add(t->arena, o, arguments->members[i].key, arguments->members[i].value);
    if (key != NULL)
        json_put_text(t->arena, o, KEY, key);
    return o;
}

/* Recorded before it goes out; *key is NULL for a tool that takes none. */
static struct err add_calling(struct turn *t, const struct owed *o, const struct toolset_row *row,
                              const char **key)
{
    struct json *body = json_object_new(t->arena);
    *key = takes_key(row)
               ? arena_fmt(t->arena, "%s.%lld", t->talk.session_id, (long long)t->talk.rows_n)
               : NULL;
    json_put_text(t->arena, body, "call_id", o->call_id);
    json_put_text(t->arena, body, "tool", row->name);
    json_put(t->arena, body, "arguments", o->arguments);
    json_put_known(t->arena, body, KEY, *key);
    TRY(arena_check(t->arena));
    return turn_add(t, &(struct row_new){.kind = TRACE_CALLING, .body = body, .event = STAYS});
}

enum outcome { DID = 0, LEFT, UNDECIDED };

static struct err undecided(struct turn *t, const struct owed *o, struct err e,
                            enum outcome *outcome)
{
    const bool unknown = e.kind == ERR_UNKNOWN;
    const char *sentence = arena_fmt(
        t->arena,
        unknown ? "%s was called and no answer came, so whether it happened is not known (%s). Try "
                  "again: closegate then asks the engine what came of it, and does not do it twice."
                : "%s could not be called: %s. Nothing was done.",
        o->tool, e.msg);
    *outcome = UNDECIDED;
    TRY(arena_check(t->arena));
    return turn_note(t, unknown ? "unknown" : "trouble", sentence, AGENT_SESSION_EVENT_FAIL, true);
}

static struct err go_out(struct turn *t, const struct owed *o, const struct toolset_row *row,
                         bool last, enum outcome *outcome)
{
    const char *key = o->calling == NULL ? NULL : json_get_text(o->calling, KEY);
    const struct mcpc_actor actor = turn_actor(t->arena, &t->talk);
    struct mcpc_result result;
    if (o->calling == NULL)
        TRY(add_calling(t, o, row, &key));
    const int64_t began_us = t->llm->options.clock_us();
    const struct json *arguments = arguments_with(t, o->arguments, key);
    TRY(arena_check(t->arena));
    const struct err e =
        mcpc_call(t->worker->mcpc, t->arena, &actor, row->name, arguments, &result);
    const int64_t latency_us = t->llm->options.clock_us() - began_us;
    switch (e.kind) {
    case ERR_NONE:
        return add_result(t, o, &result, latency_us, last);
    case ERR_UPSTREAM:
    case ERR_UNKNOWN:
    case ERR_AUTH:
        return undecided(t, o, e, outcome);
    case ERR_INPUT:
    case ERR_REFUSED:
    case ERR_MISSING:
    case ERR_CONFLICT:
    case ERR_LIMIT:
        return add_failed(t, o, "failed", e, last);
    case ERR_STORE:
    case ERR_BUG:
        break;
    }
    return e;
}

/* A call that went out before a stop, without a result: may it be asked again? */
static bool may_repeat(const struct turn *t, const struct owed *o, const struct toolset_row *row)
{
    if (row->read_only)
        return true;
    return json_get_text(o->calling, KEY) != NULL && t->now_us - o->calling_us < KEY_KEPT_US;
}

static struct err call_one(struct turn *t, const struct owed *o, bool last, enum outcome *outcome)
{
    const struct toolset_row *row = toolset_find(&t->tools->set, o->tool);
    *outcome = DID;
    if (row == NULL)
        return add_refused(
            t, o, "refused",
            arena_fmt(t->arena, "There is no tool called %s; use those offered.", o->tool), last);
    if (o->arguments == NULL)
        return add_refused(t, o, "refused",
                           "The arguments are not a JSON object. Write the call again.", last);
    const struct err e = toolset_arguments(o->arguments);
    if (e.kind != ERR_NONE)
        return add_failed(t, o, "refused", e, last);
    if (o->calling != NULL && !may_repeat(t, o, row))
        return add_refused(t, o, "unknown",
                           "This was called before closegate stopped, and whether it happened is "
                           "not known. Look before you call it again.",
                           last);
    return go_out(t, o, row, last, outcome);
}

struct err turn_leave_calls(struct turn *t, struct owed *owed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(add_refused(t, &owed[i], owed[i].calling == NULL ? "stopped" : "unknown",
                        owed[i].calling == NULL
                            ? "The person stopped this before it was done."
                            : "The person stopped this; whether it happened is not known.",
                        i + 1 == n && t->talk.state == AGENT_SESSION_WAITING_TOOL));
    return OK;
}

struct err turn_call_all(struct turn *t, struct owed *owed, size_t n, bool *done)
{
    enum outcome outcome = DID;
    *done = true;
    TRY(turn_tools(t));
    if (t->talk.state == AGENT_SESSION_ACTIVE) { /* tried again after a failure */
        TRY(agent_db_begin(t->worker->db));
        TRY(agent_db_end(t->worker->db, talk_move(t->worker->db, t->arena, &t->talk,
                                                  AGENT_SESSION_EVENT_CALL, true, t->now_us)));
    }
    for (size_t i = 0; i < n; i++) {
        if (atomic_load(&t->step->room->halt))
            return turn_leave_calls(t, owed + i, n - i);
        *done = !atomic_load(&t->llm->stopped); /* the next start goes on from here */
        if (!*done)
            return OK;
        TRY(call_one(t, &owed[i], i + 1 == n, &outcome));
        *done = outcome != UNDECIDED;
        if (!*done)
            return OK;
    }
    return OK;
}
