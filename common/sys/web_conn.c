/* A connection is read, parsed, handed to its route, answered, and read again: one request at a
 * time, so the phase always says what we wait for and until when. Freeing happens in conn_settle
 * alone. */
#include "common/sys/web_conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"

#define LINGER_MS 1000U
#define HEAD_OUT  ((size_t)64 * 1024)

static uint32_t phase_ms(const struct conn *conn)
{
    const struct web_limits *limits = &conn->web->limits;
    switch (conn->phase) {
    case PHASE_HEAD:
        return limits->head_ms;
    case PHASE_SHAKE:
        return limits->shake_ms == 0 ? limits->head_ms : limits->shake_ms;
    case PHASE_BODY:
        return limits->body_ms;
    case PHASE_HANDLER:
    case PHASE_STREAM:
        return 0;
    case PHASE_WRITE:
        return limits->write_ms;
    case PHASE_IDLE:
        return limits->idle_ms;
    case PHASE_LINGER:
        return LINGER_MS;
    }
    return 0;
}

static void conn_enter(struct conn *conn, enum conn_phase phase)
{
    if (conn->phase == PHASE_IDLE)
        TAILQ_REMOVE(&conn->web->idle, conn, idle_link);
    if (phase == PHASE_IDLE)
        TAILQ_INSERT_TAIL(&conn->web->idle, conn, idle_link);
    conn->phase = phase;
    conn->armed = -1;
}

void conn_doom(struct conn *conn)
{
    conn->doomed = true;
}

/* The request is its handler's: it answers, and only then may the connection go. */
static bool conn_with_handler(const struct conn *conn)
{
    return conn->phase == PHASE_HANDLER || conn->phase == PHASE_STREAM;
}

static void conn_arm(struct conn *conn)
{
    if (conn->armed == (int)conn->phase)
        return;
    conn->armed = (int)conn->phase;
    uint32_t ms = phase_ms(conn);
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    int rc = ms == 0 ? evtimer_del(conn->deadline) : evtimer_add(conn->deadline, &after);
    if (rc != 0)
        conn_doom(conn); /* a connection without a deadline is not kept */
}

void conn_free(struct conn *conn)
{
    struct web *web = conn->web;
    conn_enter(conn, PHASE_HEAD); /* leaves the idle list */
    TAILQ_REMOVE(&web->conns, conn, link);
    web->conns_n--;
    if (!conn->peer.is_unix)
        peers_leave(web->peers, &conn->peer.addr);
    wire_close(conn);
    if (conn->deadline != NULL)
        event_free(conn->deadline);
    http1_fini(&conn->parser);
    free(conn);
    web_conn_gone(web);
}

void conn_settle(struct conn *conn)
{
    if (conn->busy)
        return;
    if (!conn->doomed)
        conn_arm(conn);
    if (conn->doomed && conn_with_handler(conn))
        wire_close(conn); /* the handler still has the request, and ends it */
    else if (conn->doomed)
        conn_free(conn);
}

/* Our answer is out and nothing more will follow it. */
static void conn_linger(struct conn *conn)
{
    wire_last(conn);
    if (wire_owed(conn) == 0 && (conn->eof || !wire_shut(conn)))
        conn_doom(conn);
    conn_enter(conn, PHASE_LINGER);
}

static void conn_send(struct conn *conn, const struct http_reply *reply, bool with_body)
{
    struct buf head;
    struct http_reply whole = *reply;
    whole.always = conn->web->always;
    whole.always_n = conn->web->always_n;
    web_count(conn->web, reply->status);
    buf_init(&head, HEAD_OUT);
    struct err e = http_reply_head(&whole, conn->close_after, (int64_t)time(NULL), &head);
    bool body = with_body && http_status_has_body(reply->status) && reply->body_len > 0;
    if (e.kind == ERR_NONE && (!wire_say(conn, head.at, head.len) ||
                               (body && !wire_say(conn, reply->body, reply->body_len))))
        e = err_new(ERR_LIMIT, "out of memory");
    buf_fini(&head);
    if (conn->close_after && !reply->chunked)
        wire_last(conn);
    conn_enter(conn, PHASE_WRITE);
    if (e.kind != ERR_NONE) {
        log_error("a response could not be sent", LOG_ERR(e), LOG_END);
        conn_doom(conn);
    }
}

