/* JSON-RPC 2.0 as MCP speaks it: one message a body, never a batch; the id comes back exactly as it
 * was written. And the one table of error codes, where our errors meet JSON-RPC and HTTP
 * (proto/PROTOCOL.md). */
#ifndef PROTO_JSONRPC_H
#define PROTO_JSONRPC_H

#include "common/base/arena.h"
#include "common/base/json.h"

enum jsonrpc_kind {
    JSONRPC_NONE = 0,
    JSONRPC_REQUEST,
    JSONRPC_NOTIFICATION, /* no id: no answer */
    JSONRPC_RESPONSE,     /* an answer to something a server asked; not looked into */
};

enum jsonrpc_code {
    JSONRPC_PARSE = -32700,
    JSONRPC_INVALID_REQUEST = -32600,
    JSONRPC_METHOD_NOT_FOUND = -32601,
    JSONRPC_INVALID_PARAMS = -32602,
    JSONRPC_INTERNAL = -32603,
    MCP_RESOURCE_NOT_FOUND = -32002, /* up to 2025-11-25 only */
    MCP_HEADER_MISMATCH = -32020,
    MCP_MISSING_CAPABILITY = -32021,
    MCP_UNSUPPORTED_VERSION = -32022,
};

/* Why a message gets an error instead of a result. code 0: nothing is wrong. Codes of our own (the
 * transport's refusals) are the HTTP status itself: JSON-RPC keeps -32768…-32000 for itself. */
struct jsonrpc_fault {
    int code;
    int status; /* HTTP */
    const char *message;
    const struct json *data; /* or NULL */
};

struct jsonrpc_msg {
    enum jsonrpc_kind kind;
    const struct json *id;     /* text or an integer; NULL when there is none (or none readable) */
    const char *method;        /* of a request or notification */
    const struct json *params; /* an object, or NULL */
    const struct json *tree;   /* the whole message */
};

/* Parses a body. On a fault `msg->id` is still the id, where one could be read. */
void jsonrpc_parse(struct arena *arena, struct str body, struct jsonrpc_msg *msg,
                   struct jsonrpc_fault *fault);

/* An error of ours as a fault: the status is how HTTP says the same. */
struct jsonrpc_fault jsonrpc_fault_of(struct err e);

/* A fault of the message itself: INVALID_PARAMS with 200, METHOD_NOT_FOUND with 404, the rest 400.
 */
struct jsonrpc_fault jsonrpc_fault(int code, const char *message);

/* {jsonrpc, id, result} and {jsonrpc, id, error}; an absent id is left out of an error. */
struct json *jsonrpc_result(struct arena *arena, const struct json *id, const struct json *result);
struct json *jsonrpc_error(struct arena *arena, const struct json *id,
                           const struct jsonrpc_fault *fault);

/* {jsonrpc, id, method, params}, for our own client. */
struct json *jsonrpc_request(struct arena *arena, int64_t id, const char *method,
                             const struct json *params);

/* A member of a call's _meta, of our own: true says that the client reads structuredContent and
 * wants no content beside it. */
#define MCP_META_LEAN "closegate/structuredOnly"
/* In a tool's result: the receipt of the event that recorded the call (common/verify/receipt.h). */
#define MCP_META_RECEIPT "closegate/receipt"

#endif
