/* mcp-fixtures PORT: the fixtures on 127.0.0.1, until it is told to stop. */
#include "tests/mcp/fixtures.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/sys/json_read.h"
#include "common/sys/log.h"
#include "engine/mcp/endpoint.h"

struct loop *fixture_loop;
struct mcp *fixture_mcp;

static const struct fixture_tool *const tables[] = {fixture_plain_tools, fixture_legacy_tools,
                                                    fixture_rounds_tools, fixture_task_tools};
#define TABLES (sizeof tables / sizeof tables[0])

/* ---- what the fixtures share ---- */

struct json *lit(struct arena *arena, const char *text)
{
    struct json *tree;
    struct err e = json_read(arena, str_of(text), NULL, &tree);
    if (e.kind != ERR_NONE) {
        (void)fprintf(stderr, "a fixture's JSON is wrong: %s: %s\n", e.msg, text);
        abort();
    }
    return tree;
}

struct later {
    struct mcp_req *r;
    void (*fn)(struct mcp_req *r);
    struct loop_timer *timer;
};

static void on_later(void *ctx)
{
    const struct later now = *(struct later *)ctx;
    loop_timer_free(now.timer);
    free(ctx);
    now.fn(now.r);
}

void later(struct mcp_req *r, uint32_t ms, void (*fn)(struct mcp_req *r))
{
    struct later *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort();
    *l = (struct later){.r = r, .fn = fn};
    if (loop_timer_new(fixture_loop, ms, false, on_later, l, &l->timer).kind != ERR_NONE)
        abort();
}

struct json *text_result(struct arena *arena, const char *text, bool is_error)
{
    struct json *result = json_object_new(arena), *content = json_array_new(arena);
    struct json *block = lit(arena, "{\"type\":\"text\"}");
    json_put_text(arena, block, "text", text);
    json_push(arena, content, block);
    json_put(arena, result, "content", content);
    if (is_error)
        json_put_bool(arena, result, "isError", true);
    return result;
}

void answer_text(struct mcp_req *r, const char *text)
{
    req_result(r, text_result(r->arena, text, false));
}

/* ---- the host ---- */

static void authenticate(struct mcp_req *r)
{
    r->owner = "anybody";
    req_known(r);
}

static bool ready(void *ctx, const char **why)
{
    (void)ctx, (void)why;
    return true;
}

static const struct fixture_tool *tool_find_fixture(const char *name)
{
    for (size_t i = 0; i < TABLES; i++)
        for (const struct fixture_tool *t = tables[i]; t->name != NULL; t++)
            if (strcmp(t->name, name) == 0)
                return t;
    return NULL;
}

static struct json *schema_of(struct arena *arena, const struct fixture_tool *t)
{
    return lit(arena, t->schema != NULL ? t->schema
                                        : "{\"type\":\"object\",\"additionalProperties\":false}");
}

/* In small pages, so that every client turns some. */
static struct err tools_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next)
{
    enum { PAGE = 20 };
    size_t at = 0;
    *next = 0;
    for (size_t i = 0; i < TABLES; i++)
        for (const struct fixture_tool *t = tables[i]; t->name != NULL; t++, at++) {
            if (at < from || at >= from + PAGE)
                continue;
            struct json *row = json_object_new(r->arena);
            json_put_text(r->arena, row, "name", t->name);
            json_put_text(r->arena, row, "description", t->description);
            json_put(r->arena, row, "inputSchema", schema_of(r->arena, t));
            json_push(r->arena, rows, row);
        }
    if (at > from + PAGE)
        *next = from + PAGE;
    return OK;
}

static const struct json *tool_schema(struct mcp_req *r, const char *name)
{
    const struct fixture_tool *t = tool_find_fixture(name);
    return t == NULL ? NULL : schema_of(r->arena, t);
}

static void tools_call(struct mcp_req *r, const char *name, const struct json *arguments)
{
    const struct fixture_tool *t = tool_find_fixture(name);
    if (t == NULL)
        req_fault(r, jsonrpc_fault(JSONRPC_INVALID_PARAMS, "unknown tool"));
    else
        t->call(r, arguments);
}

static const struct mcp_host host = {.instructions = "Fixtures of the conformance suite.",
                                     .logging = true,
                                     .authenticate = authenticate,
                                     .ready = ready,
                                     .tools_list = tools_list,
                                     .resources_list = fixture_resources_list,
                                     .templates_list = fixture_templates_list,
                                     .prompts_list = fixture_prompts_list,
                                     .tool_schema = tool_schema,
                                     .tools_call = tools_call,
                                     .resources_read = fixture_resources_read,
                                     .prompts_get = fixture_prompts_get,
                                     .complete = fixture_complete,
                                     .task_get = fixture_task_get,
                                     .task_update = fixture_task_update,
                                     .task_cancel = fixture_task_cancel,
                                     .may_watch = fixture_may_watch};

/* ---- the process ---- */

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void on_stop(void *ctx)
{
    (void)ctx;
    loop_stop(fixture_loop);
}

static struct err serve(const char *port)
{
    static struct config config = {.env = CONFIG_DEV};
    char address[32];
    size_t routes_n;
    struct web *web;
    const struct web_limits limits = web_limits_default();
    const struct web_route *routes = mcp_routes(&routes_n);
    (void)snprintf(address, sizeof address, "127.0.0.1:%s", port);
    config.engine_listen = address;
    TRY(loop_new(&fixture_loop));
    TRY(loop_on_signal(fixture_loop, SIGTERM, on_stop, NULL));
    TRY(loop_on_signal(fixture_loop, SIGINT, on_stop, NULL));
    const struct mcp_options options = {
        .config = &config, .host = &host, .loop = fixture_loop, .clock_us = clock_us};
    TRY(mcp_new(&options, &fixture_mcp));
    TRY(web_new(fixture_loop, &limits, routes, routes_n, fixture_mcp, &web));
    TRY(web_listen_tcp(web, address, NULL));
    (void)printf("listening on %s\n", address);
    (void)fflush(stdout);
    struct err e = loop_run(fixture_loop);
    mcp_end(fixture_mcp);
    web_free(web);
    mcp_free(fixture_mcp);
    loop_free(fixture_loop);
    return e;
}

int main(int argc, char **argv)
{
    const struct log_options log = {.level = LOG_WARN, .fd = 2};
    log_init(&log);
    if (argc != 2) {
        (void)fputs("usage: mcp-fixtures PORT\n", stderr);
        return 64;
    }
    struct err e = serve(argv[1]);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "mcp-fixtures: %s\n", e.msg);
    return e.kind == ERR_NONE ? 0 : 1;
}
