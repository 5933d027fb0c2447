/* Calls: what is said, and when it is said again. The rule that matters: a change that went out is
 * not said again unless an idempotency_key makes the repetition the same change. */
#include "agent/mcpc/mcpc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/mcpc/mcpc_own.h"
#include "common/sys/json_read.h"
#include "common/sys/loop.h"
#include "proto/jsonrpc.h"

#define ATTEMPTS_MAX  3
#define PAUSE_MS      100
#define WAIT_MAX_MS   2000
#define AWAY_MS       2000 /* how long to wait for a read when the engine is known to be away */
#define PAGES_MAX     50
#define SCRATCH_BYTES ((size_t)16 * 1024 * 1024) /* beside the reply */

struct err mcpc_new(struct mcpc_shared *shared, struct mcpc **out)
{
    struct mcpc *m = calloc(1, sizeof *m);
    ENSURE(m != NULL, ERR_LIMIT, "out of memory");
    m->shared = shared;
    m->scratch = arena_new(shared->options.reply_max + SCRATCH_BYTES);
    if (m->scratch == NULL) {
        free(m);
        return err_new(ERR_LIMIT, "out of memory");
    }
    *out = m;
    return OK;
}

void mcpc_free(struct mcpc *m)
{
    if (m != NULL)
        arena_free(m->scratch);
    free(m);
}

void pause_ms(int64_t ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    if (ms > 0)
        (void)nanosleep(&t, NULL);
}

int64_t jittered(int64_t ms)
{
    uint16_t dice;
    crypt_random(&dice, sizeof dice);
    return ms / 2 + ms * dice / UINT16_MAX;
}

/* ---- one attempt ---- */

/* One page, said as `say` says it. */
typedef struct err say_fn(struct mcpc *m, struct arena *arena, struct ask *ask,
                          struct heard *heard);

static struct err tools_page(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                             say_fn *say, const char **cursor, struct json *all)
{
    struct json *params = json_object_new(arena);
    struct ask ask = {.actor = actor, .method = "tools/list", .params = params};
    struct heard heard;
    if (*cursor != NULL)
        json_put_text(arena, params, "cursor", *cursor);
    TRY(arena_check(arena));
    TRY(say(m, arena, &ask, &heard));
    const struct json *rows = json_get(heard.answer.result, "tools");
    ENSURE(json_is(rows, JSON_TYPE_ARRAY), ERR_UPSTREAM, "the engine lists no tools");
    for (size_t i = 0; i < rows->count; i++)
        json_push(arena, all, rows->items[i]);
    *cursor = json_get_text(heard.answer.result, "nextCursor");
    return OK;
}

static struct err tools_ask(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                            say_fn *say, const struct json **tools)
{
    struct json *all = json_array_new(arena);
    const char *cursor = NULL;
    for (int page = 0; page == 0 || cursor != NULL; page++) {
        ENSURE(page < PAGES_MAX, ERR_UPSTREAM, "the engine's list of tools does not end");
        TRY(tools_page(m, arena, actor, say, &cursor, all));
    }
    shared_tools_take(m->shared, all);
    *tools = all;
    return arena_check(arena);
}

static struct err say_once(struct mcpc *m, struct arena *arena, struct ask *ask,
                           struct heard *heard)
{
    const uint32_t timeout_ms = m->shared->options.call_ms;
    TRY(hello(m, arena, ask->actor, timeout_ms, &ask->era));
    return wire_once(m, arena, ask, timeout_ms, heard);
}

/* What the list says of this tool; asked for when it is not known yet. */
static struct err facts_find(struct mcpc *m, struct arena *arena, struct ask *ask)
{
    const struct json *rows;
    ask->facts = shared_tool(m->shared, arena, ask->tool);
    if (ask->facts.known)
        return OK;
    CLEANUP(arena_free) struct arena *own = arena_new(m->shared->options.reply_max);
    ENSURE(own != NULL, ERR_LIMIT, "out of memory");
    struct err e = tools_ask(m, own, ask->actor, say_once, &rows);
    if (e.kind != ERR_NONE) {
        const char *msg = arena_strdup(arena, e.msg);
        return err_new(e.kind, msg != NULL ? msg : "the engine does not list its tools");
    }
    ask->facts = shared_tool(m->shared, arena, ask->tool);
    return OK;
}

