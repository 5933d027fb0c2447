/* What each era can be asked: two small tables, one dispatcher. A method answers its request with
 * req_result or req_fault, now or when the spine is done with it. */
#include <string.h>

#include "engine/mcp/mcp_own.h"
#include "engine/mcp/reply.h"

#define LIST_TTL_MS ((int64_t)60 * 1000)

static const char instructions[] =
    "closegate stands between you and the general ledger. Read and propose freely; what changes "
    "the "
    "books passes a policy gate. A result with status pending_approval waits for a human under its "
    "escalation_id: do not repeat the call, look at list_pending_escalations. A denial quotes the "
    "clause that decided. Amounts are decimal strings. Give state-changing calls an "
    "idempotency_key "
    "and repeat a failed one with the same key.";

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
    json_put_text(r->arena, result, "protocolVersion", era_negotiate(asked));
    json_put(r->arena, result, "capabilities", reply_capabilities(r->arena));
    json_put(r->arena, result, "serverInfo", reply_server_info(r->arena));
    json_put_text(r->arena, result, "instructions", instructions);
    req_result(r, result);
}

static void do_discover(struct mcp_req *r)
{
    struct json *result = json_object_new(r->arena), *versions = json_array_new(r->arena);
    for (size_t i = 0; mcp_modern_versions[i] != NULL; i++)
        json_push(r->arena, versions, json_text_new(r->arena, mcp_modern_versions[i]));
    json_put(r->arena, result, "supportedVersions", versions);
    json_put(r->arena, result, "capabilities", reply_capabilities(r->arena));
    json_put_text(r->arena, result, "instructions", instructions);
    req_result(r, reply_cacheable(r->arena, r->era.era, result, LIST_TTL_MS));
}

static void do_ping(struct mcp_req *r)
{
    req_result(r, json_object_new(r->arena));
}

/* ---- tools ---- */

static bool offered(const struct mcp_req *r, const struct tool *tool)
{
    unsigned door = r->door == AUTH_ADMIN ? OFFER_SOCKET : OFFER_MCP;
    if (r->door == AUTH_MCP && r->who.actor.kind == ACTOR_HUMAN &&
        r->who.actor.client_kind == CLIENT_WORKSPACE)
        door |= OFFER_WORKSPACE;
    return (tool->offer & door) != 0;
}

/* Every list is one page: we hand out no cursor, so none can be good. */
static bool has_cursor(struct mcp_req *r)
{
    if (json_get(r->msg.params, "cursor") == NULL)
        return false;
    req_fault(r, params_wrong("this cursor is not one of ours"));
    return true;
}

static void do_tools_list(struct mcp_req *r)
{
    struct json *result = json_object_new(r->arena), *list = json_array_new(r->arena), *row;

    if (has_cursor(r))
        return;
    for (size_t i = 0; i < tools_n; i++) {
        if (!offered(r, tools[i]) || !auth_tool_allowed(&r->who, tools[i]->name))
            continue;
        struct err e = reply_tool(r->arena, tools[i], &row);
        if (e.kind != ERR_NONE) {
            req_fault(r, jsonrpc_fault_of(e));
            return;
        }
        json_push(r->arena, list, row);
    }
    json_put(r->arena, result, "tools", list);
    req_result(r, reply_cacheable(r->arena, r->era.era, result, LIST_TTL_MS));
}

static void answer_call(void *arg)
{
    struct mcp_req *r = arg;
    req_result(r, reply_call(r->arena, r->era.era, &r->call));
}

/* Who approved a policy hears so when it is in force. */
static void on_called(struct call *call, void *arg)
{
    struct mcp_req *r = arg;
    const struct mcp_options *options = &r->mcp->options;
    if (call->outcome == CALL_OK && call->policy_loaded && options->policy_changed != NULL)
        options->policy_changed(options->ctx, answer_call, r);
    else
        answer_call(r);
}

