/* GET /metrics: who may read it, and what the endpoint itself has to say. The host's figures come
 * first; they may take a turn on a reader thread. */
#include <inttypes.h>

#include "common/sys/metrics.h"
#include "engine/mcp/mcp_own.h"

static bool peer_allowed(const struct config *config, const struct web_peer *peer)
{
    if (peer->is_unix)
        return true;
    for (size_t i = 0; i < config->metrics_peers.n; i++)
        if (netblock_has(&config->metrics_peers.items[i], &peer->addr))
            return true;
    return false;
}

/* A proxy on this machine is a loopback peer, whoever asked it. */
static bool was_forwarded(const struct http_req *http)
{
    struct str value;
    return http_header(http, "Forwarded", &value) + http_header(http, "X-Forwarded-For", &value) +
               http_header(http, "Origin", &value) >
           0;
}

void on_metrics(struct web_req *web, void *ctx)
{
    struct mcp *mcp = ctx;
    const struct config *config = mcp->options.config;
    const struct web_peer *peer = web_peer(web);
    if (!peer_allowed(config, peer) || was_forwarded(web_http(web)))
        web_refuse(web, 403, "metrics are not for this peer: see CLOSEGATE_METRICS_PEERS");
    else if (!peer->is_unix && !host_allowed(config, web_http(web)))
        web_refuse(web, 403, "this Host is not ours: see CLOSEGATE_ALLOWED_HOSTS");
    else if (mcp->host->metrics == NULL)
        web_refuse(web, 404, "nothing is measured here");
    else
        mcp->host->metrics(mcp, web);
}

static void print_http(const struct web *web, struct buf *out)
{
    size_t n;
    int64_t taken, refused;
    const struct web_count *counts = web_counts(web, &n);
    buf_puts(out, "# HELP closegate_http_responses_total Answers of the HTTP server, by status.\n"
                  "# TYPE closegate_http_responses_total counter\n");
    for (size_t i = 0; i + 1 < n; i++)
        buf_putf(out, "closegate_http_responses_total{status=\"%d\"} %" PRId64 "\n",
                 counts[i].status, counts[i].n);
    buf_putf(out, "closegate_http_responses_total{status=\"other\"} %" PRId64 "\n",
             counts[n - 1].n);
    web_accepted(web, &taken, &refused);
    metric_print_one("closegate_connections", "Open connections.", METRIC_GAUGE,
                     (int64_t)web_connections(web), out);
    metric_print_one("closegate_connections_taken_total", "Connections accepted.", METRIC_COUNTER,
                     taken, out);
    metric_print_one("closegate_connections_refused_total",
                     "Connections turned away at a ceiling, in all or of one peer.", METRIC_COUNTER,
                     refused, out);
}

void mcp_metrics_reply(struct mcp *mcp, struct web_req *web, struct buf *out)
{
    print_http(web_of(web), out);
    metric_print_one("closegate_requests_in_flight", "Requests under way at the MCP endpoint.",
                     METRIC_GAUGE, (int64_t)mcp->in_flight, out);
    metric_print_one("closegate_sessions", "Sessions of the revisions up to 2025-11-25.",
                     METRIC_GAUGE, (int64_t)mcp->sessions.n, out);
    metric_print_one("closegate_listeners", "Open subscriptions/listen streams.", METRIC_GAUGE,
                     (int64_t)mcp_listeners(mcp), out);
    if (out->failed) {
        web_refuse(web, 503, "no memory for this request");
        return;
    }
    web_reply(web, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                        .body = buf_text(out),
                                        .body_len = out->len});
}
