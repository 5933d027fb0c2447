/* A small synchronous HTTP client (libcurl): our command line and the agent to our engine, the
 * agent to whom it tells and asks. No redirects, no proxies from the environment, no cookies; TLS
 * is verified (common/sys/trust.h); the answer has a ceiling. Not for the loop thread: it blocks
 * until the answer or the timeout. Connections are kept for the thread that made them and closed
 * with it.
 *
 * What is not GET or HEAD goes out at most once: libcurl's own repetition over a fresh connection,
 * when a kept one turns out to be dead, is not for a request that may have been acted on. */
#ifndef COMMON_SYS_FETCH_H
#define COMMON_SYS_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/sys/http_reply.h"
#include "common/sys/tls.h"

/* For a URL that somebody else chose: only public addresses are connected to, judged when the
 * socket is made, so that it does not matter what the name said a moment before. Loopback, private,
 * link-local, multicast, unspecified and reserved ones, however written, are refused: ERR_INPUT.
 * `allow` names exceptions as the URL does, "127.0.0.1:8080" or "hooks.example:443". */
struct fetch_guard {
    const char *const *allow;
    size_t allow_n;
};

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
    uint32_t connect_ms; /* 0: 10 s, to be connected (name, TCP, TLS); also within timeout_ms */
    bool https_only;     /* http:// is ERR_INPUT, too */
    const struct fetch_guard *guard; /* NULL: any address */
    /* For https: TLS 1.3, the certificate that is shown, and with peer_ca whom alone the peer has
     * to have its own from. NULL: as everybody, common/sys/trust.h. Kept by reference. */
    const struct tls_files *tls;

    /* A 2xx answer of this media type is not collected: each piece goes to `take` as it arrives,
     * until that says false. NULL: every answer is collected. */
    const char *stream_type;
    bool (*take)(void *ctx, const char *bytes, size_t n);
    /* Asked at least once a second, also while connecting: true ends the exchange, as if the peer
     * had. NULL: never. */
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

/* OK for every HTTP answer, whatever its status. ERR_INPUT: a bad URL or header, an address that
 * the guard refuses. ERR_MISSING: nobody is there, nothing was sent. ERR_UPSTREAM: the exchange
 * failed before anything was sent. ERR_UNKNOWN: the request was (or may have been) sent and no
 * answer came: repeat with the same idempotency key. ERR_LIMIT: the answer is too large. `where` is
 * the URL without its path, which may hold a secret. */
MUST_CHECK struct err fetch(struct arena *arena, const struct fetch_req *req,
                            struct fetch_reply *out);

/* The first header field of that name (case ignored), or NULL. */
const char *fetch_header(const struct fetch_reply *reply, const char *name);

#endif
