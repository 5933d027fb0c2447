/* A request from its first byte to its answer: whole or in events, kept by a session or not, wanted
 * still or not. Nothing here knows a tool. */
#include "engine/mcp/exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/reply.h"
#include "engine/mcp/sse.h"

#define REQUEST_BYTES_MAX  ((size_t)32 * 1024 * 1024)
#define REPLY_BYTES_MAX    ((size_t)32 * 1024 * 1024)
#define PROGRESS_BYTES_MAX ((size_t)64 * 1024)
#define REPLY_FIELDS_MAX   8

/* ---- whole ---- */

/* The host said how to get in. */
static bool challenged(const struct mcp_req *r)
{
    for (size_t i = 0; i < r->fields_n; i++)
        if (strcmp(r->fields[i].name, "WWW-Authenticate") == 0)
            return true;
    return false;
}

static void reply_body(struct mcp_req *r, int status, const struct json *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text = {0};
    struct http_pair pairs[REPLY_FIELDS_MAX];
    char later[24];
    struct http_reply reply = {
        .status = status, .content_type = "application/json", .pairs = pairs};

    (void)snprintf(later, sizeof later, "%" PRId64, r->retry_after_s == 0 ? 1 : r->retry_after_s);
    jw_init(&w, REPLY_BYTES_MAX);
    jw_tree(&w, NULL, body);
    struct err e = arena_check(r->arena);
    if (e.kind == ERR_NONE)
        e = jw_done(&w, &text);
    if (e.kind != ERR_NONE) {
        log_error("answer could not be written", LOG_ERR(e), LOG_END);
        reply.status = 500;
        text = STR("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":\"" MCP_ANSWER_LOST
                   "\"}}");
    }
    for (size_t i = 0; i < r->fields_n && reply.pairs_n + 2 < REPLY_FIELDS_MAX; i++)
        pairs[reply.pairs_n++] = r->fields[i];
    if (status == 401 && !challenged(r))
        pairs[reply.pairs_n++] =
            (struct http_pair){"WWW-Authenticate", "Closegate-Assertion realm=\"closegate\""};
    else if (status == 503 || status == 429)
        pairs[reply.pairs_n++] = (struct http_pair){"Retry-After", later};
    if (r->session != NULL)
        pairs[reply.pairs_n++] = (struct http_pair){"Mcp-Session-Id", r->session->id};
    reply.body = text.at;
    reply.body_len = text.len;
    web_reply(r->web, &reply);
    r->web = NULL;
}

/* ---- in events ---- */

static bool accepts_stream(const struct mcp_req *r)
{
    return http_header_has(web_http(r->web), "Accept", "text/event-stream");
}

bool exchange_stream(struct mcp_req *r)
{
    if (r->streaming)
        return true;
    if (r->web == NULL || r->deaf || !accepts_stream(r))
        return false;
    if (r->session == NULL) {
        sse_begin(r->web, NULL);
        r->streaming = true;
        return true;
    }
    r->stream = stream_new(r->session, r->web, r);
    if (r->stream == NULL)
        return false;
    sse_begin(r->web, r->session->id);
    r->streaming = true;
    if (strcmp(r->session->version, "2025-11-25") >= 0) /* older clients read no empty data */
        stream_event(r->stream, STR(""));
    return true;
}

void exchange_send(struct mcp_req *r, const struct json *message)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, REPLY_BYTES_MAX);
    jw_tree(&w, NULL, message);
    struct err e = jw_done(&w, &text);
    if (e.kind != ERR_NONE) {
        log_error("an event could not be written", LOG_ERR(e), LOG_END);
        return;
    }
    if (r->stream != NULL) {
        stream_event(r->stream, text);
    } else if (r->web != NULL && !sse_event(r->web, NULL, text)) {
        web_stream_end(r->web);
        r->web = NULL;
    }
}

struct json *exchange_notification(struct arena *arena, const char *method,
                                   const struct json *params)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "jsonrpc", "2.0");
    json_put_text(arena, o, "method", method);
    json_put(arena, o, "params", params);
    return o;
}

const struct json *exchange_json_copy(struct arena *arena, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    struct json *copy;
    jw_init(&w, REPLY_BYTES_MAX);
    jw_tree(&w, NULL, tree);
    if (tree == NULL || jw_done(&w, &text).kind != ERR_NONE)
        return json_object_new(arena);
    char *kept = arena_dup(arena, text.at, text.len);
    if (kept == NULL ||
        json_read(arena, (struct str){kept, text.len}, NULL, &copy).kind != ERR_NONE)
        return NULL;
    return copy;
}

