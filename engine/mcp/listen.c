/* Telling of changes: open subscriptions of the modern era, sessions of the legacy one. Each hears
 * only what it asked for and, as far as the host scopes it, only what it may see. */
#include <string.h>

#include "common/sys/json_write.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/sse.h"

#define LISTENERS_MAX 10000
#define EVENT_ARENA   ((size_t)4 * 1024 * 1024)
#define META_ID       "io.modelcontextprotocol/subscriptionId"
#define WATCHED_MAX   1000

/* ---- modern: subscriptions/listen ---- */

static struct json *own_meta(struct arena *arena, const struct listener *l)
{
    struct json *meta = json_object_new(arena);
    json_put(arena, meta, META_ID, l->req->msg.id);
    return meta;
}

static void listener_count(struct listener *l)
{
    for (size_t i = 0; i < l->uris_n; i++)
        watch_add(&l->req->mcp->watched, l->uris[i]);
    for (size_t i = 0; i < l->tasks_n; i++)
        watch_add(&l->req->mcp->watched, l->tasks[i]);
}

static void listener_free(struct listener *l)
{
    struct mcp *mcp = l->req->mcp;
    for (size_t i = 0; i < l->uris_n; i++)
        watch_remove(&mcp->watched, l->uris[i]);
    for (size_t i = 0; i < l->tasks_n; i++)
        watch_remove(&mcp->watched, l->tasks[i]);
    TAILQ_REMOVE(&mcp->listeners, l, link);
    if (l->scope != NULL)
        mcp->host->scope_free(l->scope);
    mcp->in_flight++; /* as any request again, for its end */
}

static void on_left(struct mcp_req *r)
{
    listener_free(r->host);
    exchange_drop(r);
}

/* The texts of params.notifications[member] that the host lets this caller watch. */
static void watched(struct mcp_req *r, const struct json *wanted, const char *member,
                    const char ***list, size_t *n)
{
    const struct json *array = json_get(wanted, member);
    *n = 0;
    if (!json_is(array, JSON_TYPE_ARRAY) || array->count > WATCHED_MAX)
        return;
    *list = ARENA_ARRAY(r->arena, array->count, const char *);
    for (size_t i = 0; *list != NULL && i < array->count; i++) {
        const char *text = json_text(array->items[i]);
        if (text != NULL && r->mcp->host->may_watch(r, text))
            (*list)[(*n)++] = text;
    }
}

static bool flag(const struct json *wanted, const char *member)
{
    const struct json *value = json_get(wanted, member);
    return json_is(value, JSON_TYPE_BOOL) && value->truth;
}

static struct json *texts(struct arena *arena, const char **list, size_t n)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < n; i++)
        json_push(arena, array, json_text_new(arena, list[i]));
    return array;
}

/* What of the wish is granted. */
static void acknowledge(struct listener *l, const struct json *wanted)
{
    struct arena *arena = l->req->arena;
    struct json *params = json_object_new(arena), *granted = json_object_new(arena);
    if (l->tools)
        json_put_bool(arena, granted, "toolsListChanged", true);
    if (l->prompts)
        json_put_bool(arena, granted, "promptsListChanged", true);
    if (l->resources)
        json_put_bool(arena, granted, "resourcesListChanged", true);
    if (json_get(wanted, "resourceSubscriptions") != NULL)
        json_put(arena, granted, "resourceSubscriptions", texts(arena, l->uris, l->uris_n));
    if (json_get(wanted, "taskIds") != NULL)
        json_put(arena, granted, "taskIds", texts(arena, l->tasks, l->tasks_n));
    json_put(arena, params, "notifications", granted);
    json_put(arena, params, "_meta", own_meta(arena, l));
    exchange_send(l->req,
                  exchange_notification(arena, "notifications/subscriptions/acknowledged", params));
}

/* Those whose client turned out to be gone while we spoke. */
static void listeners_bury(struct mcp *mcp)
{
    struct listener *l = TAILQ_FIRST(&mcp->listeners);
    while (l != NULL) {
        struct listener *next = TAILQ_NEXT(l, link);
        if (l->req->web == NULL)
            on_left(l->req);
        l = next;
    }
}

void do_subscriptions_listen(struct mcp_req *r)
{
    struct mcp *mcp = r->mcp;
    const struct json *wanted = json_get(r->msg.params, "notifications");
    struct listener *l = ARENA_NEW(r->arena, struct listener);
    if (!json_is(wanted, JSON_TYPE_OBJECT)) {
        req_fault(r, jsonrpc_fault(JSONRPC_INVALID_PARAMS,
                                   "notifications must be an object: what to listen for"));
        return;
    }
    if (l == NULL || mcp_listeners(mcp) >= LISTENERS_MAX) {
        req_refuse(r, 503, "too many listen already");
        return;
    }
    if (!exchange_stream(r)) {
        req_refuse(r, 406, "Accept must list text/event-stream");
        return;
    }
    l->req = r;
    l->tools = flag(wanted, "toolsListChanged");
    l->prompts = flag(wanted, "promptsListChanged");
    l->resources = flag(wanted, "resourcesListChanged");
    watched(r, wanted, "resourceSubscriptions", &l->uris, &l->uris_n);
    watched(r, wanted, "taskIds", &l->tasks, &l->tasks_n);
    l->scope = mcp->host->scope_new == NULL ? NULL : mcp->host->scope_new(r);
    r->host = l;
    r->on_cancel = on_left;
    TAILQ_INSERT_TAIL(&mcp->listeners, l, link);
    listener_count(l);
    mcp->in_flight--; /* nobody waits for its end */
    acknowledge(l, wanted);
    listeners_bury(mcp);
}

