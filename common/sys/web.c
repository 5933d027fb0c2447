/* The server around the connections: listeners and ceilings, the route table, the drain. */
#include "common/sys/web.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/listen.h"
#include "common/sys/log.h"
#include "common/sys/web_conn.h"

#define ACCEPT_PAUSE_MS 100

struct web_listener {
    struct web *web;
    struct evconnlistener *listener;
    struct event *resume; /* after accept ran out of descriptors */
    bool failing;         /* and the log was told */
    char *path;           /* of a Unix socket, else NULL */
    struct stat file;     /* that socket's file, so that only our own is removed */
    struct web_listener *next;
};

struct web_limits web_limits_default(void)
{
    return (struct web_limits){.connections_max = 1024,
                               .per_peer_max = 512,
                               .shake_ms = 10000,
                               .head_ms = 10000,
                               .body_ms = 30000,
                               .idle_ms = 60000,
                               .write_ms = 30000};
}

struct web_limits web_limits_of(const struct http_pace *pace, const struct netblock *carriers,
                                size_t carriers_n)
{
    struct web_limits limits = web_limits_default();
    limits.head_ms = (uint32_t)pace->head_s * 1000;
    limits.shake_ms = limits.head_ms;
    limits.body_ms = (uint32_t)pace->body_s * 1000;
    limits.idle_ms = (uint32_t)pace->idle_s * 1000;
    limits.write_ms = (uint32_t)pace->write_s * 1000;
    limits.per_peer_rate = pace->peer_rate;
    limits.carriers = carriers;
    limits.carriers_n = carriers_n;
    return limits;
}

/* Every status that we answer with; one more row for the rest. */
static void counts_init(struct web *web)
{
    static const int known[] = {200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409,
                                413, 414, 415, 417, 429, 431, 500, 501, 502, 503, 505};
    _Static_assert(sizeof known / sizeof known[0] < WEB_COUNTS, "room for the others");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        web->counts[i].status = known[i];
}

void web_count(struct web *web, int status)
{
    size_t i = 0;
    while (web->counts[i].status != 0 && web->counts[i].status != status)
        i++;
    web->counts[i].n++;
}

const struct web_count *web_counts(const struct web *web, size_t *n)
{
    *n = 0;
    while (web->counts[*n].status != 0)
        ++*n;
    ++*n;
    return web->counts;
}

void web_accepted(const struct web *web, int64_t *taken, int64_t *refused)
{
    *taken = web->taken;
    *refused = web->refused;
}

int64_t web_limited(const struct web *web)
{
    return web->limited;
}

struct err web_new(struct loop *loop, const struct web_limits *limits,
                   const struct web_route *routes, size_t routes_n, void *ctx, struct web **out)
{
    struct web *web = calloc(1, sizeof *web);
    ENSURE(web != NULL, ERR_LIMIT, "out of memory");
    *web = (struct web){
        .loop = loop, .limits = *limits, .routes = routes, .routes_n = routes_n, .ctx = ctx};
    TAILQ_INIT(&web->conns);
    TAILQ_INIT(&web->idle);
    web->peers = peers_new();
    if (limits->per_peer_rate > 0)
        web->rates = quota_new(&(struct quota_limits){.per_second = limits->per_peer_rate,
                                                      .burst = 2 * limits->per_peer_rate});
    if (web->peers == NULL || (limits->per_peer_rate > 0 && web->rates == NULL) ||
        getrandom(&web->id_next, sizeof web->id_next, 0) < 0) {
        web_free(web);
        return err_new(ERR_LIMIT, "out of memory");
    }
    for (size_t i = 0; i < routes_n; i++)
        INVARIANT(routes[i].body_max <= HTTP1_BODY_MAX && routes[i].handler != NULL);
    counts_init(web);
    *out = web;
    return OK;
}

static void listener_free(struct web_listener *l)
{
    struct stat now;
    if (l->listener != NULL)
        evconnlistener_free(l->listener);
    if (l->resume != NULL)
        event_free(l->resume);
    if (l->path != NULL && lstat(l->path, &now) == 0 && now.st_ino == l->file.st_ino &&
        now.st_dev == l->file.st_dev)
        (void)unlink(l->path);
    free(l->path);
    free(l);
}

