/* The process's event loop: one thread runs it, and everything below happens on that thread, except
 * loop_wake, which any thread may call. Callbacks get the `ctx` they were registered with. Owners
 * free their watches and timers before the loop; both may be freed from inside their own callback.
 * libevent stays behind this file and web.c. */
#ifndef COMMON_SYS_LOOP_H
#define COMMON_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct loop;
struct loop_watch; /* a file descriptor or a signal */
struct loop_timer;
struct loop_wake;
struct event_base;

typedef void loop_fn(void *ctx);

/* Also ignores SIGPIPE for the process: a peer that left is an error code, not a death. */
MUST_CHECK struct err loop_new(struct loop **out);
void loop_free(struct loop *loop);
CLEANUP_DEFINE(struct loop *, loop_free)

/* Runs until loop_stop. ERR_BUG when the loop itself fails or nothing is left to wait for. */
MUST_CHECK struct err loop_run(struct loop *loop);
/* From a callback: loop_run returns when the callback does. */
void loop_stop(struct loop *loop);

/* `fn` each time `signo` arrives (on the loop thread, so it may do anything). The loop owns it. */
MUST_CHECK struct err loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *ctx);

/* `fn` whenever `fd` is readable (level-triggered). The descriptor stays the caller's, and must be
 * open until the watch is freed. */
MUST_CHECK struct err loop_on_fd(struct loop *loop, int fd, loop_fn *fn, void *ctx,
                                 struct loop_watch **out);
/* The same for writing, or for either: a sum of these. `fn` is not told which it was. */
#define LOOP_READ  1U
#define LOOP_WRITE 2U
MUST_CHECK struct err loop_on_fd_for(struct loop *loop, int fd, unsigned what, loop_fn *fn,
                                     void *ctx, struct loop_watch **out);
void loop_watch_free(struct loop_watch *watch);

/* `fn` after `after_ms`, and every `after_ms` again when `repeat`. */
MUST_CHECK struct err loop_timer_new(struct loop *loop, uint32_t after_ms, bool repeat, loop_fn *fn,
                                     void *ctx, struct loop_timer **out);
void loop_timer_free(struct loop_timer *timer);

/* A wake-up call for the loop from other threads: after loop_wake, `fn` runs on the loop thread.
 * Several calls before it runs become one. */
MUST_CHECK struct err loop_wake_new(struct loop *loop, loop_fn *fn, void *ctx,
                                    struct loop_wake **out);
void loop_wake(struct loop_wake *wake);
void loop_wake_free(struct loop_wake *wake); /* when no thread can call loop_wake any more */

/* Milliseconds of the monotonic clock, for deadlines; not the time of day. */
int64_t loop_now_ms(void);

/* For common/sys/web alone. */
struct event_base *loop_event_base(struct loop *loop);

#endif