static struct err ask_settle(struct mcpc *m, struct arena *arena, struct ask *ask,
                             uint32_t timeout_ms)
{
    TRY(hello(m, arena, ask->actor, timeout_ms, &ask->era));
    if (ask->tool == NULL)
        return OK;
    TRY(facts_find(m, arena, ask));
    ask->change = !ask->facts.read_only;
    ask->repeatable = !ask->change || !text_empty(json_get_text(ask->args, "idempotency_key"));
    return arena_check(arena);
}

static struct err attempt(struct mcpc *m, struct arena *arena, struct ask *ask, uint32_t timeout_ms,
                          struct heard *heard)
{
    *heard = (struct heard){.status = 0};
    const uint32_t read_ms = !ask->away || timeout_ms < AWAY_MS ? timeout_ms : (uint32_t)AWAY_MS;
    TRY(ask_settle(m, arena, ask, read_ms));
    TRY(wire_once(m, arena, ask, ask->change ? timeout_ms : read_ms, heard));
    if (ask->tool == NULL)
        return OK;
    struct err e = answer_call(arena, heard->answer.result, &heard->call);
    if (e.kind != ERR_NONE && ask->change)
        e.kind = ERR_UNKNOWN;
    heard->call.request_id = heard->request_id;
    return e;
}

/* ---- again? ---- */

/* What can be mended before it is said again, or before the next call. True: something was. */
static bool mend(struct mcpc *m, const struct ask *ask, const struct heard *heard)
{
    if (heard->status == 401)
        return shared_key_again(m->shared, ask->actor) || ask->repeatable;
    if (heard->answer.code == MCP_HEADER_MISMATCH) {
        mcpc_tools_changed(m->shared);
        return true;
    }
    if (ask->era == MCPC_LEGACY && heard->status == 404) {
        hello_forget(m);
        return true;
    }
    return false;
}

