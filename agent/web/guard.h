/* Whether a request may be asked at all: the Host it names (DNS rebinding), the session a route
 * needs, and that a change comes from our own page (CSRF): its token and its Origin. */
#ifndef AGENT_WEB_GUARD_H
#define AGENT_WEB_GUARD_H

#include "agent/call/request.h"

bool guard_host(const struct agent_config *config, const struct http_req *http);

/* True: refused, and replied. `needs` is the route's. */
bool guard_refuses(struct request *r, unsigned needs);

#endif
