/* The figures web.c keeps, printed. */
#include "common/sys/web_metrics.h"

#include <inttypes.h>

#include "common/sys/metrics.h"

static bool was_forwarded(const struct http_req *http)
{
    struct str value;
    return http_header(http, "Forwarded", &value) + http_header(http, "X-Forwarded-For", &value) +
               http_header(http, "Origin", &value) >
           0;
}

bool web_metrics_allowed(const struct setting_networks *peers, const struct web_req *req)
{
    const struct web_peer *peer = web_peer(req);
    bool known = peer->is_unix;
    for (size_t i = 0; i < peers->n && !known; i++)
        known = netblock_has(&peers->items[i], &peer->addr);
    return known && !was_forwarded(web_http(req));
}

void web_metrics_print(const struct web *web, struct buf *out)
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
    metric_print_one("closegate_requests_over_peer_rate_total",
                     "Requests refused because their peer address asked too often.", METRIC_COUNTER,
                     web_limited(web), out);
    if (web_tls_until(web) == 0)
        return;
    metric_print_one("closegate_tls_certificate_until_seconds",
                     "When the certificate in force ends, in seconds since 1970.", METRIC_GAUGE,
                     web_tls_until(web), out);
    metric_print_one("closegate_tls_handshakes_failed_total",
                     "TLS handshakes that were refused or not finished.", METRIC_COUNTER,
                     web_tls_failed(web), out);
}

void web_metrics_reply(struct web_req *req, const struct buf *out)
{
    if (out->failed) {
        web_refuse(req, 503, "no memory for this request");
        return;
    }
    web_reply(req, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                        .body = buf_text(out),
                                        .body_len = out->len});
}
