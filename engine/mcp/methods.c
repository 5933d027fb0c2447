/* What each era can be asked: two small tables, one dispatcher. What lists hold and what calls do
 * is the host's. */
#include <inttypes.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/reply.h"

#define LIST_TTL_MS ((int64_t)60 * 1000)

static struct jsonrpc_fault params_wrong(const char *why)
{
    return jsonrpc_fault(JSONRPC_INVALID_PARAMS, why);
}

/* ---- hello ---- */

static void do_initialize(struct mcp_req *r)
{
    const char *asked = json_get_text(r->msg.params, "protocolVersion");
    struct json *result = json_object_new(r->arena);

    if (asked == NULL) {
        req_fault(r, params_wrong("protocolVersion must be text"));
        return;
    }
    const char *version = era_negotiate(asked);
    if (!r->admin) /* without memory for one the client is served without a session */
        r->session = session_new(r->mcp, &r->mcp->sessions, r->owner, version,
                                 json_get(r->msg.params, "capabilities"));
    if (r->session != NULL && r->mcp->host->scope_new != NULL)
        r->session->scope = r->mcp->host->scope_new(r);
    json_put_text(r->arena, result, "protocolVersion", version);
    json_put(r->arena, result, "capabilities",
             reply_capabilities(r->arena, ERA_LEGACY, r->mcp->host));
    json_put(r->arena, result, "serverInfo", reply_server_info(r->arena, true));
    json_put_text(r->arena, result, "instructions", r->mcp->host->instructions);
    req_result(r, result);
}

static void do_discover(struct mcp_req *r)
{
    struct json *result = json_object_new(r->arena), *versions = json_array_new(r->arena);
    for (size_t i = 0; mcp_modern_versions[i] != NULL; i++)
        json_push(r->arena, versions, json_text_new(r->arena, mcp_modern_versions[i]));
    json_put(r->arena, result, "supportedVersions", versions);
    json_put(r->arena, result, "capabilities",
             reply_capabilities(r->arena, ERA_MODERN, r->mcp->host));
    json_put_text(r->arena, result, "instructions", r->mcp->host->instructions);
    req_cacheable(r, result, LIST_TTL_MS);
}

static void do_ping(struct mcp_req *r)
{
    req_result(r, json_object_new(r->arena));
}

static void do_set_level(struct mcp_req *r)
{
    const int level = log_level_find(json_get_text(r->msg.params, "level"));
    if (level < 0) {
        req_fault(r, params_wrong("level must be one of debug, info, notice, warning, error, "
                                  "critical, alert, emergency"));
        return;
    }
    if (r->session != NULL)
        r->session->level = level;
    req_result(r, json_object_new(r->arena));
}

/* ---- lists: pages by opaque cursors ---- */

typedef struct err list_fn(struct mcp_req *r, size_t from, struct json *rows, size_t *next);

/* Where a page begins: what the cursor says, which only we could have written for this list. */
static bool cursor_read(struct mcp_req *r, const char *member, size_t *from)
{
    char text[64];
    size_t n, prefix = strlen(member);
    const struct json *cursor = json_get(r->msg.params, "cursor");
    *from = 0;
    if (cursor == NULL)
        return true;
    if (!json_is(cursor, JSON_TYPE_TEXT) ||
        !base64url_parse(cursor->text, text, sizeof text - 1, &n) || n <= prefix + 1 ||
        n > prefix + 7 || memcmp(text, member, prefix) != 0 || text[prefix] != ':')
        return false;
    for (size_t i = prefix + 1; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *from = *from * 10 + (size_t)(text[i] - '0');
    }
    return *from > 0;
}

static const char *cursor_print(struct mcp_req *r, const char *member, size_t next)
{
    const char *plain = arena_fmt(r->arena, "%s:%zu", member, next);
    char *cursor = plain == NULL ? NULL : arena_alloc(r->arena, BASE64_SIZE(strlen(plain)));
    if (cursor != NULL)
        base64url_print(plain, strlen(plain), cursor);
    return cursor;
}

