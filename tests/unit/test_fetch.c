/* Our client against our server: what it takes, what it refuses, and what it says when nobody
 * answers. */
#include "common/sys/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/log.h"
#include "common/sys/netaddr.h"
#include "common/sys/web.h"
#include "tests/unit/test.h"

static struct loop *loop;
static struct web *web;
static struct loop_wake *stop_wake;
static pthread_t thread;
static char url[64], path[64];

static void on_echo(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct http_req *http = web_http(req);
    struct str type = {0}, empty = {0};
    char copy[64] = "";
    if (http_header(http, "content-type", &type) == 1 && type.len < sizeof copy)
        memcpy(copy, type.at, type.len);
    const struct http_pair pairs[] = {
        {"X-Type", copy},
        {"X-Method", http_method_name(http->method)},
        {"X-Empty", http_header(http, "x-empty", &empty) == 1 && empty.len == 0 ? "yes" : "no"},
    };
    web_reply(req, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain",
                                        .pairs = pairs,
                                        .pairs_n = 3,
                                        .body = http->body.at,
                                        .body_len = http->body.len});
}

static void on_events(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_stream(req, &(struct http_reply){.status = 200, .content_type = "text/event-stream"});
    (void)web_stream_send(req, "data: 1\n\n", 9);
    web_stream_end(req);
}

static void on_count(struct web_req *req, void *ctx)
{
    char text[64];
    int64_t taken, refused;
    (void)ctx;
    web_accepted(web, &taken, &refused);
    const int n = snprintf(text, sizeof text, "%lld %zu", (long long)taken, web_connections(web));
    web_reply(
        req, &(struct http_reply){
                 .status = 200, .content_type = "text/plain", .body = text, .body_len = (size_t)n});
}

static void on_moved(struct web_req *req, void *ctx)
{
    (void)ctx;
    static const struct http_pair pair = {"Location", "/echo"};
    web_reply(req, &(struct http_reply){.status = 302, .pairs = &pair, .pairs_n = 1});
}

static struct web_req *held;

static void on_never(struct web_req *req, void *ctx)
{
    (void)ctx;
    held = req;
}

static const struct web_route routes[] = {
    {HTTP_POST | HTTP_GET, "/echo", 5000000, on_echo},
    {HTTP_POST, "/moved", 100, on_moved},
    {HTTP_POST, "/never", 100, on_never},
    {HTTP_POST, "/events", 100, on_events},
    {HTTP_GET, "/count", 0, on_count},
};

static void on_stop(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void *run(void *arg)
{
    (void)arg;
    ck_ok(loop_run(loop));
    return NULL;
}

static void start(void)
{
    uint16_t port = 0;
    struct web_limits limits = web_limits_default();
    log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
    ck_ok(loop_new(&loop));
    ck_ok(web_new(loop, &limits, routes, 5, NULL, &web));
    ck_ok(web_listen_tcp(web, "127.0.0.1:0", &port));
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    snprintf(path, sizeof path, "/tmp/closegate-test-fetch-%d.sock", (int)getpid());
    ck_ok(web_listen_unix(web, path, 0600));
    ck_ok(loop_wake_new(loop, on_stop, NULL, &stop_wake));
    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void stop(void)
{
    loop_wake(stop_wake);
    pthread_join(thread, NULL);
    web_free(web);
    loop_wake_free(stop_wake);
    loop_free(loop);
}

static char *at(struct arena *arena, const char *what)
{
    return arena_fmt(arena, "%s%s", url, what);
}

START_TEST(a_post_is_answered_over_tcp_and_a_unix_socket)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    const struct http_pair pair = {"X-Empty", ""};
    struct fetch_req req = {
        .url = at(arena, "echo"), .body = STR("{\"a\":1}"), .pairs = &pair, .pairs_n = 1};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.body.at, "{\"a\":1}");
    ck_assert_str_eq(fetch_header(&reply, "x-type"), "application/json");
    ck_assert_str_eq(fetch_header(&reply, "X-Empty"), "yes");
    ck_assert_ptr_null(fetch_header(&reply, "X-None"));
    req.unix_socket = path;
    req.url = "http://localhost/echo";
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_str_eq(reply.body.at, "{\"a\":1}");
    req = (struct fetch_req){.url = req.url, .unix_socket = path, .method = "GET"};
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_str_eq(fetch_header(&reply, "x-method"), "GET");
    ck_assert_uint_eq(reply.body.len, 0);
    stop();
}
END_TEST

START_TEST(a_large_body_needs_no_100_continue)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(16 << 20);
    size_t len = 3000000;
    char *bytes = arena_alloc(arena, len);
    memset(bytes, 'x', len);
    struct fetch_req req = {.url = at(arena, "echo"), .body = {bytes, len}};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_uint_eq(reply.body.len, len);
    stop();
}
END_TEST

START_TEST(an_answer_past_the_ceiling_is_refused)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "echo"), .body = STR("12345"), .reply_max = 4};
    struct fetch_reply reply;
    ck_err(fetch(arena, &req, &reply), ERR_LIMIT);
    req.reply_max = 5;
    ck_ok(fetch(arena, &req, &reply));
    stop();
}
END_TEST

