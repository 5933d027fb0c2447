/* The table of proto/PROTOCOL.md ("Errors") read backwards, and the shapes of docs/MCP.md ("What a
 * call answers"). A resource that is not there is -32602 with its address (-32002 before
 * 2026-07-28). */
#include "agent/mcpc/answer.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/sse_read.h"
#include "proto/jsonrpc.h"

#define SENTENCE_MAX ((size_t)1000)

/* ---- the message ---- */

static struct err read_tree(struct arena *arena, struct str bytes, struct json **tree)
{
    const struct json_limits limits = {
        .depth_max = ANSWER_DEPTH_MAX, .bytes_max = bytes.len + 1, .nodes_max = ANSWER_NODES_MAX};
    return json_read(arena, bytes, &limits, tree);
}

static bool has_id(const struct json *message, int64_t id)
{
    int64_t n;
    return json_int(json_get(message, "id"), &n) && n == id;
}

/* A response, not a request or notification. */
static bool is_response(const struct json *message)
{
    return json_is(message, JSON_TYPE_OBJECT) && json_get(message, "method") == NULL &&
           text_eq(json_get_text(message, "jsonrpc"), "2.0");
}

/* A sentence that may go into our own answers: bounded, and cut between characters. NULL for
 * one that says nothing: each reader has its own words for that. */
