/* What the files of engine/mcp share: the endpoint and one request on its way. Internal. */
#ifndef ENGINE_MCP_MCP_OWN_H
#define ENGINE_MCP_MCP_OWN_H

#include "engine/mcp/endpoint.h"
#include "engine/mcp/era.h"

struct mcp {
    struct mcp_options options;
    const struct policy *policy;
    size_t in_flight;
};

/* Lives in its own arena, from the handler to the reply. */
struct mcp_req {
    struct mcp *mcp;
    struct web_req *web;
    struct arena *arena;
    enum auth_door door;
    struct auth_check *check;
    struct auth_result who;
    struct jsonrpc_msg msg;
    struct era_found era;
    struct call call; /* of tools/call and resources/read */
    const struct resource *resource;
    const char *uri, *resource_id;
};

/* ---- endpoint.c: the only places that answer; the request is gone afterwards ---- */
void req_result(struct mcp_req *r, const struct json *result);
void req_fault(struct mcp_req *r, struct jsonrpc_fault fault);
void req_accepted(struct mcp_req *r); /* 202, no body */

/* Fills the call's edge part: actor, policy, request id. */
void req_call_init(struct mcp_req *r);

/* ---- methods.c ---- */
/* Runs the request's method in its era; answers now or later. */
void mcp_dispatch(struct mcp_req *r);

#endif
