/* Which revision of MCP a message speaks (MCP.md §1.4): the body decides, the headers must agree.
 * Legacy: 2025-03-26 to 2025-11-25, where initialize agrees on a version. Modern: 2026-07-28, where
 * every request carries its own envelope in params._meta. */
#ifndef ENGINE_MCP_ERA_H
#define ENGINE_MCP_ERA_H

#include "common/sys/http_req.h"
#include "proto/jsonrpc.h"

enum era { ERA_LEGACY = 0, ERA_MODERN };

#define MCP_LEGACY_LATEST "2025-11-25"
#define MCP_MODERN        "2026-07-28"

/* The extension by which what takes a while is a task. */
#define MCP_EXTENSION_TASKS "io.modelcontextprotocol/tasks"

/* Newest first, ended by NULL. */
extern const char *const mcp_legacy_versions[];
extern const char *const mcp_modern_versions[];

struct era_found {
    enum era era;
    const char *version;                    /* one of the lists above */
    const struct json *client_capabilities; /* modern only */
};

/* code 0 in *fault: the message may be dispatched in `found->era`. Otherwise found->era says how
 * the fault is to be worded. */
void era_find(struct arena *arena, const struct http_req *http, const struct jsonrpc_msg *msg,
              struct era_found *found, struct jsonrpc_fault *fault);

/* The legacy version to answer an initialize with: the one asked for, or our latest. */
const char *era_negotiate(const char *asked);

/* The value of Mcp-Name and its like: `=?base64?…?=` decoded, anything else literal. False when it
 * is marked as base64 and is not, or is no UTF-8. */
bool era_header_decode(struct arena *arena, struct str value, struct str *text);

#endif