void web_stop_accepting(struct web *web)
{
    while (web->listeners != NULL) {
        struct web_listener *l = web->listeners;
        web->listeners = l->next;
        listener_free(l);
    }
}

void web_free(struct web *web)
{
    if (web == NULL)
        return;
    web_stop_accepting(web);
    web->drained = NULL;
    while (!TAILQ_EMPTY(&web->conns))
        conn_free(TAILQ_FIRST(&web->conns));
    if (web->drain_timer != NULL)
        event_free(web->drain_timer);
    peers_free(web->peers);
    quota_free(web->rates);
    tls_server_free(web->tls);
    free(web);
}

static void peer_of_inet(const struct sockaddr *sa, struct web_peer *peer)
{
    char addr[NETADDR_TEXT_MAX];
    struct buf text;
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        peer->addr.byte[10] = peer->addr.byte[11] = 0xFF;
        memcpy(peer->addr.byte + 12, &in.sin_addr, 4);
        peer->port = ntohs(in.sin_port);
    } else {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        memcpy(peer->addr.byte, &in6.sin6_addr, 16);
        peer->port = ntohs(in6.sin6_port);
    }
    netaddr_print(&peer->addr, addr);
    buf_init(&text, sizeof peer->text - 1);
    buf_putf(&text, netaddr_is_v4(&peer->addr) ? "%s:%u" : "[%s]:%u", addr, peer->port);
    memcpy(peer->text, buf_text(&text), text.len + 1);
    buf_fini(&text);
}

static bool peer_of_unix(int fd, struct web_peer *peer)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 || len != sizeof cred)
        return false;
    peer->is_unix = true;
    peer->uid = cred.uid;
    peer->gid = cred.gid;
    peer->pid = cred.pid;
    memcpy(peer->text, "unix", sizeof "unix");
    return true;
}

/* Says no without ever waiting: what the socket buffer does not take is not said. What the client
 * has sent already is read first, because closing over unread bytes would reset the answer away. */
static void turn_away(int fd, const char *status)
{
    char sink[4096];
    struct buf text;
    if (status == NULL) {
        (void)close(fd);
        return;
    }
    buf_init(&text, 512);
    buf_putf(&text,
             "HTTP/1.1 %s\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n"
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n",
             status);
    if (text.len > 0 && send(fd, text.at, text.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        (void)shutdown(fd, SHUT_WR);
        while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) == (ssize_t)sizeof sink)
            ;
    }
    buf_fini(&text);
    (void)close(fd);
}

static bool make_room(struct web *web, bool is_unix)
{
    const size_t max = web->limits.connections_max + (is_unix ? WEB_UNIX_MORE : 0);
    if (web->conns_n < max)
        return true;
    struct conn *oldest = TAILQ_FIRST(&web->idle);
    if (oldest == NULL)
        return false;
    conn_doom(oldest);
    conn_settle(oldest);
    return web->conns_n < max;
}

/* Peers have a rate; proxies that we trust speak for many, who are counted further inside. */
static bool has_rate(const struct web *web, const struct web_peer *peer)
{
    if (web->rates == NULL || peer->is_unix)
        return false;
    for (size_t i = 0; i < web->limits.carriers_n; i++)
        if (netblock_has(&web->limits.carriers[i], &peer->addr))
            return false;
    return true;
}

bool web_in_rate(struct web *web, const struct web_peer *peer, int64_t *wait_us)
{
    const struct netaddr net = peers_net(&peer->addr);
    if (!has_rate(web, peer) || quota_pass(web->rates, net.byte, loop_now_ms() * 1000, wait_us))
        return true;
    web->limited++;
    return false;
}

