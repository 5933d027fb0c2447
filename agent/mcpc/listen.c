/* One connection after the other, each with the same order of things: subscribed, then told to
 * catch up, then told what changes. Every event that cannot be read ends the connection, because
 * what it said would be missed. */
#include "agent/mcpc/listen.h"

#include <stdlib.h>
#include <string.h>

#include "agent/mcpc/mcpc_own.h"
#include "common/sys/json_read.h"
#include "common/sys/log.h"
#include "common/sys/loop.h"
#include "common/sys/sse_read.h"
#include "proto/jsonrpc.h"

#define EVENT_MAX    ((size_t)4 * 1024 * 1024)
#define EVENT_ARENA  ((size_t)32 * 1024 * 1024)
#define SILENCE_MS   70000
#define PAUSE_MIN_MS 200
#define PAUSE_MAX_MS 10000
#define STOP_ASK_MS  100

struct follow {
    struct mcpc *m;
    const struct mcpc_listen *o;
    struct arena *arena; /* of one attempt */
    struct arena *event; /* of one event */
    struct sse_read events;
    enum mcpc_era era;
    int64_t id;      /* of the request whose answer the stream is */
    int64_t last_ms; /* when something came */
    bool subscribed; /* and told to catch up */
    bool known_lost; /* told so since */
    bool stopped;
};

/* ---- telling ---- */

static void tell(const struct follow *f, struct mcpc_news news)
{
    f->o->on_news(f->o->ctx, &news);
}

static bool is_stopped(struct follow *f)
{
    f->stopped = f->stopped || f->o->stop(f->o->ctx);
    return f->stopped;
}

static void on_subscribed(struct follow *f)
{
    if (f->subscribed)
        return;
    f->subscribed = true;
    f->known_lost = false;
    shared_heard(f->m->shared);
    mcpc_tools_changed(f->m->shared); /* perhaps: nobody told us meanwhile */
    tell(f, (struct mcpc_news){.kind = MCPC_CATCH_UP});
}

static void on_lost(struct follow *f, struct err e)
{
    if (f->known_lost)
        return;
    f->known_lost = true;
    if (e.kind == ERR_NONE)
        e = err_new(ERR_UPSTREAM, "the engine ended the stream");
    tell(f, (struct mcpc_news){.kind = MCPC_LOST, .why = e});
}

/* ---- events ---- */

static bool has_id(const struct json *message, int64_t id)
{
    int64_t n;
    return json_int(json_get(message, "id"), &n) && n == id;
}

/* What was asked for and is not granted stays silent: somebody should know. */
static void on_acknowledged(struct follow *f, const struct json *params)
{
    const struct json *granted = json_pointer_get(params, "/notifications/resourceSubscriptions");
    const size_t n = json_is(granted, JSON_TYPE_ARRAY) ? granted->count : 0;
    if (n < f->o->uris_n)
        log_warn("the engine does not tell of everything that was asked for",
                 LOG_INT("asked", f->o->uris_n), LOG_INT("granted", n), LOG_END);
    on_subscribed(f);
}

static void on_notification(struct follow *f, const char *method, const struct json *params)
{
    const char *uri = json_get_text(params, "uri");
    if (strcmp(method, "notifications/subscriptions/acknowledged") == 0) {
        on_acknowledged(f, params);
    } else if (!f->subscribed) {
        return; /* not ours yet: catching up will see it */
    } else if (strcmp(method, "notifications/resources/updated") == 0 && uri != NULL) {
        tell(f, (struct mcpc_news){.kind = MCPC_UPDATED, .uri = uri});
    } else if (strcmp(method, "notifications/tools/list_changed") == 0) {
        mcpc_tools_changed(f->m->shared);
        tell(f, (struct mcpc_news){.kind = MCPC_TOOLS});
    } else if (strcmp(method, "notifications/tasks") == 0 && params != NULL) {
        tell(f, (struct mcpc_news){.kind = MCPC_TASK, .task = params});
    }
}

