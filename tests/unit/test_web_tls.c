/* The server on real sockets, speaking TLS: what a request knows of its peer, what a slow, wrong or
 * hasty client gets, and other certificates under open connections. */
#include <stdlib.h>

#include "common/sys/crypt.h"
#include "tests/unit/made_tls.h"
#include "tests/unit/web_server.h"

#define CLOSE "Host: a\r\nConnection: close\r\n"

static char folder[64];
static struct arena *arena;
static struct made_ca *ca;
static struct tls_files files;
static uint8_t client_print[32];
static const struct made_client *client;

static const char *in(const char *name)
{
    return arena_fmt(arena, "%s/%s", folder, name);
}

static void up(void)
{
    arena = arena_new((size_t)8 << 20);
    snprintf(folder, sizeof folder, "/tmp/closegate-test-web-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ca = made_ca("a company");
    made_ca_save(ca, in("ca.pem"));
    made_leaf(ca, &(struct made_leaf){.name = "engine.test"}, in("server.pem"), in("server.key"),
              NULL);
    made_leaf(ca, &(struct made_leaf){.name = "agent", .client = true}, in("client.pem"),
              in("client.key"), client_print);
    files = (struct tls_files){.cert = in("server.pem"), .key = in("server.key")};
    static struct made_client plain;
    plain = (struct made_client){.ca = in("ca.pem")};
    client = &plain;
    srv_tls = &files;
}

static void down(void)
{
    static const char *const names[] = {"ca.pem",     "server.pem",  "server.key",
                                        "client.pem", "client.key",  "next.pem",
                                        "next.key",   "next-ca.pem", "both.pem"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in(names[i]));
    ck_assert_int_eq(rmdir(folder), 0);
    made_ca_free(ca);
    arena_free(arena);
}

/* ---- the server ---- */

static void on_path(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct http_req *http = web_http(req);
    web_reply(req, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain",
                                        .body = http->target.at,
                                        .body_len = http->target.len});
}

static void on_echo(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct http_req *http = web_http(req);
    web_reply(req, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain",
                                        .body = http->body.at,
                                        .body_len = http->body.len});
}

static void on_peer(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct web_peer *peer = web_peer(req);
    char text[100], hex[65] = "none";
    if (peer->has_cert)
        hex_print(peer->cert_sha256, sizeof peer->cert_sha256, hex);
    const int n = snprintf(text, sizeof text, "%s %s", peer->is_tls ? "tls" : "plain", hex);
    web_reply(
        req, &(struct http_reply){
                 .status = 200, .content_type = "text/plain", .body = text, .body_len = (size_t)n});
}

static void on_hold(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_on_gone(req, on_gone, NULL);
    __atomic_store_n(&srv.held, req, __ATOMIC_SEQ_CST);
}

static void on_large(struct web_req *req, void *ctx)
{
    (void)ctx;
    static char body[8 << 20];
    web_reply(req, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain",
                                        .body = body,
                                        .body_len = sizeof body});
}

static void on_pieces(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_stream(req, &(struct http_reply){.status = 200, .content_type = "text/plain"});
    bool all = web_stream_send(req, "first", 5);
    all = all && web_stream_send(req, "second", 6);
    ck_assert(all);
    web_stream_end(req);
}

static void on_follower_gone(void *ctx)
{
    on_gone(NULL);
    web_stream_end(ctx);
}

/* A stream without an end of its own. */
static void on_follow(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_stream(req, &(struct http_reply){.status = 200, .content_type = "text/plain"});
    web_on_gone(req, on_follower_gone, req);
    ck_assert(web_stream_send(req, "begun", 5));
}

static const struct web_route routes[] = {
    {HTTP_GET, "/follow", 0, on_follow},    {HTTP_GET, "/path/*", 0, on_path},
    {HTTP_POST, "/echo", 1 << 20, on_echo}, {HTTP_GET, "/peer", 0, on_peer},
    {HTTP_GET, "/hold", 0, on_hold},        {HTTP_GET, "/large", 0, on_large},
    {HTTP_GET, "/pieces", 0, on_pieces},
};

