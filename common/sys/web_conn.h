/* One connection of the web server: its phases, its one request under way, its end. Internal to
 * web.c, web_conn.c and web_wire.c. */
#ifndef COMMON_SYS_WEB_CONN_H
#define COMMON_SYS_WEB_CONN_H

#include <event2/event.h>
#include <sys/queue.h>

#include "common/sys/peers.h"
#include "common/sys/quota.h"
#include "common/sys/web.h"

enum conn_phase {
    PHASE_HEAD = 0, /* from accept or a request's first byte */
    PHASE_SHAKE,    /* from accept, the handshake of TLS */
    PHASE_BODY,
    PHASE_HANDLER, /* the request is with its handler; no deadline of ours */
    PHASE_STREAM,  /* its handler answers piece by piece */
    PHASE_WRITE,
    PHASE_IDLE,   /* between two requests */
    PHASE_LINGER, /* our side is shut; what still arrives is thrown away, so that no reset
                     overtakes the answer */
};

struct web_req {
    struct conn *conn;
    const struct web_route *route;
    loop_fn *gone;
    void *gone_ctx;
    char id[17];
    char trace[33]; /* "" when there is none */
};

struct conn {
    struct web *web;
    struct bufferevent *bev; /* NULL once the connection broke */
    struct tls_end *tls;     /* NULL: plain */
    struct evbuffer *said;   /* with tls: what the client said, decrypted */
    unsigned generation;     /* of the server's TLS files it was made with */
    struct event *deadline;
    struct http1 parser;
    struct web_req req;
    struct web_peer peer;
    enum conn_phase phase;
    int armed;        /* the phase whose deadline runs, or -1 */
    bool busy;        /* inside conn_process: it goes on after the callback */
    bool owing;       /* in a stream: not all is taken yet, write_ms runs */
    bool close_after; /* close when the answer is out */
    bool eof;         /* the client closed its side */
    bool doomed;      /* free as soon as nobody is inside */
    TAILQ_ENTRY(conn) link, idle_link;
};

TAILQ_HEAD(conn_list, conn);

struct web_listener; /* web.c */

enum { WEB_COUNTS = 24 };

struct web {
    struct loop *loop;
    struct web_limits limits;
    const struct web_route *routes;
    size_t routes_n;
    void *ctx;
    const struct http_pair *always;
    size_t always_n;
    struct tls_server *tls; /* NULL: none */
    unsigned tls_generation;
    int64_t tls_failed; /* handshakes */
    struct web_listener *listeners;
    struct conn_list conns, idle; /* all; those in PHASE_IDLE, oldest first */
    size_t conns_n;
    struct peers *peers;
    struct quota *rates; /* of peers; NULL: any */
    int64_t limited;     /* requests past them */
    uint64_t id_next;
    struct web_count counts[WEB_COUNTS];
    int64_t taken, refused;    /* connections */
    struct event *drain_timer; /* NULL unless draining */
    loop_fn *drained;
    void *drained_ctx;
};

/* Takes over `fd`, whatever happens. */
void conn_open(struct web *web, int fd, const struct web_peer *peer);
void conn_doom(struct conn *conn);   /* close as soon as possible */
void conn_settle(struct conn *conn); /* frees a doomed connection, or arms its deadline */
void conn_free(struct conn *conn);
/* The server has taken other TLS files. */
void conn_judge(struct conn *conn);

/* ---- web_wire.c: what lies between a connection and its socket ---- */
struct evbuffer;
/* Takes `fd` over when conn->bev is there afterwards. False: no memory; conn_free then. */
bool wire_open(struct conn *conn, int fd);
void wire_close(struct conn *conn);
/* The client's bytes, as plain as they are to be had by now. */
struct evbuffer *wire_in(struct conn *conn);
void wire_discard(struct conn *conn); /* what has arrived, unread */
bool wire_say(struct conn *conn, const void *bytes, size_t len);
size_t wire_owed(const struct conn *conn); /* bytes that the kernel has not taken yet */
/* Nothing will be said any more: TLS says so, once. wire_shut: the socket, when all is out. */
void wire_last(struct conn *conn);
bool wire_shut(struct conn *conn);
/* Its certificates are not those in force any more, or its own has ended. */
bool wire_outdated(const struct conn *conn);
/* And those in force would not let its client in. Not while its handshake is under way. */
bool wire_disowned(const struct conn *conn);

/* The route for a request; NULL with *status 404 or 405 (then `allow` has the methods). */
const struct web_route *web_route_find(const struct web *web, const struct http_req *req,
                                       int *status, unsigned *allow);
/* "GET, HEAD, POST" */
void web_allow_print(unsigned methods, char *out, size_t out_max);
/* Whether a peer may ask once more now, which counts; else how long it has to wait. */
bool web_in_rate(struct web *web, const struct web_peer *peer, int64_t *wait_us);
/* An answer with this status is on its way. */
void web_count(struct web *web, int status);
/* A connection is gone; the drain may be over. */
void web_conn_gone(struct web *web);

#endif
