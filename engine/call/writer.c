/* The writer thread: takes what has gathered, commits it as one group, answers. After a commit
 * whose outcome is not known the connection is not trusted any more: it is opened anew, and
 * SQLite's own recovery says what is there. */
#include <signal.h>

#include "common/sys/log.h"
#include "engine/call/threads.h"

#define GROUP_MAX 512

struct err thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ENSURE(failed == 0, ERR_LIMIT, "a thread could not be started");
    return OK;
}

struct err writer_open(struct writer *w, const struct spine_options *options, size_t depth)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    w->options = *options;
    TRY(bus_port_open("writer", depth, &w->port));
    struct err e = store_open(options->book_path, STORE_WRITER, arena, &w->store);
    if (e.kind != ERR_NONE)
        log_error("the book could not be opened for writing", LOG_TEXT("why", e.msg), LOG_END);
    return e.kind == ERR_NONE ? OK : err_new(e.kind, "the book could not be opened for writing");
}

/* A connection that can be trusted, or none: then every call of the group fails, and the next group
 * tries again. */
static void store_again(struct writer *w)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    store_close(w->store);
    w->store = NULL;
    struct err e = arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                                 : store_open(w->options.book_path, STORE_WRITER, arena, &w->store);
    if (e.kind != ERR_NONE)
        log_error("the book could not be opened again", LOG_TEXT("why", e.msg), LOG_END);
}

static void group_run(struct writer *w, struct call **calls, size_t n)
{
    if (w->store == NULL)
        store_again(w);
    if (w->store == NULL) {
        for (size_t i = 0; i < n; i++) {
            calls[i]->outcome = CALL_FAILED;
            calls[i]->err = err_new(ERR_STORE, "the book cannot be written at the moment");
        }
        return;
    }
    if (!call_group(w->store, calls, n, w->options.clock_us)) {
        log_error("a commit's outcome is unknown; the book is opened again", LOG_END);
        store_again(w);
    }
    atomic_fetch_add(&w->groups, 1);
    if ((long long)n > atomic_load(&w->group_max))
        atomic_store(&w->group_max, (long long)n);
}

/* Answers to whoever waits: the loop's and the job's in two batches. */
static void answer(struct writer *w, struct work **works, size_t n)
{
    void *to_loop[GROUP_MAX], *to_job[GROUP_MAX];
    size_t loop_n = 0, job_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (works[i]->reply_to == REPLY_LOOP)
            to_loop[loop_n++] = works[i];
        else
            to_job[job_n++] = works[i];
    }
    struct err e = bus_send(w->to_loop, to_loop, loop_n);
    if (e.kind == ERR_NONE)
        e = bus_send(w->to_job, to_job, job_n);
    if (e.kind != ERR_NONE)
        log_error("answers could not be handed back", LOG_TEXT("why", e.msg), LOG_END);
}

static void *writer_run(void *arg)
{
    struct writer *w = arg;
    struct err e = OK;
    while (e.kind == ERR_NONE) {
        void *items[GROUP_MAX];
        struct work *works[GROUP_MAX];
        struct call *calls[GROUP_MAX];
        size_t n;
        e = bus_recv(w->port, true, items, GROUP_MAX, &n);
        if (e.kind != ERR_NONE || n == 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            works[i] = items[i];
            calls[i] = works[i]->open != NULL ? works[i]->open : works[i]->call;
        }
        group_run(w, calls, n);
        answer(w, works, n);
    }
    if (e.kind != ERR_MISSING) /* the port was not closed */
        log_error("the writer ended", LOG_TEXT("why", e.msg), LOG_END);
    return NULL;
}

struct err writer_start(struct writer *w)
{
    TRY(bus_sender_open("loop", &w->to_loop));
    TRY(bus_sender_open("job-reply", &w->to_job));
    TRY(thread_start(&w->thread, writer_run, w));
    w->started = true;
    return OK;
}

void writer_stop(struct writer *w)
{
    if (!w->started)
        return;
    bus_port_close(w->port);
    pthread_join(w->thread, NULL);
    w->started = false;
}

void writer_close(struct writer *w)
{
    bus_port_free(w->port);
    bus_sender_free(w->to_loop);
    bus_sender_free(w->to_job);
    store_close(w->store);
}