static void do_list(struct mcp_req *r, const char *member, list_fn *list)
{
    struct json *result = json_object_new(r->arena), *rows = json_array_new(r->arena);
    size_t from, next = 0;
    if (!cursor_read(r, member, &from)) {
        req_fault(r, params_wrong("this cursor is not one of ours"));
        return;
    }
    struct err e = list(r, from, rows, &next);
    if (e.kind != ERR_NONE) {
        req_fault(r, jsonrpc_fault_of(e));
        return;
    }
    json_put(r->arena, result, member, rows);
    if (next != 0)
        json_put_text(r->arena, result, "nextCursor", cursor_print(r, member, next));
    req_cacheable(r, result, LIST_TTL_MS);
}

static void do_tools_list(struct mcp_req *r)
{
    do_list(r, "tools", r->mcp->host->tools_list);
}

static void do_resources_list(struct mcp_req *r)
{
    do_list(r, "resources", r->mcp->host->resources_list);
}

static void do_templates_list(struct mcp_req *r)
{
    do_list(r, "resourceTemplates", r->mcp->host->templates_list);
}

static void do_prompts_list(struct mcp_req *r)
{
    do_list(r, "prompts", r->mcp->host->prompts_list);
}

/* ---- calls ---- */

/* What an earlier round of this very request sealed. False: answered. */
static bool state_open(struct mcp_req *r)
{
    const struct json *sealed = json_get(r->msg.params, "requestState");
    if (sealed == NULL || r->era.era == ERA_LEGACY)
        return true;
    if (json_text(sealed) == NULL) {
        req_fault(r, params_wrong("requestState must be text"));
        return false;
    }
    struct err e = seal_open(r->mcp->seal, r->arena, exchange_about(r), json_text(sealed),
                             r->mcp->options.clock_us() / 1000000, &r->state);
    if (e.kind != ERR_NONE)
        req_fault(r, e.kind == ERR_INPUT ? params_wrong(e.msg) : jsonrpc_fault_of(e));
    return e.kind == ERR_NONE;
}

static void do_tools_call(struct mcp_req *r)
{
    const char *name = json_get_text(r->msg.params, "name"), *why = NULL;
    const struct json *arguments = json_get(r->msg.params, "arguments");

    if (name == NULL) {
        req_fault(r, params_wrong("name must be text: the tool to call"));
        return;
    }
    if (arguments != NULL && !json_is(arguments, JSON_TYPE_OBJECT)) {
        req_fault(r, params_wrong("arguments must be an object"));
        return;
    }
    if (r->era.era == ERA_MODERN && r->web != NULL)
        why =
            mirror_wrong(r->arena, web_http(r->web), r->mcp->host->tool_schema(r, name), arguments);
    if (why != NULL)
        req_fault(r, jsonrpc_fault(MCP_HEADER_MISMATCH, why));
    else if (state_open(r))
        r->mcp->host->tools_call(r, name, arguments);
}

static void do_resources_read(struct mcp_req *r)
{
    const char *uri = json_get_text(r->msg.params, "uri");
    if (uri == NULL)
        req_fault(r, params_wrong("uri must be text: the resource to read"));
    else if (state_open(r))
        r->mcp->host->resources_read(r, uri);
}

static void do_prompts_get(struct mcp_req *r)
{
    const char *name = json_get_text(r->msg.params, "name");
    const struct json *arguments = json_get(r->msg.params, "arguments");
    if (name == NULL)
        req_fault(r, params_wrong("name must be text: the prompt to get"));
    else if (arguments != NULL && !json_is(arguments, JSON_TYPE_OBJECT))
        req_fault(r, params_wrong("arguments must be an object"));
    else if (state_open(r))
        r->mcp->host->prompts_get(r, name, arguments);
}

static void do_complete(struct mcp_req *r)
{
    const struct json *ref = json_get(r->msg.params, "ref");
    const struct json *argument = json_get(r->msg.params, "argument");
    const char *name = json_get_text(argument, "name"), *value = json_get_text(argument, "value");
    if (json_get_text(ref, "type") == NULL || name == NULL || value == NULL)
        req_fault(r, params_wrong("expected ref {type, name or uri} and argument {name, value}"));
    else
        r->mcp->host->complete(r, ref, name, value);
}

/* ---- legacy: subscriptions ---- */

