/* Approvals by the protocol's own means (MCP.md §1.5): an escalation is the task. It is in the book
 * before the answer, so it outlives this process; its id is the task's. A client that knows no
 * tasks but opens links is pointed to the page where a human decides; any other polls. */
#include <ctype.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/log.h"
#include "engine/call/receipt.h"
#include "engine/mcp/engine_own.h"
#include "engine/mcp/mcp_own.h"
#include "engine/store/escalations.h"
#include "engine/tools/scope.h"
#include "engine/tools/settle.h"

#define POLL_MS 2000

extern const struct tool tool_resolve_escalation;

/* ---- reading one ---- */

/* Whoever asked: this actor, or the person it is or acts for. Nobody else's tasks are anybody's. */
bool engine_is_party(const struct actor *a, const struct party *parties, size_t n)
{
    const char *self = a->principal != NULL ? a->principal : a->on_behalf_of;
    for (size_t i = 0; i < n; i++)
        if (text_eq(parties[i].actor, a->id) ||
            (self != NULL && text_eq(parties[i].principal_id, self)))
            return true;
    return false;
}

static const char *status_of(const struct escalation *e)
{
    switch (e->state) {
    case ESCALATION_PENDING:
    case ESCALATION_STAGE_APPROVED:
        return "working";
    case ESCALATION_INFO_REQUESTED:
        return "input_required";
    case ESCALATION_WITHDRAWN:
        return "cancelled";
    case ESCALATION_APPROVED:
    case ESCALATION_REJECTED:
    case ESCALATION_EXPIRED:
    case ESCALATION_STALE:
    case ESCALATION_NONE:
        break;
    }
    return "completed";
}

static struct err moved_at(void *arg, const struct audit_row *row)
{
    struct call *c = arg;
    struct json *event;
    TRY(json_read(c->arena, str_of(row->event), NULL, &event));
    json_put_text(c->arena, c->result, "lastUpdatedAt", json_get_text(event, "timestamp_utc"));
    return OK;
}

/* The event that moved it last says when. */
static struct err put_times(struct call *c, struct tx *tx, const struct escalation *e)
{
    const struct audit_filter last = {
        .escalation_id = e->escalation_id, .after_seq = e->seq - 1, .limit = 1};
    int64_t looked;
    bool more;
    json_put_text(c->arena, c->result, "createdAt", e->created_at);
    json_put_text(c->arena, c->result, "lastUpdatedAt", e->created_at);
    return audit_query(tx, &last, moved_at, c, &looked, &more);
}

/* What the approver asks is asked of the client, as a form with one line. */
static struct json *question(struct arena *arena, const struct escalation *e)
{
    struct json *requests = json_object_new(arena), *ask = json_object_new(arena);
    struct json *params = json_object_new(arena), *schema = json_object_new(arena);
    struct json *properties = json_object_new(arena), *answer = json_object_new(arena);
    struct json *required = json_array_new(arena);
    json_put_text(arena, answer, "type", "string");
    json_put_text(arena, answer, "title", "Answer");
    json_put(arena, properties, "answer", answer);
    json_push(arena, required, json_text_new(arena, "answer"));
    json_put_text(arena, schema, "type", "object");
    json_put(arena, schema, "properties", properties);
    json_put(arena, schema, "required", required);
    json_put_text(arena, params, "mode", "form");
    json_put_text(arena, params, "message",
                  e->decided_rationale != NULL ? e->decided_rationale
                                               : "The approver asks for more information.");
    json_put(arena, params, "requestedSchema", schema);
    json_put_text(arena, ask, "method", "elicitation/create");
    json_put(arena, ask, "params", params);
    json_put(arena, requests, "answer", ask);
    return requests;
}

/* With the receipt of the event that settled it. */
static struct json *final_result(struct arena *arena, const struct escalation *e,
                                 struct receipt *receipt)
{
    struct call settled = {.arena = arena, .outcome = CALL_OK, .receipt = receipt};
    settled.result = settled_outcome(arena, e);
    if (e->state != ESCALATION_APPROVED)
        settled.outcome = CALL_DENIED;
    struct json *result = reply_call(arena, ERA_MODERN, &settled);
    return result;
}

static struct err task_print(struct call *c, struct tx *tx, const struct escalation *e)
{
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "taskId", e->escalation_id);
    json_put_text(c->arena, c->result, "status", status_of(e));
    json_put_text(c->arena, c->result, "statusMessage", e->clause);
    TRY(put_times(c, tx, e));
    json_put(c->arena, c->result, "ttlMs", json_null_new(c->arena));
    json_put_int(c->arena, c->result, "pollIntervalMs", POLL_MS);
    if (e->state == ESCALATION_INFO_REQUESTED)
        json_put(c->arena, c->result, "inputRequests", question(c->arena, e));
    else if (!escalation_is_open(e->state) && e->state != ESCALATION_WITHDRAWN)
        json_put(c->arena, c->result, "result", final_result(c->arena, e, c->receipt));
    return arena_check(c->arena);
}