static void conn_send_error(struct conn *conn, int status, const char *why, const char *allow)
{
    struct buf text;
    buf_init(&text, 512);
    buf_putf(&text, "{\"error\": \"%s\"}\n", why);
    const struct http_pair pair = {.name = "Allow", .value = allow};
    const struct http_reply reply = {.status = status,
                                     .content_type = "application/json",
                                     .pairs = &pair,
                                     .pairs_n = allow == NULL ? 0 : 1,
                                     .body = buf_text(&text),
                                     .body_len = text.len};
    conn_send(conn, &reply, conn->parser.req.method != HTTP_HEAD);
    buf_fini(&text);
}

/* The bytes cannot be trusted from here on: answer and close. */
static void conn_refuse(struct conn *conn, int status, const char *why)
{
    log_debug("request refused", LOG_INT("status", status), LOG_TEXT("why", why),
              LOG_TEXT("peer", conn->peer.text), LOG_END);
    conn->close_after = true;
    conn_send_error(conn, status, why, NULL);
}

static bool is_lower_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("0123456789abcdef", text.at[i]) == NULL || text.at[i] == '\0')
            return false;
    return true;
}

static bool is_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '0')
            return false;
    return true;
}

/* W3C Trace Context: version 00, lower-case hex, no zero ids; anything else is as if absent. */
static void trace_read(const struct http_req *req, char out[33])
{
    struct str v = {0};
    out[0] = '\0';
    if (http_header(req, "traceparent", &v) != 1 || v.len != 55 || memcmp(v.at, "00-", 3) != 0 ||
        v.at[35] != '-' || v.at[52] != '-')
        return;
    const struct str trace = {v.at + 3, 32}, parent = {v.at + 36, 16}, flags = {v.at + 53, 2};
    if (!is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(flags) || is_zero(trace) ||
        is_zero(parent))
        return;
    memcpy(out, trace.at, trace.len);
    out[trace.len] = '\0';
}

/* False: answered. The connection lives on: what was asked has been read to its end. */
static bool within_rate(struct conn *conn)
{
    int64_t wait_us;
    char seconds[24];
    if (web_in_rate(conn->web, &conn->peer, &wait_us))
        return true;
    (void)snprintf(seconds, sizeof seconds, "%" PRId64, (wait_us + 999999) / 1000000);
    const struct http_pair later = {.name = "Retry-After", .value = seconds};
    static const char why[] = "{\"error\": \"too many requests from this address\"}\n";
    web_reply(&conn->req, &(struct http_reply){.status = 429,
                                               .content_type = "application/json",
                                               .pairs = &later,
                                               .pairs_n = 1,
                                               .body = why,
                                               .body_len = sizeof why - 1});
    return false;
}

static void conn_request(struct conn *conn)
{
    struct web_req *req = &conn->req;
    const struct web_route *route = req->route;
    *req = (struct web_req){.conn = conn, .route = route};
    uint64_t id = conn->web->id_next;
    conn->web->id_next += UINT64_C(0x9E3779B97F4A7C15); /* odd, so ids repeat only after 2^64 */
    hex_print(&id, sizeof id, req->id);
    trace_read(&conn->parser.req, req->trace);
    conn_enter(conn, PHASE_HANDLER);
    log_context(req->id, req->trace[0] == '\0' ? NULL : req->trace);
    if (within_rate(conn))
        route->handler(req, conn->web->ctx);
    log_context(NULL, NULL);
}

static bool conn_keeps(const struct conn *conn)
{
    return conn->parser.req.keep_alive && conn->web->drain_timer == NULL && !wire_outdated(conn);
}

