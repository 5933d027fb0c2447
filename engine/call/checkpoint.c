/* The checkpointer: SQLite's automatic checkpoint would stall a commit for tens of milliseconds, so
 * a thread of its own moves the log into the book when there is something to move. A log that has
 * grown long under a writer that never pauses is moved up to its last pages beside the writer, and
 * the rest between two groups: then it begins anew. Nobody waits for a reader: while one holds an
 * old snapshot the log stays as it is, and grows. */
#include <time.h>

#include "common/sys/db.h"
#include "common/sys/log.h"
#include "engine/call/threads.h"

#define PAUSE_MS   500
#define REST_MAX   2048 /* frames that may be moved while the writer waits: 8 MiB */
#define ROUNDS_MAX 8    /* beside the writer, to get the rest that small */

/* ---- between two groups ---- */

void between_init(struct between *b)
{
    pthread_mutex_init(&b->mutex, NULL);
    pthread_cond_init(&b->moved, NULL);
    b->wanted = b->writing = false;
}

void between_fini(struct between *b)
{
    pthread_mutex_destroy(&b->mutex);
    pthread_cond_destroy(&b->moved);
}

void between_enter(struct between *b)
{
    pthread_mutex_lock(&b->mutex);
    while (b->wanted)
        pthread_cond_wait(&b->moved, &b->mutex);
    b->writing = true;
    pthread_mutex_unlock(&b->mutex);
}

void between_leave(struct between *b)
{
    pthread_mutex_lock(&b->mutex);
    b->writing = false;
    if (b->wanted)
        pthread_cond_broadcast(&b->moved);
    pthread_mutex_unlock(&b->mutex);
}

static void between_take(struct between *b)
{
    pthread_mutex_lock(&b->mutex);
    b->wanted = true;
    while (b->writing)
        pthread_cond_wait(&b->moved, &b->mutex);
    pthread_mutex_unlock(&b->mutex);
}

static void between_give(struct between *b)
{
    pthread_mutex_lock(&b->mutex);
    b->wanted = false;
    pthread_cond_broadcast(&b->moved);
    pthread_mutex_unlock(&b->mutex);
}

/* ---- moving ---- */

static struct err log_move(struct checkpointer *c, int64_t *log, int64_t *moved)
{
    *log = *moved = 0;
    return db_checkpoint(c->db, DB_CHECKPOINT_PASSIVE, log, moved);
}

/* What a long log gained while it was moved, until that is little; then that little between two
 * groups, and the next group begins the log anew. A log of which a part cannot be moved is a
 * reader's: it is left for later. */
static struct err log_finish(struct checkpointer *c, int64_t log, int64_t moved)
{
    int64_t gained = REST_MAX + 1;
    for (int i = 0; i < ROUNDS_MAX && gained > REST_MAX && moved == log; i++) {
        int64_t before = log;
        TRY(log_move(c, &log, &moved));
        gained = log - before;
    }
    if (gained > REST_MAX || moved < log)
        return OK;
    between_take(c->between);
    struct err e = log_move(c, &log, &moved);
    between_give(c->between);
    if (e.kind == ERR_NONE && log == moved)
        atomic_fetch_add(&c->wraps, 1);
    return e;
}

static void log_keep_short(struct checkpointer *c)
{
    int64_t log, moved;
    struct err e = log_move(c, &log, &moved);
    if (e.kind == ERR_NONE && log >= c->log_max)
        e = log_finish(c, log, moved);
    if (e.kind != ERR_NONE)
        log_warn("the log could not be moved into the book", LOG_TEXT("why", e.msg), LOG_END);
}

/* ---- the thread ---- */

/* True when it is time to stop. */
static bool pause_or_stop(struct checkpointer *c)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&c->mutex);
    while (!c->stopping && pthread_cond_timedwait(&c->wake, &c->mutex, &until) == 0)
        ;
    bool stop = c->stopping;
    pthread_mutex_unlock(&c->mutex);
    return stop;
}

static void *checkpoint_run(void *arg)
{
    struct checkpointer *c = arg;
    while (!pause_or_stop(c))
        log_keep_short(c);
    return NULL;
}

struct err checkpointer_start(struct checkpointer *c, const char *book_path,
                              struct between *between, int64_t log_max)
{
    c->between = between;
    c->log_max = log_max;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->wake, NULL);
    TRY(db_open(book_path, DB_CHECKPOINTER, &c->db));
    TRY(thread_start(&c->thread, checkpoint_run, c));
    c->started = true;
    return OK;
}

void checkpointer_stop(struct checkpointer *c)
{
    if (c->started) {
        pthread_mutex_lock(&c->mutex);
        c->stopping = true;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->mutex);
        pthread_join(c->thread, NULL);
        c->started = false;
    }
    db_close(c->db);
    c->db = NULL;
}
