/* Tools that become tasks, and the tasks: in memory, moved on by timers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "engine/mcp/endpoint.h"
#include "tests/mcp/fixtures.h"

#define TASKS_MAX 1000

enum kind { SLOW, FAILING, PROTOCOL_ERROR, DELETE_FILE, MULTI, NAMED };

struct task {
    char id[32];
    enum kind kind;
    const char *status; /* working, input_required, completed, failed, cancelled */
    char text[128], created[INSTANT_TEXT_MAX], updated[INSTANT_TEXT_MAX];
    bool asks[2]; /* what is still to be answered */
    struct loop_timer *timer;
};

static struct task tasks[TASKS_MAX];
static size_t tasks_n;

static void stamp(char out[INSTANT_TEXT_MAX])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    instant_print((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, out);
}

static bool is_final(const struct task *t)
{
    return strcmp(t->status, "working") != 0 && strcmp(t->status, "input_required") != 0;
}

/* ---- what a task looks like ---- */

static struct json *form(struct arena *arena, const char *message, const char *property,
                         const char *type)
{
    return lit(arena,
               arena_fmt(arena,
                         "{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\","
                         "\"message\":\"%s\",\"requestedSchema\":{\"type\":\"object\","
                         "\"properties\":{\"%s\":{\"type\":\"%s\"}},\"required\":[\"%s\"]}}}",
                         message, property, type, property));
}

static struct json *task_row(struct arena *arena, const struct task *t)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "taskId", t->id);
    json_put_text(arena, o, "status", t->status);
    json_put_text(arena, o, "createdAt", t->created);
    json_put_text(arena, o, "lastUpdatedAt", t->updated);
    json_put_int(arena, o, "ttlMs", 600000);
    json_put_int(arena, o, "pollIntervalMs", 100);
    return o;
}

static struct json *task_whole(struct arena *arena, const struct task *t)
{
    struct json *o = task_row(arena, t), *requests = json_object_new(arena);
    if (strcmp(t->status, "completed") == 0)
        json_put(arena, o, "result", text_result(arena, t->text, t->kind == FAILING));
    if (strcmp(t->status, "failed") == 0)
        json_put(arena, o, "error", lit(arena, "{\"code\":-32603,\"message\":\"it broke\"}"));
    if (t->asks[0])
        json_put(arena, requests, arena_fmt(arena, "a-%s", t->id),
                 t->kind == MULTI ? form(arena, "What is your name?", "name", "string")
                                  : form(arena, "Really delete it?", "confirm", "boolean"));
    if (t->asks[1])
        json_put(arena, requests, arena_fmt(arena, "b-%s", t->id),
                 form(arena, "Are you sure?", "confirm", "boolean"));
    if (requests->count > 0)
        json_put(arena, o, "inputRequests", requests);
    return o;
}

static void move_to(struct task *t, const char *status)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    if (is_final(t))
        return;
    t->status = status;
    stamp(t->updated);
    struct json *row = task_whole(arena, t);
    mcp_task_updated(fixture_mcp, t->id, row, NULL);
}

/* ---- making one ---- */

static void on_time(void *ctx)
{
    struct task *t = ctx;
    loop_timer_free(t->timer);
    t->timer = NULL;
    bool ask = (t->kind == DELETE_FILE || t->kind == MULTI) && t->text[0] == '\0';
    if (ask) {
        (void)snprintf(t->text, sizeof t->text, "done");
        t->asks[0] = true;
        t->asks[1] = t->kind == MULTI;
        move_to(t, "input_required");
    } else {
        move_to(t, t->kind == PROTOCOL_ERROR ? "failed" : "completed");
    }
}

static void wait(struct task *t, uint32_t ms)
{
    struct err e = loop_timer_new(fixture_loop, ms == 0 ? 1 : ms, false, on_time, t, &t->timer);
    if (e.kind != ERR_NONE)
        abort();
}

static void create(struct mcp_req *r, enum kind kind, const char *text, uint32_t ms)
{
    uint8_t random[12];
    char id[BASE64_SIZE(sizeof random)];
    struct task *t = &tasks[tasks_n++ % TASKS_MAX];
    loop_timer_free(t->timer);
    *t = (struct task){.kind = kind, .status = "working"};
    crypt_random(random, sizeof random);
    base64url_print(random, sizeof random, id);
    (void)snprintf(t->id, sizeof t->id, "task-%s", id);
    (void)snprintf(t->text, sizeof t->text, "%s", text);
    stamp(t->created);
    stamp(t->updated);
    wait(t, ms);
    struct json *row = task_row(r->arena, t);
    json_put_text(r->arena, row, "resultType", "task");
    req_result(r, row);
}

