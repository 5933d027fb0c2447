/* GET /metrics: who may read it, and what the endpoint itself has to say. The host's figures come
 * first; they may take a turn on a reader thread. */
#include <inttypes.h>

#include "common/sys/metrics.h"
#include "common/sys/web_metrics.h"
#include "engine/mcp/mcp_own.h"

void on_metrics(struct web_req *web, void *ctx)
{
    struct mcp *mcp = ctx;
    const struct config *config = mcp->options.config;
    const struct web_peer *peer = web_peer(web);
    if (!web_metrics_allowed(&config->metrics_peers, web))
        web_refuse(web, 403, "metrics are not for this peer: see CLOSEGATE_METRICS_PEERS");
    else if (!peer->is_unix && !host_allowed(config, web_http(web)))
        web_refuse(web, 403, "this Host is not ours: see CLOSEGATE_ALLOWED_HOSTS");
    else if (mcp->host->metrics == NULL)
        web_refuse(web, 404, "nothing is measured here");
    else
        mcp->host->metrics(mcp, web);
}

void mcp_metrics_reply(struct mcp *mcp, struct web_req *web, struct buf *out)
{
    web_metrics_print(web_of(web), out);
    metric_print_one("closegate_requests_in_flight", "Requests under way at the MCP endpoint.",
                     METRIC_GAUGE, (int64_t)mcp->in_flight, out);
    metric_print_one("closegate_sessions", "Sessions of the revisions up to 2025-11-25.",
                     METRIC_GAUGE, (int64_t)mcp->sessions.n, out);
    metric_print_one("closegate_listeners", "Open subscriptions/listen streams.", METRIC_GAUGE,
                     (int64_t)mcp_listeners(mcp), out);
    buf_putf(out,
             "# HELP closegate_requests_over_caller_limit_total Requests refused because their "
             "caller asked too often, or for too much at a time.\n"
             "# TYPE closegate_requests_over_caller_limit_total counter\n"
             "closegate_requests_over_caller_limit_total{limit=\"rate\"} %" PRId64 "\n"
             "closegate_requests_over_caller_limit_total{limit=\"in_flight\"} %" PRId64 "\n",
             mcp->too_fast, mcp->too_many);
    web_metrics_reply(web, out);
}
