/* Body first, headers cross-checked. The order of the checks is the official SDK's: envelope,
 * version, standard headers; method and parameters come after, in methods.c. */
#include "engine/mcp/era.h"

#include <string.h>

#include "common/sys/crypt.h"

#define META_VERSION      "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"

const char *const mcp_legacy_versions[] = {MCP_LEGACY_LATEST, "2025-06-18", "2025-03-26", NULL};
const char *const mcp_modern_versions[] = {MCP_MODERN, NULL};

static const char *listed(const char *const *list, const char *version)
{
    for (; *list != NULL; list++)
        if (text_eq(*list, version))
            return *list;
    return NULL;
}

const char *era_negotiate(const char *asked)
{
    const char *known = listed(mcp_legacy_versions, asked);
    return known != NULL ? known : MCP_LEGACY_LATEST;
}

static struct jsonrpc_fault mismatch(const char *why)
{
    return jsonrpc_fault(MCP_HEADER_MISMATCH, why);
}

static struct jsonrpc_fault version_unknown(struct arena *arena, const char *asked)
{
    struct jsonrpc_fault fault =
        jsonrpc_fault(MCP_UNSUPPORTED_VERSION, "this protocol version is not supported");
    struct json *data = json_object_new(arena), *supported = json_array_new(arena);
    for (size_t i = 0; mcp_modern_versions[i] != NULL; i++)
        json_push(arena, supported, json_text_new(arena, mcp_modern_versions[i]));
    json_put(arena, data, "supported", supported);
    json_put_text(arena, data, "requested", asked);
    fault.data = data;
    return fault;
}

static struct jsonrpc_fault envelope_wrong(const char *why)
{
    struct jsonrpc_fault fault = jsonrpc_fault(JSONRPC_INVALID_PARAMS, why);
    fault.status = 400;
    return fault;
}

bool era_header_decode(struct arena *arena, struct str value, struct str *text)
{
    static const char open[] = "=?base64?", close[] = "?=";
    const size_t open_n = sizeof open - 1, close_n = sizeof close - 1;

    *text = value;
    if (value.len < open_n + close_n || memcmp(value.at, open, open_n) != 0 ||
        memcmp(value.at + value.len - close_n, close, close_n) != 0)
        return utf8_valid(value.at, value.len);
    const struct str inner = {value.at + open_n, value.len - open_n - close_n};
    char *bytes = arena_alloc(arena, inner.len + 1);
    if (bytes == NULL || !base64_parse(inner, bytes, inner.len, &text->len))
        return false;
    text->at = bytes;
    return utf8_valid(text->at, text->len);
}

/* Methods that act on something named in params: the name stands in Mcp-Name too. */
static const struct {
    const char *method, *param;
} named[] = {
    {"tools/call", "name"},  {"prompts/get", "name"},    {"resources/read", "uri"},
    {"tasks/get", "taskId"}, {"tasks/update", "taskId"}, {"tasks/cancel", "taskId"},
};

static const char *name_wrong(struct arena *arena, const struct http_req *http,
                              const struct jsonrpc_msg *msg)
{
    const char *param = NULL;
    struct str value, name;

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strcmp(named[i].method, msg->method) == 0)
            param = named[i].param;
    if (param == NULL)
        return NULL;
    if (http_header(http, "Mcp-Name", &value) != 1)
        return "the header Mcp-Name is missing, or there twice";
    if (!era_header_decode(arena, value, &name))
        return "the header Mcp-Name is not well formed";
    const struct json *body = json_get(msg->params, param);
    if (!json_is(body, JSON_TYPE_TEXT) || !str_eq(body->text, name))
        return "the header Mcp-Name is not what the body names";
    return NULL;
}

static const char version_differs_why[] =
    "the header MCP-Protocol-Version is not the body's protocolVersion";

static bool version_differs(const struct http_req *http, const char *claim)
{
    struct str value;
    return http_header(http, "MCP-Protocol-Version", &value) == 1 && !str_is(value, claim);
}

