/* The engine behind the endpoint: its tools, resources, prompts and approvals as tasks, over the
 * spine.
 */
#ifndef ENGINE_MCP_ENGINE_HOST_H
#define ENGINE_MCP_ENGINE_HOST_H

#include "engine/auth/actor_auth.h"
#include "engine/call/spine.h"
#include "engine/mcp/endpoint.h"

struct engine_host;
struct feeder;
struct prover;
struct sweeper;

struct engine_host_options {
    const struct config *config;
    struct auth *auth;
    struct prover *prover; /* NULL where auth takes no access tokens */
    struct spine *spine;
    int64_t (*clock_us)(void); /* the time of day */
    const char *book_path;     /* whose log's size is told; NULL: nobody's */
    /* A call put another policy in force: take it (engine_host_set_policy), then `done(arg)`, which
     * answers the call. NULL: it is taken at the next start. */
    void (*policy_changed)(void *ctx, void (*done)(void *arg), void *arg);
    void *ctx;
};

/* Everything in `options` must outlive it. */
MUST_CHECK struct err engine_host_new(const struct engine_host_options *options,
                                      struct engine_host **host);
void engine_host_free(struct engine_host *host);
CLEANUP_DEFINE(struct engine_host *, engine_host_free)

/* What mcp_new is given; lives as long as the host. */
const struct mcp_host *engine_host_serves(struct engine_host *host);

/* From now on those who listen at `mcp`, which serves this host, are told what changes in the book.
 */
MUST_CHECK struct err engine_host_follow(struct engine_host *host, struct loop *loop,
                                         struct mcp *mcp);

/* The policy of calls from now on; not copied. Before the first one /readyz says no and calls are
 * refused with 503. A policy that calls under way may still hold must not be freed. */
void engine_host_set_policy(struct engine_host *host, const struct policy *policy);
const struct policy *engine_host_policy(const struct engine_host *host); /* NULL before that */

/* Whose figures /metrics shows; it must outlive the host's last request. */
void engine_host_set_feeder(struct engine_host *host,
                            const struct feeder *feeder); /* may be NULL */
void engine_host_set_sweeper(struct engine_host *host, const struct sweeper *sweeper);

#endif
