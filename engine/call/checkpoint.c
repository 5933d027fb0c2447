/* The checkpointer: SQLite's automatic checkpoint would stall a commit for tens of milliseconds, so
 * a thread of its own moves the log into the book when there is something to move. */
#include <time.h>

#include "common/sys/db.h"
#include "common/sys/log.h"
#include "engine/call/threads.h"

#define PAUSE_MS 500

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
    while (!pause_or_stop(c)) {
        int64_t log = 0, moved = 0;
        struct err e = db_checkpoint(c->db, DB_CHECKPOINT_PASSIVE, &log, &moved);
        if (e.kind != ERR_NONE)
            log_warn("the log could not be moved into the book", LOG_TEXT("why", e.msg), LOG_END);
    }
    return NULL;
}

struct err checkpointer_start(struct checkpointer *c, const char *book_path)
{
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
