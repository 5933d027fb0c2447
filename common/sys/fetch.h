/* A small synchronous HTTP client (libcurl) for our own command line to talk to our own daemon. No
 * redirects, no proxies from the environment, no cookies; TLS is verified; the answer has a
 * ceiling. Not for the loop thread: it blocks until the answer or the timeout. */
#ifndef COMMON_SYS_FETCH_H
#define COMMON_SYS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/sys/http_reply.h"

struct fetch_req {
    const char *method;       /* NULL: POST */
    const char *url;          /* http:// or https:// only */
    const char *unix_socket;  /* NULL: TCP; else the path to connect to (url gives Host and path) */
    const char *content_type; /* NULL: application/json (when there is a body) */
    const struct http_pair *pairs;
    size_t pairs_n;
    struct str body;
    size_t reply_max;    /* bytes; 0: 16 MiB. Past it: ERR_LIMIT */
    uint32_t timeout_ms; /* 0: 30 s, for the whole exchange; FETCH_FOREVER: only give_up ends it */

    /* An answer of this media type is not collected: each piece goes to `take` as it arrives, until
     * that says false. NULL: every answer is collected. */
    const char *stream_type;
    bool (*take)(void *ctx, const char *bytes, size_t n);
    /* Asked at least once a second: true ends the exchange, as if the peer had. NULL: never. */
    bool (*give_up)(void *ctx);
    void *ctx;
};

#define FETCH_FOREVER UINT32_MAX

struct fetch_reply {
    int status;
    struct str body;               /* NUL-terminated too */
    const struct http_pair *pairs; /* the response's header fields, in order */
    size_t pairs_n;
};

/* OK for every HTTP answer, whatever its status. ERR_INPUT: a bad URL or header. ERR_MISSING:
 * nobody listens there. ERR_UPSTREAM: the exchange failed. ERR_UNKNOWN: the request was (or may
 * have been) sent and no answer came: repeat with the same idempotency key. ERR_LIMIT: the answer
 * is too large. */
MUST_CHECK struct err fetch(struct arena *arena, const struct fetch_req *req,
                            struct fetch_reply *out);

/* The first header field of that name (case ignored), or NULL. */
const char *fetch_header(const struct fetch_reply *reply, const char *name);

#endif
