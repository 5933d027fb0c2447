/* One queue, the writer's and a reader's connection; no lanes, no bus, no thread. */
#include "tests/fuzz/still_spine.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/invariant.h"
#include "engine/call/measure.h"
#include "engine/store/log_keys.h"

#define GROUP 16

struct work {
    struct call *call;
    struct call *open; /* a job's request; NULL once it is through */
    call_done *done;
    struct arena *arena;
    spine_read_fn *read;
    spine_read_done *read_done;
    void *arg;
    TAILQ_ENTRY(work) link;
};

struct spine {
    struct spine_options options;
    struct store *writer, *reader;
    TAILQ_HEAD(, work) queue;
    struct spine_stats stats;
    loop_fn *on_commit;
    void *on_commit_ctx;
};

static void good(struct err e)
{
    INVARIANT(e.kind == ERR_NONE);
}

/* ---- what waits ---- */

static struct err submit(struct spine *s, const struct work *work)
{
    ENSURE((size_t)s->stats.in_flight < s->options.in_flight_max, ERR_LIMIT,
           "too many requests are under way; try again");
    struct work *w = malloc(sizeof *w);
    ENSURE(w != NULL, ERR_LIMIT, "out of memory");
    *w = *work;
    TAILQ_INSERT_TAIL(&s->queue, w, link);
    s->stats.in_flight++;
    return OK;
}

struct err spine_submit(struct spine *spine, struct call *c, call_done *done, void *arg)
{
    struct work w = {.call = c, .done = done, .arg = arg};
    if (c->tool->open != NULL) {
        w.open = call_open_new(c);
        ENSURE(w.open != NULL, ERR_LIMIT, "out of memory");
    }
    return submit(spine, &w);
}

struct err spine_read_for(struct spine *spine, struct asker asker, struct arena *arena,
                          spine_read_fn *fn, spine_read_done *done, void *arg)
{
    (void)asker;
    const struct work w = {.arena = arena, .read = fn, .read_done = done, .arg = arg};
    return submit(spine, &w);
}

struct err spine_read(struct spine *spine, struct arena *arena, spine_read_fn *fn,
                      spine_read_done *done, void *arg)
{
    return spine_read_for(spine, (struct asker){.lane = LANE_PEOPLE}, arena, fn, done, arg);
}

/* ---- doing it ---- */

static struct err read_once(struct spine *s, struct arena *arena, spine_read_fn *fn, void *arg)
{
    struct tx tx;
    TRY(tx_read_begin(s->reader, arena, s->options.clock_us(), &tx));
    struct err e = fn(&tx, arg);
    tx_read_end(&tx);
    return e;
}

static struct err tool_read(struct tx *tx, void *arg)
{
    struct call *c = arg;
    return c->tool->read(c, tx);
}

static void read_call(struct spine *s, struct call *c)
{
    struct err e = call_cancelled(c) ? err_new(ERR_CONFLICT, "cancelled by the client")
                                     : read_once(s, c->arena, tool_read, c);
    if (e.kind == ERR_NONE)
        e = arena_check(c->arena);
    c->outcome = e.kind == ERR_NONE ? CALL_OK : CALL_FAILED;
    c->err = e;
}

/* The disk does not fail here, so no commit's outcome is unknown. */
static void group(struct spine *s, struct call **calls, size_t n)
{
    INVARIANT(call_group(s->writer, calls, n, s->options.clock_us));
    good(log_keys_settle(s->options.log_keys, s->writer));
    for (size_t i = 0; i < n; i++)
        INVARIANT(calls[i]->outcome != CALL_NONE);
    s->stats.groups++;
    s->stats.head_seq = store_head(s->writer)->seq;
}

struct port {
    struct job_port base;
    struct spine *spine;
    struct call *call;
    int64_t said; /* what was told rises */
};

static struct err port_submit(struct job_port *base, struct call **calls, size_t n)
{
    struct port *port = (struct port *)base;
    for (size_t at = 0; at < n; at += GROUP)
        group(port->spine, calls + at, n - at > GROUP ? GROUP : n - at);
    return OK;
}

static bool port_cancelled(struct job_port *base)
{
    return call_cancelled(((struct port *)base)->call);
}

static void port_progress(struct job_port *base, int64_t done, int64_t total)
{
    struct port *port = (struct port *)base;
    INVARIANT(done >= port->said);
    port->said = done;
    if (port->call->progress != NULL)
        port->call->progress(port->call, done, total);
}

