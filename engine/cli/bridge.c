/* The client's side: lines in, lines out, who is under way. */
#include "engine/cli/bridge.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/json_write.h"
#include "common/sys/log.h"

#define ERRAND_BYTES  ((size_t)128 * 1024 * 1024)
#define SESSION_BYTES ((size_t)4 * 1024 * 1024)
#define UNDER_WAY_MAX 64

void bridge_init(struct bridge *b)
{
    pthread_mutex_init(&b->mutex, NULL);
    pthread_mutex_init(&b->writing, NULL);
    pthread_cond_init(&b->less, NULL);
    TAILQ_INIT(&b->under_way);
}

/* ---- out ---- */

static void write_all(struct bridge *b, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(b->out, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            atomic_store(&b->ending, true); /* nobody reads any more */
            return;
        }
        bytes += done;
        n -= (size_t)done;
    }
}

void bridge_write(struct bridge *b, struct str message)
{
    struct buf line;
    while (message.len > 0 &&
           (message.at[message.len - 1] == '\n' || message.at[message.len - 1] == '\r'))
        message.len--;
    buf_init(&line, message.len + 1);
    buf_put(&line, message.at, message.len);
    buf_putc(&line, '\n');
    if (line.failed) {
        log_error("a message does not fit into memory", LOG_END);
        buf_fini(&line);
        return;
    }
    for (size_t i = 0; i + 1 < line.len; i++) /* in JSON a raw line end is white space */
        if (line.at[i] == '\n' || line.at[i] == '\r')
            line.at[i] = ' ';
    pthread_mutex_lock(&b->writing);
    write_all(b, line.at, line.len);
    pthread_mutex_unlock(&b->writing);
    buf_fini(&line);
}

static void write_fault(struct bridge *b, struct arena *arena, const struct json *id,
                        struct jsonrpc_fault fault)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    struct json *o = jsonrpc_error(arena, id, &fault);
    if (id == NULL) /* over a pipe the id is null where none could be read */
        json_put(arena, o, "id", json_null_new(arena));
    jw_init(&w, SESSION_BYTES);
    jw_tree(&w, NULL, o);
    if (jw_done(&w, &text).kind == ERR_NONE)
        bridge_write(b, text);
}

/* ---- session ---- */

void bridge_session(struct bridge *b, const char *id, const char *version, struct str initialize)
{
    struct arena *arena = arena_new(SESSION_BYTES);
    if (arena == NULL)
        return;
    pthread_mutex_lock(&b->mutex);
    struct arena *before = b->arena;
    b->session = id == NULL ? NULL : arena_strdup(arena, id);
    b->version = arena_strdup(arena, version);
    b->initialize = (struct str){str_dup(arena, initialize), initialize.len};
    b->arena = arena;
    arena_free(before);
    pthread_mutex_unlock(&b->mutex);
}

void bridge_session_copy(struct bridge *b, struct arena *arena, const char **id,
                         const char **version, struct str *initialize)
{
    *id = *version = NULL;
    *initialize = (struct str){0};
    pthread_mutex_lock(&b->mutex);
    if (b->session != NULL)
        *id = arena_strdup(arena, b->session);
    if (b->version != NULL)
        *version = arena_strdup(arena, b->version);
    if (b->initialize.len > 0)
        *initialize = (struct str){str_dup(arena, b->initialize), b->initialize.len};
    pthread_mutex_unlock(&b->mutex);
}

/* The client says it is ready: the daemon may speak of its own accord. */
static void tail_start(struct bridge *b)
{
    if (b->session != NULL && !b->tail_runs)
        b->tail_runs = pthread_create(&b->tail, NULL, bridge_tail, b) == 0;
}

/* ---- errands ---- */

static struct errand *errand_new(struct bridge *b, struct str line)
{
    struct arena *arena = arena_new(ERRAND_BYTES);
    struct errand *e = arena == NULL ? NULL : ARENA_NEW(arena, struct errand);
    if (e == NULL) {
        arena_free(arena);
        return NULL;
    }
    e->bridge = b;
    e->arena = arena;
    e->body = (struct str){str_dup(arena, line), line.len};
    return e;
}

