/* The writer thread: takes what has gathered, commits it as one group, answers. People's calls go
 * first, then machines', then what long work hands over; each kind in turns, so that one caller's
 * many wait behind themselves. All of the people's that have come are in the group; the others fill
 * it for a bounded time, and no longer than nobody further ahead waits. After a commit whose
 * outcome is not known the connection is not trusted any more: it is opened anew, and SQLite's own
 * recovery says what is there. */
#include <signal.h>
#include <string.h>

#include "common/sys/log.h"
#include "engine/call/measure.h"
#include "engine/call/threads.h"
#include "engine/store/log_keys.h"

/* How long a group may take calls of those further back: while nobody waits for their end, and
 * while somebody does. */
#define ALONE_US  20000
#define SHARED_US 4000

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

/* For those on other threads: can the book be written, as far as the last group knows, and where
 * does its chain stand. */
static void store_told(struct writer *w)
{
    atomic_store(&w->writable, w->store != NULL && !w->lost);
    if (w->store != NULL)
        atomic_store(&w->head_seq, store_head(w->store)->seq);
}

/* A connection whose heads are signed by the key that the book names: after a commit of which
 * nothing is known, that may be another one than before. */
static struct err book_open(struct writer *w, struct arena *arena)
{
    TRY(store_open(w->options.book_path, STORE_WRITER, arena, &w->store));
    store_posture_set(w->store, w->options.posture, w->options.posture_n);
    struct err e =
        w->options.log_keys == NULL ? OK : log_keys_use(w->options.log_keys, w->store, arena);
    if (e.kind == ERR_NONE)
        return OK;
    store_close(w->store);
    w->store = NULL;
    return e;
}

/* After a group, whatever became of it. A rotation whose files could not be moved is good; they are
 * moved with the next one, or at the next start. */
static void keys_follow(struct writer *w)
{
    struct err e = w->store == NULL ? OK : log_keys_settle(w->options.log_keys, w->store);
    if (e.kind != ERR_NONE)
        log_error("the files of the log's keys are not as the book has them", LOG_ERR(e), LOG_END);
}

struct err writer_open(struct writer *w, const struct spine_options *options, size_t depth)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    w->options = *options;
    between_init(&w->between);
    lanes_init(&w->lanes);
    w->clock.limit_us = options->clock_jump_us;
    TRY(bus_port_open("writer", depth, &w->port));
    struct err e = book_open(w, arena);
    if (e.kind != ERR_NONE)
        log_error("the book could not be opened for writing", LOG_TEXT("why", e.msg), LOG_END);
    else
        store_told(w);
    return e.kind == ERR_NONE ? OK : err_new(e.kind, "the book could not be opened for writing");
}

/* A connection that can be trusted, or none: then every call of the group fails, and the next group
 * tries again. */
static void store_again(struct writer *w)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    store_close(w->store);
    w->store = NULL;
    struct err e = arena == NULL ? err_new(ERR_LIMIT, "out of memory") : book_open(w, arena);
    if (e.kind != ERR_NONE)
        log_error("the book could not be opened again", LOG_TEXT("why", e.msg), LOG_END);
}

/* ---- a group ---- */

/* What a group may run, in this order. The first `must` of it are the people's and one of each
 * further lane, so that nobody waits for ever. */
struct slice {
    struct writer *w;
    struct work *works[GROUP_MAX];
    size_t n, must, asked;
    int64_t until_us[LANES]; /* when calls of that lane are not begun any more */
};

/* Does anybody wait who goes before this lane, or is on the way? Whoever else is on the way is left
 * there: a lane that is alone pays for no look at the port. */
static bool is_awaited_ahead(struct writer *w, enum lane lane)
{
    bool more = false;
    for (unsigned i = 0; i < lane; i++)
        more |= atomic_load(&w->sent[i]) != w->lanes.taken[i];
    if (more && lanes_gather(&w->lanes, w->port, false).kind != ERR_NONE)
        return true;
    return lanes_ahead(&w->lanes, lane);
}

static bool go_on(void *arg)
{
    struct slice *s = arg;
    const size_t at = s->asked++;
    if (at < s->must)
        return true;
    const enum lane lane = s->works[at]->asker.lane;
    return metric_now_us() < s->until_us[lane] && !is_awaited_ahead(s->w, lane);
}

static void slice_take(struct slice *s, enum lane lane, size_t max)
{
    struct work *work = NULL;
    for (size_t i = 0; i < max && s->n < GROUP_MAX; i++) {
        work = lane_next(&s->w->lanes, lane);
        if (work == NULL)
            return;
        s->works[s->n++] = work;
    }
}

