/* Tools and resources over the spine. The registry is read on a reader thread, so authentication
 * takes a turn of its own; a call is bound here and judged there. */
#include "engine/mcp/engine_host.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/log.h"
#include "engine/call/measure.h"
#include "engine/mcp/engine_own.h"
#include "engine/mcp/mcp_own.h"

#define PAGE_ROWS 100

static const char instructions[] =
    "closegate stands between you and the general ledger. Read and propose freely; what changes "
    "the "
    "books passes a policy gate. A result with status pending_approval waits for a human under its "
    "escalation_id: do not repeat the call, look at list_pending_escalations. A denial quotes the "
    "clause that decided. Amounts are decimal strings. Give state-changing calls an "
    "idempotency_key "
    "and repeat a failed one with the same key.";

struct engine_host *host_of(const struct mcp_req *r)
{
    return r->mcp->host->ctx;
}

struct err engine_read(struct mcp_req *r, spine_read_fn *fn, spine_read_done *done)
{
    return spine_read_for(host_of(r)->options.spine, asker_of(&engine_req(r)->who.actor), r->arena,
                          fn, done, r);
}

extern const struct tool tool_resolve_escalation;

struct engine_req *engine_req(const struct mcp_req *r)
{
    return r->host;
}

void engine_call_init(struct mcp_req *r)
{
    struct engine_host *h = host_of(r);
    struct engine_req *e = engine_req(r);
    e->call = (struct call){
        .arena = r->arena,
        .actor = e->who.actor,
        .request_id = r->request_id,
        .rationale_author = e->who.actor.kind == ACTOR_HUMAN ? "human" : "model",
        .policy = h->policy,
        .prod = h->options.config->env == CONFIG_PROD,
        .edge = r,
        .wants_receipt = true,
        .received_us = h->options.clock_us(),
    };
}

static bool ready(void *ctx, const char **why)
{
    const struct engine_host *h = ctx;
    *why = "no policy is in force yet";
    return h->policy != NULL;
}

/* Reads are served without a writer, and whoever asks for a change is told; but nobody should be
 * sent here. */
static bool whole(void *ctx, const char **why)
{
    const struct engine_host *h = ctx;
    *why = "the book cannot be written at the moment";
    if (!spine_writable(h->options.spine))
        return false;
    *why = spine_held(h->options.spine);
    return *why == NULL;
}

/* ---- tools ---- */

bool engine_offers(const struct mcp_req *r, const struct tool *tool)
{
    const struct auth_result *who = &engine_req(r)->who;
    unsigned door = r->admin ? OFFER_SOCKET : OFFER_MCP;
    if (!r->admin && who->actor.kind == ACTOR_HUMAN && who->actor.client_kind == CLIENT_WORKSPACE)
        door |= OFFER_WORKSPACE;
    if (!r->admin && who->actor.client_kind == CLIENT_SERVICE)
        door |= OFFER_SERVICE;
    return (tool->offer & door) != 0;
}

static struct err tools_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    size_t shown = 0;
    for (size_t i = from; i < tools_n; i++) {
        struct json *row;
        if (!engine_offers(r, tools[i]) || !auth_tool_allowed(&engine_req(r)->who, tools[i]->name))
            continue;
        if (shown++ == PAGE_ROWS) {
            *next = i;
            break;
        }
        TRY(reply_tool(r->arena, tools[i], &row));
        json_push(r->arena, rows, row);
    }
    return OK;
}

static const struct json *tool_schema(struct mcp_req *r, const char *name)
{
    const struct tool *tool = tool_find(name);
    struct json *schema = NULL;
    if (tool == NULL || tool_input_schema(r->arena, tool, &schema).kind != ERR_NONE)
        return NULL;
    return schema;
}

/* Whoever reads structuredContent may say that the same as text is not wanted: it doubles a page.
 */
static bool wants_lean(const struct mcp_req *r)
{
    const struct json *lean = json_get(json_get(r->msg.params, "_meta"), MCP_META_LEAN);
    return json_is(lean, JSON_TYPE_BOOL) && lean->truth;
}

