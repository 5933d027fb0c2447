/* The agent's MCP client with a pipe on it, for agent_mcpc.py: a line of JSON in, a line out for
 * each thing that came of it. Not part of any program that is released.
 *   mcpc_probe URL DATA_FOLDER
 *   {"do":"call","sub":…,"principal":…,"tool":…,"args":{…}}   {"do":"read","sub":…,"uri":…}
 *   {"do":"health"}   {"do":"follow","uris":[…]} (as the service; once)   {"do":"ready"} */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "agent/mcpc/listen.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"

#define LINE_BYTES ((size_t)1024 * 1024)

static struct mcpc_shared *shared;
static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stopping;
static char *uris[16];
static size_t uris_n;

static int64_t clock_us(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

static void say(struct arena *arena, struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, (size_t)64 * 1024 * 1024);
    jw_tree(&w, NULL, tree);
    if (arena_check(arena).kind != ERR_NONE || jw_done(&w, &text).kind != ERR_NONE)
        text = STR("{\"error\":\"the answer does not fit\"}");
    pthread_mutex_lock(&saying);
    printf("%.*s\n", (int)text.len, text.at);
    fflush(stdout);
    pthread_mutex_unlock(&saying);
}

static struct json *outcome(struct arena *arena, const char *what, struct err e)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "answer", what);
    json_put_text(arena, o, "kind", e.kind == ERR_NONE ? "ok" : err_kind_name(e.kind));
    if (e.kind != ERR_NONE)
        json_put_text(arena, o, "why", e.msg);
    return o;
}

static struct mcpc_actor actor_of(const struct json *line)
{
    if (json_get(line, "sub") == NULL)
        return mcpc_service(shared);
    return (struct mcpc_actor){.sub = json_get_text(line, "sub"),
                               .principal = json_get_text(line, "principal"),
                               .channel = "web",
                               .auth_time = clock_us() / 1000000};
}

static void do_call(struct mcpc *m, struct arena *arena, const struct json *line)
{
    const struct mcpc_actor actor = actor_of(line);
    struct mcpc_result result;
    struct err e =
        mcpc_call(m, arena, &actor, json_get_text(line, "tool"), json_get(line, "args"), &result);
    struct json *o = outcome(arena, "call", e);
    if (e.kind == ERR_NONE) {
        json_put_text(arena, o, "status", result.status);
        json_put_bool(arena, o, "is_error", result.is_error);
        json_put(arena, o, "structured", result.structured);
        json_put_text(arena, o, "error", result.error);
        json_put_text(arena, o, "message", result.message);
        json_put_text(arena, o, "request_id", result.request_id);
    }
    say(arena, o);
}

static void do_read(struct mcpc *m, struct arena *arena, const struct json *line)
{
    const struct mcpc_actor actor = actor_of(line);
    const struct json *tree = NULL;
    struct err e = mcpc_read_json(m, arena, &actor, json_get_text(line, "uri"), &tree);
    struct json *o = outcome(arena, "read", e);
    if (e.kind == ERR_NONE)
        json_put(arena, o, "tree", tree);
    say(arena, o);
}

static void do_health(struct arena *arena)
{
    struct mcpc_health h;
    struct json *o = outcome(arena, "health", OK);
    mcpc_health(shared, &h);
    json_put_bool(arena, o, "reachable", h.reachable);
    json_put_text(arena, o, "version", h.version);
    json_put_text(arena, o, "protocol", h.protocol);
    json_put_text(arena, o, "reason", h.why);
    json_put_int(arena, o, "comebacks", h.comebacks);
    say(arena, o);
}

static void on_news(void *ctx, const struct mcpc_news *news)
{
    static const char *const names[] = {"catch_up", "updated", "tools", "task", "lost"};
    CLEANUP(arena_free) struct arena *arena = arena_new(LINE_BYTES);
    struct json *o = outcome(arena, "news", OK);
    (void)ctx;
    json_put_text(arena, o, "news", names[news->kind]);
    json_put_text(arena, o, "uri", news->uri);
    say(arena, o);
}

static bool stop_asked(void *ctx)
{
    (void)ctx;
    return atomic_load(&stopping);
}

static void *follow(void *arg)
{
    const struct mcpc_listen options = {.actor = mcpc_service(shared),
                                        .uris = (const char *const *)uris,
                                        .uris_n = uris_n,
                                        .tools = true,
                                        .on_news = on_news,
                                        .stop = stop_asked,
                                        .pause_max_ms = 500};
    (void)arg;
    struct err e = mcpc_listen(shared, &options);
    if (e.kind != ERR_NONE)
        log_error("following ended", LOG_ERR(e), LOG_END);
    return NULL;
}

static bool do_follow(const struct json *line, pthread_t *thread)
{
    const struct json *wanted = json_get(line, "uris");
    for (size_t i = 0; i < wanted->count && uris_n < 16; i++)
        uris[uris_n++] = strdup(json_text(wanted->items[i]));
    return pthread_create(thread, NULL, follow, NULL) == 0;
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES], key[4096], service_key[4096];
    CLEANUP(mcpc_free) struct mcpc *m = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
    pthread_t thread;
    bool follows = false;
    if (argc != 3 || arena == NULL)
        return 64;
    snprintf(key, sizeof key, "%s/workspace.key", argv[2]);
    snprintf(service_key, sizeof service_key, "%s/notifier.key", argv[2]);
    const struct mcpc_options options = {.url = argv[1],
                                         .key_path = key,
                                         .service_key_path = service_key,
                                         .version = "probe",
                                         .call_ms = 5000,
                                         .clock_us = clock_us};
    if (mcpc_shared_new(&options, &shared).kind != ERR_NONE ||
        mcpc_new(shared, &m).kind != ERR_NONE)
        return 64;
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct json *tree;
        arena_reset(arena);
        if (json_read(arena, str_of(line), NULL, &tree).kind != ERR_NONE)
            return 64;
        const char *what = json_get_text(tree, "do");
        if (text_eq(what, "call"))
            do_call(m, arena, tree);
        else if (text_eq(what, "read"))
            do_read(m, arena, tree);
        else if (text_eq(what, "health"))
            do_health(arena);
        else if (text_eq(what, "ready"))
            say(arena, outcome(arena, "ready", mcpc_ready(m, arena)));
        else if (text_eq(what, "follow") && !follows)
            follows = do_follow(tree, &thread);
    }
    atomic_store(&stopping, true);
    if (follows)
        pthread_join(thread, NULL);
    for (size_t i = 0; i < uris_n; i++)
        free(uris[i]);
    mcpc_free(m);
    m = NULL;
    mcpc_shared_free(shared);
    return 0;
}