struct err engine_task_load(struct tx *tx, struct arena *arena, const char *id, struct json **task,
                            struct party **parties, size_t *n)
{
    struct call c = {.arena = arena}; /* of nobody in particular: without a receipt */
    struct escalation e;
    TRY(escalation_load(tx, arena, id, &e));
    TRY(escalation_parties(tx, arena, id, parties, n));
    TRY(task_print(&c, tx, &e));
    *task = c.result;
    return OK;
}

struct loaded {
    struct escalation e;
    struct json *outcome;
};

/* A receipt that cannot be made is no reason to hold back an answer. */
static void receipt_take(struct call *c, struct tx *tx, int64_t seq)
{
    struct err e = receipt_for(tx, c->arena, &c->actor, seq, &c->receipt);
    if (e.kind == ERR_NONE)
        return;
    c->receipt = NULL;
    log_warn("an answer goes without its receipt", LOG_INT("seq", seq), LOG_ERR(e), LOG_END);
}

/* On a reader thread: the escalation, if it is the caller's to know of. Who polls an open one is
 * told of no receipt. */
static struct err load(struct tx *tx, void *arg)
{
    struct engine_req *own = engine_req(arg);
    struct call *c = &own->call;
    struct loaded *l = ARENA_NEW(c->arena, struct loaded);
    struct party *parties;
    size_t n;
    ENSURE(l != NULL, ERR_LIMIT, "out of memory");
    c->planned = l;
    TRY(escalation_load(tx, c->arena, own->task_id, &l->e));
    TRY(escalation_parties(tx, c->arena, own->task_id, &parties, &n));
    ENSURE(engine_is_party(&c->actor, parties, n), ERR_MISSING, "there is no such task");
    l->outcome = settled_outcome(c->arena, &l->e);
    if (!escalation_is_open(l->e.state))
        receipt_take(c, tx, l->e.seq);
    return task_print(c, tx, &l->e);
}

/* For a second round, whose answer has one while it waits, too. */
static struct err load_again(struct tx *tx, void *arg)
{
    struct call *c = &engine_req(arg)->call;
    TRY(load(tx, arg));
    if (c->receipt == NULL)
        receipt_take(c, tx, ((const struct loaded *)c->planned)->e.seq);
    return arena_check(c->arena);
}

