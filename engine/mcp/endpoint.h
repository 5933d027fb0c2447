/* The MCP endpoint: POST, GET and DELETE /mcp and POST /admin over HTTP, /healthz and /readyz. It
 * knows the protocol and no tool: what is offered is its host's (host.h). One of these a process;
 * everything in it runs on the loop thread. */
#ifndef ENGINE_MCP_ENDPOINT_H
#define ENGINE_MCP_ENDPOINT_H

#include "common/sys/config.h"
#include "common/sys/loop.h"
#include "common/sys/web.h"
#include "engine/mcp/host.h"
#include "engine/mcp/watch.h"

struct mcp;

struct mcp_options {
    const struct config *config;
    const struct mcp_host *host;
    struct loop *loop;
    int64_t (*clock_us)(void); /* the time of day */
};

/* Everything in `options` must outlive it. */
MUST_CHECK struct err mcp_new(const struct mcp_options *options, struct mcp **mcp);
void mcp_free(struct mcp *mcp);
CLEANUP_DEFINE(struct mcp *, mcp_free)

/* Before the drain: what only waits (subscriptions, the streams of sessions) ends now, and new
 * requests are refused. */
void mcp_end(struct mcp *mcp);

/* The routes; their handlers' ctx is the struct mcp. */
const struct web_route *mcp_routes(size_t *n);

/* Requests under way: the drain waits for them. */
size_t mcp_in_flight(const struct mcp *mcp);

/* ---- what changed, for whoever listens ---- */
enum mcp_list { MCP_TOOLS, MCP_PROMPTS, MCP_RESOURCES };
void mcp_list_changed(struct mcp *mcp, enum mcp_list list);
/* `change` is the host's, for its scope_sees. */
void mcp_resource_updated(struct mcp *mcp, const char *uri, const void *change);
/* notifications/tasks; `task` as tasks/get answers it. */
void mcp_task_updated(struct mcp *mcp, const char *task_id, const struct json *task,
                      const void *change);
size_t mcp_listeners(const struct mcp *mcp); /* open subscriptions of the modern era */
/* What is followed now: changes of anything else need not be told. */
const struct watch *mcp_watched(const struct mcp *mcp);
/* Who has this scope of the host's is not served any more: the subscription or session ends, and
 * the scope is freed with it. */
void mcp_scope_over(struct mcp *mcp, const void *scope);

/* ---- /metrics (metrics_page.c) ---- */
/* The host's own figures are in `out`, which the endpoint's are added to; answers the request. */
void mcp_metrics_reply(struct mcp *mcp, struct web_req *web, struct buf *out);

#endif