static void on_answer(void *ctx)
{
    (void)ctx;
    struct web_req *req = __atomic_exchange_n(&srv.held, NULL, __ATOMIC_SEQ_CST);
    web_reply(req, &(struct http_reply){.status = 204});
}

static void start(struct web_limits limits)
{
    start_with(limits, routes, sizeof routes / sizeof routes[0], on_answer);
}

/* ---- the client ---- */

struct caller {
    int fd;
    struct made_tls *tls;
};

static struct caller call_as(const struct made_client *who)
{
    const int fd = dial();
    return (struct caller){.fd = fd, .tls = made_tls_new(fd, who)};
}

static void hang_up(struct caller *c)
{
    made_tls_free(c->tls);
    close(c->fd);
}

static void tell(struct caller *c, const char *text)
{
    ck_assert_int_eq(made_tls_say(c->tls, text, strlen(text)), 1);
}

/* As hear(): until `want` is there or the end, which in *rc is 0 when the server said it. */
static const char *answer(struct caller *c, const char *want, int *rc)
{
    static char text[1 << 18];
    size_t len = 0, n;
    *rc = 1;
    text[0] = '\0';
    while (len < sizeof text - 1 && (want == NULL || strstr(text, want) == NULL) &&
           (*rc = made_tls_hear(c->tls, text + len, sizeof text - 1 - len, &n)) == 1) {
        len += n;
        text[len] = '\0';
    }
    ck_assert_msg(want == NULL || strstr(text, want) != NULL, "wanted %s, got: %s", want, text);
    return text;
}

/* One request on a connection of its own. */
static const char *once(const struct made_client *who, const char *request)
{
    struct caller c = call_as(who);
    int rc;
    tell(&c, request);
    const char *text = answer(&c, NULL, &rc);
    ck_assert_int_eq(rc, 0); /* the server said that nothing follows */
    hang_up(&c);
    return text;
}

START_TEST(a_request_is_answered_and_the_end_is_said)
{
    start(patient());
    const char *text = once(client, "GET /path/a HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n/path/a"));
    text = once(client, "GET /pieces HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(text, "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"));
    text = once(client, "GET / HTTP/1.1\r\n\r\n");
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 400 ", 13), 0);
    stop();
}
END_TEST

START_TEST(a_request_knows_its_peers_certificate)
{
    char hex[65], want[80];
    const struct made_client known = {
        .ca = in("ca.pem"), .cert = in("client.pem"), .key = in("client.key")};
    files.peer_ca = in("ca.pem");
    files.clients = TLS_CLIENTS_OPTIONAL;
    start(patient());
    hex_print(client_print, sizeof client_print, hex);
    snprintf(want, sizeof want, "tls %s", hex);
    ck_assert_ptr_nonnull(strstr(once(&known, "GET /peer HTTP/1.1\r\n" CLOSE "\r\n"), want));
    ck_assert_ptr_nonnull(strstr(once(client, "GET /peer HTTP/1.1\r\n" CLOSE "\r\n"), "tls none"));
    stop();
}
END_TEST

/* RFC 8705 appendix A has no vector of its own: the text is base64url of the digest. */
START_TEST(a_peer_shows_the_certificate_that_a_token_names_and_no_other)
{
    struct web_peer peer = {.has_cert = true, .cert_until_s = 1000};
    char named[BASE64_SIZE(32)], other[BASE64_SIZE(32)];
    memcpy(peer.cert_sha256, client_print, sizeof peer.cert_sha256);
    base64url_print(client_print, sizeof client_print, named);
    client_print[31] ^= 1;
    base64url_print(client_print, sizeof client_print, other);
    ck_assert(web_peer_shows(&peer, named, 1000));
    ck_assert(!web_peer_shows(&peer, named, 1001)); /* it has ended since */
    ck_assert(!web_peer_shows(&peer, other, 1000));
    ck_assert(!web_peer_shows(&peer, "", 1000) && !web_peer_shows(&peer, NULL, 1000));
    named[42] = '\0';
    ck_assert(!web_peer_shows(&peer, named, 1000));
    base64url_print(peer.cert_sha256, sizeof peer.cert_sha256, named);
    peer.has_cert = false;
    ck_assert(!web_peer_shows(&peer, named, 1000));
}
END_TEST

