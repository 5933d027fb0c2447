/* The running spine: who does what on which thread.
 *
 *   - loop ─batch▶ writer ─batch▶ loop: changes; a group is what came during the last fsync
 *   - loop ─▶ reader k ─▶ loop: reads, each on its own connection
 *   - loop ─▶ job ─batch▶ writer ─▶ job: long work; its chunks queue behind nobody long
 *   - checkpointer: moves the write-ahead log into the book, off the write path
 *
 * A struct work is one pointer on the bus; whoever holds it owns it. */
#include "engine/call/spine.h"

#include <stdlib.h>

#include "common/base/invariant.h"
#include "engine/call/measure.h"
#include "engine/call/threads.h"

#define JOBS_MAX       64 /* one at a time runs: a queue of passes must not take everybody's place */
#define READERS_MAX    16
#define LOOP_BATCH     512
#define LOG_FRAMES_MAX ((int64_t)65536) /* 256 MiB of 4 KiB pages */
#define PORT_SLACK     64 /* beyond in_flight_max: the job's own batches wait for room anyway */

struct spine {
    struct spine_options options;
    struct loop *loop;
    struct bus_port *done_port; /* what comes back to the loop */
    struct loop_watch *watch;
    struct bus_sender *to_writer, *to_job, *to_reader[READERS_MAX];
    struct writer writer;
    struct reader readers[READERS_MAX];
    struct jobs jobs;
    struct checkpointer checkpointer;
    int readers_n, next_reader;
    size_t reading[READERS_MAX]; /* what each reader has */
    int jobs_n;                  /* under way, the waiting ones too */
    struct spine_stats stats;
    bool stopping;
    loop_fn *on_commit;
    void *on_commit_ctx;
};

/* ---- on the loop thread ---- */

static bool is_job(const struct work *w)
{
    return w->call != NULL && w->call->tool->run == TOOL_JOB;
}

/* A job's request is through: the job waits for its turn now. False when it has its outcome. */
static bool job_goes_on(struct spine *s, struct work *w)
{
    void *item = w;
    if (w->open == NULL)
        return false;
    bool go = call_opened(w->call, w->open);
    w->open = NULL;
    if (!go)
        return false;
    struct err e =
        s->stopping ? err_new(ERR_LIMIT, "the engine is stopping") : bus_send(s->to_job, &item, 1);
    if (e.kind == ERR_NONE)
        return true;
    w->call->outcome = CALL_FAILED; /* its run is swept at the next start */
    w->call->err = e;
    return false;
}

static void work_done(struct spine *s, struct work *w)
{
    if (job_goes_on(s, w))
        return;
    s->stats.in_flight--;
    s->stats.calls++;
    if (w->reader >= 0)
        s->reading[w->reader]--;
    if (w->call != NULL) {
        s->stats.failed += w->call->outcome == CALL_FAILED;
        s->jobs_n -= is_job(w);
        measure_call(w->call);
        w->done(w->call, w->arg);
    } else {
        w->read_done(w->err, w->arg);
    }
    free(w);
}

/* What is under way when no thread runs any more has its answer: it is on its way to the loop. */
static void drain(struct spine *s)
{
    while (s->stats.in_flight > 0) {
        void *items[LOOP_BATCH];
        size_t n;
        struct err e = bus_recv(s->done_port, true, items, LOOP_BATCH, &n);
        if (e.kind != ERR_NONE)
            return;
        for (size_t i = 0; i < n; i++)
            work_done(s, items[i]);
    }
}

static void on_done(void *ctx)
{
    struct spine *s = ctx;
    void *items[LOOP_BATCH];
    size_t n = LOOP_BATCH;
    while (n == LOOP_BATCH) {
        struct err e = bus_recv(s->done_port, false, items, LOOP_BATCH, &n);
        if (e.kind != ERR_NONE)
            return;
        for (size_t i = 0; i < n; i++)
            work_done(s, items[i]);
    }
}