/* The peer's own ceilings come first: past them it takes nobody's place. True: it is counted. */
static bool admit(struct web *web, const struct web_peer *peer, const char **status,
                  const char **why)
{
    const size_t per_peer = web->limits.per_peer_max == 0 ? SIZE_MAX : web->limits.per_peer_max;
    int64_t wait_us;
    *status = "429 Too Many Requests";
    *why = "too many from one peer";
    if (!peer->is_unix && !peers_enter(web->peers, &peer->addr, per_peer))
        return false;
    bool good = web->tls == NULL || peer->is_unix || web_in_rate(web, peer, &wait_us);
    if (!good) {
        *why = "too many handshakes of one peer";
    } else if (!make_room(web, peer->is_unix)) {
        good = false;
        *status = "503 Service Unavailable";
        *why = "too many in all";
    }
    if (!good && !peer->is_unix)
        peers_leave(web->peers, &peer->addr);
    return good;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
                      int sa_len, void *arg)
{
    (void)listener;
    (void)sa_len;
    struct web_listener *l = arg;
    struct web *web = l->web;
    struct web_peer peer = {0};
    if (l->failing)
        log_info("connections are accepted again", LOG_END);
    l->failing = false;
    if (l->path == NULL) {
        peer_of_inet(sa, &peer);
    } else if (!peer_of_unix(fd, &peer)) {
        (void)close(fd);
        return;
    }
    /* An answer in the clear means nothing to a client that expects TLS. */
    const bool words = web->tls == NULL || l->path != NULL;
    const char *status, *why;
    if (admit(web, &peer, &status, &why)) {
        web->taken++;
        conn_open(web, fd, &peer);
        return;
    }
    log_warn("connection refused", LOG_TEXT("why", why), LOG_TEXT("peer", peer.text), LOG_END);
    web->refused++;
    turn_away(fd, words ? status : NULL);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct web_listener *l = arg;
    (void)evconnlistener_enable(l->listener);
}

/* Out of descriptors, most likely: the connection stays in the backlog, and we must not spin on it.
 */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct web_listener *l = arg;
    const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000};
    if (!l->failing) /* once, not at every try: the log is on a disk, too */
        log_error("accept failed; it is tried again and again",
                  LOG_TEXT("why", strerrordesc_np(errno)), LOG_END);
    l->failing = true;
    (void)evconnlistener_disable(listener);
    (void)evtimer_add(l->resume, &pause);
}

/* Takes over `fd`. */
static struct err listener_add(struct web *web, int fd, const char *path)
{
    struct event_base *base = loop_event_base(web->loop);
    struct web_listener *l = calloc(1, sizeof *l);
    if (l == NULL) {
        (void)close(fd);
        return err_new(ERR_LIMIT, "out of memory");
    }
    l->web = web;
    l->path = path == NULL ? NULL : strdup(path);
    l->resume = evtimer_new(base, on_resume, l);
    /* backlog 0: it listens already */
    l->listener = evconnlistener_new(base, on_accept, l,
                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    bool ready = l->listener != NULL && l->resume != NULL && (path == NULL) == (l->path == NULL) &&
                 (path == NULL || lstat(path, &l->file) == 0);
    if (!ready) {
        if (l->listener == NULL)
            (void)close(fd);
        listener_free(l);
        return err_new(ERR_LIMIT, "the listener cannot be set up");
    }
    evconnlistener_set_error_cb(l->listener, on_accept_error);
    l->next = web->listeners;
    web->listeners = l;
    return OK;
}

void web_always(struct web *web, const struct http_pair *pairs, size_t pairs_n)
{
    web->always = pairs;
    web->always_n = pairs_n;
}

/* Ending one may end others (its handler is told): the next one is busy, so that it stays. */
static void judge_all(struct web *web)
{
    for (struct conn *conn = TAILQ_FIRST(&web->conns), *next; conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, link);
        if (next != NULL)
            next->busy = true;
        conn_judge(conn);
        if (next != NULL)
            next->busy = false;
    }
}

struct err web_tls(struct web *web, struct arena *arena, const struct tls_files *files,
                   int64_t now_s)
{
    struct tls_server *next;
    TRY(tls_server_new(arena, files, now_s, &next));
    tls_server_free(web->tls);
    web->tls = next;
    web->tls_generation++;
    judge_all(web);
    return OK;
}

int64_t web_tls_until(const struct web *web)
{
    return web->tls == NULL ? 0 : tls_server_until(web->tls);
}

int64_t web_tls_failed(const struct web *web)
{
    return web->tls_failed;
}

struct err web_listen_tcp(struct web *web, const char *host_port, uint16_t *port)
{
    int fd = -1;
    uint16_t in_force = 0;
    TRY(listen_tcp(host_port, &fd, &in_force));
    TRY(listener_add(web, fd, NULL));
    if (port != NULL)
        *port = in_force;
    return OK;
}