START_TEST(a_client_without_the_required_certificate_is_told_and_counted)
{
    char byte;
    size_t n;
    files.peer_ca = in("ca.pem");
    start(patient());
    struct caller c = call_as(client);
    ck_assert_int_eq(made_tls_shake(c.tls), 1); /* in 1.3 the server judges after the client */
    ck_assert_int_eq(made_tls_hear(c.tls, &byte, 1, &n), -1);
    hang_up(&c);
    ck_assert_int_eq(web_tls_failed(srv.web), 1);
    stop();
}
END_TEST

/* More than either side of TLS holds, while the first request is still being worked on. */
START_TEST(what_is_pipelined_beyond_the_read_ahead_is_answered)
{
    enum { MORE = 2000 };
    static char all[200 + MORE * 64];
    size_t len = 0;
    int rc;
    start(patient());
    struct caller c = call_as(client);
    len += (size_t)snprintf(all, sizeof all, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < MORE; i++)
        len += (size_t)snprintf(all + len, sizeof all - len,
                                "HEAD /path/%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    len +=
        (size_t)snprintf(all + len, sizeof all - len, "GET /path/last HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_int_eq(made_tls_say(c.tls, all, len), 1);
    wait_held();
    loop_wake(srv.answer);
    static char text[1 << 20];
    size_t got = 0, n;
    while ((rc = made_tls_hear(c.tls, text + got, sizeof text - 1 - got, &n)) == 1)
        got += n;
    text[got] = '\0';
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 204 ", 13), 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n/path/last"));
    int answers = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 200 OK")) != NULL; at++)
        answers++;
    ck_assert_int_eq(answers, MORE + 1);
    hang_up(&c);
    stop();
}
END_TEST

