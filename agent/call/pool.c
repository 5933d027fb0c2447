/* One port a worker and one for the loop thread; who is free stands on a stack, who waits in a
 * ring. */
#include "agent/call/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/invariant.h"
#include "common/sys/bus.h"
#include "common/sys/log.h"

struct worker {
    struct pool *pool;
    char name[64];
    pthread_t thread;
    bool started;
    struct bus_port *port;
    struct bus_sender *in;  /* the loop thread's way to it */
    struct bus_sender *out; /* its way back */
    struct worker_tools tools;
    void *job; /* what it has; loop thread */
};

/* What travels: a job and the worker that has it are one thing, for a worker has one job. */
struct pool {
    struct pool_options options;
    struct worker *workers;
    struct worker **free;
    size_t free_n;
    void **waiting; /* a ring */
    size_t first, waiting_n;
    char loop_port[64];
    struct bus_port *back;
    struct loop_watch *watch;
    size_t in_flight;
};

/* ---- a worker's thread ---- */

static void *worker_run(void *arg)
{
    struct worker *w = arg;
    struct err e = OK;
    while (e.kind == ERR_NONE) {
        void *item = NULL;
        size_t n = 0;
        e = bus_recv(w->port, true, &item, 1, &n);
        if (e.kind != ERR_NONE || n == 0)
            continue;
        w->pool->options.work(((struct worker *)item)->job, &w->tools);
        e = bus_send(w->out, &item, 1);
    }
    if (e.kind != ERR_MISSING)
        log_error("a worker thread ended", LOG_ERR(e), LOG_END);
    return NULL;
}

/* Signals are the loop thread's. */
static int thread_start(struct worker *w)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int rc = pthread_create(&w->thread, NULL, worker_run, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static struct err worker_start(struct pool *pool, struct worker *w, size_t number)
{
    w->pool = pool;
    (void)snprintf(w->name, sizeof w->name, "%s-worker-%zu", pool->options.name, number);
    TRY(agent_db_open(pool->options.db_path, &w->tools.db));
    TRY(mcpc_new(pool->options.engine, &w->tools.mcpc));
    TRY(bus_port_open(w->name, 2, &w->port));
    TRY(bus_sender_open(w->name, &w->in));
    TRY(bus_sender_open(pool->loop_port, &w->out));
    ENSURE(thread_start(w) == 0, ERR_LIMIT, "a worker thread could not be started");
    w->started = true;
    pool->free[pool->free_n++] = w;
    return OK;
}

static void worker_free(struct worker *w)
{
    bus_sender_free(w->in);
    bus_sender_free(w->out);
    bus_port_free(w->port);
    mcpc_free(w->tools.mcpc);
    agent_db_close(w->tools.db);
}

/* All are told before any is waited for. */
static void workers_end(struct pool *pool)
{
    const size_t n = pool->workers == NULL ? 0 : pool->options.workers;
    for (size_t i = 0; i < n; i++)
        if (pool->workers[i].port != NULL)
            bus_port_close(pool->workers[i].port);
    for (size_t i = 0; i < n; i++)
        if (pool->workers[i].started)
            pthread_join(pool->workers[i].thread, NULL);
}

/* ---- the loop thread ---- */

static struct err hand_out(struct pool *pool, void *job)
{
    struct worker *w = pool->free[--pool->free_n];
    void *item = w;
    w->job = job;
    struct err e = bus_send(w->in, &item, 1);
    if (e.kind != ERR_NONE) { /* its port takes two and it has none: the process is ending */
        w->job = NULL;
        pool->free_n++;
    }
    return e;
}

static void next_waiting(struct pool *pool)
{
    while (pool->waiting_n > 0 && pool->free_n > 0) {
        void *job = pool->waiting[pool->first];
        struct err e = hand_out(pool, job);
        if (e.kind != ERR_NONE) {
            log_error("a request could not be handed to a worker", LOG_ERR(e), LOG_END);
            return;
        }
        pool->first = (pool->first + 1) % pool->options.waiting_max;
        pool->waiting_n--;
    }
}

static void on_back(void *ctx)
{
    struct pool *pool = ctx;
    void *items[16];
    size_t n = sizeof items / sizeof items[0];
    while (n == sizeof items / sizeof items[0]) {
        if (bus_recv(pool->back, false, items, sizeof items / sizeof items[0], &n).kind != ERR_NONE)
            return;
        for (size_t i = 0; i < n; i++) {
            struct worker *w = items[i];
            void *job = w->job;
            w->job = NULL;
            pool->free[pool->free_n++] = w;
            pool->in_flight--;
            pool->options.done(job, pool->options.ctx);
        }
    }
    next_waiting(pool);
}

struct err pool_submit(struct pool *pool, void *job)
{
    if (pool->free_n > 0 && pool->waiting_n == 0) {
        TRY(hand_out(pool, job));
    } else {
        ENSURE(pool->waiting_n < pool->options.waiting_max, ERR_LIMIT, "too much is waiting");
        pool->waiting[(pool->first + pool->waiting_n++) % pool->options.waiting_max] = job;
    }
    pool->in_flight++;
    return OK;
}

size_t pool_in_flight(const struct pool *pool)
{
    return pool == NULL ? 0 : pool->in_flight;
}

static struct err start(struct loop *loop, struct pool *pool)
{
    const size_t n = pool->options.workers;
    int fd;
    pool->workers = calloc(n, sizeof *pool->workers);
    pool->free = calloc(n, sizeof(struct worker *));
    pool->waiting = calloc(pool->options.waiting_max, sizeof(void *));
    ENSURE(pool->workers != NULL && pool->free != NULL && pool->waiting != NULL, ERR_LIMIT,
           "no memory");
    (void)snprintf(pool->loop_port, sizeof pool->loop_port, "%s-loop", pool->options.name);
    TRY(bus_port_open(pool->loop_port, n, &pool->back));
    TRY(bus_port_fd(pool->back, &fd));
    TRY(loop_on_fd(loop, fd, on_back, pool, &pool->watch));
    for (size_t i = 0; i < n; i++)
        TRY(worker_start(pool, &pool->workers[i], i));
    return OK;
}

struct err pool_start(struct loop *loop, const struct pool_options *options, struct pool **out)
{
    struct pool *pool = calloc(1, sizeof *pool);
    ENSURE(pool != NULL, ERR_LIMIT, "no memory");
    pool->options = *options;
    struct err e = start(loop, pool);
    if (e.kind != ERR_NONE) {
        pool_stop(pool);
        return e;
    }
    *out = pool;
    return OK;
}

void pool_stop(struct pool *pool)
{
    if (pool == NULL)
        return;
    workers_end(pool);
    if (pool->back != NULL) /* nobody reads what came back last: senders do not wait for it */
        bus_port_close(pool->back);
    for (size_t i = 0; pool->workers != NULL && i < pool->options.workers; i++)
        worker_free(&pool->workers[i]);
    for (size_t i = 0; pool->workers != NULL && i < pool->options.workers; i++)
        if (pool->workers[i].job != NULL)
            pool->options.done(pool->workers[i].job, pool->options.ctx);
    for (; pool->waiting_n > 0; pool->waiting_n--) {
        pool->options.done(pool->waiting[pool->first], pool->options.ctx);
        pool->first = (pool->first + 1) % pool->options.waiting_max;
    }
    loop_watch_free(pool->watch);
    bus_port_free(pool->back);
    free(pool->workers);
    free(pool->free);
    free(pool->waiting);
    free(pool);
}