/* False: the stream is over. */
static bool on_event(struct follow *f, struct str data)
{
    struct json *message;
    arena_reset(f->event);
    struct err e = json_read(f->event, data, NULL, &message);
    if (e.kind != ERR_NONE || !json_is(message, JSON_TYPE_OBJECT)) {
        log_warn("the engine sent an event that is no message", LOG_ERR(e), LOG_END);
        return false;
    }
    const char *method = json_get_text(message, "method");
    if (method != NULL)
        on_notification(f, method, json_get(message, "params"));
    return method != NULL || !has_id(message, f->id);
}

static bool take(void *ctx, const char *bytes, size_t n)
{
    struct follow *f = ctx;
    struct str data;
    bool open = true;
    if (f->era == MCPC_LEGACY) /* there is no acknowledgement: the stream itself is */
        on_subscribed(f);
    sse_read_put(&f->events, bytes, n);
    while (open && !is_stopped(f) && sse_read_next(&f->events, &data))
        open = on_event(f, data);
    f->last_ms = loop_now_ms();
    return open && !f->stopped && !f->events.failed;
}

static bool give_up(void *ctx)
{
    struct follow *f = ctx;
    const int64_t silence_ms = f->o->silence_ms == 0 ? SILENCE_MS : (int64_t)f->o->silence_ms;
    const int64_t answer_ms = (int64_t)f->m->shared->options.call_ms;
    const int64_t patience_ms = f->subscribed ? silence_ms : answer_ms;
    return is_stopped(f) || loop_now_ms() - f->last_ms > patience_ms;
}

/* ---- one connection ---- */

static struct json *texts(struct arena *arena, const char *const *list, size_t n)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < n; i++)
        json_push(arena, array, json_text_new(arena, list[i]));
    return array;
}

static struct json *wish(const struct follow *f)
{
    struct json *params = json_object_new(f->arena), *wanted = json_object_new(f->arena);
    if (f->o->uris_n > 0)
        json_put(f->arena, wanted, "resourceSubscriptions",
                 texts(f->arena, f->o->uris, f->o->uris_n));
    if (f->o->tasks_n > 0)
        json_put(f->arena, wanted, "taskIds", texts(f->arena, f->o->tasks, f->o->tasks_n));
    if (f->o->tools)
        json_put_bool(f->arena, wanted, "toolsListChanged", true);
    json_put(f->arena, params, "notifications", wanted);
    return params;
}

/* The engine answered, but with no stream. */
static struct err refused(struct follow *f, const struct fetch_reply *reply)
{
    struct answer answer;
    const struct answer_http http = {.status = reply->status < 400 ? 500 : reply->status,
                                     .content_type = fetch_header(reply, "Content-Type"),
                                     .body = reply->body,
                                     .id = f->id};
    if (reply->status < 500)
        shared_heard(f->m->shared);
    if (reply->status == 401)
        (void)shared_key_again(f->m->shared, &f->o->actor);
    if (reply->status == 404 && f->era == MCPC_LEGACY)
        hello_forget(f->m);
    TRY(answer_read(f->arena, &http, &answer));
    return answer_error(f->arena, &answer);
}

static struct err stream(struct follow *f, const struct ask *ask, const char *http_method)
{
    const struct mcpc_options *o = &f->m->shared->options;
    struct http_pair pairs[ASK_PAIRS_MAX];
    struct fetch_reply reply;
    struct fetch_req req = {.method = http_method,
                            .url = f->m->shared->url,
                            .unix_socket = o->unix_socket,
                            .tls = mcpc_tls(o),
                            .pairs = pairs,
                            .connect_ms = o->connect_ms,
                            .timeout_ms = FETCH_FOREVER,
                            .stream_type = "text/event-stream",
                            .take = take,
                            .give_up = give_up,
                            .ctx = f};
    arena_reset(f->m->scratch);
    f->id = ++f->m->next_id;
    f->last_ms = loop_now_ms();
    if (strcmp(http_method, "POST") == 0)
        TRY(ask_body(f->m, ask, f->id, &req.body));
    TRY(ask_head(f->m, ask, http_method, req.body, pairs, &req.pairs_n));
    struct err e = fetch(f->m->scratch, &req, &reply);
    if (e.kind == ERR_NONE && f->subscribed)
        return OK;
    if (e.kind == ERR_NONE)
        return refused(f, &reply);
    if (!f->stopped && !f->subscribed && e.kind != ERR_INPUT) {
        e = err_new(ERR_UPSTREAM, "the engine does not answer");
        shared_failed(f->m->shared, e, f->last_ms);
    }
    return e;
}

