/* Who stands behind the endpoint: what is offered, and what a call does. The wire is engine/mcp's
 * own (HTTP, the two eras, sessions, streams, sealed states); the engine's host is engine_host.c,
 * and the conformance suite's fixtures are another one, served by the very same code (tests/mcp).
 *
 * Everything runs on the loop thread. A host answers each request exactly once, now or later, with
 * one of the functions of exchange.h. */
#ifndef ENGINE_MCP_HOST_H
#define ENGINE_MCP_HOST_H

#include "common/base/json.h"

struct mcp_req;
struct mcp;
struct web_req;

struct mcp_host {
    void *ctx;
    const char *name, *title, *instructions;
    bool logging; /* declares the capability (legacy only) */

    /* Finds out who calls and ends with req_known or req_refuse. Sets req->owner. */
    void (*authenticate)(struct mcp_req *r);
    /* False with a sentence: nobody is served yet. */
    bool (*ready)(void *ctx, const char **why);
    /* For /readyz alone, once ready: false with a sentence when it can serve only in part. NULL:
     * always. */
    bool (*whole)(void *ctx, const char **why);
    /* Answers /metrics, now or later, with mcp_metrics_reply. NULL: there are none. */
    void (*metrics)(struct mcp *mcp, struct web_req *web);
    /* Answers a path below /tlog/, now or later, with web_reply. NULL: there is no log. */
    void (*tlog)(struct mcp *mcp, struct web_req *web);
    /* Answers a path of RFC 9728's metadata with web_reply. NULL: nobody needs a token here. */
    void (*resource_metadata)(struct mcp *mcp, struct web_req *web);

    /* Rows in a fixed order, from `from`; *next is the row after the page, or 0 at the end. */
    struct err (*tools_list)(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
    struct err (*resources_list)(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
    struct err (*templates_list)(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
    struct err (*prompts_list)(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
    /* The tool's inputSchema, for the mirrored headers; NULL when there is no such tool. */
    const struct json *(*tool_schema)(struct mcp_req *r, const char *name);

    void (*tools_call)(struct mcp_req *r, const char *name, const struct json *arguments);
    void (*resources_read)(struct mcp_req *r, const char *uri);
    void (*prompts_get)(struct mcp_req *r, const char *name, const struct json *arguments);
    void (*complete)(struct mcp_req *r, const struct json *ref, const char *argument,
                     const char *value);
    void (*task_get)(struct mcp_req *r, const char *id);
    void (*task_update)(struct mcp_req *r, const char *id, const struct json *responses);
    void (*task_cancel)(struct mcp_req *r, const char *id);

    /* Whether this caller may be told of changes of `uri`, or of the task. */
    bool (*may_watch)(struct mcp_req *r, const char *uri);
    /* What of a change a listener may hear of: made with the listener, asked for every change. */
    void *(*scope_new)(struct mcp_req *r);
    void (*scope_free)(void *scope);
    bool (*scope_sees)(const void *scope, const void *change);
};

#endif