/* Nobody serves this. The connection goes on only when there is no body to read past. */
static void conn_no_route(struct conn *conn, enum http1_step step, int status, unsigned allow)
{
    char methods[64];
    web_allow_print(allow, methods, sizeof methods);
    bool known = status == 405;
    conn->close_after = step != HTTP1_DONE || !conn_keeps(conn);
    conn_send_error(conn, status, known ? "this path does not take the method" : "no such path",
                    known ? methods : NULL);
    if (!conn->close_after)
        http1_next(&conn->parser);
}

static void conn_head(struct conn *conn)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    int status = 0;
    unsigned allow = 0;
    struct http1 *p = &conn->parser;
    conn->req.route = web_route_find(conn->web, &p->req, &status, &allow);
    enum http1_step step =
        http1_body_max(p, conn->req.route == NULL ? 0 : conn->req.route->body_max);
    if (conn->req.route == NULL) {
        conn_no_route(conn, step, status, allow);
    } else if (step == HTTP1_REFUSED) {
        conn_refuse(conn, p->status, p->why);
    } else if (step == HTTP1_DONE) {
        conn_request(conn);
    } else {
        conn_enter(conn, PHASE_BODY);
        bool waits = evbuffer_get_length(wire_in(conn)) == 0;
        if (p->req.expects_continue && waits && !wire_say(conn, go_on, sizeof go_on - 1))
            conn_doom(conn);
    }
}

static const char disowned[] = "nobody vouches for its certificate any more";

static void conn_not_taken(struct conn *conn, const char *why)
{
    conn->web->tls_failed += conn->phase == PHASE_SHAKE ? 1 : 0;
    log_info("a TLS connection is not taken", LOG_TEXT("peer", conn->peer.text),
             LOG_TEXT("why", why), LOG_END);
}