/* 2025-11-25: what is asked for one by one, then the session's own stream. */
static struct err follow_legacy(struct follow *f)
{
    const uint32_t timeout_ms = f->m->shared->options.call_ms;
    for (size_t i = 0; i < f->o->uris_n; i++) {
        struct heard heard;
        struct json *params = json_object_new(f->arena);
        json_put_text(f->arena, params, "uri", f->o->uris[i]);
        const struct ask ask = {.actor = &f->o->actor,
                                .method = "resources/subscribe",
                                .params = params,
                                .era = MCPC_LEGACY};
        TRY(arena_check(f->arena));
        struct err e = wire_once(f->m, f->arena, &ask, timeout_ms, &heard);
        if (e.kind != ERR_NONE && heard.status == 404)
            hello_forget(f->m);
        TRY(e);
    }
    const struct ask ask = {.actor = &f->o->actor, .method = "GET", .era = MCPC_LEGACY};
    return stream(f, &ask, "GET");
}

static struct err follow_once(struct follow *f)
{
    arena_reset(f->arena);
    sse_read_fini(&f->events);
    sse_read_init(&f->events, EVENT_MAX);
    f->subscribed = false;
    TRY(hello(f->m, f->arena, &f->o->actor, f->m->shared->options.call_ms, &f->era));
    if (f->era == MCPC_LEGACY)
        return follow_legacy(f);
    const struct ask ask = {.actor = &f->o->actor,
                            .method = "subscriptions/listen",
                            .params = wish(f),
                            .era = MCPC_MODERN};
    TRY(arena_check(f->arena));
    return stream(f, &ask, "POST");
}

/* ---- again and again ---- */

static void rest(struct follow *f, int64_t ms)
{
    const int64_t end_ms = loop_now_ms() + ms;
    for (int64_t left; !is_stopped(f) && (left = end_ms - loop_now_ms()) > 0;)
        pause_ms(left < STOP_ASK_MS ? left : STOP_ASK_MS);
}

static void follow(struct follow *f)
{
    const int64_t max_ms = f->o->pause_max_ms == 0 ? PAUSE_MAX_MS : (int64_t)f->o->pause_max_ms;
    int64_t next_ms = PAUSE_MIN_MS;
    while (!is_stopped(f)) {
        struct err e = follow_once(f);
        if (f->stopped)
            return;
        on_lost(f, e);
        if (f->subscribed)
            next_ms = PAUSE_MIN_MS;
        rest(f, jittered(next_ms < max_ms ? next_ms : max_ms));
        next_ms = next_ms < max_ms ? next_ms * 2 : max_ms;
    }
}

struct err mcpc_listen(struct mcpc_shared *shared, const struct mcpc_listen *options)
{
    ENSURE(options->on_news != NULL && options->stop != NULL && options->actor.sub != NULL,
           ERR_INPUT, "who listens, and to whom it is told, must be said");
    ENSURE(options->uris_n + options->tasks_n > 0 || options->tools, ERR_INPUT,
           "there is nothing to listen for");
    struct follow f = {.o = options, .arena = arena_new(EVENT_ARENA)};
    f.event = arena_new(EVENT_ARENA);
    struct err e = f.arena == NULL || f.event == NULL ? err_new(ERR_LIMIT, "out of memory")
                                                      : mcpc_new(shared, &f.m);
    if (e.kind == ERR_NONE)
        follow(&f);
    sse_read_fini(&f.events);
    mcpc_free(f.m);
    arena_free(f.event);
    arena_free(f.arena);
    return e;
}
