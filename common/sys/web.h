/* The HTTP/1.1 server: listeners, connections with ceilings and deadlines, routes. It knows nothing
 * of MCP or JSON. One loop thread runs all of it; a handler may hand its request to another thread,
 * which may read it (not answer it) until the loop thread replies.
 *
 * Choices: a route that takes GET takes HEAD too (the body is left out, its length is told).
 * OPTIONS is like any method: only where a route lists it; `OPTIONS *` and the rest get 405 with
 * Allow. Requests on one connection are answered in order, one in flight at a time. A connection
 * over the ceiling takes the place of the one that idled longest; when none idles it gets 503 and
 * is closed; over a Unix socket WEB_UNIX_MORE find a place beside them all. A peer that closes its
 * sending side still gets its answer. docs/HTTP.md says more. */
#ifndef COMMON_SYS_WEB_H
#define COMMON_SYS_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/sys/http1.h"
#include "common/sys/http_pace.h"
#include "common/sys/http_reply.h"
#include "common/sys/loop.h"
#include "common/sys/netaddr.h"
#include "common/sys/tls.h"

struct web;
struct web_req;

/* Whoever fills the TCP ceiling must not keep those away whom the kernel vouches for. */
#define WEB_UNIX_MORE ((size_t)64)

/* Each deadline is for the whole phase, so a byte a second does not help. */
struct web_limits {
    size_t connections_max; /* in all; requests whose client left count until they are answered */
    size_t per_peer_max;    /* per TCP peer address; 0: only the ceiling above */
    uint32_t shake_ms;      /* from accept to the end of the TLS handshake; 0: head_ms */
    uint32_t head_ms;       /* from accept, or a request's first byte, to the end of its head */
    uint32_t body_ms;       /* from there to the end of its body */
    uint32_t idle_ms;       /* between requests */
    uint32_t write_ms;      /* from the reply to its last byte taken by the kernel */
    int64_t per_peer_rate;  /* requests a second of one TCP peer address, twice as many at once; 0:
                               any. A request past it gets 429 with Retry-After, no handler. A
                               handshake of TLS counts as one; past it the connection is closed. */
    const struct netblock *carriers; /* peers that speak for many, and have no rate of their own */
    size_t carriers_n;               /* both by reference */
};

/* 1024, 512, 10 s, 30 s, 60 s, 30 s, and any rate. */
struct web_limits web_limits_default(void);
/* The same with what the settings say; `carriers` may be NULL when n is 0. */
struct web_limits web_limits_of(const struct http_pace *pace, const struct netblock *carriers,
                                size_t carriers_n);

/* Who is at the other end. `addr` is all zero for a Unix socket, whose credentials are the kernel's
 * (SO_PEERCRED, at connect time). */
struct web_peer {
    bool is_unix;
    struct netaddr addr;
    uint16_t port;
    uid_t uid;
    gid_t gid;
    pid_t pid;
    char text[NETADDR_TEXT_MAX + 8]; /* "127.0.0.1:40312", "[::1]:40312" or "unix" for logs */
    bool is_tls;
    bool has_cert;           /* it showed a certificate that the client CA vouches for */
    uint8_t cert_sha256[32]; /* of that certificate: what RFC 8705 calls x5t#S256 */
    int64_t cert_until_s;    /* when it ends; checked when it was shown */
};

/* Whether it showed the certificate that `x5t_s256` names (RFC 8705: the base64url of its SHA-256),
 * and that is still good. */
bool web_peer_shows(const struct web_peer *peer, const char *x5t_s256, int64_t now_s);

/* Called on the loop thread with a complete request. It answers with web_reply, now or later. */
typedef void web_handler(struct web_req *req, void *ctx);

/* The first row whose path fits decides; one path may have several rows with different methods. A
 * path that ends in '*' fits every path that begins with the part before it. Percent-encoding is
 * not undone: what is not spelled as the route is another path. */
struct web_route {
    unsigned methods; /* sum of enum http_method */
    const char *path; /* "/mcp", "/api/" "*" */
    size_t body_max;  /* 0: no body is taken; at most HTTP1_BODY_MAX */
    web_handler *handler;
};

#define WEB_BODY_MAX_DEFAULT ((size_t)1024 * 1024)

