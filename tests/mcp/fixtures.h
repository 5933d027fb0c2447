/* The fixtures that the official conformance suite calls (test_* tools, prompts, resources, tasks),
 * as a host behind the engine's own endpoint code. In a test-only binary; no release binary links
 * it. */
#ifndef TESTS_MCP_FIXTURES_H
#define TESTS_MCP_FIXTURES_H

#include "common/sys/loop.h"
#include "engine/mcp/exchange.h"

struct fixture_tool {
    const char *name, *description;
    const char *schema; /* JSON; NULL: no arguments */
    void (*call)(struct mcp_req *r, const struct json *arguments);
};

/* Read-only tables, each ended by a NULL name. */
extern const struct fixture_tool fixture_plain_tools[];  /* fixture_tools.c */
extern const struct fixture_tool fixture_legacy_tools[]; /* fixture_legacy.c: they ask the client */
extern const struct fixture_tool fixture_rounds_tools[]; /* fixture_rounds.c: more than one round */
extern const struct fixture_tool fixture_task_tools[];   /* fixture_tasks.c */

extern struct loop *fixture_loop;
extern struct mcp *fixture_mcp;

/* A tree from JSON text, in the request's arena; a malformed literal ends the process. */
struct json *lit(struct arena *arena, const char *text);
/* `fn` with the request after a while; the request must still be unanswered then. */
void later(struct mcp_req *r, uint32_t ms, void (*fn)(struct mcp_req *r));
struct json *text_result(struct arena *arena, const char *text, bool is_error);
void answer_text(struct mcp_req *r, const char *text);

/* ---- fixture_prompts.c ---- */
struct err fixture_prompts_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
void fixture_prompts_get(struct mcp_req *r, const char *name, const struct json *arguments);
void fixture_complete(struct mcp_req *r, const struct json *ref, const char *argument,
                      const char *value);
struct err fixture_resources_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
struct err fixture_templates_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
void fixture_resources_read(struct mcp_req *r, const char *uri);
bool fixture_may_watch(struct mcp_req *r, const char *uri);

/* ---- fixture_tasks.c ---- */
void fixture_task_get(struct mcp_req *r, const char *id);
void fixture_task_update(struct mcp_req *r, const char *id, const struct json *responses);
void fixture_task_cancel(struct mcp_req *r, const char *id);

#define PNG                                                                                        \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"                                \
    "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
#define WAV "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

#endif