static const char *headers_wrong(struct arena *arena, const struct http_req *http,
                                 const struct jsonrpc_msg *msg, const char *claim)
{
    struct str value;
    if (http_header(http, "MCP-Protocol-Version", &value) != 1)
        return "the header MCP-Protocol-Version is missing, or there twice";
    if (version_differs(http, claim))
        return version_differs_why;
    if (http_header(http, "Mcp-Method", &value) != 1)
        return "the header Mcp-Method is missing, or there twice";
    if (!str_is(value, msg->method))
        return "the header Mcp-Method is not the body's method";
    return name_wrong(arena, http, msg);
}

/* The body claims a version: the whole envelope must be there, and the headers say the same. */
static void find_claimed(struct arena *arena, const struct http_req *http,
                         const struct jsonrpc_msg *msg, struct era_found *found,
                         struct jsonrpc_fault *fault)
{
    const struct json *meta = json_get(msg->params, "_meta");
    const char *claim = json_get_text(meta, META_VERSION);

    found->era = ERA_MODERN;
    found->version = MCP_MODERN;
    found->client_capabilities = json_get(meta, META_CAPABILITIES);
    if (claim == NULL) {
        *fault = envelope_wrong("_meta: " META_VERSION " must be text");
    } else if (!json_is(found->client_capabilities, JSON_TYPE_OBJECT)) {
        *fault = envelope_wrong("_meta: " META_CAPABILITIES " must be an object");
    } else if (listed(mcp_modern_versions, claim) == NULL) {
        /* Two versions in one request are a contradiction before either is unknown. */
        *fault = version_differs(http, claim) ? mismatch(version_differs_why)
                                              : version_unknown(arena, claim);
    } else {
        const char *why = headers_wrong(arena, http, msg, claim);
        if (why != NULL)
            *fault = mismatch(why);
    }
}

/* No claim: the header alone speaks. Absent, it is a client of 2025-03-26 or one that initializes.
 */
static void find_unclaimed(struct arena *arena, const struct jsonrpc_msg *msg, struct str header,
                           bool has_header, struct era_found *found, struct jsonrpc_fault *fault)
{
    const char *version = has_header ? str_dup(arena, header) : "2025-03-26";
    const bool modern = version != NULL && strcmp(version, MCP_MODERN) >= 0;
    const bool initialize = msg->kind == JSONRPC_REQUEST && strcmp(msg->method, "initialize") == 0;

    found->era = modern ? ERA_MODERN : ERA_LEGACY;
    found->version = modern ? MCP_MODERN : listed(mcp_legacy_versions, version);
    if (modern && initialize)
        *fault = mismatch("initialize belongs to " MCP_LEGACY_LATEST
                          " and before; the header MCP-Protocol-Version says otherwise");
    else if (modern && msg->kind == JSONRPC_REQUEST)
        *fault = envelope_wrong("params._meta with " META_VERSION " is missing");
    else if (modern && msg->kind == JSONRPC_RESPONSE)
        *fault = jsonrpc_fault(JSONRPC_INVALID_REQUEST, "a client posts no responses");
    else if (!modern && found->version == NULL && initialize)
        found->version = MCP_LEGACY_LATEST; /* the body's version is the one that counts */
    else if (!modern && found->version == NULL)
        *fault = jsonrpc_fault(JSONRPC_INVALID_REQUEST,
                               "the header MCP-Protocol-Version names a version that is not "
                               "supported");
}

void era_find(struct arena *arena, const struct http_req *http, const struct jsonrpc_msg *msg,
              struct era_found *found, struct jsonrpc_fault *fault)
{
    struct str header = {0};
    const size_t n = http_header(http, "MCP-Protocol-Version", &header);
    const struct json *meta = json_get(msg->params, "_meta");

    *found = (struct era_found){.era = ERA_LEGACY, .version = MCP_LEGACY_LATEST};
    *fault = (struct jsonrpc_fault){0};
    if (n > 1)
        *fault = jsonrpc_fault(JSONRPC_INVALID_REQUEST,
                               "the header MCP-Protocol-Version is there twice");
    else if (msg->kind == JSONRPC_REQUEST && json_get(meta, META_VERSION) != NULL)
        find_claimed(arena, http, msg, found, fault);
    else
        find_unclaimed(arena, msg, header, n == 1, found, fault);
}