static bool is_busy(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

/* How long to wait before it is said again; -1: it is not. */
static int64_t again_after(struct mcpc *m, const struct ask *ask, const struct heard *heard,
                           struct err e, int attempts)
{
    const int64_t pause = jittered(PAUSE_MS << 2 * (attempts - 1));
    const bool mended = mend(m, ask, heard);
    /* A session that is gone: the server says that it did not look at the request. */
    if (mended && ask->era == MCPC_LEGACY && heard->status == 404)
        return attempts == 1 ? 0 : -1;
    if (attempts == ATTEMPTS_MAX || (heard->sent && !ask->repeatable) || e.kind == ERR_LIMIT)
        return -1;
    if (mended)
        return attempts == 1 ? 0 : -1;
    if (!heard->sent)
        return e.kind == ERR_UPSTREAM ? pause : -1;
    if (is_busy(heard->status)) {
        const int64_t wait = heard->wait_s * 1000;
        return wait > WAIT_MAX_MS ? WAIT_MAX_MS : wait > pause ? wait : pause;
    }
    return heard->status == 0 || e.kind == ERR_UNKNOWN ? pause : -1;
}

/* What the last attempt met, in the light of those before: one that may have been heard leaves the
 * outcome unknown, whatever became of its repetitions. */
static struct err final(struct err e, bool perhaps_done)
{
    if (perhaps_done)
        e.kind = ERR_UNKNOWN;
    return e;
}

struct err ask_run(struct mcpc *m, struct arena *arena, struct ask *ask, struct heard *heard)
{
    const int64_t call_ms = (int64_t)m->shared->options.call_ms;
    const int64_t end_ms = loop_now_ms() + 2 * call_ms;
    const bool was_there = shared_reachable(m->shared);
    bool perhaps_done = false;
    ask->repeatable = ask->tool == NULL;
    ask->away = shared_away(m->shared);
    for (int attempts = 1;; attempts++) {
        const int64_t left_ms = end_ms - loop_now_ms();
        const uint32_t timeout_ms = (uint32_t)(left_ms < call_ms ? left_ms : call_ms);
        struct err e = attempt(m, arena, ask, timeout_ms, heard);
        if (e.kind == ERR_NONE)
            return OK;
        perhaps_done = perhaps_done || e.kind == ERR_UNKNOWN;
        const bool silent = !heard->sent || (ask->away && !ask->change && heard->status == 0);
        if (!was_there && silent) /* nobody waits for an engine that is known to be away */
            return final(e, perhaps_done);
        const int64_t wait_ms = again_after(m, ask, heard, e, attempts);
        if (wait_ms < 0 || loop_now_ms() + wait_ms >= end_ms)
            return final(e, perhaps_done);
        pause_ms(wait_ms);
    }
}

/* ---- what is asked ---- */

struct err mcpc_call(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                     const char *tool, const struct json *args, struct mcpc_result *result)
{
    struct json *params = json_object_new(arena);
    struct heard heard;
    const struct json *given = args != NULL ? args : json_object_new(arena);
    *result = (struct mcpc_result){.is_error = true};
    json_put_text(arena, params, "name", tool);
    json_put(arena, params, "arguments", given);
    TRY(arena_check(arena));
    struct ask ask = {
        .actor = actor, .method = "tools/call", .params = params, .args = given, .tool = tool};
    TRY(ask_run(m, arena, &ask, &heard));
    *result = heard.call;
    return OK;
}

struct err mcpc_read(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                     const char *uri, struct str *text)
{
    struct json *params = json_object_new(arena);
    struct heard heard;
    json_put_text(arena, params, "uri", uri);
    TRY(arena_check(arena));
    struct ask ask = {.actor = actor, .method = "resources/read", .params = params};
    TRY(ask_run(m, arena, &ask, &heard));
    return answer_text(heard.answer.result, text);
}

struct err mcpc_read_json(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                          const char *uri, const struct json **tree)
{
    struct str text;
    struct json *read;
    TRY(mcpc_read(m, arena, actor, uri, &text));
    const struct json_limits limits = {
        .depth_max = ANSWER_DEPTH_MAX, .bytes_max = text.len + 1, .nodes_max = ANSWER_NODES_MAX};
    struct err e = json_read(arena, text, &limits, &read);
    if (e.kind == ERR_INPUT)
        return err_new(ERR_UPSTREAM, "the engine's resource is no JSON");
    TRY(e);
    *tree = read;
    return OK;
}

struct err mcpc_tools(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                      const struct json **tools)
{
    return tools_ask(m, arena, actor, ask_run, tools);
}

struct err mcpc_ready(struct mcpc *m, struct arena *arena)
{
    const struct mcpc_options *o = &m->shared->options;
    const struct fetch_req req = {.method = "GET",
                                  .url = m->shared->ready_url,
                                  .unix_socket = o->unix_socket,
                                  .tls = mcpc_tls(o),
                                  .reply_max = 64 * 1024,
                                  .timeout_ms = o->connect_ms + 2000,
                                  .connect_ms = o->connect_ms};
    const int64_t began_ms = loop_now_ms();
    struct fetch_reply reply;
    arena_reset(m->scratch);
    struct err e = fetch(m->scratch, &req, &reply);
    if (e.kind == ERR_NONE && reply.status == 200) {
        shared_heard(m->shared);
        return OK;
    }
    if (e.kind == ERR_NONE) {
        struct answer answer;
        const struct answer_http http = {.status = reply.status < 400 ? 500 : reply.status,
                                         .content_type = fetch_header(&reply, "Content-Type"),
                                         .body = reply.body};
        TRY(answer_read(arena, &http, &answer));
        e = answer_error(arena, &answer);
    }
    e = err_new(ERR_UPSTREAM, e.kind == ERR_MISSING ? "the engine does not answer" : e.msg);
    shared_failed(m->shared, e, began_ms);
    return e;
}
