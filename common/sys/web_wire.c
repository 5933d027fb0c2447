/* What lies between a connection and its socket: nothing, or TLS. The parser gets plain bytes, the
 * bufferevent those of the wire. Reading stops at READ_AHEAD on either side of TLS, so a peer that
 * sends faster than it is served fills its own buffers and not ours. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "common/sys/crypt.h"
#include "common/sys/web_conn.h"

#define READ_AHEAD ((size_t)16 * 1024) /* what a pipelining client may have waiting in us */
#define PIECE      ((size_t)16 * 1024) /* a record of TLS */

bool wire_open(struct conn *conn, int fd)
{
    const struct web *web = conn->web;
    conn->bev = bufferevent_socket_new(loop_event_base(conn->web->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    if (conn->bev == NULL)
        return false;
    bufferevent_setwatermark(conn->bev, EV_READ, 0, READ_AHEAD);
    if (web->tls == NULL || conn->peer.is_unix)
        return true;
    conn->peer.is_tls = true;
    conn->said = evbuffer_new();
    conn->generation = web->tls_generation;
    return conn->said != NULL && tls_end_new(web->tls, &conn->tls).kind == ERR_NONE;
}

void wire_close(struct conn *conn)
{
    if (conn->bev != NULL)
        bufferevent_free(conn->bev);
    if (conn->said != NULL)
        evbuffer_free(conn->said);
    tls_end_free(conn->tls);
    conn->bev = NULL;
    conn->said = NULL;
    conn->tls = NULL;
}

/* What TLS has for the wire. */
static bool flush(struct conn *conn)
{
    char bytes[PIECE];
    size_t n;
    while ((n = tls_end_wire(conn->tls, bytes, sizeof bytes)) > 0) {
        if (bufferevent_write(conn->bev, bytes, n) != 0)
            return false;
    }
    return true;
}

/* One step: plain bytes out of TLS, or bytes of the wire into it. False: nothing to do. */
static bool pull(struct conn *conn, struct evbuffer *raw)
{
    char bytes[PIECE];
    size_t n = tls_end_read(conn->tls, bytes, sizeof bytes);
    if (n > 0) {
        if (evbuffer_add(conn->said, bytes, n) != 0)
            conn_doom(conn);
        return !conn->doomed;
    }
    const enum tls_state state = tls_end_state(conn->tls);
    if (state == TLS_BROKEN || state == TLS_CLOSED)
        return false;
    const int taken = evbuffer_remove(raw, bytes, sizeof bytes);
    return taken > 0 && tls_end_put(conn->tls, bytes, (size_t)taken);
}

struct evbuffer *wire_in(struct conn *conn)
{
    struct evbuffer *raw = bufferevent_get_input(conn->bev);
    if (conn->tls == NULL)
        return raw;
    while (evbuffer_get_length(conn->said) < READ_AHEAD && pull(conn, raw))
        ;
    if (!flush(conn))
        conn_doom(conn);
    return conn->said;
}

void wire_discard(struct conn *conn)
{
    struct evbuffer *raw = bufferevent_get_input(conn->bev);
    (void)evbuffer_drain(raw, evbuffer_get_length(raw));
}

bool wire_say(struct conn *conn, const void *bytes, size_t len)
{
    if (conn->tls == NULL)
        return bufferevent_write(conn->bev, bytes, len) == 0;
    /* In pieces: a large body need not be in TLS's memory as a whole beside the wire's. */
    for (size_t at = 0; at < len; at += PIECE) {
        const size_t n = len - at < PIECE ? len - at : PIECE;
        if (!tls_end_write(conn->tls, (const char *)bytes + at, n) || !flush(conn))
            return false;
    }
    return true;
}

size_t wire_owed(const struct conn *conn)
{
    return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

void wire_last(struct conn *conn)
{
    if (conn->tls == NULL || conn->bev == NULL)
        return;
    tls_end_shut(conn->tls);
    if (!flush(conn))
        conn_doom(conn);
}

bool wire_shut(struct conn *conn)
{
    return shutdown(bufferevent_getfd(conn->bev), SHUT_WR) == 0;
}

bool web_peer_shows(const struct web_peer *peer, const char *x5t_s256, int64_t now_s)
{
    uint8_t named[TLS_CERT_SHA256_LEN];
    size_t len = 0;
    return peer->has_cert && now_s <= peer->cert_until_s && x5t_s256 != NULL &&
           base64url_parse(str_of(x5t_s256), named, sizeof named, &len) && len == sizeof named &&
           bytes_eq_ct(named, peer->cert_sha256, len);
}

static bool is_of_old_files(const struct conn *conn)
{
    return conn->tls != NULL && conn->generation != conn->web->tls_generation;
}

bool wire_disowned(const struct conn *conn)
{
    return is_of_old_files(conn) && !tls_server_takes(conn->web->tls, conn->tls);
}

bool wire_outdated(const struct conn *conn)
{
    if (conn->tls == NULL)
        return false;
    return is_of_old_files(conn) ||
           (conn->peer.has_cert && (int64_t)time(NULL) > conn->peer.cert_until_s);
}