/* What the handshake has come to. */
static void conn_shaken(struct conn *conn)
{
    struct web_peer *peer = &conn->peer;
    const enum tls_state state = tls_end_state(conn->tls);
    if (state == TLS_SHAKING && conn->eof)
        conn_doom(conn);
    if (state == TLS_SHAKING || state == TLS_BROKEN)
        return;
    if (wire_disowned(conn)) { /* judged by the files that it began with */
        conn_not_taken(conn, disowned);
        conn_doom(conn);
        return;
    }
    peer->has_cert = tls_end_peer(conn->tls, peer->cert_sha256, &peer->cert_until_s);
    /* Nothing goes back, so the kernel would wait with its acknowledgement; and a client with
     * Nagle's algorithm with its request for that. */
    const int one = 1;
    (void)setsockopt(bufferevent_getfd(conn->bev), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    conn_enter(conn, PHASE_HEAD);
}

/* Looks after TLS once wire_in has moved what there was. False: there is nothing to parse. */
static bool conn_tls(struct conn *conn)
{
    if (conn->phase == PHASE_SHAKE)
        conn_shaken(conn);
    if (tls_end_state(conn->tls) == TLS_CLOSED)
        conn->eof = true;
    if (tls_end_state(conn->tls) != TLS_BROKEN)
        return conn->phase != PHASE_SHAKE && !conn->doomed;
    conn_not_taken(conn, tls_end_why(conn->tls));
    conn_linger(conn); /* the alert is on its way */
    return false;
}

static void conn_discard(struct conn *conn)
{
    wire_discard(conn);
    if (conn->eof)
        conn_doom(conn);
}

/* Feeds what has arrived. True when there may be more to do at once. */
static bool conn_step(struct conn *conn)
{
    if (conn->doomed || conn->bev == NULL || conn->phase == PHASE_HANDLER ||
        conn->phase == PHASE_STREAM || conn->phase == PHASE_WRITE)
        return false;
    if (conn->phase == PHASE_LINGER) {
        conn_discard(conn);
        return false;
    }
    struct evbuffer *in = wire_in(conn);
    if (conn->tls != NULL && !conn_tls(conn))
        return false;
    struct evbuffer_iovec vec = {0};
    if (evbuffer_peek(in, -1, NULL, &vec, 1) < 1 || vec.iov_len == 0) {
        if (conn->eof)
            conn_doom(conn);
        return false;
    }
    if (conn->phase == PHASE_IDLE)
        conn_enter(conn, PHASE_HEAD);
    size_t used = 0;
    enum http1_step step = http1_feed(&conn->parser, vec.iov_base, vec.iov_len, &used);
    evbuffer_drain(in, used);
    if (step == HTTP1_HEAD)
        conn_head(conn);
    else if (step == HTTP1_DONE)
        conn_request(conn);
    else if (step == HTTP1_REFUSED)
        conn_refuse(conn, conn->parser.status, conn->parser.why);
    return true;
}

static void conn_process(struct conn *conn)
{
    if (conn->busy)
        return;
    conn->busy = true;
    while (conn_step(conn))
        ;
    conn->busy = false;
    conn_settle(conn);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    conn_process(arg);
}

static void stream_taken(struct conn *conn)
{
    conn->owing = false;
    (void)evtimer_del(conn->deadline);
}

static void on_drained(struct bufferevent *bev, void *arg)
{
    (void)bev;
    struct conn *conn = arg;
    if (conn->phase == PHASE_STREAM)
        stream_taken(conn);
    if (conn->phase == PHASE_LINGER && !wire_shut(conn)) {
        conn_doom(conn);
        conn_settle(conn);
        return;
    }
    if (conn->phase != PHASE_WRITE)
        return;
    if (conn->close_after)
        conn_linger(conn);
    else
        conn_enter(conn, PHASE_IDLE);
    conn_process(conn);
}

static void conn_tell_gone(struct conn *conn)
{
    loop_fn *gone = conn->req.gone;
    conn->req.gone = NULL;
    if (conn_with_handler(conn) && gone != NULL)
        gone(conn->req.gone_ctx);
}

/* The client closed its side; or the connection broke, and nothing can be said any more. */
static void conn_left(struct conn *conn, bool broken)
{
    conn->eof = true;
    conn->busy = true; /* the callback may reply */
    conn_tell_gone(conn);
    conn->busy = false;
    if (broken && conn_with_handler(conn)) {
        wire_close(conn);
    } else if (broken) {
        conn_doom(conn);
    }
    conn_process(conn);
}

/* Whoever is not let in any more is not served any longer, whatever is under way. */
void conn_judge(struct conn *conn)
{
    if (conn->tls != NULL && conn->phase == PHASE_IDLE) {
        conn_doom(conn);
    } else if (conn->phase != PHASE_SHAKE && wire_disowned(conn)) {
        log_info("a TLS connection ends", LOG_TEXT("peer", conn->peer.text),
                 LOG_TEXT("why", disowned), LOG_END);
        conn_left(conn, true);
        return;
    }
    conn_settle(conn);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    conn_left(arg, (what & BEV_EVENT_ERROR) != 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct conn *conn = arg;
    if (conn->phase == PHASE_STREAM) {
        conn_left(conn, true);
        return;
    }
    if (conn->phase == PHASE_SHAKE)
        conn_not_taken(conn, "the handshake was not finished in time");
    if (conn->phase == PHASE_BODY || (conn->phase == PHASE_HEAD && conn->parser.started))
        conn_refuse(conn, 408, "the request did not arrive in time");
    else
        conn_doom(conn);
    conn_settle(conn);
}

void conn_open(struct web *web, int fd, const struct web_peer *peer)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        (void)close(fd);
        if (!peer->is_unix)
            peers_leave(web->peers, &peer->addr);
        return;
    }
    *conn = (struct conn){.web = web, .peer = *peer, .armed = -1};
    http1_init(&conn->parser);
    TAILQ_INSERT_TAIL(&web->conns, conn, link);
    web->conns_n++;
    conn->deadline = evtimer_new(loop_event_base(web->loop), on_deadline, conn);
    const bool wired = wire_open(conn, fd);
    int one = 1;
    if (!peer->is_unix)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (conn->bev == NULL)
        (void)close(fd);
    if (!wired || conn->deadline == NULL) {
        conn_free(conn);
        return;
    }
    bufferevent_setcb(conn->bev, on_read, on_drained, on_event, conn);
    if (conn->tls != NULL)
        conn_enter(conn, PHASE_SHAKE);
    if (bufferevent_enable(conn->bev, EV_READ | EV_WRITE) != 0)
        conn_doom(conn);
    conn_settle(conn);
}

