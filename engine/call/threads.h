/* Private to engine/call: the spine's threads. Each has open (its bus port, before any sender),
 * start (its senders, then the thread), stop (ends the thread; what was queued is answered) and
 * close (frees ports and senders: a sender waits until all it sent was received, so the loop takes
 * the last answers in between). Stop and close take one that was never opened. */
#ifndef ENGINE_CALL_THREADS_H
#define ENGINE_CALL_THREADS_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/sys/bus.h"
#include "engine/call/lanes.h"
#include "engine/call/spine.h"

enum reply_to { REPLY_LOOP, REPLY_JOB };

/* One item on the bus: a call, or a read by function. */
struct work {
    struct fair_item place; /* among what waits for a thread */
    struct asker asker;
    struct call *call;
    struct call *open; /* a job's request on its way to the writer; NULL once it is through */
    call_done *done;
    struct arena *arena; /* of a read by function */
    spine_read_fn *read;
    spine_read_done *read_done;
    struct err err; /* of a read by function */
    void *arg;
    int64_t queued_us; /* metric_now_us, when it was handed over */
    enum reply_to reply_to;
    int reader; /* which one has it; -1: none */
};

/* ---- between two groups: checkpoint.c ----
 * A log wraps only when all of it was moved while nobody writes; a writer that never pauses would
 * let it grow for ever. So the checkpointer may ask for the moment between two groups. */
struct between {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool wanted, writing;
};
void between_init(struct between *b);
void between_fini(struct between *b);
/* The writer, around each group. */
void between_enter(struct between *b);
void between_leave(struct between *b);

/* ---- a clock that jumps forward: clock_watch.c (DESIGN §5) ---- */
struct clock_watch {
    int64_t limit_us;          /* 0: nothing stops commits */
    int64_t clock_us, boot_us; /* when the clock was last believed; 0: not yet */
    int64_t jump_us;           /* > 0: it is not believed now */
};
/* Before a group: does the clock stand further ahead than the time that passed explains? Once it is
 * set right it is believed again. One that fell so far back that nothing can be recorded is not
 * believed either: that it is set right is no jump. */
bool clock_jumped(struct clock_watch *w, const struct store *store, int64_t clock_us);
/* Then, for each call: only an acknowledgement is run, and it makes the clock believed. False when
 * the connection can no longer be trusted, as call_group. */
bool clock_stopped(struct clock_watch *w, struct store *store, struct call *c,
                   int64_t (*clock_us)(void));

/* ---- the writer: writer.c ---- */
enum { GROUP_MAX = 512 }; /* calls a group may hold */

struct writer {
    struct spine_options options;
    struct bus_port *port;
    struct bus_sender *to_loop, *to_job;
    struct store *store;
    struct lanes lanes; /* what waits */
    /* Handed over so far, of each lane but the last, nobody's being behind it; the loop counts. */
    atomic_size_t sent[LANES];
    pthread_t thread;
    bool started;
    struct between between;
    struct clock_watch clock;
    bool lost;                  /* the last group, as a whole */
    _Atomic(const char *) held; /* why changes are refused; NULL: they are not */
    atomic_llong groups, group_max;
    atomic_llong head_seq;   /* of the last event on the disk */
    atomic_bool writable;    /* the last group could be written, and the connection be trusted */
    struct loop_wake *moved; /* wakes the loop when head_seq is another; the spine's */
    long long woken;         /* the head_seq it was woken for */
};
MUST_CHECK struct err writer_open(struct writer *w, const struct spine_options *options,
                                  size_t depth);
MUST_CHECK struct err writer_start(struct writer *w);
void writer_stop(struct writer *w);
void writer_close(struct writer *w);

/* ---- readers: readers.c ---- */
struct reader {
    struct spine_options options;
    char name[16];
    struct bus_port *port;
    struct bus_sender *to_loop;
    struct store *store;
    struct lanes lanes;
    pthread_t thread;
    bool started;
};
MUST_CHECK struct err reader_open(struct reader *r, const struct spine_options *options, int number,
                                  size_t depth);
MUST_CHECK struct err reader_start(struct reader *r);
void reader_stop(struct reader *r);
void reader_close(struct reader *r);

/* ---- the job thread: jobs.c ---- */
struct jobs {
    struct spine_options options;
    struct bus_port *port, *reply;
    struct bus_sender *to_writer, *to_loop;
    struct store *store;
    struct lanes lanes;
    pthread_t thread;
    bool started;
    atomic_bool cancel;
    /* How far the job under way is. `said` wakes the loop, which calls jobs_on_progress; the
     * spine's. */
    pthread_mutex_t mutex;
    struct loop_wake *said;
    struct call *under_way; /* NULL: nothing to tell */
    int64_t done, total;
};
void jobs_on_progress(void *ctx); /* a loop_fn; ctx is the struct jobs */
MUST_CHECK struct err jobs_open(struct jobs *j, const struct spine_options *options, size_t depth);
MUST_CHECK struct err jobs_start(struct jobs *j);
/* What runs ends at its next step, what waits does not begin. */
void jobs_cancel(struct jobs *j);
void jobs_stop(struct jobs *j);
void jobs_close(struct jobs *j);

/* ---- the checkpointer: checkpoint.c ---- */
struct checkpointer {
    struct db *db;
    struct between *between;
    int64_t log_max; /* frames (pages of 4 KiB) from which on it asks for a moment between groups */
    atomic_llong wraps; /* moments in which all of the log was moved, so that it begins anew */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool started, stopping;
};
MUST_CHECK struct err checkpointer_start(struct checkpointer *c, const char *book_path,
                                         struct between *between, int64_t log_max);
void checkpointer_stop(struct checkpointer *c);

/* pthread_create in our words. */
MUST_CHECK struct err thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

#endif
