/* Our client against our server: what it takes, what it refuses, and what it says when nobody
 * answers. */
#include "common/sys/fetch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/log.h"
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
    ck_ok(web_new(loop, &limits, routes, 3, NULL, &web));
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

TEST_MAIN("fetch", a_post_is_answered_over_tcp_and_a_unix_socket,
          a_large_body_needs_no_100_continue, an_answer_past_the_ceiling_is_refused,
          redirects_are_answers_not_orders, silence_after_sending_is_an_unknown_outcome,
          nobody_there_and_nonsense_are_told_apart)