/* The one with the least to do; among equals they take turns. */
static int reader_for(struct spine *s)
{
    int least = s->next_reader = (s->next_reader + 1) % s->readers_n;
    for (int i = 0; i < s->readers_n; i++)
        if (s->reading[i] < s->reading[least])
            least = i;
    return least;
}

static struct bus_sender *sender_for(struct spine *s, struct work *w)
{
    enum tool_run run = w->call == NULL ? TOOL_READ : w->call->tool->run;
    if (run == TOOL_CHANGE || w->open != NULL)
        return s->to_writer;
    if (run == TOOL_JOB)
        return s->to_job;
    w->reader = reader_for(s);
    return s->to_reader[w->reader];
}

/* Machines leave some room to people, in whatever is bounded. */
static size_t room_of(enum lane lane, size_t max)
{
    return lane == LANE_PEOPLE ? max : max - max / 8;
}

static struct err submit(struct spine *s, const struct work *work)
{
    ENSURE(!s->stopping, ERR_LIMIT, "the engine is stopping");
    ENSURE((size_t)s->stats.in_flight < room_of(work->asker.lane, s->options.in_flight_max),
           ERR_LIMIT, "too many requests are under way; try again");
    ENSURE(!is_job(work) || (size_t)s->jobs_n < room_of(work->asker.lane, JOBS_MAX), ERR_LIMIT,
           "too much long work is waiting; try again");
    struct work *w = malloc(sizeof *w);
    ENSURE(w != NULL, ERR_LIMIT, "out of memory");
    *w = *work;
    w->queued_us = metric_now_us();
    w->reader = -1;
    void *item = w;
    struct bus_sender *sender = sender_for(s, w);
    const int reader = w->reader;
    struct err e = bus_send(sender, &item, 1);
    if (e.kind != ERR_NONE) {
        free(w);
        return e;
    }
    if (sender == s->to_writer)
        atomic_fetch_add(&s->writer.sent[work->asker.lane], 1);
    s->stats.in_flight++;
    s->jobs_n += is_job(work);
    if (reader >= 0)
        s->reading[reader]++;
    return OK;
}

struct err spine_submit(struct spine *spine, struct call *c, call_done *done, void *arg)
{
    struct work w = {
        .call = c, .done = done, .arg = arg, .reply_to = REPLY_LOOP, .asker = asker_of(&c->actor)};
    if (c->tool->open != NULL) {
        w.open = call_open_new(c);
        ENSURE(w.open != NULL, ERR_LIMIT, "out of memory");
    }
    return submit(spine, &w);
}

struct err spine_read_for(struct spine *spine, struct asker asker, struct arena *arena,
                          spine_read_fn *fn, spine_read_done *done, void *arg)
{
    const struct work w = {.arena = arena,
                           .read = fn,
                           .read_done = done,
                           .arg = arg,
                           .reply_to = REPLY_LOOP,
                           .asker = asker};
    return submit(spine, &w);
}

struct err spine_read(struct spine *spine, struct arena *arena, spine_read_fn *fn,
                      spine_read_done *done, void *arg)
{
    return spine_read_for(spine, (struct asker){.lane = LANE_PEOPLE}, arena, fn, done, arg);
}

static void on_moved(void *ctx)
{
    const struct spine *s = ctx;
    if (s->on_commit != NULL && !s->stopping)
        s->on_commit(s->on_commit_ctx);
}

void spine_on_commit(struct spine *spine, loop_fn *fn, void *ctx)
{
    spine->on_commit = fn;
    spine->on_commit_ctx = ctx;
}

int64_t spine_head(const struct spine *spine)
{
    return (int64_t)atomic_load(&spine->writer.head_seq);
}

void spine_hold(struct spine *spine, const char *why)
{
    atomic_store(&spine->writer.held, why);
}

const char *spine_held(const struct spine *spine)
{
    return atomic_load(&spine->writer.held);
}