static void *run_apart(void *arg)
{
    struct errand *e = arg;
    struct bridge *b = e->bridge;
    errand_run(e);
    pthread_mutex_lock(&b->mutex);
    TAILQ_REMOVE(&b->under_way, e, link);
    b->under_way_n--;
    b->listening_n -= e->listens;
    const bool follows = b->any_ended;
    const pthread_t before = b->ended;
    b->ended = pthread_self();
    b->any_ended = true;
    pthread_cond_signal(&b->less);
    pthread_mutex_unlock(&b->mutex);
    arena_free(e->arena);
    if (follows)
        pthread_join(before, NULL);
    return NULL;
}

/* On a thread of its own, once there is room for one. */
static bool errand_start(struct errand *e)
{
    struct bridge *b = e->bridge;
    pthread_t thread;
    pthread_mutex_lock(&b->mutex);
    while (b->under_way_n - b->listening_n >= UNDER_WAY_MAX && !atomic_load(&b->ending))
        pthread_cond_wait(&b->less, &b->mutex);
    const bool room = b->listening_n < UNDER_WAY_MAX || !e->listens;
    const bool started = room && pthread_create(&thread, NULL, run_apart, e) == 0;
    if (started) {
        TAILQ_INSERT_TAIL(&b->under_way, e, link);
        b->under_way_n++;
        b->listening_n += e->listens;
    }
    pthread_mutex_unlock(&b->mutex);
    return started;
}

/* Over HTTP a modern request is taken back by closing its stream. True: it was one. */
static bool take_back(struct bridge *b, const struct json *id)
{
    struct errand *e;
    bool found = false;
    pthread_mutex_lock(&b->mutex);
    TAILQ_FOREACH(e, &b->under_way, link)
    if (id != NULL && e->modern && json_equal(e->msg.id, id)) {
        atomic_store(&e->unwanted, true);
        found = true;
    }
    pthread_mutex_unlock(&b->mutex);
    return found;
}

static void run_here(struct errand *e)
{
    const bool cancels =
        text_eq(e->msg.method, "notifications/cancelled") && e->msg.kind == JSONRPC_NOTIFICATION;
    if (cancels && take_back(e->bridge, json_get(e->msg.params, "requestId")))
        return;
    errand_run(e);
    if (text_eq(e->msg.method, "notifications/initialized"))
        tail_start(e->bridge);
}

void bridge_take(struct bridge *b, struct str line)
{
    struct jsonrpc_fault fault = {0};
    line = str_trim(line);
    if (line.len == 0)
        return;
    struct errand *e = errand_new(b, line);
    if (e == NULL || e->body.at == NULL) {
        log_error("a message does not fit into memory", LOG_END);
        return;
    }
    jsonrpc_parse(e->arena, e->body, &e->msg, &fault);
    e->modern = message_is_modern(&e->msg);
    e->listens = text_eq(e->msg.method, "subscriptions/listen");
    const bool apart = e->msg.kind == JSONRPC_REQUEST && !text_eq(e->msg.method, "initialize");
    if (fault.code != 0)
        write_fault(b, e->arena, e->msg.id, fault);
    else if (apart && errand_start(e))
        return; /* its thread's now */
    else if (apart)
        write_fault(b, e->arena, e->msg.id,
                    (struct jsonrpc_fault){.code = JSONRPC_INTERNAL,
                                           .message = "too many requests are under way"});
    else
        run_here(e);
    arena_free(e->arena);
}

void bridge_too_long(struct bridge *b)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SESSION_BYTES);
    if (arena != NULL)
        write_fault(b, arena, NULL,
                    jsonrpc_fault(JSONRPC_INVALID_REQUEST, "a message has at most 1 MiB"));
}

/* ---- the end ---- */

void bridge_end(struct bridge *b, int wait_s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_s;
    pthread_mutex_lock(&b->mutex);
    while (b->under_way_n > b->listening_n && !atomic_load(&b->ending) &&
           pthread_cond_timedwait(&b->less, &b->mutex, &until) == 0)
        ;
    atomic_store(&b->ending, true);
    while (b->under_way_n > 0) /* each hears of it within a second */
        pthread_cond_wait(&b->less, &b->mutex);
    pthread_mutex_unlock(&b->mutex);
    if (b->any_ended)
        pthread_join(b->ended, NULL);
    if (b->tail_runs)
        pthread_join(b->tail, NULL);
    bridge_leave(b);
    arena_free(b->arena);
    pthread_mutex_destroy(&b->mutex);
    pthread_mutex_destroy(&b->writing);
    pthread_cond_destroy(&b->less);
}
