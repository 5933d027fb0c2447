/* What the files of engine/mcp share. Internal. */
#ifndef ENGINE_MCP_MCP_OWN_H
#define ENGINE_MCP_MCP_OWN_H

#include "common/sys/quota.h"
#include "engine/mcp/endpoint.h"
#include "engine/mcp/exchange.h"
#include "engine/mcp/seal.h"
#include "engine/mcp/session.h"

/* An open subscriptions/listen (2026-07-28): its request, and what it wants to hear of. */
struct listener {
    struct mcp_req *req;
    bool tools, prompts, resources;
    const char **uris, **tasks;
    size_t uris_n, tasks_n;
    void *scope; /* the host's */
    TAILQ_ENTRY(listener) link;
};

struct mcp {
    const struct mcp_host *host;
    struct mcp_options options;
    struct loop_timer *pulse; /* comments on quiet streams, sessions that expire */
    struct seal *seal;
    struct sessions sessions;
    TAILQ_HEAD(, mcp_req) requests; /* under way */
    TAILQ_HEAD(, listener) listeners;
    struct watch watched;
    size_t in_flight; /* without the listeners */
    struct quota *callers;
    int64_t too_fast, too_many; /* requests refused by it */
    bool ending;
};

/* ---- exchange.c ---- */
struct mcp_req *exchange_new(struct mcp *mcp, struct web_req *web, bool admin); /* NULL: refused */
/* A response to something we asked (legacy). */
void exchange_response(struct mcp_req *r);
/* notifications/cancelled: the request of this owner (and session) with this id. */
void exchange_cancel(struct mcp_req *by, const struct json *id);
void exchange_unanswered(struct asked *a);
void exchange_forget_session(struct session *s);
/* The answer becomes a stream; false when the client would not read one. */
bool exchange_stream(struct mcp_req *r);
/* A message on the request's stream; lost when there is none. */
void exchange_send(struct mcp_req *r, const struct json *message);
/* What a sealed state belongs to: caller, method, parameters without the rounds' own. */
const char *exchange_about(struct mcp_req *r);
/* A log level's place, least first; -1 when it is none. */
int log_level_find(const char *name);
/* Forgets the request: everything was said. */
void exchange_drop(struct mcp_req *r);
const struct json *exchange_json_copy(struct arena *arena, const struct json *tree);
/* {jsonrpc, method, params}. */
struct json *exchange_notification(struct arena *arena, const char *method,
                                   const struct json *params);

/* ---- metrics_page.c ---- */
void on_metrics(struct web_req *web, void *ctx);
/* Against DNS rebinding: whether this Host is ours. (endpoint.c) */
bool host_allowed(const struct config *config, const struct http_req *http);

/* ---- methods.c ---- */
void mcp_dispatch(struct mcp_req *r);
void mcp_on_notification(struct mcp_req *r);

/* ---- listen.c ---- */
void do_subscriptions_listen(struct mcp_req *r);
void listeners_pulse(struct mcp *mcp);
void listeners_end(struct mcp *mcp); /* each hears that it is over */
/* Ends what only listens for callers whose proof of who they are has ended: an access token is good
 * until then, and so is a stream that was opened with it. */
void mcp_lapse(struct mcp *mcp);

/* ---- mirror.c: Mcp-Param-* headers against the arguments; NULL when they agree ---- */
const char *mirror_wrong(struct arena *arena, const struct http_req *http,
                         const struct json *schema, const struct json *arguments);

#endif
