/* POST /mcp and POST /admin over HTTP: authenticate, find the era, dispatch, answer. One of these a
 * process; everything in it runs on the loop thread, except what the spine does for it. */
#ifndef ENGINE_MCP_ENDPOINT_H
#define ENGINE_MCP_ENDPOINT_H

#include "common/sys/config.h"
#include "common/sys/web.h"
#include "engine/auth/actor_auth.h"
#include "engine/call/spine.h"

struct mcp;

struct mcp_options {
    const struct config *config;
    struct auth *auth;
    struct spine *spine;
    int64_t (*clock_us)(void); /* the time of day */
    /* A call put another policy in force: take it (mcp_set_policy), then `done(arg)`, which answers
     * the call. NULL: it is taken at the next start. */
    void (*policy_changed)(void *ctx, void (*done)(void *arg), void *arg);
    void *ctx;
};

/* Everything in `options` must outlive it. */
MUST_CHECK struct err mcp_new(const struct mcp_options *options, struct mcp **mcp);
void mcp_free(struct mcp *mcp);
CLEANUP_DEFINE(struct mcp *, mcp_free)

/* The policy of calls from now on; not copied. Before the first one /readyz says no and calls are
 * refused with 503. A policy that calls under way may still hold must not be freed. */
void mcp_set_policy(struct mcp *mcp, const struct policy *policy);
const struct policy *mcp_policy(const struct mcp *mcp); /* NULL before the first one */

/* The routes /mcp, /admin, /healthz, /readyz; their handlers' ctx is the struct mcp. */
const struct web_route *mcp_routes(size_t *n);

/* Requests under way: the drain waits for them. */
size_t mcp_in_flight(const struct mcp *mcp);

#endif