static void do_watch(struct mcp_req *r, bool on)
{
    const char *uri = json_get_text(r->msg.params, "uri");
    if (uri == NULL) {
        req_fault(r, params_wrong("uri must be text: the resource to follow"));
    } else if (on && !r->mcp->host->may_watch(r, uri)) {
        req_fault(r, jsonrpc_fault(MCP_RESOURCE_NOT_FOUND, "there is no such resource"));
    } else if (on && r->session != NULL && !session_watch(r->session, uri)) {
        req_fault(r, params_wrong("this session follows too many resources"));
    } else {
        if (!on && r->session != NULL)
            session_unwatch(r->session, uri);
        req_result(r, json_object_new(r->arena));
    }
}

static void do_subscribe(struct mcp_req *r)
{
    do_watch(r, true);
}

static void do_unsubscribe(struct mcp_req *r)
{
    do_watch(r, false);
}

/* ---- modern: tasks ---- */

/* The task named, by a client that declares the extension; NULL: answered. */
static const char *task_of(struct mcp_req *r)
{
    const char *id = json_get_text(r->msg.params, "taskId");
    if (!req_client_extension(r, MCP_EXTENSION_TASKS)) {
        req_needs(r, NULL, MCP_EXTENSION_TASKS);
        return NULL;
    }
    if (id == NULL)
        req_fault(r, params_wrong("taskId must be text"));
    return id;
}

static void do_task_get(struct mcp_req *r)
{
    const char *id = task_of(r);
    if (id != NULL)
        r->mcp->host->task_get(r, id);
}

static void do_task_update(struct mcp_req *r)
{
    const struct json *responses = json_get(r->msg.params, "inputResponses");
    const char *id = task_of(r);
    if (id == NULL)
        return;
    if (!json_is(responses, JSON_TYPE_OBJECT))
        req_fault(r, params_wrong("inputResponses must be an object"));
    else
        r->mcp->host->task_update(r, id, responses);
}

static void do_task_cancel(struct mcp_req *r)
{
    const char *id = task_of(r);
    if (id != NULL)
        r->mcp->host->task_cancel(r, id);
}

/* ---- the tables ---- */

struct method {
    const char *name;
    void (*run)(struct mcp_req *r);
};

static const struct method legacy[] = {
    {"initialize", do_initialize},
    {"ping", do_ping},
    {"logging/setLevel", do_set_level},
    {"tools/list", do_tools_list},
    {"tools/call", do_tools_call},
    {"resources/list", do_resources_list},
    {"resources/templates/list", do_templates_list},
    {"resources/read", do_resources_read},
    {"resources/subscribe", do_subscribe},
    {"resources/unsubscribe", do_unsubscribe},
    {"prompts/list", do_prompts_list},
    {"prompts/get", do_prompts_get},
    {"completion/complete", do_complete},
    {NULL, NULL},
};

static const struct method modern[] = {
    {"server/discover", do_discover},
    {"tools/list", do_tools_list},
    {"tools/call", do_tools_call},
    {"resources/list", do_resources_list},
    {"resources/templates/list", do_templates_list},
    {"resources/read", do_resources_read},
    {"prompts/list", do_prompts_list},
    {"prompts/get", do_prompts_get},
    {"completion/complete", do_complete},
    {"subscriptions/listen", do_subscriptions_listen},
    {"tasks/get", do_task_get},
    {"tasks/update", do_task_update},
    {"tasks/cancel", do_task_cancel},
    {NULL, NULL},
};

void mcp_dispatch(struct mcp_req *r)
{
    if (r->deaf && strcmp(r->msg.method, "tools/call") != 0) { /* of a call something is left */
        req_accepted(r);
        return;
    }
    for (const struct method *m = r->era.era == ERA_MODERN ? modern : legacy; m->name != NULL; m++)
        if (strcmp(m->name, r->msg.method) == 0) {
            m->run(r);
            return;
        }
    struct jsonrpc_fault fault = jsonrpc_fault(JSONRPC_METHOD_NOT_FOUND, "unknown method");
    if (r->era.era == ERA_LEGACY)
        fault.status = 200;
    req_fault(r, fault);
}

void mcp_on_notification(struct mcp_req *r)
{
    const struct json *id = json_get(r->msg.params, "requestId");
    if (r->era.era == ERA_LEGACY && strcmp(r->msg.method, "notifications/cancelled") == 0 &&
        id != NULL)
        exchange_cancel(r, id);
    req_accepted(r);
}