void web_on_gone(struct web_req *req, loop_fn *gone, void *ctx)
{
    req->gone = gone;
    req->gone_ctx = ctx;
}

/* The handler's answer, with the request's id. */
static void conn_send_own(struct conn *conn, const struct http_reply *reply)
{
    struct http_pair pairs[32];
    struct http_reply full = *reply;
    INVARIANT(reply->pairs_n < sizeof pairs / sizeof pairs[0]);
    for (size_t i = 0; i < reply->pairs_n; i++)
        pairs[i] = reply->pairs[i];
    pairs[full.pairs_n++] = (struct http_pair){.name = "X-Request-Id", .value = conn->req.id};
    full.pairs = pairs;
    conn_send(conn, &full, conn->parser.req.method != HTTP_HEAD);
}

void web_reply(struct web_req *req, const struct http_reply *reply)
{
    struct conn *conn = req->conn;
    INVARIANT(conn->phase == PHASE_HANDLER);
    req->gone = NULL;
    if (conn->bev == NULL) {
        conn_doom(conn);
        conn_enter(conn, PHASE_WRITE);
        conn_settle(conn);
        return;
    }
    conn->close_after = !conn_keeps(conn);
    conn_send_own(conn, reply);
    http1_next(&conn->parser);
    conn_settle(conn);
}

void web_stream(struct web_req *req, const struct http_reply *head)
{
    struct conn *conn = req->conn;
    INVARIANT(conn->phase == PHASE_HANDLER && head->body_len == 0);
    struct http_reply chunked = *head;
    chunked.chunked = true;
    conn->close_after = !conn_keeps(conn);
    if (conn->bev != NULL)
        conn_send_own(conn, &chunked);
    conn->owing = false;
    conn_enter(conn, PHASE_STREAM);
    conn_arm(conn); /* not later: what the handler sends next has a deadline of its own */
    conn_settle(conn);
}

bool web_stream_send(struct web_req *req, const void *bytes, size_t len)
{
    struct conn *conn = req->conn;
    INVARIANT(conn->phase == PHASE_STREAM);
    if (conn->bev == NULL || conn->doomed)
        return false;
    if (conn->parser.req.method == HTTP_HEAD || len == 0)
        return true;
    char size[24];
    const int digits = snprintf(size, sizeof size, "%zx\r\n", len);
    if (wire_owed(conn) + len > WEB_STREAM_AHEAD)
        return false;
    if (!wire_say(conn, size, (size_t)digits) || !wire_say(conn, bytes, len) ||
        !wire_say(conn, "\r\n", 2)) {
        conn_doom(conn); /* half a chunk may be out: nothing can follow it */
        return false;
    }
    const uint32_t ms = conn->web->limits.write_ms;
    const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (!conn->owing && evtimer_add(conn->deadline, &after) == 0)
        conn->owing = true;
    return conn->owing;
}

void web_stream_end(struct web_req *req)
{
    static const char last[] = "0\r\n\r\n";
    struct conn *conn = req->conn;
    INVARIANT(conn->phase == PHASE_STREAM);
    req->gone = NULL;
    conn->close_after = conn->close_after || !conn_keeps(conn);
    conn_enter(conn, PHASE_WRITE);
    if (conn->bev == NULL)
        conn_doom(conn);
    else if (conn->parser.req.method != HTTP_HEAD && !wire_say(conn, last, sizeof last - 1))
        conn_doom(conn);
    else if (conn->close_after)
        wire_last(conn);
    http1_next(&conn->parser);
    conn_settle(conn);
}
