/* Reader threads: each has its own read-only connection and gives every read one snapshot. */
#include <stdio.h>

#include "common/sys/log.h"
#include "engine/call/threads.h"

#define READ_BATCH 64

struct err reader_open(struct reader *r, const struct spine_options *options, int number,
                       size_t depth)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    r->options = *options;
    (void)snprintf(r->name, sizeof r->name, "reader-%d", number);
    TRY(bus_port_open(r->name, depth, &r->port));
    struct err e = store_open(options->book_path, STORE_READER, arena, &r->store);
    return e.kind == ERR_NONE ? OK : err_new(e.kind, "the book could not be opened for reading");
}

static void read_call(struct reader *r, struct call *c)
{
    struct tx tx;
    struct err e = tx_read_begin(r->store, c->arena, r->options.clock_us(), &tx);
    if (e.kind == ERR_NONE) {
        e = c->tool->read(c, &tx);
        tx_read_end(&tx);
    }
    if (e.kind == ERR_NONE)
        e = arena_check(c->arena);
    c->outcome = e.kind == ERR_NONE ? CALL_OK : CALL_FAILED;
    c->err = e;
}

static void read_fn(struct reader *r, struct work *w)
{
    struct tx tx;
    w->err = tx_read_begin(r->store, w->arena, r->options.clock_us(), &tx);
    if (w->err.kind == ERR_NONE) {
        w->err = w->read(&tx, w->arg);
        tx_read_end(&tx);
    }
}

static void *reader_run(void *arg)
{
    struct reader *r = arg;
    struct err e = OK;
    while (e.kind == ERR_NONE) {
        void *items[READ_BATCH];
        size_t n;
        e = bus_recv(r->port, true, items, READ_BATCH, &n);
        for (size_t i = 0; e.kind == ERR_NONE && i < n; i++) {
            struct work *w = items[i];
            if (w->call != NULL)
                read_call(r, w->call);
            else
                read_fn(r, w);
        }
        if (e.kind == ERR_NONE && n > 0)
            e = bus_send(r->to_loop, items, n);
    }
    if (e.kind != ERR_MISSING)
        log_error("a reader thread ended", LOG_TEXT("why", e.msg), LOG_END);
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