/* The routes are not copied and must outlive the server; `ctx` goes to every handler. */
MUST_CHECK struct err web_new(struct loop *loop, const struct web_limits *limits,
                              const struct web_route *routes, size_t routes_n, void *ctx,
                              struct web **out);
/* Closes every connection at once. No request may still be with another thread. */
void web_free(struct web *web);
CLEANUP_DEFINE(struct web *, web_free)

/* Header fields of every reply, also of those that no handler gives: a method nobody takes, a
 * request that is none. Before the first listener; kept by reference. */
void web_always(struct web *web, const struct http_pair *pairs, size_t pairs_n);

/* "127.0.0.1:8001", "[::1]:8001", "localhost:0"; the port in force in *port (may be NULL). */
MUST_CHECK struct err web_listen_tcp(struct web *web, const char *host_port, uint16_t *port);

/* Connections to the TCP listeners speak TLS from now on, with these files; before the first
 * listener, or again to take other files: then connections made before end with their next answer,
 * and at once where the client would not be let in any more; its requests are as those of one that
 * left. Errors as tls_server_new's: nothing has changed. A Unix socket speaks none. */
MUST_CHECK struct err web_tls(struct web *web, struct arena *arena, const struct tls_files *files,
                              int64_t now_s);
/* When the certificate in force ends, seconds since 1970; 0: there is no TLS. */
int64_t web_tls_until(const struct web *web);
/* Handshakes that were not finished. */
int64_t web_tls_failed(const struct web *web);

/* A Unix socket with mode 0600 or 0660, never wider even for a moment. A socket file nobody answers
 * on is replaced; one with a live listener is ERR_CONFLICT; another kind of file is never touched.
 * The file is removed by web_stop_accepting. */
MUST_CHECK struct err web_listen_unix(struct web *web, const char *path, mode_t mode);

/* Closes the listeners; connections live on. */
void web_stop_accepting(struct web *web);

/* Stops accepting, closes idle connections, lets requests under way finish (each answer says
 * `Connection: close`), and calls `done` once when none is left or `within_ms` passed. */
MUST_CHECK struct err web_drain(struct web *web, uint32_t within_ms, loop_fn *done, void *ctx);

size_t web_connections(const struct web *web);

/* What the server answered since it began, by status; the last row is every other one. */
struct web_count {
    int status; /* 0: the others */
    int64_t n;
};
const struct web_count *web_counts(const struct web *web, size_t *n);
/* Connections that were taken, and those turned away at a ceiling. */
void web_accepted(const struct web *web, int64_t *taken, int64_t *refused);
/* Requests past their peer's rate. */
int64_t web_limited(const struct web *web);

/* The request, its peer, its id (16 hex digits, also in the X-Request-Id response field) and the
 * trace id of a well-formed `traceparent` (32 hex digits) or NULL. All live until web_reply. */
const struct http_req *web_http(const struct web_req *req);
const struct web *web_of(const struct web_req *req);
const struct web_peer *web_peer(const struct web_req *req);
const char *web_id(const struct web_req *req);
const char *web_trace(const struct web_req *req);

/* `gone` runs at most once, on the loop thread, when the client closes its side or the connection
 * breaks before the reply. The request stays valid, and must still be replied to, exactly once. */
void web_on_gone(struct web_req *req, loop_fn *gone, void *ctx);

/* Answers and ends the request: `req` and all it held are gone afterwards. Loop thread only. The
 * bytes of `reply` are copied. Answering a client that left is a no-op that frees the request. */
void web_reply(struct web_req *req, const struct http_reply *reply);

/* Answers in pieces: the head now, then what web_stream_send adds, until web_stream_end. `req`
 * stays valid until then and must be ended exactly once, also when the client is gone. No deadline
 * runs while nothing is owed to the client; one that does not take what it is owed within write_ms
 * is as gone as one that left. `head` has no body. */
void web_stream(struct web_req *req, const struct http_reply *head);
/* False: the client has left, or is more than WEB_STREAM_AHEAD bytes behind. Nothing was sent,
 * nothing will be: end the stream. */
#define WEB_STREAM_AHEAD ((size_t)1024 * 1024)
bool web_stream_send(struct web_req *req, const void *bytes, size_t len);
void web_stream_end(struct web_req *req);

/* A reply of `{"error": "<why>"}`; `why` needs no escaping (ours, static). */
void web_refuse(struct web_req *req, int status, const char *why);

#endif