START_TEST(large_bodies_go_both_ways)
{
    static char text[9 << 20], request[300200];
    size_t got = 0, n;
    int rc;
    start(patient());
    size_t len =
        (size_t)snprintf(request, sizeof request,
                         "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    memset(request + len, 'x', 300000);
    struct caller c = call_as(client);
    ck_assert_int_eq(made_tls_say(c.tls, request, len + 300000), 1);
    while (got < 300000 && (rc = made_tls_hear(c.tls, text + got, sizeof text - 1 - got, &n)) == 1)
        got += n;
    ck_assert_uint_ge(got, 300000);
    ck_assert_int_eq(text[got - 1], 'x');
    tell(&c, "GET /large HTTP/1.1\r\n" CLOSE "\r\n");
    got = 0;
    while ((rc = made_tls_hear(c.tls, text + got, sizeof text - 1 - got, &n)) == 1)
        got += n;
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_gt(got, 8U << 20);
    hang_up(&c);
    stop();
}
END_TEST

START_TEST(expect_100_continue_is_answered_before_the_body)
{
    int rc;
    start(patient());
    struct caller c = call_as(client);
    tell(&c, "POST /echo HTTP/1.1\r\n" CLOSE "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    (void)answer(&c, "100 Continue", &rc);
    tell(&c, "hi");
    ck_assert_ptr_nonnull(strstr(answer(&c, NULL, &rc), "\r\n\r\nhi"));
    hang_up(&c);
    stop();
}
END_TEST

/* The deadline is for the whole handshake: half of one is as nothing. */
START_TEST(who_does_not_finish_the_handshake_is_dropped)
{
    struct web_limits limits = patient();
    char byte;
    limits.shake_ms = 200;
    start(limits);
    const int silent = dial(), slow = dial();
    ck_assert_int_eq(send(slow, "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL), 6);
    ck_assert_int_eq(recv(silent, &byte, 1, 0), 0);
    ck_assert_int_eq(recv(slow, &byte, 1, 0), 0);
    close(silent);
    close(slow);
    stop();
}
END_TEST

START_TEST(http_in_the_clear_gets_no_answer)
{
    start(patient());
    const int fd = dial();
    say(fd, "GET /path/a HTTP/1.1\r\n" CLOSE "\r\n");
    const char *text = hear(fd, NULL);
    ck_assert_ptr_null(strstr(text, "HTTP/1.1"));
    close(fd);
    stop();
}
END_TEST

START_TEST(the_unix_socket_stays_plain)
{
    start(patient());
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path, srv.path, strlen(srv.path) + 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
    say(fd, "GET /peer HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(hear(fd, NULL), "\r\n\r\nplain none"));
    close(fd);
    stop();
}
END_TEST

START_TEST(a_client_that_leaves_is_noticed)
{
    start(patient());
    struct caller c = call_as(client);
    tell(&c, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    made_tls_shut(c.tls);
    hang_up(&c);
    wait_for(&srv.gone, 1);
    loop_wake(srv.answer);
    stop();
}
END_TEST

/* ---- other files ---- */

static int taken;

static void on_next(void *ctx)
{
    CLEANUP(arena_free) struct arena *own = arena_new((size_t)4 << 20);
    struct err e = web_tls(srv.web, own, ctx, (int64_t)time(NULL));
    __atomic_store_n(&taken, e.kind == ERR_NONE ? 1 : 2, __ATOMIC_SEQ_CST);
}

static void take(const struct tls_files *next, int want)
{
    struct loop_wake *wake;
    taken = 0;
    ck_ok(loop_wake_new(srv.loop, on_next, (void *)(uintptr_t)next, &wake));
    loop_wake(wake);
    wait_for(&taken, want);
    loop_wake_free(wake);
}

START_TEST(another_certificate_is_taken_and_old_connections_end)
{
    const struct tls_files next = {.cert = in("next.pem"), .key = in("next.key")};
    uint8_t print[32], want[32];
    int rc;
    start(patient());
    struct caller idle = call_as(client), busy = call_as(client);
    tell(&idle, "GET /path/a HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_ptr_null(strstr(answer(&idle, "/path/a", &rc), "Connection: close"));
    tell(&busy, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();

    made_leaf(ca, &(struct made_leaf){.name = "engine.test"}, next.cert, next.key, want);
    take(&next, 1);
    (void)answer(&idle, NULL, &rc);
    ck_assert_int_ne(rc, -2); /* nobody waited for its 60 s */
    loop_wake(srv.answer);
    ck_assert_ptr_nonnull(strstr(answer(&busy, NULL, &rc), "Connection: close"));
    ck_assert_int_eq(rc, 0);
    hang_up(&idle);
    hang_up(&busy);

    struct caller after = call_as(client);
    ck_assert_int_eq(made_tls_shake(after.tls), 1);
    made_tls_peer(after.tls, print);
    ck_assert_mem_eq(print, want, sizeof print);
    hang_up(&after);
    stop();
}
END_TEST

START_TEST(files_that_cannot_be_used_change_nothing)
{
    const struct tls_files next = {.cert = in("server.pem"), .key = in("client.key")};
    int rc;
    start(patient());
    struct caller c = call_as(client);
    tell(&c, "GET /path/a HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)answer(&c, "/path/a", &rc);
    take(&next, 2);
    tell(&c, "GET /path/b HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_ptr_null(strstr(answer(&c, "/path/b", &rc), "Connection: close"));
    hang_up(&c);
    stop();
}
END_TEST

/* Both companies' clients are let in, and then the other one's alone. */
static struct made_client ours, theirs;
static struct tls_files theirs_alone;

static void append(FILE *to, const char *path)
{
    char text[4096];
    FILE *from = fopen(path, "r");
    ck_assert_ptr_nonnull(from);
    const size_t n = fread(text, 1, sizeof text, from);
    ck_assert_uint_eq(fwrite(text, 1, n, to), n);
    (void)fclose(from);
}

static void start_with_both(void)
{
    struct made_ca *other = made_ca("another company");
    FILE *both = fopen(in("both.pem"), "w");
    ck_assert_ptr_nonnull(both);
    made_ca_save(other, in("next-ca.pem"));
    append(both, in("ca.pem"));
    append(both, in("next-ca.pem"));
    (void)fclose(both);
    made_leaf(other, &(struct made_leaf){.name = "them", .client = true}, in("next.pem"),
              in("next.key"), NULL);
    made_ca_free(other);
    ours =
        (struct made_client){.ca = in("ca.pem"), .cert = in("client.pem"), .key = in("client.key")};
    theirs =
        (struct made_client){.ca = in("ca.pem"), .cert = in("next.pem"), .key = in("next.key")};
    files.peer_ca = in("both.pem");
    files.clients = TLS_CLIENTS_OPTIONAL;
    theirs_alone = files;
    theirs_alone.peer_ca = in("next-ca.pem");
    start(patient());
}

static void wait_connections(size_t n)
{
    for (int i = 0; i < 1000 && web_connections(srv.web) != n; i++)
        usleep(5000);
    ck_assert_uint_eq(web_connections(srv.web), n);
}

START_TEST(who_is_not_vouched_for_any_more_is_cut_off_whatever_is_under_way)
{
    int rc;
    start_with_both();
    struct caller stays = call_as(&theirs), follows = call_as(&ours), holds = call_as(&ours),
                  begins = call_as(&ours);
    tell(&stays, "GET /follow HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)answer(&stays, "begun", &rc);
    tell(&follows, "GET /follow HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)answer(&follows, "begun", &rc);
    tell(&begins, "GET /path/a HT");
    tell(&holds, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    take(&theirs_alone, 1);
    (void)answer(&follows, NULL, &rc);
    ck_assert_int_ne(rc, -2); /* it is over, and nobody waited for that */
    (void)answer(&begins, NULL, &rc);
    ck_assert_int_ne(rc, -2);
    ck_assert_ptr_null(strstr(answer(&holds, NULL, &rc), "HTTP/1.1"));
    ck_assert_int_ne(rc, -2);
    wait_for(&srv.gone, 2); /* both that had a handler */
    loop_wake(srv.answer);
    wait_connections(1); /* theirs */
    ck_assert_int_eq(srv.gone, 2);
    hang_up(&stays);
    hang_up(&follows);
    hang_up(&holds);
    hang_up(&begins);
    stop();
}
END_TEST

START_TEST(a_handshake_begun_with_old_files_is_judged_by_the_new_ones)
{
    int rc;
    start_with_both();
    const int one = dial(), two = dial();
    wait_connections(2); /* with ends of the old files */
    take(&theirs_alone, 1);
    struct caller us = {.fd = one, .tls = made_tls_new(one, &ours)};
    struct caller them = {.fd = two, .tls = made_tls_new(two, &theirs)};
    static const char request[] = "GET /path/a HTTP/1.1\r\nHost: a\r\n\r\n";
    (void)made_tls_say(us.tls, request, sizeof request - 1);
    ck_assert_str_eq(answer(&us, NULL, &rc), "");
    ck_assert_int_ne(rc, -2);
    tell(&them, "GET /path/a HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(answer(&them, NULL, &rc), "Connection: close"));
    hang_up(&us);
    hang_up(&them);
    stop();
}
END_TEST

/* Two at once and one a second: a loop comes past that on any machine. */
START_TEST(handshakes_count_against_their_peers_rate)
{
    struct web_limits limits = patient();
    int rc = 1;
    limits.per_peer_rate = 1;
    start(limits);
    for (int i = 0; i < 2000 && rc == 1; i++) {
        struct caller c = call_as(client);
        rc = made_tls_shake(c.tls);
        hang_up(&c);
    }
    ck_assert_int_eq(rc, -1);
    ck_assert_int_ge(web_limited(srv.web), 1);
    stop();
}
END_TEST

TEST_MAIN_AROUND("web_tls", up, down, a_request_is_answered_and_the_end_is_said,
                 a_request_knows_its_peers_certificate,
                 a_peer_shows_the_certificate_that_a_token_names_and_no_other,
                 a_client_without_the_required_certificate_is_told_and_counted,
                 what_is_pipelined_beyond_the_read_ahead_is_answered, large_bodies_go_both_ways,
                 expect_100_continue_is_answered_before_the_body,
                 who_does_not_finish_the_handshake_is_dropped, http_in_the_clear_gets_no_answer,
                 the_unix_socket_stays_plain, a_client_that_leaves_is_noticed,
                 another_certificate_is_taken_and_old_connections_end,
                 files_that_cannot_be_used_change_nothing,
                 who_is_not_vouched_for_any_more_is_cut_off_whatever_is_under_way,
                 a_handshake_begun_with_old_files_is_judged_by_the_new_ones,
                 handshakes_count_against_their_peers_rate)
