/* Thin over libevent: an object here is one struct event and whom to call. */
#include "common/sys/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/invariant.h"

struct loop_watch {
    struct event *event;
    loop_fn *fn;
    void *ctx;
    struct loop_watch *next; /* signals, which the loop owns */
};

struct loop_timer {
    struct event *event;
    loop_fn *fn;
    void *ctx;
};

struct loop_wake {
    struct loop_watch *watch;
    int fd;
    loop_fn *fn;
    void *ctx;
};

struct loop {
    struct event_base *base;
    struct loop_watch *signals;
    bool stopped;
};

struct err loop_new(struct loop **out)
{
    struct loop *loop = calloc(1, sizeof *loop);
    ENSURE(loop != NULL, ERR_LIMIT, "out of memory");
    loop->base = event_base_new();
    if (loop->base == NULL) {
        free(loop);
        return err_new(ERR_LIMIT, "the event loop cannot be set up");
    }
    (void)signal(SIGPIPE, SIG_IGN);
    *out = loop;
    return OK;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    while (loop->signals != NULL) {
        struct loop_watch *watch = loop->signals;
        loop->signals = watch->next;
        loop_watch_free(watch);
    }
    event_base_free(loop->base);
    free(loop);
}

struct err loop_run(struct loop *loop)
{
    loop->stopped = false;
    int rc = event_base_dispatch(loop->base);
    ENSURE(rc == 0 && loop->stopped, ERR_BUG, "the event loop ended by itself");
    return OK;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    (void)event_base_loopbreak(loop->base);
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_watch *watch = arg;
    watch->fn(watch->ctx);
}

static struct err watch_new(struct loop *loop, int fd, short what, loop_fn *fn, void *ctx,
                            struct loop_watch **out)
{
    struct loop_watch *watch = calloc(1, sizeof *watch);
    ENSURE(watch != NULL, ERR_LIMIT, "out of memory");
    watch->fn = fn;
    watch->ctx = ctx;
    watch->event = event_new(loop->base, fd, (short)(what | EV_PERSIST), on_watch, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        loop_watch_free(watch);
        return err_new(ERR_LIMIT, "the event loop takes no more events");
    }
    *out = watch;
    return OK;
}

struct err loop_on_signal(struct loop *loop, int signo, loop_fn *fn, void *ctx)
{
    struct loop_watch *watch = NULL;
    TRY(watch_new(loop, signo, EV_SIGNAL, fn, ctx, &watch));
    watch->next = loop->signals;
    loop->signals = watch;
    return OK;
}

struct err loop_on_fd(struct loop *loop, int fd, loop_fn *fn, void *ctx, struct loop_watch **out)
{
    return watch_new(loop, fd, EV_READ, fn, ctx, out);
}

struct err loop_on_fd_for(struct loop *loop, int fd, unsigned what, loop_fn *fn, void *ctx,
                          struct loop_watch **out)
{
    const int events =
        ((what & LOOP_READ) != 0 ? EV_READ : 0) | ((what & LOOP_WRITE) != 0 ? EV_WRITE : 0);
    return watch_new(loop, fd, (short)events, fn, ctx, out);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->event != NULL)
        event_free(watch->event);
    free(watch);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_timer *timer = arg;
    timer->fn(timer->ctx);
}

struct err loop_timer_new(struct loop *loop, uint32_t after_ms, bool repeat, loop_fn *fn, void *ctx,
                          struct loop_timer **out)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);
    ENSURE(timer != NULL, ERR_LIMIT, "out of memory");
    timer->fn = fn;
    timer->ctx = ctx;
    timer->event = event_new(loop->base, -1, repeat ? EV_PERSIST : 0, on_timer, timer);
    struct timeval after = {.tv_sec = after_ms / 1000, .tv_usec = after_ms % 1000 * 1000};
    if (timer->event == NULL || event_add(timer->event, &after) != 0) {
        loop_timer_free(timer);
        return err_new(ERR_LIMIT, "the event loop takes no more timers");
    }
    *out = timer;
    return OK;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    if (timer->event != NULL)
        event_free(timer->event);
    free(timer);
}

static void on_wake(void *ctx)
{
    struct loop_wake *wake = ctx;
    uint64_t count;
    /* An eventfd is read whole or not at all (EAGAIN): either way the call below is right. */
    if (read(wake->fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    wake->fn(wake->ctx);
}

struct err loop_wake_new(struct loop *loop, loop_fn *fn, void *ctx, struct loop_wake **out)
{
    struct loop_wake *wake = calloc(1, sizeof *wake);
    ENSURE(wake != NULL, ERR_LIMIT, "out of memory");
    *wake = (struct loop_wake){.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .fn = fn, .ctx = ctx};
    if (wake->fd < 0) {
        free(wake);
        return err_new(ERR_LIMIT, "no more file descriptors");
    }
    struct err e = loop_on_fd(loop, wake->fd, on_wake, wake, &wake->watch);
    if (e.kind != ERR_NONE) {
        loop_wake_free(wake);
        return e;
    }
    *out = wake;
    return OK;
}

void loop_wake(struct loop_wake *wake)
{
    uint64_t one = 1;
    ssize_t n;
    do {
        n = write(wake->fd, &one, sizeof one);
    } while (n < 0 && errno == EINTR);
    /* EAGAIN means the counter is full, so the wake-up is certain already. */
    INVARIANT(n == (ssize_t)sizeof one || errno == EAGAIN);
}

void loop_wake_free(struct loop_wake *wake)
{
    if (wake == NULL)
        return;
    loop_watch_free(wake->watch);
    if (wake->fd >= 0)
        (void)close(wake->fd);
    free(wake);
}

int64_t loop_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct event_base *loop_event_base(struct loop *loop)
{
    return loop->base;
}