static void slice_begin(struct writer *w, struct slice *s)
{
    const struct fair *lane = w->lanes.lane;
    const bool people = lane[LANE_PEOPLE].n > 0, others = people || lane[LANE_MACHINES].n > 0;
    const int64_t now = metric_now_us();
    *s = (struct slice){.w = w};
    s->until_us[LANE_MACHINES] = now + (people ? SHARED_US : ALONE_US);
    s->until_us[LANE_WORK] = now + (others ? SHARED_US : ALONE_US);
    slice_take(s, LANE_PEOPLE, GROUP_MAX - LANES);
    slice_take(s, LANE_MACHINES, 1);
    slice_take(s, LANE_WORK, 1);
    s->must = s->n;
    slice_take(s, LANE_MACHINES, GROUP_MAX);
    slice_take(s, LANE_WORK, GROUP_MAX);
}

/* What was not run waits on, where it was. */
static void slice_end(struct slice *s, size_t ran)
{
    while (s->n > ran)
        lane_again(&s->w->lanes, s->works[--s->n]);
}

static void cannot_write(struct call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        calls[i]->outcome = CALL_FAILED;
        calls[i]->err = err_new(ERR_STORE, "the book cannot be written at the moment");
    }
}

/* The clock is not believed. */
static void group_stopped(struct writer *w, struct call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (w->store == NULL)
            cannot_write(&calls[i], 1);
        else if (!clock_stopped(&w->clock, w->store, calls[i], w->options.clock_us))
            store_again(w);
    }
}

/* Changes are held up: what may go on nevertheless goes by itself. */
static void group_held(struct writer *w, struct call **calls, size_t n, const char *why)
{
    for (size_t i = 0; i < n; i++) {
        struct call *c = calls[i];
        if (w->store == NULL) {
            cannot_write(&c, 1);
        } else if (!c->tool->when_held) {
            c->outcome = CALL_FAILED;
            c->err = err_new(ERR_STORE, why);
        } else if (!call_group(w->store, &c, 1, w->options.clock_us)) {
            store_again(w);
        }
    }
}

/* How many of the calls it ran; each of them has its outcome. */
static size_t group_run(struct writer *w, struct call **calls, size_t n, struct slice *slice)
{
    if (w->store == NULL)
        store_again(w);
    if (w->store == NULL) {
        cannot_write(calls, n);
        return n;
    }
    if (clock_jumped(&w->clock, w->store, w->options.clock_us())) {
        group_stopped(w, calls, n);
        return n;
    }
    const char *held = atomic_load(&w->held);
    if (held != NULL) {
        group_held(w, calls, n, held);
        return n;
    }
    struct group_more more = {.fn = go_on, .arg = slice};
    size_t ran;
    if (!call_group_while(w->store, calls, n, w->options.clock_us, &more, &ran)) {
        log_error("a commit's outcome is unknown; the book is opened again", LOG_END);
        store_again(w);
    }
    w->lost = more.lost;
    atomic_fetch_add(&w->groups, 1);
    measure_group(ran);
    if ((long long)ran > atomic_load(&w->group_max))
        atomic_store(&w->group_max, (long long)ran);
    return ran;
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

/* The loop counts its own calls when it answers them. */
static void group_measured(struct work **works, size_t n, int64_t began_us)
{
    for (size_t i = 0; i < n; i++) {
        measure_queue(works[i]->queued_us, began_us);
        if (works[i]->reply_to == REPLY_JOB)
            measure_call(works[i]->call);
    }
}

/* After the answers: nobody hears of a change before the one who made it. */
static void wake_loop(struct writer *w)
{
    const long long head = atomic_load(&w->head_seq);
    if (head != w->woken)
        loop_wake(w->moved);
    w->woken = head;
}

static void group_next(struct writer *w)
{
    struct slice s;
    struct call *calls[GROUP_MAX];
    between_enter(&w->between); /* may take a while: the group's time begins behind it */
    const int64_t began = metric_now_us();
    slice_begin(w, &s);
    for (size_t i = 0; i < s.n; i++)
        calls[i] = s.works[i]->open != NULL ? s.works[i]->open : s.works[i]->call;
    size_t ran = group_run(w, calls, s.n, &s);
    keys_follow(w);
    between_leave(&w->between);
    store_told(w);
    slice_end(&s, ran);
    group_measured(s.works, ran, began);
    answer(w, s.works, ran);
    wake_loop(w);
}

static void *writer_run(void *arg)
{
    struct writer *w = arg;
    struct err e = OK;
    while (e.kind == ERR_NONE || lanes_waiting(&w->lanes) > 0) {
        if (e.kind == ERR_NONE)
            e = lanes_gather(&w->lanes, w->port, lanes_waiting(&w->lanes) == 0);
        if (lanes_waiting(&w->lanes) > 0)
            group_next(w);
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
    between_fini(&w->between);
    store_close(w->store);
}
