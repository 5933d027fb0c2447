/* An errand over HTTP: its answer whole or in events, taken up again where a stream broke off, said
 * again under a new session when the daemon forgot the old one (it was restarted). */
#include <string.h>
#include <time.h>

#include "common/sys/fetch.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"
#include "common/sys/sse_read.h"
#include "engine/cli/bridge.h"

#define EVENT_MAX     ((size_t)33 * 1024 * 1024)
#define MESSAGE_MAX   ((size_t)64 * 1024 * 1024)
#define PAUSE_MS      1000
#define RESUMES_MAX   20
#define URL_OF_SOCKET "http://localhost"

/* One exchange: what its stream brings goes out as it comes. */
struct exchange {
    struct bridge *b;
    struct errand *errand; /* NULL: the session's own stream */
    struct sse_read events;
    bool streamed; /* something came in events */
};

static void pause_ms(struct bridge *b, int64_t ms)
{
    for (; ms > 0 && !atomic_load(&b->ending); ms -= 100)
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000L}, NULL);
}

static void say(struct errand *e, struct jsonrpc_fault fault)
{
    if (e->msg.kind != JSONRPC_REQUEST || e->answered || atomic_load(&e->unwanted))
        return;
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    e->answered = true;
    jw_init(&w, MESSAGE_MAX);
    jw_tree(&w, NULL, jsonrpc_error(e->arena, e->msg.id, &fault));
    if (jw_done(&w, &text).kind == ERR_NONE)
        bridge_write(e->bridge, text);
}

static void say_text(struct errand *e, int code, const char *why)
{
    say(e, (struct jsonrpc_fault){.code = code, .message = why});
}

/* Whether the message is the errand's own answer. */
static bool is_answer(const struct errand *e, const struct json *message)
{
    const struct json *id = json_get(message, "id");
    return json_get(message, "method") == NULL && id != NULL && e->msg.id != NULL &&
           json_equal(id, e->msg.id);
}

/* ---- streams ---- */

static void pass_on(struct exchange *x, struct str data)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(MESSAGE_MAX);
    struct json *message;
    if (x->errand != NULL && atomic_load(&x->errand->unwanted))
        return;
    if (arena == NULL || json_read(arena, data, NULL, &message).kind != ERR_NONE) {
        log_warn("the engine sent an event that is no JSON", LOG_END);
        return;
    }
    if (x->errand != NULL && is_answer(x->errand, message))
        x->errand->answered = true;
    bridge_write(x->b, data);
}

static bool take(void *ctx, const char *bytes, size_t n)
{
    struct exchange *x = ctx;
    struct str data;
    x->streamed = true;
    sse_read_put(&x->events, bytes, n);
    while (sse_read_next(&x->events, &data))
        pass_on(x, data);
    return !x->events.failed;
}

static bool give_up(void *ctx)
{
    const struct exchange *x = ctx;
    if (atomic_load(&x->b->ending))
        return true;
    return x->errand != NULL && atomic_load(&x->errand->unwanted);
}

static struct err exchange_run(struct exchange *x, struct arena *arena, const char *method,
                               const char *last_id, struct fetch_reply *reply)
{
    struct http_pair pairs[BRIDGE_PAIRS_MAX + 1];
    const bool post = strcmp(method, "POST") == 0;
    struct fetch_req req = {
        .method = method,
        .url = arena_fmt(arena, "%s/mcp", x->b->unix_socket != NULL ? URL_OF_SOCKET : x->b->url),
        .unix_socket = x->b->unix_socket,
        .tls = x->b->tls,
        .pairs = pairs,
        .body = post ? x->errand->body : STR(""),
        .reply_max = MESSAGE_MAX,
        .timeout_ms = FETCH_FOREVER,
        .stream_type = "text/event-stream",
        .take = take,
        .give_up = give_up,
        .ctx = x};
    TRY(bridge_head(x->b, arena, method, post ? &x->errand->msg : NULL, req.body, pairs,
                    &req.pairs_n));
    if (last_id != NULL)
        pairs[req.pairs_n++] = (struct http_pair){"Last-Event-ID", last_id};
    TRY(arena_check(arena));
    return fetch(arena, &req, reply);
}

/* The stream broke off before the answer: the daemon keeps what follows for a while. */
static void resume(struct exchange *x)
{
    struct bridge *b = x->b;
    struct fetch_reply reply = {.status = 200};
    for (int i = 0; i < RESUMES_MAX && !x->errand->answered && !give_up(x); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(MESSAGE_MAX);
        if (arena == NULL || x->events.id[0] == '\0')
            return;
        pause_ms(b, x->events.retry_ms > 0 ? x->events.retry_ms : PAUSE_MS);
        struct err e = exchange_run(x, arena, "GET", arena_strdup(arena, x->events.id), &reply);
        if (e.kind == ERR_NONE && reply.status != 200)
            return;
    }
}

/* Whether to ask again: always but where there is no such stream. A session that is not known any
 * more may be another one by then. */
static bool tail_goes_on(struct exchange *x, struct err e, const struct fetch_reply *reply)
{
    if (e.kind != ERR_NONE || reply->status < 400)
        return true;
    x->events.id[0] = '\0';
    pause_ms(x->b, 5 * PAUSE_MS);
    return reply->status == 404 || reply->status == 400 || reply->status == 503;
}