struct err web_listen_unix(struct web *web, const char *path, mode_t mode)
{
    ENSURE(mode == 0600 || mode == 0660, ERR_BUG, "a Unix socket's mode is 0600 or 0660");
    int fd = -1;
    TRY(listen_unix(path, mode, &fd));
    return listener_add(web, fd, path);
}

static bool route_fits(const struct web_route *route, struct str path)
{
    size_t len = strlen(route->path);
    if (len > 0 && route->path[len - 1] == '*')
        return path.len >= len - 1 && memcmp(path.at, route->path, len - 1) == 0;
    return str_is(path, route->path);
}

const struct web_route *web_route_find(const struct web *web, const struct http_req *req,
                                       int *status, unsigned *allow)
{
    *allow = 0;
    for (size_t i = 0; i < web->routes_n; i++) {
        const struct web_route *route = &web->routes[i];
        unsigned methods = route->methods;
        if ((methods & HTTP_GET) != 0)
            methods |= HTTP_HEAD;
        if (!route_fits(route, req->path))
            continue;
        if ((methods & (unsigned)req->method) != 0)
            return route;
        *allow |= methods;
    }
    *status = *allow != 0 || str_is(req->path, "*") ? 405 : 404;
    return NULL;
}

void web_allow_print(unsigned methods, char *out, size_t out_max)
{
    struct buf text;
    buf_init(&text, out_max - 1);
    for (unsigned bit = HTTP_GET; bit <= HTTP_OPTIONS; bit <<= 1) {
        if ((methods & bit) == 0)
            continue;
        buf_puts(&text, text.len == 0 ? "" : ", ");
        buf_puts(&text, http_method_name((enum http_method)bit));
    }
    memcpy(out, buf_text(&text), text.len + 1);
    buf_fini(&text);
}

static void on_drained_or_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct web *web = arg;
    loop_fn *drained = web->drained;
    web->drained = NULL;
    if (drained != NULL)
        drained(web->drained_ctx); /* may free the server */
}

void web_conn_gone(struct web *web)
{
    if (web->drain_timer != NULL && web->conns_n == 0)
        event_active(web->drain_timer, EV_TIMEOUT, 0);
}

struct err web_drain(struct web *web, uint32_t within_ms, loop_fn *done, void *ctx)
{
    INVARIANT(web->drain_timer == NULL);
    web_stop_accepting(web);
    struct timeval after = {.tv_sec = within_ms / 1000, .tv_usec = within_ms % 1000 * 1000};
    web->drained = done;
    web->drained_ctx = ctx;
    web->drain_timer = evtimer_new(loop_event_base(web->loop), on_drained_or_late, web);
    ENSURE(web->drain_timer != NULL && evtimer_add(web->drain_timer, &after) == 0, ERR_LIMIT,
           "the event loop takes no more timers");
    for (struct conn *c = TAILQ_FIRST(&web->conns), *next; c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->phase == PHASE_IDLE || c->phase == PHASE_SHAKE ||
            (c->phase == PHASE_HEAD && !c->parser.started))
            conn_doom(c);
        c->close_after = true; /* an answer on its way out is the last one */
        conn_settle(c);
    }
    web_conn_gone(web);
    return OK;
}

size_t web_connections(const struct web *web)
{
    return web->conns_n;
}

const struct web *web_of(const struct web_req *req)
{
    return req->conn->web;
}

const struct http_req *web_http(const struct web_req *req)
{
    return &req->conn->parser.req;
}

const struct web_peer *web_peer(const struct web_req *req)
{
    return &req->conn->peer;
}

const char *web_id(const struct web_req *req)
{
    return req->id;
}

const char *web_trace(const struct web_req *req)
{
    return req->trace[0] == '\0' ? NULL : req->trace;
}

void web_refuse(struct web_req *req, int status, const char *why)
{
    struct buf text;
    buf_init(&text, 1024);
    buf_putf(&text, "{\"error\": \"%s\"}\n", why);
    const struct http_reply reply = {.status = status,
                                     .content_type = "application/json",
                                     .body = buf_text(&text),
                                     .body_len = text.len};
    web_reply(req, &reply);
    buf_fini(&text);
}