static bool declares(struct mcp_req *r)
{
    return r->era.era == ERA_MODERN && req_client_extension(r, MCP_EXTENSION_TASKS);
}

static bool required(struct mcp_req *r)
{
    if (declares(r))
        return true;
    req_needs(r, NULL, MCP_EXTENSION_TASKS);
    return false;
}

static void greet(struct mcp_req *r, const struct json *arguments)
{
    const char *name = json_get_text(arguments, "name");
    answer_text(r, arena_fmt(r->arena, "Hello, %s!", name == NULL ? "stranger" : name));
}

static void slow_compute(struct mcp_req *r, const struct json *arguments)
{
    int64_t seconds = 1;
    const char *label = json_get_text(arguments, "label");
    (void)json_int(json_get(arguments, "seconds"), &seconds);
    const char *text = arena_fmt(r->arena, "computed %s", label == NULL ? "" : label);
    if (declares(r))
        create(r, SLOW, text, (uint32_t)(seconds * 1000));
    else
        answer_text(r, text);
}

static void failing_job(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (required(r))
        create(r, FAILING, "the job failed", 200);
}

static void protocol_error_job(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (required(r))
        create(r, PROTOCOL_ERROR, "", 200);
}

static void confirm_delete(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (required(r))
        create(r, DELETE_FILE, "", 30);
}

static void multi_input(struct mcp_req *r, const struct json *arguments)
{
    (void)arguments;
    if (required(r))
        create(r, MULTI, "", 30);
}

static void with_task(struct mcp_req *r, const struct json *arguments)
{
    const char *name = json_get_text(json_get(req_input(r, "user_name"), "content"), "name");
    struct json *requests = json_object_new(r->arena);
    (void)arguments;
    if (!required(r))
        return;
    json_put(r->arena, requests, "user_name",
             form(r->arena, "What is your name?", "name", "string"));
    if (name == NULL)
        req_input_required(r, requests, lit(r->arena, "{\"round\":1}"));
    else
        create(r, NAMED, arena_fmt(r->arena, "Hello, %s!", name), 100);
}

/* ---- tasks/… ---- */

static struct task *find(struct mcp_req *r, const char *id)
{
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (tasks[i].status != NULL && strcmp(tasks[i].id, id) == 0)
            return &tasks[i];
    req_fault(r, jsonrpc_fault(JSONRPC_INVALID_PARAMS, "there is no such task"));
    return NULL;
}

void fixture_task_get(struct mcp_req *r, const char *id)
{
    const struct task *t = find(r, id);
    if (t != NULL)
        req_result(r, task_whole(r->arena, t));
}

void fixture_task_cancel(struct mcp_req *r, const char *id)
{
    struct task *t = find(r, id);
    if (t == NULL)
        return;
    t->asks[0] = t->asks[1] = t->asks[0] && is_final(t);
    move_to(t, "cancelled");
    req_result(r, json_object_new(r->arena));
}

void fixture_task_update(struct mcp_req *r, const char *id, const struct json *responses)
{
    struct task *t = find(r, id);
    if (t == NULL)
        return;
    const bool asked = t->asks[0] || t->asks[1];
    if (json_get(responses, arena_fmt(r->arena, "a-%s", id)) != NULL)
        t->asks[0] = false;
    if (json_get(responses, arena_fmt(r->arena, "b-%s", id)) != NULL)
        t->asks[1] = false;
    if (asked && !t->asks[0] && !t->asks[1]) {
        move_to(t, "working");
        wait(t, 30);
    }
    req_result(r, json_object_new(r->arena));
}

const struct fixture_tool fixture_task_tools[] = {
    {"greet", "Greets",
     "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]"
     "}",
     greet},
    {"slow_compute", "Takes a while",
     "{\"type\":\"object\",\"properties\":{\"seconds\":{\"type\":\"number\"},\"label\":{\"type\":"
     "\"string\"}}}",
     slow_compute},
    {"failing_job", "Fails in the end", NULL, failing_job},
    {"protocol_error_job", "Breaks in the end", NULL, protocol_error_job},
    {"confirm_delete", "Asks before it deletes",
     "{\"type\":\"object\",\"properties\":{\"filename\":{\"type\":\"string\"}}}", confirm_delete},
    {"multi_input", "Asks two things", NULL, multi_input},
    {"test_tool_with_task", "Asks, then takes a while", NULL, with_task},
    {.name = NULL},
};