/* ---- beginning and end ---- */

static void asks_drop(struct mcp_req *r)
{
    for (size_t i = 0; r->session != NULL && i < SESSION_ASKS_MAX; i++)
        if (r->session->asked[i].req == r)
            r->session->asked[i] = (struct asked){0};
}

void exchange_drop(struct mcp_req *r)
{
    asks_drop(r);
    if (r->counted)
        quota_leave(r->mcp->callers, r->caller);
    if (r->stream != NULL)
        r->stream->req = NULL;
    TAILQ_REMOVE(&r->mcp->requests, r, link);
    r->mcp->in_flight--;
    log_context(NULL, NULL);
    arena_free(r->arena); /* r lives in it */
}

static void wanted_no_more(struct mcp_req *r)
{
    void (*tell)(struct mcp_req *) = r->on_cancel;
    r->deaf = true;
    r->on_cancel = NULL;
    if (tell != NULL)
        tell(r);
}

/* The client left. In the modern era that takes the request back (MCP.md §1.3); before, it may come
 * back for the answer, and only notifications/cancelled takes it back. */
static void on_gone(void *ctx)
{
    struct mcp_req *r = ctx;
    struct web_req *web = r->web;
    r->left = true;
    if (web == NULL)
        return;
    if (r->streaming) {
        r->web = NULL;
        web_stream_end(web);
    }
    if (r->msg.kind != JSONRPC_NONE && r->era.era == ERA_MODERN)
        wanted_no_more(r);
}

struct mcp_req *exchange_new(struct mcp *mcp, struct web_req *web, bool admin)
{
    struct arena *arena = arena_new(REQUEST_BYTES_MAX);
    struct mcp_req *r = arena == NULL ? NULL : ARENA_NEW(arena, struct mcp_req);
    if (r == NULL) {
        arena_free(arena);
        web_refuse(web, 503, "no memory for this request");
        return NULL;
    }
    *r = (struct mcp_req){.mcp = mcp, .web = web, .arena = arena, .admin = admin};
    const char *id = web_trace(web) != NULL ? web_trace(web) : web_id(web);
    memcpy(r->request_id, id, strlen(id) + 1); /* 32 hex digits at most */
    TAILQ_INSERT_TAIL(&mcp->requests, r, link);
    mcp->in_flight++;
    log_context(web_id(web), web_trace(web));
    web_on_gone(web, on_gone, r);
    return r;
}

/* The last word. */
static void finish(struct mcp_req *r, int status, const struct json *message)
{
    if (r->stream != NULL) {
        if (!r->deaf)
            exchange_send(r, message);
        struct stream *st = r->stream;
        r->stream = NULL;
        r->web = NULL;
        stream_end(st);
    } else if (r->streaming) {
        if (!r->deaf)
            exchange_send(r, message);
        if (r->web != NULL)
            web_stream_end(r->web);
    } else if (r->web != NULL && r->deaf) {
        web_reply(r->web, &(struct http_reply){.status = 202});
    } else if (r->web != NULL) {
        reply_body(r, status, message);
    }
    exchange_drop(r);
}

void req_result(struct mcp_req *r, struct json *result)
{
    finish(r, 200,
           jsonrpc_result(r->arena, r->msg.id, reply_complete(r->arena, r->era.era, result)));
}

void req_cacheable(struct mcp_req *r, struct json *result, int64_t ttl_ms)
{
    finish(
        r, 200,
        jsonrpc_result(r->arena, r->msg.id, reply_cacheable(r->arena, r->era.era, result, ttl_ms)));
}

void req_fault(struct mcp_req *r, struct jsonrpc_fault fault)
{
    finish(r, fault.status, jsonrpc_error(r->arena, r->msg.id, &fault));
}

void req_accepted(struct mcp_req *r)
{
    if (r->web != NULL)
        web_reply(r->web, &(struct http_reply){.status = 202});
    exchange_drop(r);
}

void req_refuse(struct mcp_req *r, int status, const char *why)
{
    req_fault(r, (struct jsonrpc_fault){.code = status, .status = status, .message = why});
}

