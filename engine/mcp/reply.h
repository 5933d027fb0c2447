/* Results as the two eras want them: what a tool answered, what a tool is, what a resource holds.
 * Pure: trees from structs. NULL only when the arena is full. */
#ifndef ENGINE_MCP_REPLY_H
#define ENGINE_MCP_REPLY_H

#include "engine/call/call.h"
#include "engine/mcp/era.h"
#include "engine/mcp/host.h"

/* Completes a result: at 2026-07-28 it says what kind it is (complete, unless it says so already)
 * and who answers. Returns it. */
struct json *reply_complete(struct arena *arena, enum era era, struct json *result);

/* The same for lists and resources, which also say how long they keep and that they are the
 * caller's own. */
struct json *reply_cacheable(struct arena *arena, enum era era, struct json *result,
                             int64_t ttl_ms);

/* {name, title, version}, and `whole` with an icon. */
struct json *reply_server_info(struct arena *arena, bool whole);

/* What we declare, in the era's words. */
struct json *reply_capabilities(struct arena *arena, enum era era, const struct mcp_host *host);

/* CallToolResult. A denial and a failure are isError; pending_approval is a normal result. */
struct json *reply_call(struct arena *arena, enum era era, const struct call *call);

/* The same for a client that said that it reads structuredContent: that is not there again as text.
 * A failure, which has none, is as ever. */
struct json *reply_call_lean(struct arena *arena, enum era era, const struct call *call);

/* Puts the receipt to a result, in its _meta: what a tool answers has a closed schema, and a model
 * that reads the answer as text need not pay for it (ADR 0011). NULL puts nothing. */
void reply_receipt(struct arena *arena, struct json *result, const struct receipt *receipt);

/* The call never ran, or failed: {status: "failed", error, message, pointer?} as text with isError,
 * and no structured content, since outputSchema speaks of answers only. */
struct json *reply_call_failed(struct arena *arena, enum era era, struct err e);

/* What is said in the place of an answer that cannot be written, for want of memory or beyond what
 * a reply may hold: by then, what was asked may have been done. */
#define MCP_ANSWER_LOST                                                                            \
    "the answer could not be written, so its outcome is unknown: repeat the call with the same "   \
    "idempotency_key"

/* One row of tools/list. outputSchema is the call's own: it admits pending_approval and denied. */
MUST_CHECK struct err reply_tool(struct arena *arena, const struct tool *tool, struct json **row);

/* One row of resources/list or (uri with "{") of resources/templates/list. */
struct json *reply_resource(struct arena *arena, const struct resource *resource);

/* ReadResourceResult of one text. */
struct json *reply_contents(struct arena *arena, const char *uri, const char *mime,
                            const struct json *content);

#endif
