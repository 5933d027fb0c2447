/* JSON-RPC messages: parsed once at the edge, printed at one place. Knows no method. */
#include "proto/jsonrpc.h"

#include <string.h>

#include "common/sys/json_read.h"

/* Where our errors meet the wire. LIMIT is 503 here: a request that is too large was refused by the
 * HTTP layer before, so what is left is a ceiling of ours. */
static const struct {
    int code, status;
} of_kind[] = {
    [ERR_NONE] = {JSONRPC_INTERNAL, 500},
    [ERR_INPUT] = {JSONRPC_INVALID_PARAMS, 200},
    [ERR_AUTH] = {403, 403},
    [ERR_MISSING] = {JSONRPC_INVALID_PARAMS, 200},
    [ERR_CONFLICT] = {JSONRPC_INVALID_PARAMS, 200},
    [ERR_LIMIT] = {JSONRPC_INTERNAL, 503},
    [ERR_UPSTREAM] = {JSONRPC_INTERNAL, 502},
    [ERR_STORE] = {JSONRPC_INTERNAL, 503},
    [ERR_UNKNOWN] = {JSONRPC_INTERNAL, 503},
    [ERR_REFUSED] = {JSONRPC_INVALID_PARAMS, 200},
    [ERR_BUG] = {JSONRPC_INTERNAL, 500},
};

struct jsonrpc_fault jsonrpc_fault_of(struct err e)
{
    return (struct jsonrpc_fault){.code = of_kind[e.kind].code,
                                  .status = of_kind[e.kind].status,
                                  .message = e.kind == ERR_BUG ? "internal error" : e.msg};
}

struct jsonrpc_fault jsonrpc_fault(int code, const char *message)
{
    int status = 400;
    if (code == JSONRPC_INVALID_PARAMS || code == MCP_RESOURCE_NOT_FOUND)
        status = 200;
    else if (code == JSONRPC_METHOD_NOT_FOUND)
        status = 404;
    return (struct jsonrpc_fault){.code = code, .status = status, .message = message};
}

/* An id is text or an integer (MCP forbids null). A number keeps its literal, so 7 comes back as 7.
 */
static bool id_valid_json(const struct json *id)
{
    if (json_is(id, JSON_TYPE_TEXT))
        return id->text.len <= 256;
    if (!json_is(id, JSON_TYPE_NUMBER) || id->text.len > 32)
        return false;
    for (size_t i = 0; i < id->text.len; i++)
        if (memchr(".eE", id->text.at[i], 3) != NULL)
            return false;
    return true;
}

static const char *message_wrong(const struct json *tree, struct jsonrpc_msg *msg)
{
    msg->tree = tree;
    const struct json *id = json_get(tree, "id");
    if (id_valid_json(id))
        msg->id = id;
    if (!text_eq(json_get_text(tree, "jsonrpc"), "2.0"))
        return "not a JSON-RPC 2.0 message: jsonrpc must be \"2.0\"";
    if (id != NULL && msg->id == NULL)
        return "id must be text or an integer";
    const struct json *method = json_get(tree, "method");
    const bool answers = json_get(tree, "result") != NULL || json_get(tree, "error") != NULL;
    if (method == NULL && answers) {
        msg->kind = JSONRPC_RESPONSE;
        return NULL;
    }
    msg->method = json_text(method);
    if (text_empty(msg->method) || answers)
        return "not a request or notification: method must be text";
    msg->params = json_get(tree, "params");
    if (msg->params != NULL && !json_is(msg->params, JSON_TYPE_OBJECT))
        return "params must be an object";
    msg->kind = id != NULL ? JSONRPC_REQUEST : JSONRPC_NOTIFICATION;
    return NULL;
}

void jsonrpc_parse(struct arena *arena, struct str body, struct jsonrpc_msg *msg,
                   struct jsonrpc_fault *fault)
{
    struct json *tree = NULL;
    *msg = (struct jsonrpc_msg){0};
    *fault = (struct jsonrpc_fault){0};

    struct err e = json_read(arena, body, NULL, &tree);
    if (e.kind != ERR_NONE) {
        const char *why = e.where == NULL
                              ? e.msg
                              : arena_fmt(arena, "not acceptable JSON: %s (%s)", e.msg, e.where);
        *fault = jsonrpc_fault(JSONRPC_PARSE, why != NULL ? why : e.msg);
        return;
    }
    if (json_is(tree, JSON_TYPE_ARRAY)) {
        *fault =
            jsonrpc_fault(JSONRPC_INVALID_REQUEST, "batches are not taken: one message a body");
        return;
    }
    const char *wrong = json_is(tree, JSON_TYPE_OBJECT) ? message_wrong(tree, msg)
                                                        : "a message must be a JSON object";
    if (wrong != NULL) {
        *fault = jsonrpc_fault(JSONRPC_INVALID_REQUEST, wrong);
        msg->kind = JSONRPC_NONE;
    }
}

static struct json *envelope(struct arena *arena, const struct json *id)
{
    struct json *msg = json_object_new(arena);
    json_put_text(arena, msg, "jsonrpc", "2.0");
    if (id != NULL)
        json_put(arena, msg, "id", id);
    return msg;
}

struct json *jsonrpc_result(struct arena *arena, const struct json *id, const struct json *result)
{
    struct json *msg = envelope(arena, id);
    json_put(arena, msg, "result", result);
    return msg;
}

struct json *jsonrpc_error(struct arena *arena, const struct json *id,
                           const struct jsonrpc_fault *fault)
{
    struct json *msg = envelope(arena, id);
    struct json *error = json_object_new(arena);
    json_put_int(arena, error, "code", fault->code);
    json_put_text(arena, error, "message", fault->message);
    if (fault->data != NULL)
        json_put(arena, error, "data", fault->data);
    json_put(arena, msg, "error", error);
    return msg;
}

struct json *jsonrpc_request(struct arena *arena, int64_t id, const char *method,
                             const struct json *params)
{
    struct json *msg = envelope(arena, json_int_new(arena, id));
    json_put_text(arena, msg, "method", method);
    if (params != NULL)
        json_put(arena, msg, "params", params);
    return msg;
}