static void run_tool(struct mcp_req *r, const struct tool *tool, const struct json *arguments)
{
    req_call_init(r);
    r->call.tool = tool;
    struct err e = call_bind(&r->call, arguments);
    if (e.kind != ERR_NONE) { /* the model can correct itself, so it is a result */
        req_result(r, reply_call_failed(r->arena, r->era.era, e));
        return;
    }
    e = spine_submit(r->mcp->options.spine, &r->call, on_called, r);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

static void do_tools_call(struct mcp_req *r)
{
    const char *name = json_get_text(r->msg.params, "name");
    const struct json *arguments = json_get(r->msg.params, "arguments");
    const struct tool *tool = name == NULL ? NULL : tool_find(name);

    if (name == NULL) {
        req_fault(r, params_wrong("name must be text: the tool to call"));
    } else if (tool == NULL || !offered(r, tool)) {
        const char *why = arena_fmt(r->arena, "unknown tool: %.64s", name);
        req_fault(r, params_wrong(why != NULL ? why : "unknown tool"));
    } else if (!auth_tool_allowed(&r->who, name)) {
        req_fault(r, (struct jsonrpc_fault){.code = 403,
                                            .status = 403,
                                            .message = "this tool is not on the client's list"});
    } else if (arguments != NULL && !json_is(arguments, JSON_TYPE_OBJECT)) {
        req_fault(r, params_wrong("arguments must be an object"));
    } else {
        run_tool(r, tool, arguments);
    }
}

/* ---- resources ---- */

static bool is_template(const struct resource *resource)
{
    return strchr(resource->uri, '{') != NULL;
}

static void list_resources(struct mcp_req *r, const char *member, bool templates)
{
    struct json *result = json_object_new(r->arena), *list = json_array_new(r->arena);

    if (has_cursor(r))
        return;
    for (size_t i = 0; i < resources_n; i++)
        if (is_template(&resources[i]) == templates)
            json_push(r->arena, list, reply_resource(r->arena, &resources[i]));
    json_put(r->arena, result, member, list);
    req_result(r, reply_cacheable(r->arena, r->era.era, result, LIST_TTL_MS));
}

static void do_resources_list(struct mcp_req *r)
{
    list_resources(r, "resources", false);
}

static void do_templates_list(struct mcp_req *r)
{
    list_resources(r, "resourceTemplates", true);
}

/* The row that `uri` is one of, and what stands in place of "{id}" (NULL when there is none). */
static const struct resource *resource_match(const char *uri, const char **id)
{
    for (size_t i = 0; i < resources_n; i++) {
        const char *brace = strchr(resources[i].uri, '{');
        const size_t n = brace == NULL ? 0 : (size_t)(brace - resources[i].uri);
        *id = NULL;
        if (brace == NULL && strcmp(resources[i].uri, uri) == 0)
            return &resources[i];
        if (brace != NULL && strncmp(resources[i].uri, uri, n) == 0 && uri[n] != '\0') {
            *id = uri + n;
            return &resources[i];
        }
    }
    return NULL;
}

static struct jsonrpc_fault resource_unknown(struct mcp_req *r)
{
    struct jsonrpc_fault fault =
        jsonrpc_fault(r->era.era == ERA_MODERN ? JSONRPC_INVALID_PARAMS : MCP_RESOURCE_NOT_FOUND,
                      "there is no such resource");
    struct json *data = json_object_new(r->arena);
    json_put_text(r->arena, data, "uri", r->uri);
    fault.data = data;
    return fault;
}

/* On a reader thread. */
static struct err read_resource(struct tx *tx, void *arg)
{
    struct mcp_req *r = arg;
    return r->resource->read(&r->call, tx, r->resource_id);
}

static void on_read(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    if (e.kind == ERR_MISSING) {
        req_fault(r, resource_unknown(r));
    } else if (e.kind != ERR_NONE) {
        req_fault(r, jsonrpc_fault_of(e));
    } else {
        struct json *result = reply_contents(r->arena, r->uri, r->resource->mime, r->call.result);
        req_result(r, reply_cacheable(r->arena, r->era.era, result, 0));
    }
}

static void do_resources_read(struct mcp_req *r)
{
    r->uri = json_get_text(r->msg.params, "uri");
    if (r->uri == NULL) {
        req_fault(r, params_wrong("uri must be text: the resource to read"));
        return;
    }
    r->resource = resource_match(r->uri, &r->resource_id);
    if (r->resource == NULL) {
        req_fault(r, resource_unknown(r));
        return;
    }
    if (r->who.actor.client_kind == CLIENT_SERVICE) { /* an allow-list names tools only */
        req_fault(r, (struct jsonrpc_fault){.code = 403,
                                            .status = 403,
                                            .message = "a service may call its tools only"});
        return;
    }
    req_call_init(r);
    struct err e = spine_read(r->mcp->options.spine, r->arena, read_resource, on_read, r);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

/* ---- the tables ---- */

struct method {
    const char *name;
    void (*run)(struct mcp_req *r);
};

static const struct method legacy[] = {
    {"initialize", do_initialize},         {"ping", do_ping},
    {"tools/list", do_tools_list},         {"tools/call", do_tools_call},
    {"resources/list", do_resources_list}, {"resources/templates/list", do_templates_list},
    {"resources/read", do_resources_read}, {NULL, NULL},
};

static const struct method modern[] = {
    {"server/discover", do_discover},
    {"tools/list", do_tools_list},
    {"tools/call", do_tools_call},
    {"resources/list", do_resources_list},
    {"resources/templates/list", do_templates_list},
    {"resources/read", do_resources_read},
    {NULL, NULL},
};

void mcp_dispatch(struct mcp_req *r)
{
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