START_TEST(redirects_are_answers_not_orders)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "moved")};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_int_eq(reply.status, 302);
    req.url = at(arena, "nowhere");
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_int_eq(reply.status, 404);
    stop();
}
END_TEST

START_TEST(silence_after_sending_is_an_unknown_outcome)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "never"), .timeout_ms = 200};
    struct fetch_reply reply;
    ck_err(fetch(arena, &req, &reply), ERR_UNKNOWN);
    stop();
}
END_TEST

START_TEST(nobody_there_and_nonsense_are_told_apart)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_reply reply;
    struct fetch_req req = {.url = "http://127.0.0.1:1/"};
    ck_err(fetch(arena, &req, &reply), ERR_MISSING);
    req = (struct fetch_req){.url = "http://localhost/", .unix_socket = "/nowhere/x.sock"};
    ck_err(fetch(arena, &req, &reply), ERR_MISSING);
    req = (struct fetch_req){.url = "file:///etc/passwd"};
    ck_err(fetch(arena, &req, &reply), ERR_INPUT);
    const struct http_pair split = {"X-A", "b\r\nX-C: d"};
    req = (struct fetch_req){.url = "http://127.0.0.1:1/", .pairs = &split, .pairs_n = 1};
    ck_err(fetch(arena, &req, &reply), ERR_INPUT);
}
END_TEST

/* ---- connections ---- */

/* As the loop thread counts them: taken since the start, and open now. Asking needs one itself. */
static void connections(long long *taken, long long *open)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "count"), .method = "GET", .timeout_ms = 5000};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_int_eq(sscanf(reply.body.at, "%lld %lld", taken, open), 2);
}

static void *echo_twice(void *arg)
{
    (void)arg;
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "echo"), .body = STR("a"), .timeout_ms = 5000};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    req.method = "GET";
    req.body = STR("");
    ck_ok(fetch(arena, &req, &reply));
    return NULL;
}

START_TEST(each_thread_keeps_a_connection_of_its_own)
{
    pthread_t other;
    long long taken, open;
    start();
    echo_twice(NULL);
    echo_twice(NULL);
    connections(&taken, &open);
    ck_assert_int_eq(taken, 1);
    ck_assert_int_eq(pthread_create(&other, NULL, echo_twice, NULL), 0);
    pthread_join(other, NULL);
    connections(&taken, &open);
    ck_assert_int_eq(taken, 2);
    for (int i = 0; i < 400 && open > 1; i++) {
        usleep(5000);
        connections(&taken, &open);
    }
    ck_assert_int_eq(open, 1); /* the other thread's ended with it */
    stop();
}
END_TEST

/* A server that answers the first request, keeps the connection, reads every later one and closes
 * without a word. */
static struct {
    int fd;
    int heard; /* whole requests */
} mute;

static bool mute_hear(int fd)
{
    static const char *const ends[] = {"\r\n\r\nping", "GET / HTTP/1.1\r\n"};
    char text[4096];
    size_t len = 0;
    while (len < sizeof text - 1) {
        ssize_t n = read(fd, text + len, sizeof text - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, ends[0]) != NULL ||
            (strstr(text, ends[1]) != NULL && strstr(text, "\r\n\r\n") != NULL))
            return true;
    }
    return false;
}

static void *mute_run(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    (void)arg;
    for (int fd; (fd = accept(mute.fd, NULL, NULL)) >= 0;) {
        while (mute_hear(fd)) {
            mute.heard++;
            if (mute.heard > 1)
                break;
            ck_assert_int_eq(write(fd, answer, sizeof answer - 1), (ssize_t)sizeof answer - 1);
        }
        close(fd);
    }
    return NULL;
}

static const char *local_listen(struct arena *arena, int backlog, int *fd)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t len = sizeof in;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(*fd, (struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(listen(*fd, backlog), 0);
    ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&in, &len), 0);
    return arena_fmt(arena, "http://127.0.0.1:%u/", ntohs(in.sin_port));
}

START_TEST(a_post_is_never_said_twice_when_a_kept_connection_dies)
{
    pthread_t server;
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {
        .url = local_listen(arena, 5, &mute.fd), .body = STR("ping"), .timeout_ms = 3000};
    struct fetch_reply reply;
    ck_assert_int_eq(pthread_create(&server, NULL, mute_run, NULL), 0);
    ck_ok(fetch(arena, &req, &reply));
    ck_err(fetch(arena, &req, &reply), ERR_UNKNOWN);
    shutdown(mute.fd, SHUT_RDWR);
    pthread_join(server, NULL);
    close(mute.fd);
    ck_assert_int_eq(mute.heard, 2);
}
END_TEST