static void answer_call(void *arg)
{
    struct mcp_req *r = arg;
    const struct call *call = &engine_req(r)->call;
    req_result(r, wants_lean(r) ? reply_call_lean(r->arena, r->era.era, call)
                                : reply_call(r->arena, r->era.era, call));
}

static const char *const outcomes[] = {"none", "ok", "pending", "denied", "failed"};

/* Who approved a policy hears so when it is in force. */
static void on_called(struct call *call, void *arg)
{
    struct mcp_req *r = arg;
    const struct engine_host_options *options = &host_of(r)->options;
    log_context(r->request_id, NULL);
    log_debug("call answered", LOG_TEXT("tool", call->tool->name),
              LOG_TEXT("actor", call->actor.id), LOG_TEXT("outcome", outcomes[call->outcome]),
              LOG_INT("seq", call->seq), LOG_END);
    if (call->outcome == CALL_PENDING)
        engine_pending(r, call);
    else if (call->outcome == CALL_OK && call->policy_loaded && options->policy_changed != NULL)
        options->policy_changed(options->ctx, answer_call, r);
    else
        answer_call(r);
}

/* What waits for the writer is not run, long work ends at its next step; what was done stands. */
static void on_cancel(struct mcp_req *r)
{
    atomic_store(&engine_req(r)->cancelled, true);
}

static void on_progress(struct call *c, int64_t done, int64_t total)
{
    struct mcp_req *r = c->edge;
    struct engine_req *own = engine_req(r);
    if (done <= own->progress)
        return;
    own->progress = done;
    req_progress(r, done, total, NULL);
}

static void run_tool(struct mcp_req *r, const struct tool *tool, const struct json *arguments)
{
    struct engine_req *own = engine_req(r);
    engine_call_init(r);
    own->call.tool = tool;
    own->call.cancelled = &own->cancelled;
    own->call.progress = req_wants_progress(r) ? on_progress : NULL;
    atomic_init(&own->cancelled, r->deaf);
    r->on_cancel = on_cancel;
    struct err e = call_bind(&own->call, arguments);
    if (e.kind != ERR_NONE) { /* the model can correct itself, so it is a result */
        own->call.outcome = CALL_FAILED;
        measure_call(&own->call);
        req_result(r, reply_call_failed(r->arena, r->era.era, e));
        return;
    }
    if (tool == &tool_resolve_escalation)
        auth_login_bind(&own->call.actor, json_get_text(own->call.args_tree, "digest"),
                        json_get_text(own->call.args_tree, "decision"));
    e = spine_submit(host_of(r)->options.spine, &own->call, on_called, r);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

static void tools_call(struct mcp_req *r, const char *name, const struct json *arguments)
{
    const struct tool *tool = tool_find(name);
    if (tool == NULL || !engine_offers(r, tool)) {
        const char *why = arena_fmt(r->arena, "unknown tool: %.64s", name);
        req_fault(r, jsonrpc_fault(JSONRPC_INVALID_PARAMS, why != NULL ? why : "unknown tool"));
    } else if (!auth_tool_allowed(&engine_req(r)->who, name)) {
        req_refuse(r, 403, "this tool is not on the client's list");
    } else if (engine_may(r, tool->run == TOOL_READ ? ACCESS_READ : ACCESS_PROPOSE) &&
               !engine_pending_again(r)) {
        run_tool(r, tool, arguments);
    }
}

/* ---- resources ---- */

static bool is_template(const struct resource *resource)
{
    return strchr(resource->uri, '{') != NULL;
}

static struct err list_resources(struct mcp_req *r, size_t from, struct json *rows, size_t *next,
                                 bool templates)
{
    size_t shown = 0;
    for (size_t i = from; i < resources_n; i++) {
        if (is_template(&resources[i]) != templates)
            continue;
        if (shown++ == PAGE_ROWS) {
            *next = i;
            break;
        }
        json_push(r->arena, rows, reply_resource(r->arena, &resources[i]));
    }
    return OK;
}

static struct err resources_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    return list_resources(r, from, rows, next, false);
}

static struct err templates_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    return list_resources(r, from, rows, next, true);
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