struct spine_stats spine_stats(const struct spine *spine)
{
    struct spine_stats stats = spine->stats;
    stats.groups = atomic_load(&spine->writer.groups);
    stats.group_max = atomic_load(&spine->writer.group_max);
    stats.log_wraps = atomic_load(&spine->checkpointer.wraps);
    stats.head_seq = atomic_load(&spine->writer.head_seq);
    stats.jobs = spine->jobs_n;
    return stats;
}

bool spine_writable(const struct spine *spine)
{
    return !spine->stopping && atomic_load(&spine->writer.writable);
}

/* ---- starting and stopping ---- */

static struct err ports_open(struct spine *s)
{
    size_t depth = s->options.in_flight_max + PORT_SLACK;
    int fd;
    TRY(bus_port_open("loop", 2 * depth, &s->done_port));
    TRY(loop_wake_new(s->loop, on_moved, s, &s->writer.moved));
    TRY(loop_wake_new(s->loop, jobs_on_progress, &s->jobs, &s->jobs.said));
    TRY(writer_open(&s->writer, &s->options, depth + GROUP_MAX));
    TRY(jobs_open(&s->jobs, &s->options, depth));
    for (int i = 0; i < s->readers_n; i++)
        TRY(reader_open(&s->readers[i], &s->options, i, depth));
    TRY(bus_sender_open("writer", &s->to_writer));
    TRY(bus_sender_open("job", &s->to_job));
    for (int i = 0; i < s->readers_n; i++)
        TRY(bus_sender_open(s->readers[i].name, &s->to_reader[i]));
    TRY(bus_port_fd(s->done_port, &fd));
    return loop_on_fd(s->loop, fd, on_done, s, &s->watch);
}

static struct err threads_start(struct spine *s)
{
    TRY(writer_start(&s->writer));
    TRY(jobs_start(&s->jobs));
    for (int i = 0; i < s->readers_n; i++)
        TRY(reader_start(&s->readers[i]));
    int64_t log_max = s->options.log_frames_max;
    return checkpointer_start(&s->checkpointer, s->options.book_path, &s->writer.between,
                              log_max == 0 ? LOG_FRAMES_MAX : log_max);
}

struct err spine_start(struct loop *loop, const struct spine_options *options, struct spine **spine)
{
    INVARIANT(options->readers >= 1 && options->readers <= READERS_MAX);
    struct spine *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_LIMIT, "out of memory");
    s->options = *options;
    s->loop = loop;
    s->readers_n = options->readers;
    struct err e = ports_open(s);
    if (e.kind == ERR_NONE)
        e = threads_start(s);
    if (e.kind != ERR_NONE) {
        spine_stop(s);
        return e;
    }
    *spine = s;
    return OK;
}

/* A sender is freed once all it sent was received, so nothing is lost. The job ends first, which
 * still needs the writer; the writer ends with all it was given on the disk. */
void spine_stop(struct spine *spine)
{
    if (spine == NULL)
        return;
    spine->stopping = true;
    jobs_cancel(&spine->jobs);
    bus_sender_free(spine->to_job);
    jobs_stop(&spine->jobs);
    for (int i = 0; i < spine->readers_n; i++) {
        bus_sender_free(spine->to_reader[i]);
        reader_stop(&spine->readers[i]);
    }
    bus_sender_free(spine->to_writer);
    writer_stop(&spine->writer);
    checkpointer_stop(&spine->checkpointer);
    if (spine->done_port != NULL)
        drain(spine);
    loop_watch_free(spine->watch);
    loop_wake_free(spine->writer.moved);
    loop_wake_free(spine->jobs.said);
    jobs_close(&spine->jobs);
    for (int i = 0; i < spine->readers_n; i++)
        reader_close(&spine->readers[i]);
    writer_close(&spine->writer);
    bus_port_free(spine->done_port);
    free(spine);
}
