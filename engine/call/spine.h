/* The running spine: one writer thread, some reader threads, one job thread; batches between them
 * and the loop over common/sys/bus. Calls are submitted and answered on the loop thread. */
#ifndef ENGINE_CALL_SPINE_H
#define ENGINE_CALL_SPINE_H

#include "common/sys/loop.h"
#include "engine/call/asker.h"
#include "engine/call/call.h"

struct spine;
struct log_keys; /* engine/store/log_keys.h */

struct spine_options {
    const char *book_path;
    struct log_keys *log_keys;  /* the writer's alone while the spine runs; NULL: heads are not
                                   signed */
    const char *const *posture; /* of every event: store_posture_set */
    size_t posture_n;
    int readers;          /* threads; at least 1 */
    size_t in_flight_max; /* calls under way, an eighth of them people's alone; more: ERR_LIMIT */
    int64_t (*clock_us)(void);
    int64_t clock_jump_us;  /* a clock that jumps further forward stops commits; 0: none does */
    int64_t log_frames_max; /* of the write-ahead log before the writer makes room; 0: 256 MiB */
};

MUST_CHECK struct err spine_start(struct loop *loop, const struct spine_options *options,
                                  struct spine **spine);
/* Takes no more calls, waits for those under way, stops the threads. */
void spine_stop(struct spine *spine);

/* Runs the call on the thread its tool belongs to; `done` is called on the loop thread, exactly
 * once, after the commit. The call stays valid until then. ERR_LIMIT: too many under way, nothing
 * was queued. */
typedef void call_done(struct call *c, void *arg);
MUST_CHECK struct err spine_submit(struct spine *spine, struct call *c, call_done *done, void *arg);

/* Runs `fn` with a snapshot on a reader thread and then `done` on the loop thread: what the engine
 * asks for itself; spine_read_for: on somebody's behalf, when it is their turn. */
typedef struct err spine_read_fn(struct tx *tx, void *arg);
typedef void spine_read_done(struct err e, void *arg);
MUST_CHECK struct err spine_read(struct spine *spine, struct arena *arena, spine_read_fn *fn,
                                 spine_read_done *done, void *arg);

MUST_CHECK struct err spine_read_for(struct spine *spine, struct asker asker, struct arena *arena,
                                     spine_read_fn *fn, spine_read_done *done, void *arg);

/* `fn` runs on the loop thread after groups that appended events, whoever asked for them; several
 * groups may be one call. One a spine; NULL: nobody. */
void spine_on_commit(struct spine *spine, loop_fn *fn, void *ctx);
/* The number of the last event on the disk. */
int64_t spine_head(const struct spine *spine);

/* From now on whatever would change something fails with ERR_STORE and this text (static), but for
 * tools that say when_held; NULL: changes go on. */
void spine_hold(struct spine *spine, const char *why);
/* The text while they are held up; NULL otherwise. */
const char *spine_held(const struct spine *spine);

/* Figures for status and metrics. */
struct spine_stats {
    int64_t calls, groups, failed, in_flight;
    int64_t group_max;
    int64_t log_wraps; /* times a long log was moved whole between two groups */
    int64_t head_seq;  /* of the last event that is on the disk */
    int64_t jobs;      /* long work under way or waiting for its turn */
};
struct spine_stats spine_stats(const struct spine *spine);

/* False once a group failed as a whole (the disk is full or gone, the book cannot be opened again)
 * and until one goes through: every call that changes something tries anew. */
bool spine_writable(const struct spine *spine);

#endif
