/* What the files of the engine's host share. Internal. */
#ifndef ENGINE_MCP_ENGINE_OWN_H
#define ENGINE_MCP_ENGINE_OWN_H

#include "engine/mcp/engine_host.h"
#include "engine/mcp/exchange.h"
#include "engine/mcp/reply.h"

struct engine_host {
    struct mcp_host serves;
    struct engine_host_options options;
    const struct policy *policy;
    const struct sweeper *sweeper;
    int64_t started_us;
};

/* A request's notes: who calls, and what the spine is doing for it. */
struct engine_req {
    struct engine_host *host;
    struct auth_check *check;
    struct auth_result who;
    struct call call; /* of tools/call, resources/read and what is read for a task */
    const struct resource *resource;
    const char *uri, *resource_id, *task_id;
    struct json *answer;
};

struct engine_host *host_of(const struct mcp_req *r);
struct engine_req *engine_req(const struct mcp_req *r);
/* Fills the call's edge part: actor, policy, request id. */
void engine_call_init(struct mcp_req *r);
/* Whether the caller may call it through this door. */
bool engine_offers(const struct mcp_req *r, const struct tool *tool);

/* ---- engine_prompts.c ---- */
struct err engine_prompts_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
void engine_prompts_get(struct mcp_req *r, const char *name, const struct json *arguments);
void engine_complete(struct mcp_req *r, const struct json *ref, const char *argument,
                     const char *value);

/* ---- engine_metrics.c ---- */
void engine_metrics(struct mcp *mcp, struct web_req *web);

/* ---- engine_tasks.c: what waits for a human, by the protocol's own means ---- */
/* Answers a tools/call whose outcome is CALL_PENDING. */
void engine_pending(struct mcp_req *r, const struct call *call);
/* Answers the second round of one that was pending. True: it was one, and is answered. */
bool engine_pending_again(struct mcp_req *r);
void engine_task_get(struct mcp_req *r, const char *id);
void engine_task_update(struct mcp_req *r, const char *id, const struct json *responses);
void engine_task_cancel(struct mcp_req *r, const char *id);

#endif