static const char *sentence(struct arena *arena, const char *text)
{
    if (text_empty(text))
        return NULL;
    size_t len = strlen(text);
    if (len > SENTENCE_MAX) {
        len = SENTENCE_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    return arena_dup(arena, text, len);
}

/* A refusal: JSON-RPC, or the HTTP layer's {"error": "<why>"}. */
static void take_error(struct arena *arena, const struct json *message, struct answer *out)
{
    const struct json *error = json_get(message, "error");
    int64_t code = 0;
    if (json_is(error, JSON_TYPE_TEXT)) {
        out->message = sentence(arena, json_text(error));
        return;
    }
    if (!json_is(error, JSON_TYPE_OBJECT))
        return;
    out->message = sentence(arena, json_get_text(error, "message"));
    out->data = json_get(error, "data");
    out->knows_mcp = is_response(message) && json_int(json_get(error, "code"), &code);
    if (out->knows_mcp && code >= INT32_MIN && code <= INT32_MAX)
        out->code = (int)code;
}

static struct err take_message(struct arena *arena, const struct answer_http *http,
                               const struct json *message, struct answer *out)
{
    const struct json *result = json_get(message, "result");
    const struct json *error = json_get(message, "error");
    if (error != NULL && result == NULL) {
        ENSURE(json_get(message, "id") == NULL || http->status >= 400 || has_id(message, http->id),
               ERR_UPSTREAM, "the engine answered another request");
        take_error(arena, message, out);
        return OK;
    }
    ENSURE(is_response(message) && error == NULL && json_is(result, JSON_TYPE_OBJECT), ERR_UPSTREAM,
           "the engine's answer is no JSON-RPC response");
    ENSURE(http->status == 200, ERR_UPSTREAM, "the engine's answer contradicts its status");
    ENSURE(has_id(message, http->id), ERR_UPSTREAM, "the engine answered another request");
    out->result = result;
    return OK;
}

/* ---- whole, or in events ---- */

static bool is_type(const char *content_type, const char *name)
{
    struct str type, rest;
    (void)str_cut(str_of(content_type), ';', &type, &rest);
    return str_is_nocase(str_trim(type), name);
}

static struct err read_events(struct arena *arena, const struct answer_http *http,
                              struct answer *out)
{
    struct sse_read events;
    struct str data;
    struct err e = err_new(ERR_UPSTREAM, "the engine's events end without an answer");
    bool found = false;
    sse_read_init(&events, http->body.len + 1);
    sse_read_put(&events, http->body.at, http->body.len);
    while (!found && sse_read_next(&events, &data)) {
        struct json *message = NULL;
        struct err wrong = read_tree(arena, data, &message);
        found = wrong.kind != ERR_NONE || (is_response(message) && has_id(message, http->id));
        if (found)
            e = wrong.kind == ERR_NONE ? take_message(arena, http, message, out) : wrong;
    }
    sse_read_fini(&events);
    return e;
}

static struct err read_whole(struct arena *arena, const struct answer_http *http,
                             struct answer *out)
{
    struct json *message = NULL;
    if (http->status >= 400 && !is_type(http->content_type, "application/json"))
        return OK; /* a proxy's page: the status is all it says */
    TRY(read_tree(arena, http->body, &message));
    return take_message(arena, http, message, out);
}

struct err answer_read(struct arena *arena, const struct answer_http *http, struct answer *out)
{
    *out = (struct answer){.status = http->status};
    struct err e = is_type(http->content_type, "text/event-stream") ? read_events(arena, http, out)
                                                                    : read_whole(arena, http, out);
    if (arena_full(arena))
        return err_new(ERR_LIMIT, "the engine's answer does not fit into memory");
    if (e.kind == ERR_NONE || e.kind == ERR_UPSTREAM)
        return e;
    if (http->status >= 400) /* what it said besides does not matter */
        return OK;
    return err_fmt(arena, ERR_UPSTREAM, NULL, "the engine's answer is not acceptable: %s", e.msg);
}

/* ---- errors ---- */

static enum err_kind kind_of(const struct answer *a)
{
    if (a->status == 401 || a->status == 403 || a->code == 401 || a->code == 403)
        return ERR_AUTH;
    if (a->status >= 500)
        return ERR_UPSTREAM;
    if (a->code == MCP_RESOURCE_NOT_FOUND)
        return ERR_MISSING;
    if (a->code == JSONRPC_INVALID_PARAMS)
        return json_get(a->data, "uri") != NULL ? ERR_MISSING : ERR_INPUT;
    return a->status == 413 ? ERR_INPUT : ERR_UPSTREAM;
}

struct err answer_error(struct arena *arena, const struct answer *a)
{
    const enum err_kind kind = kind_of(a);
    if (!text_empty(a->message))
        return err_new(kind, a->message);
    return err_fmt(arena, kind, NULL, "the engine answered with HTTP status %d", a->status);
}

/* ---- results ---- */

static enum err_kind kind_named(const char *name)
{
    for (int k = ERR_INPUT; k <= ERR_BUG; k++)
        if (text_eq(name, err_kind_name((enum err_kind)k)))
            return (enum err_kind)k;
    return ERR_UPSTREAM;
}

/* {"status":"failed","error":…,"message":…,"pointer":…}, else the text itself is the message. */
static void read_failed(struct arena *arena, struct mcpc_result *out)
{
    struct json *told = NULL;
    out->status = "failed";
    out->error = err_kind_name(ERR_UPSTREAM);
    out->message = sentence(arena, out->text.at);
    if (out->text.len > 0 && read_tree(arena, out->text, &told).kind == ERR_NONE &&
        json_get_text(told, "message") != NULL) {
        out->message = sentence(arena, json_get_text(told, "message"));
        out->pointer = json_get_text(told, "pointer");
        if (json_get_text(told, "error") != NULL)
            out->error = json_get_text(told, "error");
    }
    if (out->message == NULL)
        out->message = "the engine failed and did not say why";
}

/* A receipt that is none takes nothing away from what was done: the engine has it still. */
static const struct json *receipt_of(const struct json *result)
{
    const struct json *receipt = json_get(json_get(result, "_meta"), MCP_META_RECEIPT);
    return json_is(receipt, JSON_TYPE_OBJECT) ? receipt : NULL;
}

struct err answer_call(struct arena *arena, const struct json *result, struct mcpc_result *out)
{
    const struct json *type = json_get(result, "resultType");
    const struct json *is_error = json_get(result, "isError");
    const struct json *text = json_pointer_get(result, "/content/0/text");
    const char *status;

    *out = (struct mcpc_result){.status = "ok",
                                .structured = json_get(result, "structuredContent"),
                                .receipt = receipt_of(result)};
    ENSURE(type == NULL || text_eq(json_text(type), "complete"), ERR_UPSTREAM,
           "the engine wants more than this client offers");
    ENSURE(is_error == NULL || json_is(is_error, JSON_TYPE_BOOL), ERR_UPSTREAM,
           "the engine's answer is no tool's result");
    ENSURE(json_is(json_get(result, "content"), JSON_TYPE_ARRAY), ERR_UPSTREAM,
           "the engine's answer is no tool's result");
    out->is_error = is_error != NULL && is_error->truth;
    if (json_is(text, JSON_TYPE_TEXT))
        out->text = text->text;
    if (out->structured == NULL && out->is_error)
        read_failed(arena, out);
    else if ((status = json_get_text(out->structured, "status")) != NULL)
        out->status = status;
    if (kind_named(out->error) == ERR_UNKNOWN)
        return err_new(ERR_UNKNOWN, out->message);
    return arena_check(arena);
}

struct err mcpc_failure(struct arena *arena, const struct mcpc_result *result)
{
    if (!text_eq(result->status, "failed") || result->error == NULL)
        return OK;
    const char *why = result->message != NULL ? arena_strdup(arena, result->message) : NULL;
    const char *where = result->pointer != NULL ? arena_strdup(arena, result->pointer) : NULL;
    const enum err_kind kind = kind_named(result->error);
    /* What broke there is not our bug, and not our disk. */
    return err_at(kind == ERR_BUG || kind == ERR_STORE ? ERR_UPSTREAM : kind, where,
                  why != NULL ? why : "the engine did not do it");
}

struct err answer_text(const struct json *result, struct str *text)
{
    const struct json *contents = json_get(result, "contents");
    const struct json *found = json_pointer_get(result, "/contents/0/text");
    ENSURE(json_is(contents, JSON_TYPE_ARRAY) && contents->count == 1 &&
               json_is(found, JSON_TYPE_TEXT),
           ERR_UPSTREAM, "the engine's answer is no resource's text");
    *text = found->text;
    return OK;
}