bool req_admit(struct mcp_req *r, const uint8_t caller[QUOTA_KEY])
{
    int64_t wait_us;
    const enum quota_verdict verdict =
        quota_enter(r->mcp->callers, caller, loop_now_ms() * 1000, &wait_us);
    r->counted = verdict == QUOTA_TAKEN;
    if (r->counted) {
        memcpy(r->caller, caller, sizeof r->caller);
        return true;
    }
    r->retry_after_s = (wait_us + 999999) / 1000000;
    *(verdict == QUOTA_TOO_FAST ? &r->mcp->too_fast : &r->mcp->too_many) += 1;
    req_refuse(r, 429,
               verdict == QUOTA_TOO_FAST ? "too many requests of this caller in a short time"
                                         : "too many requests of this caller are under way");
    return false;
}

/* ---- what the client can do ---- */

static const struct json *capabilities(const struct mcp_req *r)
{
    if (r->era.era == ERA_MODERN)
        return r->era.client_capabilities;
    return r->session == NULL ? NULL : r->session->client_capabilities;
}

bool req_client_can(const struct mcp_req *r, const char *capability, const char *mode)
{
    const struct json *c = json_get(capabilities(r), capability);
    if (c == NULL || mode == NULL)
        return c != NULL;
    if (json_get(c, mode) != NULL)
        return true;
    /* an elicitation capability that names no mode means forms */
    return strcmp(mode, "form") == 0 && json_get(c, "url") == NULL;
}

bool req_client_extension(const struct mcp_req *r, const char *name)
{
    return json_get(json_get(capabilities(r), "extensions"), name) != NULL;
}

void req_needs(struct mcp_req *r, const char *capability, const char *extension)
{
    struct jsonrpc_fault fault =
        jsonrpc_fault(MCP_MISSING_CAPABILITY, "the client does not declare what this call needs");
    struct json *data = json_object_new(r->arena), *required = json_object_new(r->arena);
    struct json *one = json_object_new(r->arena);
    if (extension != NULL)
        json_put(r->arena, one, extension, json_object_new(r->arena));
    json_put(r->arena, required, extension != NULL ? "extensions" : capability, one);
    json_put(r->arena, data, "requiredCapabilities", required);
    fault.data = data;
    req_fault(r, fault);
}

/* ---- on the way ---- */

static const struct json *progress_token(const struct mcp_req *r)
{
    const struct json *token = json_get(json_get(r->msg.params, "_meta"), "progressToken");
    return json_is(token, JSON_TYPE_TEXT) || json_is(token, JSON_TYPE_NUMBER) ? token : NULL;
}

bool req_wants_progress(const struct mcp_req *r)
{
    return progress_token(r) != NULL;
}

/* Long work says many of these: none stays in the request's memory. */
void req_progress(struct mcp_req *r, int64_t progress, int64_t total, const char *message)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(PROGRESS_BYTES_MAX);
    const struct json *token = progress_token(r);
    if (arena == NULL || token == NULL || r->deaf || !exchange_stream(r))
        return;
    struct json *params = json_object_new(arena);
    json_put(arena, params, "progressToken", token);
    json_put_int(arena, params, "progress", progress);
    if (total >= 0)
        json_put_int(arena, params, "total", total);
    if (message != NULL)
        json_put_text(arena, params, "message", message);
    exchange_send(r, exchange_notification(arena, "notifications/progress", params));
}

static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                     "error", "critical", "alert",  "emergency"};

int log_level_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i], name) == 0)
            return (int)i;
    return -1;
}

/* Legacy: what logging/setLevel said, everything until it did. Modern: what this request says. */
static bool wants_level(const struct mcp_req *r, const char *level)
{
    const struct json *meta = json_get(r->msg.params, "_meta");
    int least = r->session == NULL ? -1 : r->session->level;
    if (r->era.era == ERA_MODERN) {
        least = log_level_find(json_get_text(meta, "io.modelcontextprotocol/logLevel"));
        if (least < 0)
            return false;
    }
    return log_level_find(level) >= least;
}

void req_log(struct mcp_req *r, const char *level, const char *logger, const struct json *data)
{
    if (r->deaf || !wants_level(r, level) || !exchange_stream(r))
        return;
    struct json *params = json_object_new(r->arena);
    json_put_text(r->arena, params, "level", level);
    if (logger != NULL)
        json_put_text(r->arena, params, "logger", logger);
    json_put(r->arena, params, "data", data);
    exchange_send(r, exchange_notification(r->arena, "notifications/message", params));
}