static void listener_tell(struct listener *l, struct arena *arena, const char *method,
                          const struct json *params)
{
    struct json *own = json_object_new(arena);
    for (size_t i = 0; params != NULL && i < params->count; i++)
        (void)json_add(arena, own, params->members[i].key, params->members[i].value);
    json_put(arena, own, "_meta", own_meta(arena, l));
    exchange_send(l->req, exchange_notification(arena, method, own));
}

void listeners_pulse(struct mcp *mcp)
{
    struct listener *l;
    TAILQ_FOREACH(l, &mcp->listeners, link)
    if (l->req->web != NULL && !sse_comment(l->req->web)) {
        web_stream_end(l->req->web);
        l->req->web = NULL;
    }
    listeners_bury(mcp);
}

static void listener_end(struct listener *l)
{
    struct mcp_req *r = l->req;
    struct json *result = json_object_new(r->arena);
    json_put(r->arena, result, "_meta", own_meta(r->arena, l));
    listener_free(l);
    r->on_cancel = NULL;
    req_result(r, result);
}

void listeners_end(struct mcp *mcp)
{
    while (!TAILQ_EMPTY(&mcp->listeners))
        listener_end(TAILQ_FIRST(&mcp->listeners));
}

static void listeners_lapse(struct mcp *mcp, int64_t now_us)
{
    struct listener *l = TAILQ_FIRST(&mcp->listeners);
    while (l != NULL) {
        struct listener *next = TAILQ_NEXT(l, link);
        if (l->req->until_us != 0 && now_us >= l->req->until_us)
            listener_end(l);
        l = next;
    }
}

void mcp_lapse(struct mcp *mcp)
{
    const int64_t now_us = mcp->options.clock_us();
    listeners_lapse(mcp, now_us);
    sessions_lapse(&mcp->sessions, now_us);
}

void mcp_scope_over(struct mcp *mcp, const void *scope)
{
    struct listener *l;
    struct session *s;
    TAILQ_FOREACH(l, &mcp->listeners, link)
    if (l->scope == scope) {
        listener_end(l);
        return;
    }
    TAILQ_FOREACH(s, &mcp->sessions.all, link)
    if (s->scope == scope) {
        session_end(&mcp->sessions, s);
        return;
    }
}

const struct watch *mcp_watched(const struct mcp *mcp)
{
    return &mcp->watched;
}

size_t mcp_listeners(const struct mcp *mcp)
{
    size_t n = 0;
    const struct listener *l;
    TAILQ_FOREACH(l, &mcp->listeners, link)
    n++;
    return n;
}

/* ---- telling everybody ---- */

struct news {
    const char *method;
    const struct json *params;
    const char *uri, *task;
    enum mcp_list list;
    const void *change;
};

static bool among(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static bool sees(const struct mcp *mcp, const void *scope, const struct news *n)
{
    return n->change == NULL || mcp->host->scope_sees == NULL ||
           mcp->host->scope_sees(scope, n->change);
}

static bool wants(const struct listener *l, const struct news *n)
{
    if (n->uri != NULL)
        return among(l->uris, l->uris_n, n->uri);
    if (n->task != NULL)
        return among(l->tasks, l->tasks_n, n->task);
    return n->list == MCP_TOOLS ? l->tools : n->list == MCP_PROMPTS ? l->prompts : l->resources;
}

static void tell_sessions(struct mcp *mcp, struct arena *arena, const struct news *n)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    struct session *s;
    jw_init(&w, EVENT_ARENA);
    jw_tree(&w, NULL, exchange_notification(arena, n->method, n->params));
    if (jw_done(&w, &text).kind != ERR_NONE)
        return;
    TAILQ_FOREACH(s, &mcp->sessions.all, link)
    if ((n->uri == NULL || session_watches(s, n->uri)) && sees(mcp, s->scope, n))
        session_tell(s, text);
}

/* Words each listener's message in memory of its own, so that any number may listen. Nobody hears
 * more than until their time is over, however late the next pulse is. */
static void tell(struct mcp *mcp, const struct news *n)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(EVENT_ARENA);
    struct listener *l;
    if (arena == NULL)
        return;
    mcp_lapse(mcp);
    TAILQ_FOREACH(l, &mcp->listeners, link)
    if (wants(l, n) && sees(mcp, l->scope, n)) {
        arena_reset(arena);
        listener_tell(l, arena, n->method, n->params);
    }
    listeners_bury(mcp);
    arena_reset(arena);
    if (n->task == NULL) /* the legacy era knows no such notification */
        tell_sessions(mcp, arena, n);
}

void mcp_list_changed(struct mcp *mcp, enum mcp_list list)
{
    static const char *const methods[] = {[MCP_TOOLS] = "notifications/tools/list_changed",
                                          [MCP_PROMPTS] = "notifications/prompts/list_changed",
                                          [MCP_RESOURCES] = "notifications/resources/list_changed"};
    tell(mcp, &(struct news){.method = methods[list], .list = list});
}

void mcp_resource_updated(struct mcp *mcp, const char *uri, const void *change)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(EVENT_ARENA);
    struct json *params = arena == NULL ? NULL : json_object_new(arena);
    if (params == NULL)
        return;
    json_put_text(arena, params, "uri", uri);
    tell(mcp, &(struct news){.method = "notifications/resources/updated",
                             .params = params,
                             .uri = uri,
                             .change = change});
}

void mcp_task_updated(struct mcp *mcp, const char *task_id, const struct json *task,
                      const void *change)
{
    tell(mcp,
         &(struct news){
             .method = "notifications/tasks", .params = task, .task = task_id, .change = change});
}