void *bridge_tail(void *bridge)
{
    struct bridge *b = bridge;
    struct exchange x = {.b = b};
    bool go_on = true;
    sse_read_init(&x.events, EVENT_MAX);
    while (go_on && !atomic_load(&b->ending)) {
        CLEANUP(arena_free) struct arena *arena = arena_new(MESSAGE_MAX);
        struct fetch_reply reply;
        if (arena == NULL)
            break;
        const char *last = x.events.id[0] == '\0' ? NULL : arena_strdup(arena, x.events.id);
        struct err e = exchange_run(&x, arena, "GET", last, &reply);
        go_on = tail_goes_on(&x, e, &reply);
        pause_ms(b, PAUSE_MS);
    }
    sse_read_fini(&x.events);
    return NULL;
}

/* ---- whole answers ---- */

/* A refusal that names no request is the answer to this one: its client waits for its id. */
static void say_refusal(struct errand *e, const struct fetch_reply *reply, const struct json *told)
{
    int64_t code = reply->status;
    const struct json *error = json_get(told, "error");
    const char *why = json_get_text(error, "message");
    if (why == NULL)
        why = json_text(error);
    if (json_get(error, "code") != NULL && !json_int(json_get(error, "code"), &code))
        code = JSONRPC_INTERNAL;
    say(e, (struct jsonrpc_fault){.code = (int)code,
                                  .message = why != NULL ? why : "the engine refused this",
                                  .data = json_get(error, "data")});
}

static void session_begins(struct errand *e, const struct fetch_reply *reply,
                           const struct json *told)
{
    const char *version = json_get_text(json_get(told, "result"), "protocolVersion");
    if (text_eq(e->msg.method, "initialize") && version != NULL)
        bridge_session(e->bridge, fetch_header(reply, "Mcp-Session-Id"), version, e->body);
}

static void on_whole(struct errand *e, const struct fetch_reply *reply)
{
    struct json *told = NULL;
    if (e->msg.kind != JSONRPC_REQUEST) {
        if (reply->status >= 400)
            log_warn("the engine refused a notification", LOG_INT("status", reply->status),
                     LOG_TEXT("method", e->msg.method), LOG_END);
        return;
    }
    if (json_read(e->arena, reply->body, NULL, &told).kind != ERR_NONE)
        told = NULL;
    session_begins(e, reply, told);
    if (told == NULL || !is_answer(e, told)) {
        say_refusal(e, reply, told);
    } else if (!atomic_load(&e->unwanted)) {
        e->answered = true;
        bridge_write(e->bridge, reply->body);
    }
}

/* ---- errands ---- */

/* The client knows nothing of sessions over a pipe: a new one takes the old one's place. */
static bool session_again(struct errand *e)
{
    const char *session, *version;
    struct exchange x = {.b = e->bridge};
    struct errand hello = {.bridge = e->bridge, .arena = e->arena};
    struct jsonrpc_fault fault;
    struct fetch_reply reply;
    bridge_session_copy(e->bridge, e->arena, &session, &version, &hello.body);
    if (session == NULL || e->modern || e->again)
        return false;
    e->again = true;
    jsonrpc_parse(e->arena, hello.body, &hello.msg, &fault);
    sse_read_init(&x.events, EVENT_MAX);
    x.errand = &hello;
    struct err err = exchange_run(&x, e->arena, "POST", NULL, &reply);
    struct json *told;
    const bool good = err.kind == ERR_NONE && reply.status == 200 &&
                      json_read(e->arena, reply.body, NULL, &told).kind == ERR_NONE;
    if (good)
        session_begins(&hello, &reply, told);
    sse_read_fini(&x.events);
    return good;
}

static void say_failed(struct errand *e, struct err err)
{
    if (err.kind == ERR_MISSING)
        say_text(e, JSONRPC_INTERNAL,
                 "no engine answers: it is not running, or this user may not use its socket");
    else if (err.kind == ERR_UNKNOWN)
        say_text(e, JSONRPC_INTERNAL,
                 "the connection broke off, the outcome is unknown: repeat a change with the same "
                 "idempotency_key");
    else
        say_text(e, JSONRPC_INTERNAL, err.msg);
}

void errand_run(struct errand *e)
{
    struct exchange x = {.b = e->bridge, .errand = e};
    struct fetch_reply reply = {0};
    sse_read_init(&x.events, EVENT_MAX);
    struct err err = exchange_run(&x, e->arena, "POST", NULL, &reply);
    if (err.kind == ERR_NONE && reply.status == 404 && session_again(e))
        err = exchange_run(&x, e->arena, "POST", NULL, &reply);
    if (x.streamed)
        resume(&x);
    else if (err.kind == ERR_NONE)
        on_whole(e, &reply);
    if (!e->answered)
        say_failed(e, err.kind == ERR_NONE ? err_new(ERR_UNKNOWN, "") : err);
    sse_read_fini(&x.events);
}

void bridge_leave(struct bridge *b)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(MESSAGE_MAX);
    struct http_pair pairs[BRIDGE_PAIRS_MAX];
    const char *session, *version;
    struct str initialize;
    struct fetch_reply reply;
    size_t n;
    if (arena == NULL)
        return;
    bridge_session_copy(b, arena, &session, &version, &initialize);
    if (session == NULL ||
        bridge_head(b, arena, "DELETE", NULL, STR(""), pairs, &n).kind != ERR_NONE)
        return;
    const struct fetch_req req = {
        .method = "DELETE",
        .url = arena_fmt(arena, "%s/mcp", b->unix_socket != NULL ? URL_OF_SOCKET : b->url),
        .unix_socket = b->unix_socket,
        .tls = b->tls,
        .pairs = pairs,
        .pairs_n = n,
        .timeout_ms = 2000};
    struct err e = fetch(arena, &req, &reply);
    if (e.kind != ERR_NONE)
        log_debug("the session was not ended", LOG_ERR(e), LOG_END);
}