static void read_task(struct mcp_req *r, const char *id, spine_read_fn *read, spine_read_done *done)
{
    engine_call_init(r);
    engine_req(r)->task_id = id;
    struct err e = engine_read(r, read, done);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

static void task_fault(struct mcp_req *r, struct err e)
{
    req_fault(r, e.kind == ERR_MISSING
                     ? jsonrpc_fault(JSONRPC_INVALID_PARAMS, "there is no such task")
                     : jsonrpc_fault_of(e));
}

/* ---- tools/call: what waits ---- */

static void on_task_made(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    if (e.kind != ERR_NONE) {
        task_fault(r, e);
        return;
    }
    struct json *task = engine_req(r)->call.result;
    json_put_text(r->arena, task, "resultType", "task");
    reply_receipt(r->arena, task, engine_req(r)->receipt);
    req_result(r, task);
}

static bool may_be_task(const struct mcp_req *r)
{
    return r->era.era == ERA_MODERN && req_client_extension(r, MCP_EXTENSION_TASKS);
}

/* The page where a human decides; NULL when no workspace is known. */
static const char *page_of(struct mcp_req *r, const char *escalation_id)
{
    const char *base = host_of(r)->options.config->workspace_url;
    return text_empty(base) ? NULL : arena_fmt(r->arena, "%s/inbox/%s", base, escalation_id);
}

static void point_to(struct mcp_req *r, const struct call *call, const char *url)
{
    struct json *requests = json_object_new(r->arena), *ask = json_object_new(r->arena);
    struct json *params = json_object_new(r->arena), *state = json_object_new(r->arena);
    json_put_text(r->arena, params, "mode", "url");
    json_put_text(r->arena, params, "url", url);
    json_put_text(r->arena, params, "elicitationId", call->escalation_id);
    json_put_text(r->arena, params, "message",
                  arena_fmt(r->arena, "A person decides this in the approval inbox: %s",
                            call->verdict.clause == NULL ? "" : call->verdict.clause));
    json_put_text(r->arena, ask, "method", "elicitation/create");
    json_put(r->arena, ask, "params", params);
    json_put(r->arena, requests, "approval", ask);
    json_put_text(r->arena, state, "escalation_id", call->escalation_id);
    req_input_required(r, requests, state);
}

void engine_pending(struct mcp_req *r, const struct call *call)
{
    const char *url = call->escalation_id == NULL ? NULL : page_of(r, call->escalation_id);
    engine_req(r)->receipt = call->receipt;
    if (call->escalation_id != NULL && may_be_task(r)) {
        read_task(r, arena_strdup(r->arena, call->escalation_id), load, on_task_made);
        return;
    }
    if (url != NULL && r->era.era == ERA_MODERN && req_client_can(r, "elicitation", "url")) {
        point_to(r, call, url);
        return;
    }
    if (url != NULL)
        json_put_text(r->arena, call->result, "approval_url", url);
    req_result(r, reply_call(r->arena, r->era.era, call));
}

static void on_second_round(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    const struct loaded *l = engine_req(r)->call.planned;
    if (e.kind != ERR_NONE) {
        task_fault(r, e);
        return;
    }
    struct call now = {
        .arena = r->arena, .result = l->outcome, .receipt = engine_req(r)->call.receipt};
    now.outcome = escalation_is_open(l->e.state)      ? CALL_PENDING
                  : l->e.state == ESCALATION_APPROVED ? CALL_OK
                                                      : CALL_DENIED;
    req_result(r, reply_call(r->arena, r->era.era, &now));
}

bool engine_pending_again(struct mcp_req *r)
{
    const char *id = json_get_text(r->state, "escalation_id");
    if (id != NULL)
        read_task(r, id, load_again, on_second_round);
    return id != NULL;
}

/* ---- tasks/get, tasks/update, tasks/cancel ---- */

static void on_task(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    if (e.kind != ERR_NONE)
        task_fault(r, e);
    else
        req_result(r, engine_req(r)->call.result);
}

void engine_task_get(struct mcp_req *r, const char *id)
{
    read_task(r, id, load, on_task);
}

/* What the caller says of it is a resolve_escalation of theirs, judged like any. */
static void on_resolved(struct call *call, void *arg)
{
    struct mcp_req *r = arg;
    if (call->outcome == CALL_FAILED)
        task_fault(r, call->err);
    else if (call->outcome == CALL_DENIED)
        req_fault(r, jsonrpc_fault(JSONRPC_INVALID_PARAMS,
                                   call->verdict.clause != NULL ? call->verdict.clause : "denied"));
    else
        req_result(r, json_object_new(r->arena));
}

static void resolve(struct mcp_req *r, const char *decision, const char *words)
{
    struct engine_req *own = engine_req(r);
    const struct loaded *l = own->call.planned;
    struct json *arguments = json_object_new(r->arena);
    json_put_text(r->arena, arguments, "escalation_id", l->e.escalation_id);
    json_put_text(r->arena, arguments, "decision", decision);
    json_put_text(r->arena, arguments, "digest", l->e.digest);
    json_put_text(r->arena, arguments, "rationale", words);
    engine_call_init(r);
    own->call.tool = &tool_resolve_escalation;
    struct err e = call_bind(&own->call, arguments);
    if (e.kind == ERR_NONE)
        e = spine_submit(host_of(r)->options.spine, &own->call, on_resolved, r);
    if (e.kind != ERR_NONE)
        task_fault(r, e);
}

static void on_cancel_of(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    const struct loaded *l = engine_req(r)->call.planned;
    if (e.kind != ERR_NONE)
        task_fault(r, e);
    else if (!escalation_is_open(l->e.state)) /* settled already: nothing to take back */
        req_result(r, json_object_new(r->arena));
    else
        resolve(r, "withdraw", "cancelled by the client that asked");
}

void engine_task_cancel(struct mcp_req *r, const char *id)
{
    if (engine_may(r, ACCESS_PROPOSE))
        read_task(r, id, load, on_cancel_of);
}

static void on_update_of(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    const struct loaded *l = engine_req(r)->call.planned;
    const char *answer = json_get_text(json_get(req_input(r, "answer"), "content"), "answer");
    if (e.kind != ERR_NONE)
        task_fault(r, e);
    else if (l->e.state != ESCALATION_INFO_REQUESTED || answer == NULL)
        req_result(r, json_object_new(r->arena)); /* nothing was asked, or not answered: still so */
    else
        resolve(r, "answer", answer);
}

void engine_task_update(struct mcp_req *r, const char *id, const struct json *responses)
{
    (void)responses; /* read again where they are used: req_input */
    if (engine_may(r, ACCESS_PROPOSE))
        read_task(r, id, load, on_update_of);
}
