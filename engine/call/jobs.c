/* The job thread: one long work at a time, a person's before a machine's. It reads on its own
 * connection and hands its changes to the writer in batches, among everybody else's. */
#include <time.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "common/sys/metrics.h"
#include "engine/call/threads.h"

#define BATCH_MAX         256
#define RETRY_NS          1000000
#define PROGRESS_EVERY_MS 200

struct err jobs_open(struct jobs *j, const struct spine_options *options, size_t depth)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    j->options = *options;
    lanes_init(&j->lanes);
    pthread_mutex_init(&j->mutex, NULL);
    TRY(bus_port_open("job", depth, &j->port));
    TRY(bus_port_open("job-reply", 4 * BATCH_MAX, &j->reply));
    struct err e = store_open(options->book_path, STORE_READER, arena, &j->store);
    return e.kind == ERR_NONE ? OK : err_new(e.kind, "the book could not be opened for reading");
}

/* ---- the port a job sees ---- */

struct port {
    struct job_port base;
    struct jobs *jobs;
    struct call *call;
    int64_t said_ms;                  /* when it last told how far it is */
    struct work under_way[BATCH_MAX]; /* of begin, until finish */
    size_t under_way_n;
};

/* Everything handed over comes back, and nothing else. The writer holds these calls until then, and
 * whoever asked frees them after: no failure may come between. For want of memory there is another
 * try; a bus that lost answers is one that we cannot go on with. */
static struct err port_finish(struct job_port *base)
{
    struct port *port = (struct port *)base;
    void *items[BATCH_MAX];
    while (port->under_way_n > 0) {
        size_t got;
        struct err e = bus_recv(port->jobs->reply, true, items, port->under_way_n, &got);
        INVARIANT(e.kind == ERR_NONE || e.kind == ERR_LIMIT);
        port->under_way_n -= got;
        if (e.kind == ERR_LIMIT)
            (void)nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
    }
    return OK;
}

static struct err port_begin(struct job_port *base, struct call **calls, size_t n)
{
    struct port *port = (struct port *)base;
    void *items[BATCH_MAX];
    ENSURE(n <= BATCH_MAX && port->under_way_n == 0, ERR_BUG, "more than one batch under way");
    for (size_t i = 0; i < n; i++) {
        port->under_way[i] = (struct work){.call = calls[i],
                                           .queued_us = metric_now_us(),
                                           .reply_to = REPLY_JOB,
                                           .asker = {.lane = LANE_WORK}};
        items[i] = &port->under_way[i];
    }
    TRY(bus_send(port->jobs->to_writer, items, n));
    port->under_way_n = n;
    return OK;
}

static struct err port_submit(struct job_port *base, struct call **calls, size_t n)
{
    for (size_t at = 0; at < n; at += BATCH_MAX) {
        TRY(port_begin(base, calls + at, n - at > BATCH_MAX ? BATCH_MAX : n - at));
        TRY(port_finish(base));
    }
    return OK;
}

static bool port_cancelled(struct job_port *base)
{
    struct port *port = (struct port *)base;
    return atomic_load(&port->jobs->cancel) || call_cancelled(port->call);
}

/* ---- how far it is ----
 * `under_way` is the call only until the job is handed back: the loop, which then lets go of it,
 * looks here before. */

static void port_progress(struct job_port *base, int64_t done, int64_t total)
{
    struct port *port = (struct port *)base;
    struct jobs *j = port->jobs;
    const int64_t now_ms = loop_now_ms();
    if (port->call->progress == NULL || now_ms - port->said_ms < PROGRESS_EVERY_MS)
        return;
    port->said_ms = now_ms;
    pthread_mutex_lock(&j->mutex);
    j->under_way = port->call;
    j->done = done;
    j->total = total;
    pthread_mutex_unlock(&j->mutex);
    loop_wake(j->said);
}

static void progress_end(struct jobs *j)
{
    pthread_mutex_lock(&j->mutex);
    j->under_way = NULL;
    pthread_mutex_unlock(&j->mutex);
}

void jobs_on_progress(void *ctx)
{
    struct jobs *j = ctx;
    pthread_mutex_lock(&j->mutex);
    struct call *c = j->under_way;
    const int64_t done = j->done, total = j->total;
    pthread_mutex_unlock(&j->mutex);
    if (c != NULL)
        c->progress(c, done, total);
}

static void job_run(struct jobs *j, struct call *c)
{
    struct port port = {.base = {.reader = j->store,
                                 .submit = port_submit,
                                 .cancelled = port_cancelled,
                                 .clock_us = j->options.clock_us,
                                 .begin = port_begin,
                                 .finish = port_finish,
                                 .progress = port_progress},
                        .jobs = j,
                        .call = c};
    struct err e = err_new(ERR_CONFLICT, "the engine is stopping; nothing was begun");
    if (port_cancelled(&port.base))
        call_job_refuse(c, &port.base, e);
    else
        e = call_job(c, &port.base);
    c->err = e;
    if (e.kind != ERR_NONE)
        c->outcome = CALL_FAILED;
}

static void *jobs_run(void *arg)
{
    struct jobs *j = arg;
    struct err e = OK, lost = OK;
    while (lost.kind == ERR_NONE && (e.kind == ERR_NONE || lanes_waiting(&j->lanes) > 0)) {
        if (e.kind == ERR_NONE)
            e = lanes_gather(&j->lanes, j->port, lanes_waiting(&j->lanes) == 0);
        struct work *w = lanes_next(&j->lanes);
        void *item = w;
        if (w == NULL)
            continue;
        job_run(j, w->call);
        progress_end(j);
        lost = bus_send(j->to_loop, &item, 1);
    }
    if (e.kind != ERR_MISSING || lost.kind != ERR_NONE)
        log_error("the job thread ended", LOG_TEXT("why", lost.msg == NULL ? e.msg : lost.msg),
                  LOG_END);
    return NULL;
}

struct err jobs_start(struct jobs *j)
{
    TRY(bus_sender_open("loop", &j->to_loop));
    TRY(bus_sender_open("writer", &j->to_writer));
    TRY(thread_start(&j->thread, jobs_run, j));
    j->started = true;
    return OK;
}

void jobs_cancel(struct jobs *j)
{
    atomic_store(&j->cancel, true);
}

void jobs_stop(struct jobs *j)
{
    if (!j->started)
        return;
    bus_port_close(j->port);
    pthread_join(j->thread, NULL);
    j->started = false;
}

void jobs_close(struct jobs *j)
{
    bus_port_free(j->port);
    bus_port_free(j->reply);
    bus_sender_free(j->to_writer);
    bus_sender_free(j->to_loop);
    store_close(j->store);
    pthread_mutex_destroy(&j->mutex);
}