static void resource_unknown(struct mcp_req *r, const char *uri)
{
    struct jsonrpc_fault fault =
        jsonrpc_fault(r->era.era == ERA_MODERN ? JSONRPC_INVALID_PARAMS : MCP_RESOURCE_NOT_FOUND,
                      "there is no such resource");
    struct json *data = json_object_new(r->arena);
    json_put_text(r->arena, data, "uri", uri);
    fault.data = data;
    req_fault(r, fault);
}

/* On a reader thread. */
static struct err read_resource(struct tx *tx, void *arg)
{
    struct engine_req *own = engine_req(arg);
    return own->resource->read(&own->call, tx, own->resource_id);
}

static void on_read(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    const struct engine_req *own = engine_req(r);
    if (e.kind == ERR_MISSING)
        resource_unknown(r, own->uri);
    else if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
    else
        req_cacheable(r, reply_contents(r->arena, own->uri, own->resource->mime, own->call.result),
                      0);
}

static void resources_read(struct mcp_req *r, const char *uri)
{
    struct engine_req *own = engine_req(r);
    own->uri = uri;
    own->resource = resource_match(uri, &own->resource_id);
    if (own->resource == NULL) {
        resource_unknown(r, uri);
        return;
    }
    if (!auth_reads_allowed(&own->who)) {
        req_refuse(r, 403, "a service reads resources when " CLIENT_READS " is on its list");
        return;
    }
    engine_call_init(r);
    struct err e = engine_read(r, read_resource, on_read);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

/* Any address of a kind that is told of, whether there is such a thing or not; what is not the
 * caller's to see never changes for them. */
static bool may_watch(struct mcp_req *r, const char *uri)
{
    const char *id;
    return auth_reads_allowed(&engine_req(r)->who) &&
           ((resource_match(uri, &id) != NULL && feed_tells(uri)) || strncmp(uri, "esc_", 4) == 0);
}

/* ---- the host ---- */

struct err engine_host_new(const struct engine_host_options *options, struct engine_host **out)
{
    struct engine_host *h = calloc(1, sizeof *h);
    ENSURE(h != NULL, ERR_LIMIT, "no memory");
    h->options = *options;
    h->started_us = options->clock_us();
    h->serves = (struct mcp_host){.ctx = h,
                                  .instructions = instructions,
                                  .authenticate = engine_authenticate,
                                  .ready = ready,
                                  .whole = whole,
                                  .metrics = engine_metrics,
                                  .tlog = engine_tlog,
                                  .resource_metadata = engine_resource_metadata,
                                  .tools_list = tools_list,
                                  .resources_list = resources_list,
                                  .templates_list = templates_list,
                                  .prompts_list = engine_prompts_list,
                                  .tool_schema = tool_schema,
                                  .tools_call = tools_call,
                                  .resources_read = resources_read,
                                  .prompts_get = engine_prompts_get,
                                  .complete = engine_complete,
                                  .task_get = engine_task_get,
                                  .task_update = engine_task_update,
                                  .task_cancel = engine_task_cancel,
                                  .may_watch = may_watch,
                                  .scope_new = feed_scope_new,
                                  .scope_free = feed_scope_free,
                                  .scope_sees = feed_scope_sees};
    *out = h;
    return OK;
}

void engine_host_free(struct engine_host *host)
{
    if (host != NULL)
        feed_free(host->feed);
    free(host);
}

struct err engine_host_follow(struct engine_host *host, struct loop *loop, struct mcp *mcp)
{
    return feed_new(host, loop, mcp, &host->feed);
}

const struct mcp_host *engine_host_serves(struct engine_host *host)
{
    return &host->serves;
}

void engine_host_set_feeder(struct engine_host *host, const struct feeder *feeder)
{
    host->feeder = feeder;
}

void engine_host_set_sweeper(struct engine_host *host, const struct sweeper *sweeper)
{
    host->sweeper = sweeper;
}

void engine_host_set_policy(struct engine_host *host, const struct policy *policy)
{
    host->policy = policy;
}

const struct policy *engine_host_policy(const struct engine_host *host)
{
    return host->policy;
}
