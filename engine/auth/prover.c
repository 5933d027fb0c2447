/* The thread and its two ports: what is submitted, and what is on its way back to the loop. */
#include "engine/auth/prover.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/sys/bus.h"
#include "common/sys/log.h"

#define BATCH 64

struct prover {
    struct bus_port *port, *done_port;
    struct bus_sender *to_thread, *to_loop;
    struct loop_watch *watch;
    pthread_t thread;
    bool started;
    size_t under_way; /* the loop's, */
    int64_t full;     /* this too: what was not taken */
};

static void *prover_run(void *arg)
{
    struct prover *p = arg;
    struct err e = OK;
    while (e.kind == ERR_NONE) {
        void *items[BATCH];
        size_t n = 0;
        e = bus_recv(p->port, true, items, BATCH, &n);
        for (size_t i = 0; e.kind == ERR_NONE && i < n; i++) {
            struct proof *proof = items[i];
            proof->run(proof->arg);
            e = bus_send(p->to_loop, &items[i], 1);
        }
    }
    if (e.kind != ERR_MISSING) {
        log_error("the thread that verifies tokens ended", LOG_TEXT("why", e.msg), LOG_END);
        bus_port_close(p->done_port); /* nobody waits for what does not come */
    }
    return NULL;
}

static struct err take_back(struct prover *p, bool wait, size_t *n)
{
    void *items[BATCH];
    TRY(bus_recv(p->done_port, wait, items, BATCH, n));
    for (size_t i = 0; i < *n; i++) {
        struct proof *proof = items[i];
        p->under_way--;
        proof->done(proof->arg);
    }
    return OK;
}

static void on_done(void *ctx)
{
    size_t n = BATCH;
    while (n == BATCH)
        if (take_back(ctx, false, &n).kind != ERR_NONE)
            return;
}

static struct err thread_begin(struct prover *p)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&p->thread, NULL, prover_run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ENSURE(failed == 0, ERR_LIMIT, "a thread could not be started");
    p->started = true;
    return OK;
}

static struct err ports_open(struct prover *p, struct loop *loop)
{
    int fd;
    TRY(bus_port_open("prover", PROVER_DEPTH, &p->port));
    TRY(bus_port_open("prover-done", PROVER_DEPTH, &p->done_port));
    TRY(bus_sender_open("prover", &p->to_thread));
    TRY(bus_sender_open("prover-done", &p->to_loop));
    TRY(bus_port_fd(p->done_port, &fd));
    TRY(loop_on_fd(loop, fd, on_done, p, &p->watch));
    return thread_begin(p);
}

struct err prover_start(struct loop *loop, struct prover **prover)
{
    struct prover *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, ERR_LIMIT, "no memory");
    struct err e = ports_open(p, loop);
    if (e.kind != ERR_NONE) {
        prover_stop(p);
        return e;
    }
    *prover = p;
    return OK;
}

/* A sender is freed once all it sent was received, so nothing is lost; the loop takes the last
 * answers in between. */
void prover_stop(struct prover *prover)
{
    struct err e = OK;
    if (prover == NULL)
        return;
    bus_sender_free(prover->to_thread);
    if (prover->started) {
        bus_port_close(prover->port);
        pthread_join(prover->thread, NULL);
    }
    while (e.kind == ERR_NONE && prover->under_way > 0) {
        size_t n;
        e = take_back(prover, true, &n);
    }
    loop_watch_free(prover->watch);
    bus_sender_free(prover->to_loop);
    bus_port_free(prover->port);
    bus_port_free(prover->done_port);
    free(prover);
}

struct err prover_submit(struct prover *prover, struct proof *proof)
{
    void *item = proof;
    const bool full = prover->under_way >= PROVER_DEPTH;
    prover->full += full;
    ENSURE(!full, ERR_LIMIT, "too many tokens wait to be verified");
    TRY(bus_send(prover->to_thread, &item, 1));
    prover->under_way++;
    return OK;
}

struct prover_stats prover_stats(const struct prover *prover)
{
    return (struct prover_stats){.waiting = prover->under_way, .full = prover->full};
}
