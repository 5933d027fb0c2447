/* What any HTTP server of ours says of itself in Prometheus's format, and who may ask. */
#ifndef COMMON_SYS_WEB_METRICS_H
#define COMMON_SYS_WEB_METRICS_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/sys/settings.h"
#include "common/sys/web.h"

/* A Unix peer, or one of the networks, and asking for itself: a proxy on this machine is a loopback
 * peer, whoever asked it, so what was forwarded or comes from a page is never allowed. */
bool web_metrics_allowed(const struct setting_networks *peers, const struct web_req *req);

/* Answers by status, and connections. */
void web_metrics_print(const struct web *web, struct buf *out);

/* Answers with what was printed; 503 when it did not fit. */
void web_metrics_reply(struct web_req *req, const struct buf *out);

#endif
