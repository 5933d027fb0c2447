/* The HTTP client of a loop thread (libcurl's multi interface on common/sys/loop): what fetch.h
 * promises of an exchange – no redirects, no proxies, TLS verified, ceilings, nothing but GET and
 * HEAD said twice – without blocking, hundreds at a time. Names are looked up by libcurl's own
 * threads. Connections are kept for later exchanges of the same fetch_loop.
 *
 * Everything happens on the loop thread. No callback runs inside fetch_loop_add or
 * fetch_one_cancel; from a callback everything below may be called, for its own exchange, too. */
#ifndef COMMON_SYS_FETCH_LOOP_H
#define COMMON_SYS_FETCH_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/sys/fetch.h"
#include "common/sys/loop.h"

struct fetch_loop;
struct fetch_one; /* an exchange under way; gone when `done` is called or it is cancelled */

struct fetch_loop_req {
    struct fetch_req req; /* copied, body and all; its take, give_up and ctx are not looked at */
    uint32_t idle_ms;     /* no byte either way for so long ends it; 0: only timeout_ms does */

    /* A 2xx answer of req.stream_type comes here in pieces, as they arrive; `bytes` live for the
     * call. Everything else is collected (req.reply_max). NULL: every answer is. */
    void (*took)(void *ctx, const char *bytes, size_t n);
    /* Once, the last of an exchange that was neither cancelled nor freed with its loop. The error
     * is as fetch's; ERR_UNKNOWN also for an answer that was cut short or fell silent (the latter
     * is ERR_UPSTREAM before anything was sent). `reply` is NULL unless OK; the body of what was
     * `took` is empty. Reply, message and place live for the call. */
    void (*done)(void *ctx, struct err e, const struct fetch_reply *reply);
    void *ctx;
};

MUST_CHECK struct err fetch_loop_new(struct loop *loop, struct fetch_loop **out);
/* Ends what is under way without a word, and lets go of the connections. */
void fetch_loop_free(struct fetch_loop *f);
CLEANUP_DEFINE(struct fetch_loop *, fetch_loop_free)

/* Begins an exchange. An error (ERR_INPUT: a header that cannot be; ERR_LIMIT: no memory) means
 * that it did not begin: `done` is not called. A URL that is none is told by `done`. `one` may be
 * NULL. */
MUST_CHECK struct err fetch_loop_add(struct fetch_loop *f, const struct fetch_loop_req *req,
                                     struct fetch_one **one);

/* Ends it here and now: neither `took` nor `done` is called any more, and its connection is closed.
 * NULL is taken. */
void fetch_one_cancel(struct fetch_one *one);

/* How many are under way. */
size_t fetch_loop_count(const struct fetch_loop *f);

#endif