static void job_run(struct spine *s, struct call *c)
{
    struct port port = {.base = {.reader = s->reader,
                                 .submit = port_submit,
                                 .cancelled = port_cancelled,
                                 .clock_us = s->options.clock_us,
                                 .progress = port_progress},
                        .spine = s,
                        .call = c};
    struct err e = err_new(ERR_CONFLICT, "the engine is stopping; nothing was begun");
    if (call_cancelled(c))
        call_job_refuse(c, &port.base, e);
    else
        e = call_job(c, &port.base);
    c->err = e;
    if (e.kind != ERR_NONE)
        c->outcome = CALL_FAILED;
}

/* ---- answering ---- */

static bool job_goes_on(struct spine *s, struct work *w)
{
    if (w->open == NULL)
        return false;
    const bool go = call_opened(w->call, w->open);
    w->open = NULL;
    if (go)
        TAILQ_INSERT_TAIL(&s->queue, w, link);
    return go;
}

static void answer(struct spine *s, struct work *w, struct err read)
{
    if (job_goes_on(s, w))
        return;
    s->stats.in_flight--;
    s->stats.calls++;
    if (w->call != NULL) {
        measure_call(w->call);
        w->done(w->call, w->arg);
    } else {
        w->read_done(read, w->arg);
    }
    free(w);
}

static bool is_change(const struct work *w)
{
    return w->open != NULL || (w->call != NULL && w->call->tool->run == TOOL_CHANGE);
}

static void run_changes(struct spine *s)
{
    struct work *works[GROUP], *w = TAILQ_FIRST(&s->queue), *next;
    struct call *calls[GROUP];
    size_t n = 0;
    for (; w != NULL && n < GROUP; w = next) {
        next = TAILQ_NEXT(w, link);
        if (!is_change(w))
            continue;
        TAILQ_REMOVE(&s->queue, w, link);
        calls[n] = w->open != NULL ? w->open : w->call;
        works[n++] = w;
    }
    group(s, calls, n);
    for (size_t i = 0; i < n; i++)
        answer(s, works[i], OK);
}

bool still_run(struct spine *s)
{
    struct work *w = TAILQ_FIRST(&s->queue);
    struct err e = OK;
    const int64_t before = s->stats.head_seq;
    if (w == NULL)
        return false;
    if (is_change(w)) {
        run_changes(s);
    } else {
        TAILQ_REMOVE(&s->queue, w, link);
        if (w->call == NULL)
            e = read_once(s, w->arena, w->read, w->arg);
        else if (w->call->tool->run == TOOL_JOB)
            job_run(s, w->call);
        else
            read_call(s, w->call);
        answer(s, w, e);
    }
    if (s->stats.head_seq != before && s->on_commit != NULL)
        s->on_commit(s->on_commit_ctx);
    return true;
}

/* ---- the rest of the header ---- */

struct err spine_start(struct loop *loop, const struct spine_options *options, struct spine **spine)
{
    (void)loop;
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)1 << 20);
    struct spine *s = calloc(1, sizeof *s);
    INVARIANT(s != NULL && arena != NULL);
    s->options = *options;
    TAILQ_INIT(&s->queue);
    good(store_open(options->book_path, STORE_WRITER, arena, &s->writer));
    good(store_open(options->book_path, STORE_READER, arena, &s->reader));
    good(log_keys_use(options->log_keys, s->writer, arena));
    s->stats.head_seq = store_head(s->writer)->seq;
    *spine = s;
    return OK;
}

void spine_stop(struct spine *spine)
{
    if (spine == NULL)
        return;
    INVARIANT(TAILQ_EMPTY(&spine->queue));
    store_close(spine->reader);
    store_close(spine->writer);
    free(spine);
}

struct store *still_reader(struct spine *spine)
{
    return spine->reader;
}

void spine_on_commit(struct spine *spine, loop_fn *fn, void *ctx)
{
    spine->on_commit = fn;
    spine->on_commit_ctx = ctx;
}

int64_t spine_head(const struct spine *spine)
{
    return spine->stats.head_seq;
}

/* Who holds changes up (the feeder) is not part of this. */
void spine_hold(struct spine *spine, const char *why)
{
    (void)spine;
    INVARIANT(why == NULL);
}

const char *spine_held(const struct spine *spine)
{
    (void)spine;
    return NULL;
}

struct spine_stats spine_stats(const struct spine *spine)
{
    return spine->stats;
}

bool spine_writable(const struct spine *spine)
{
    (void)spine;
    return true;
}