void req_let_go(struct mcp_req *r, int64_t retry_ms)
{
    if (r->session == NULL || !exchange_stream(r) || r->web == NULL)
        return;
    (void)sse_retry(r->web, retry_ms);
    stream_let_go(r->stream);
}

/* ---- asking the client ---- */

bool req_ask(struct mcp_req *r, const char *method, const struct json *params, req_answer *answer)
{
    struct asked *free_slot = NULL;
    if (r->session == NULL || r->deaf || !exchange_stream(r))
        return false;
    for (size_t i = 0; free_slot == NULL && i < SESSION_ASKS_MAX; i++)
        if (r->session->asked[i].id == 0)
            free_slot = &r->session->asked[i];
    if (free_slot == NULL)
        return false;
    *free_slot = (struct asked){.id = r->session->next_ask++, .req = r, .answer = answer};
    exchange_send(r, jsonrpc_request(r->arena, free_slot->id, method, params));
    return true;
}

void exchange_unanswered(struct asked *a)
{
    const struct asked was = *a;
    *a = (struct asked){0};
    was.answer(was.req, NULL);
}

void exchange_response(struct mcp_req *r)
{
    struct session *s = r->session;
    int64_t id;
    struct asked was = {0};
    if (s != NULL && json_int(r->msg.id, &id) && id > 0)
        for (size_t i = 0; i < SESSION_ASKS_MAX; i++)
            if (s->asked[i].id == id) {
                was = s->asked[i];
                s->asked[i] = (struct asked){0};
            }
    const struct json *result =
        was.req == NULL ? NULL
                        : exchange_json_copy(was.req->arena, json_get(r->msg.tree, "result"));
    const bool refused = json_get(r->msg.tree, "result") == NULL;
    req_accepted(r);
    if (was.req != NULL)
        was.answer(was.req, refused ? NULL : result);
}

/* ---- taken back ---- */

void exchange_cancel(struct mcp_req *by, const struct json *id)
{
    struct mcp_req *r;
    TAILQ_FOREACH(r, &by->mcp->requests, link)
    if (r != by && r->session == by->session && r->owner != NULL && text_eq(r->owner, by->owner) &&
        r->msg.id != NULL && json_equal(r->msg.id, id)) {
        wanted_no_more(r);
        return;
    }
}

void exchange_forget_session(struct session *s)
{
    struct mcp_req *r;
    TAILQ_FOREACH(r, &s->mcp->requests, link)
    if (r->session == s) {
        if (r->stream != NULL)
            r->web = NULL; /* the stream's connection ends with it */
        r->session = NULL;
        r->stream = NULL;
        r->deaf = true;
    }
}

/* ---- more than one round ---- */

const char *exchange_about(struct mcp_req *r)
{
    struct json *o = json_object_new(r->arena), *params = json_object_new(r->arena);
    struct str text;
    for (size_t i = 0; r->msg.params != NULL && i < r->msg.params->count; i++) {
        const struct json_member *m = &r->msg.params->members[i];
        if (!str_is(m->key, "_meta") && !str_is(m->key, "requestState") &&
            !str_is(m->key, "inputResponses"))
            (void)json_add(r->arena, params, m->key, m->value);
    }
    json_put_text(r->arena, o, "owner", r->owner);
    json_put_text(r->arena, o, "method", r->msg.method);
    json_put(r->arena, o, "params", params);
    char hex[SHA256_HEX_SIZE];
    if (arena_check(r->arena).kind != ERR_NONE || jcs_text(r->arena, o, &text).kind != ERR_NONE)
        return "";
    sha256_hex(text.at, text.len, hex);
    return arena_strdup(r->arena, hex);
}

void req_input_required(struct mcp_req *r, struct json *requests, const struct json *state)
{
    const char *sealed;
    struct json *result = json_object_new(r->arena);
    struct err e = seal_close(r->mcp->seal, r->arena, exchange_about(r), state,
                              r->mcp->options.clock_us() / 1000000, &sealed);
    if (e.kind != ERR_NONE) {
        req_fault(r, jsonrpc_fault_of(e));
        return;
    }
    json_put_text(r->arena, result, "resultType", "input_required");
    json_put(r->arena, result, "inputRequests", requests);
    json_put_text(r->arena, result, "requestState", sealed);
    req_result(r, result);
}

const struct json *req_input(const struct mcp_req *r, const char *key)
{
    return json_get(json_get(r->msg.params, "inputResponses"), key);
}
