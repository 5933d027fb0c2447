/* Reader threads: each has its own read-only connection and gives every read one snapshot. Who
 * reads next is said by the lanes: a page that a person waits for does not wait for a loop's. A
 * connection under which the disk failed may have lost its way in the log's index: it is opened
 * anew before the next read. */
#include <stdio.h>

#include "common/sys/log.h"
#include "engine/call/measure.h"
#include "engine/call/threads.h"

#define READ_BATCH   64
#define HAND_BACK_US 200

struct err reader_open(struct reader *r, const struct spine_options *options, int number,
                       size_t depth)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    r->options = *options;
    lanes_init(&r->lanes);
    (void)snprintf(r->name, sizeof r->name, "reader-%d", number);
    TRY(bus_port_open(r->name, depth, &r->port));
    struct err e = store_open(options->book_path, STORE_READER, arena, &r->store);
    return e.kind == ERR_NONE ? OK : err_new(e.kind, "the book could not be opened for reading");
}

/* What the connection worded goes with it. */
static struct err err_kept(struct arena *arena, struct err e)
{
    const char *msg = e.msg == NULL ? NULL : arena_strdup(arena, e.msg);
    const char *where = e.where == NULL ? NULL : arena_strdup(arena, e.where);
    return err_at(e.kind, where, msg == NULL ? "the read failed" : msg);
}

static struct err store_again(struct reader *r)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    struct err e = store_open(r->options.book_path, STORE_READER, arena, &r->store);
    return e.kind == ERR_NONE ? OK : err_new(ERR_STORE, "the book cannot be read at the moment");
}

/* One read on a connection that can be trusted. */
static struct err read_once(struct reader *r, struct arena *arena, spine_read_fn *fn, void *arg)
{
    struct tx tx;
    if (r->store == NULL)
        TRY(store_again(r));
    struct err e = tx_read_begin(r->store, arena, r->options.clock_us(), &tx);
    if (e.kind == ERR_NONE) {
        e = fn(&tx, arg);
        tx_read_end(&tx);
    }
    if (e.kind != ERR_STORE)
        return e;
    e = err_kept(arena, e);
    log_warn("a read failed; the book is opened again", LOG_TEXT("why", e.msg), LOG_END);
    store_close(r->store);
    r->store = NULL;
    return e;
}

static struct err tool_read(struct tx *tx, void *arg)
{
    struct call *c = arg;
    return c->tool->read(c, tx);
}

static void read_call(struct reader *r, struct call *c)
{
    struct err e = call_cancelled(c) ? err_new(ERR_CONFLICT, "cancelled by the client")
                                     : read_once(r, c->arena, tool_read, c);
    if (e.kind == ERR_NONE)
        e = arena_check(c->arena);
    c->outcome = e.kind == ERR_NONE ? CALL_OK : CALL_FAILED;
    c->err = e;
}

static void read_fn(struct reader *r, struct work *w)
{
    w->err = read_once(r, w->arena, w->read, w->arg);
}

static void read_work(struct reader *r, struct work *w)
{
    const int64_t began = metric_now_us();
    measure_queue(w->queued_us, began);
    if (w->call != NULL)
        read_call(r, w->call);
    else
        read_fn(r, w);
    (void)measure_step(STEP_READ, began);
}

/* What was read and is not handed back yet. */
struct handful {
    void *items[READ_BATCH];
    size_t n;
    int64_t since_us; /* of the first */
};

static struct err hand_back(struct reader *r, struct handful *h)
{
    struct err e = bus_send(r->to_loop, h->items, h->n);
    h->n = 0;
    return e;
}

/* Short reads are handed back together; but nobody waits for another's long one, and what a read
 * has built does not lie here while the next ones build theirs. */
static struct err read_next(struct reader *r, struct handful *h)
{
    struct work *w = lanes_next(&r->lanes);
    if (h->n == 0)
        h->since_us = metric_now_us();
    read_work(r, w);
    h->items[h->n++] = w;
    const bool more = lanes_waiting(&r->lanes) > 0 || bus_waiting(r->port);
    if (more && h->n < READ_BATCH && metric_now_us() - h->since_us < HAND_BACK_US)
        return OK;
    return hand_back(r, h);
}

static void *reader_run(void *arg)
{
    struct reader *r = arg;
    struct handful h = {.n = 0};
    struct err e = OK, lost = OK;
    while (lost.kind == ERR_NONE && (e.kind == ERR_NONE || lanes_waiting(&r->lanes) > 0)) {
        if (e.kind == ERR_NONE)
            e = lanes_gather(&r->lanes, r->port, lanes_waiting(&r->lanes) == 0);
        if (lanes_waiting(&r->lanes) > 0)
            lost = read_next(r, &h);
    }
    if (lost.kind == ERR_NONE && h.n > 0)
        lost = hand_back(r, &h);
    if (e.kind != ERR_MISSING || lost.kind != ERR_NONE)
        log_error("a reader thread ended", LOG_TEXT("why", lost.msg == NULL ? e.msg : lost.msg),
                  LOG_END);
    return NULL;
}

struct err reader_start(struct reader *r)
{
    TRY(bus_sender_open("loop", &r->to_loop));
    TRY(thread_start(&r->thread, reader_run, r));
    r->started = true;
    return OK;
}

void reader_stop(struct reader *r)
{
    if (!r->started)
        return;
    bus_port_close(r->port);
    pthread_join(r->thread, NULL);
    r->started = false;
}

void reader_close(struct reader *r)
{
    bus_port_free(r->port);
    bus_sender_free(r->to_loop);
    store_close(r->store);
}