START_TEST(who_does_not_take_the_connection_is_given_up_in_time)
{
    int full, first[3];
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct sockaddr_in in;
    socklen_t len = sizeof in;
    struct fetch_req req = {
        .url = local_listen(arena, 0, &full), .body = STR("x"), .connect_ms = 200};
    struct fetch_reply reply;
    ck_assert_int_eq(getsockname(full, (struct sockaddr *)&in, &len), 0);
    for (size_t i = 0; i < 3; i++) { /* its queue is full then */
        first[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(first[i], (struct sockaddr *)&in, len);
    }
    usleep(50000);
    ck_err(fetch(arena, &req, &reply), ERR_MISSING);
    for (size_t i = 0; i < 3; i++)
        close(first[i]);
    close(full);
}
END_TEST

static bool at_once(void *ctx)
{
    (void)ctx;
    return true;
}

START_TEST(an_exchange_can_be_given_up_and_its_outcome_is_unknown)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "never"),
                            .body = STR("x"),
                            .timeout_ms = FETCH_FOREVER,
                            .give_up = at_once};
    struct fetch_reply reply;
    enum err_kind kind = fetch(arena, &req, &reply).kind;
    ck_assert(kind == ERR_UNKNOWN || kind == ERR_UPSTREAM); /* sent by then, or not */
    stop();
}
END_TEST

static bool ask_within(void *ctx, const char *bytes, size_t n)
{
    struct fetch_reply reply;
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "echo"), .body = {bytes, n}, .timeout_ms = 5000};
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_uint_eq(reply.body.len, n);
    *(int *)ctx += 1;
    return true;
}

START_TEST(who_reads_a_stream_may_ask_something_else_meanwhile)
{
    int asked = 0;
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_req req = {.url = at(arena, "events"),
                            .body = STR("x"),
                            .stream_type = "text/event-stream",
                            .take = ask_within,
                            .ctx = &asked};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    ck_assert_int_ge(asked, 1);
    stop();
}
END_TEST

/* ---- the guard ---- */

START_TEST(the_guard_connects_to_no_address_of_ours_however_it_is_written)
{
    static const char *const forms[] = {
        "127.0.0.1", "localhost", "127.1",     "2130706433",         "0x7f000001",  "0.0.0.0",
        "[::1]",     "[::]",      "10.0.0.1",  "[::ffff:127.0.0.1]", "192.168.1.1", "172.31.0.1",
        "[fe80::1]", "[fd00::1]", "224.0.0.1", "169.254.169.254",    "100.64.0.1",
    };
    const struct fetch_guard guard = {.allow = NULL};
    uint16_t port;
    struct netaddr none;
    long long taken, open;
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    char *own = arena_strdup(arena, url + 7);
    own[strlen(own) - 1] = '\0';
    ck_ok(netaddr_port_parse(own, &none, &port));
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct fetch_reply reply;
        struct fetch_req req = {.url = arena_fmt(arena, "http://%s:%u/echo", forms[i], port),
                                .body = STR("x"),
                                .timeout_ms = 2000,
                                .guard = &guard};
        struct err e = fetch(arena, &req, &reply);
        ck_assert_msg(e.kind == ERR_INPUT, "%s: %s %s", forms[i], err_kind_name(e.kind), e.msg);
    }
    connections(&taken, &open);
    ck_assert_int_eq(taken, 1); /* the one that counts */
    stop();
}
END_TEST

START_TEST(the_guard_lets_through_what_is_listed_by_host_and_port)
{
    start();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    char *own = arena_strdup(arena, url + 7);
    own[strlen(own) - 1] = '\0';
    const char *const allow[] = {"hooks.example:443", own};
    struct fetch_guard guard = {.allow = allow, .allow_n = 2};
    struct fetch_req req = {.url = at(arena, "echo"), .body = STR("x"), .guard = &guard};
    struct fetch_reply reply;
    ck_ok(fetch(arena, &req, &reply));
    guard.allow_n = 1; /* and no connection that was allowed before serves one that is not */
    struct err e = fetch(arena, &req, &reply);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, own); /* no path: it may hold a secret */
    req.unix_socket = path;
    ck_err(fetch(arena, &req, &reply), ERR_INPUT);
    stop();
}
END_TEST

START_TEST(plain_http_is_refused_where_https_is_asked_for)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct fetch_reply reply;
    struct fetch_req req = {.url = "http://127.0.0.1:1/", .https_only = true};
    ck_err(fetch(arena, &req, &reply), ERR_INPUT);
    req.url = "https://127.0.0.1:1/";
    ck_err(fetch(arena, &req, &reply), ERR_MISSING);
}
END_TEST

TEST_MAIN("fetch", a_post_is_answered_over_tcp_and_a_unix_socket,
          a_large_body_needs_no_100_continue, an_answer_past_the_ceiling_is_refused,
          redirects_are_answers_not_orders, silence_after_sending_is_an_unknown_outcome,
          nobody_there_and_nonsense_are_told_apart, each_thread_keeps_a_connection_of_its_own,
          a_post_is_never_said_twice_when_a_kept_connection_dies,
          who_does_not_take_the_connection_is_given_up_in_time,
          an_exchange_can_be_given_up_and_its_outcome_is_unknown,
          who_reads_a_stream_may_ask_something_else_meanwhile,
          the_guard_connects_to_no_address_of_ours_however_it_is_written,
          the_guard_lets_through_what_is_listed_by_host_and_port,
          plain_http_is_refused_where_https_is_asked_for)
