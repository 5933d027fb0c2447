/* The loop's client against our own server on the same loop: what comes as it comes, what ends an
 * exchange, and that a callback may do anything. */
#include "common/sys/fetch_loop.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "common/sys/web.h"
#include "tests/unit/test.h"

static struct loop *loop;
static struct web *web;
static struct fetch_loop *f;
static struct loop_timer *late;
static char url[64], own[32]; /* the server's, and its host and port */

/* What came of an exchange. */
struct seen {
    const char *name;
    struct fetch_one *one;
    int done, pieces, status;
    enum err_kind kind;
    char msg[96], where[96], body[256], took[256];
    size_t body_len, took_len;
    void (*on_took)(struct seen *seen);
    void (*on_done)(struct seen *seen);
};

static int left; /* until the loop stops */

/* ---- the server ---- */

static struct web_req *held[600];
static size_t held_n;

static void on_echo(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct http_req *http = web_http(req);
    web_reply(req, &(struct http_reply){.status = 200,
                                        .content_type = "text/plain",
                                        .body = http->body.at,
                                        .body_len = http->body.len});
}

static void hold(struct web_req *req)
{
    ck_assert_uint_lt(held_n, sizeof held / sizeof held[0]);
    held[held_n++] = req;
}

static void on_never(struct web_req *req, void *ctx)
{
    (void)ctx;
    hold(req);
}

static void on_stream(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_stream(req, &(struct http_reply){.status = 200,
                                         .content_type = "text/event-stream; charset=utf-8"});
    (void)web_stream_send(req, "one", 3);
    hold(req);
}

static void on_busy(struct web_req *req, void *ctx)
{
    (void)ctx;
    static const struct http_pair pair = {"Retry-After", "7"};
    web_reply(req, &(struct http_reply){.status = 429,
                                        .content_type = "text/event-stream",
                                        .pairs = &pair,
                                        .pairs_n = 1,
                                        .body = "slow down",
                                        .body_len = 9});
}

static const struct web_route routes[] = {
    {HTTP_POST | HTTP_GET, "/echo", 5000000, on_echo},
    {HTTP_POST | HTTP_GET, "/never", 100, on_never},
    {HTTP_POST | HTTP_GET, "/stream", 100, on_stream},
    {HTTP_POST | HTTP_GET, "/busy", 100, on_busy},
};

static void held_end(void)
{
    while (held_n > 0)
        web_stream_end(held[--held_n]);
}

/* ---- both on a loop ---- */

static void on_late(void *ctx)
{
    (void)ctx;
    ck_abort_msg("the loop should have ended by now");
}

static void up(void)
{
    uint16_t port = 0;
    struct web_limits limits = web_limits_default();
    log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
    ck_ok(loop_new(&loop));
    ck_ok(web_new(loop, &limits, routes, sizeof routes / sizeof routes[0], NULL, &web));
    ck_ok(web_listen_tcp(web, "127.0.0.1:0", &port));
    (void)snprintf(own, sizeof own, "127.0.0.1:%u", port);
    (void)snprintf(url, sizeof url, "http://%s/", own);
    ck_ok(fetch_loop_new(loop, &f));
    ck_ok(loop_timer_new(loop, 60000, false, on_late, NULL, &late));
    left = 0;
    held_n = 0;
}

static void down(void)
{
    fetch_loop_free(f);
    loop_timer_free(late);
    web_free(web);
    loop_free(loop);
}

static void on_stop(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void run_ms(uint32_t ms)
{
    struct loop_timer *timer;
    ck_ok(loop_timer_new(loop, ms, false, on_stop, NULL, &timer));
    ck_ok(loop_run(loop));
    loop_timer_free(timer);
}

/* What must come, however slow the machine; `late` ends it otherwise. */
#define RUN_UNTIL(cond)                                                                            \
    while (!(cond))                                                                                \
    run_ms(5)

/* ---- exchanges ---- */

static void on_took(void *ctx, const char *bytes, size_t n)
{
    struct seen *seen = ctx;
    ck_assert_int_eq(seen->done, 0);
    ck_assert_uint_gt(n, 0);
    if (seen->on_took != NULL)
        seen->on_took(seen);
    seen->pieces++; /* the bytes are still there, whatever on_took did */
    ck_assert_uint_lt(seen->took_len + n, sizeof seen->took);
    memcpy(seen->took + seen->took_len, bytes, n);
    seen->took_len += n;
}

static void on_done(void *ctx, struct err e, const struct fetch_reply *reply)
{
    struct seen *seen = ctx;
    ck_assert_int_eq(seen->done++, 0);
    ck_assert((e.kind == ERR_NONE) == (reply != NULL));
    seen->kind = e.kind;
    (void)snprintf(seen->msg, sizeof seen->msg, "%s", e.msg == NULL ? "" : e.msg);
    (void)snprintf(seen->where, sizeof seen->where, "%s", e.where == NULL ? "" : e.where);
    if (reply != NULL) {
        seen->status = reply->status;
        seen->body_len = reply->body.len;
        (void)snprintf(seen->body, sizeof seen->body, "%s", reply->body.at);
    }
    if (seen->on_done != NULL)
        seen->on_done(seen);
    if (--left == 0)
        loop_stop(loop);
}

static struct fetch_loop_req asking(struct seen *seen, const char *path)
{
    static char text[128];
    (void)snprintf(text, sizeof text, "%s%s", url, path);
    return (struct fetch_loop_req){.req = {.url = text,
                                           .body = STR("ping"),
                                           .stream_type = "text/event-stream",
                                           .timeout_ms = 20000},
                                   .took = on_took,
                                   .done = on_done,
                                   .ctx = seen};
}

static void add(struct seen *seen, const struct fetch_loop_req *req)
{
    left++;
    ck_ok(fetch_loop_add(f, req, &seen->one));
}

static void add_path(struct seen *seen, const char *path)
{
    const struct fetch_loop_req req = asking(seen, path);
    add(seen, &req);
}

static void run(void)
{
    ck_ok(loop_run(loop));
    ck_assert_uint_eq(fetch_loop_count(f), 0);
}

static void ask(struct seen *seen, const struct fetch_loop_req *req)
{
    add(seen, req);
    run();
}

/* ---- answers ---- */

START_TEST(an_answer_is_collected_with_its_header)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "echo");
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_NONE);
    ck_assert_int_eq(seen.status, 200);
    ck_assert_str_eq(seen.body, "ping");
    ck_assert_int_eq(seen.pieces, 0);
    seen = (struct seen){0};
    req.req.method = "GET";
    req.req.body = STR("");
    ask(&seen, &req);
    ck_assert_uint_eq(seen.body_len, 0);
}
END_TEST

/* The server says the next only when the client has the one before. */
static void say_next(struct seen *seen)
{
    if (seen->pieces == 0) {
        ck_assert(web_stream_send(held[0], "two", 3));
    } else if (seen->pieces == 1) {
        ck_assert(web_stream_send(held[0], "three", 5));
        held_end();
    }
}

START_TEST(a_stream_comes_in_pieces_as_it_is_sent)
{
    struct seen seen = {.on_took = say_next};
    const struct fetch_loop_req req = asking(&seen, "stream");
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_NONE);
    ck_assert_int_eq(seen.pieces, 3);
    ck_assert_str_eq(seen.took, "onetwothree");
    ck_assert_int_eq(seen.status, 200);
    ck_assert_uint_eq(seen.body_len, 0);
}
END_TEST

START_TEST(a_stream_is_collected_when_nobody_takes_it)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "stream");
    req.took = NULL;
    add(&seen, &req);
    RUN_UNTIL(held_n == 1);
    held_end();
    run();
    ck_assert_str_eq(seen.body, "one");
}
END_TEST

START_TEST(an_answer_that_is_not_2xx_is_collected_whatever_its_type)
{
    struct seen seen = {0};
    const struct fetch_loop_req req = asking(&seen, "busy");
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_NONE);
    ck_assert_int_eq(seen.status, 429);
    ck_assert_str_eq(seen.body, "slow down");
    ck_assert_int_eq(seen.pieces, 0);
}
END_TEST

START_TEST(a_request_is_copied_and_a_large_one_is_sent_whole)
{
    struct seen seen = {0};
    const size_t len = 3000000;
    char *bytes = malloc(len), type[] = "text/event-stream";
    INVARIANT(bytes != NULL);
    memset(bytes, 'x', len);
    struct fetch_loop_req req = asking(&seen, "echo");
    req.req.body = (struct str){bytes, len};
    req.req.stream_type = type;
    add(&seen, &req);
    memset(bytes, 'y', len);
    memset(type, 'z', sizeof type - 1);
    free(bytes);
    run();
    ck_assert_int_eq(seen.kind, ERR_NONE);
    ck_assert_uint_eq(seen.body_len, len);
    for (size_t i = 0; i < sizeof seen.body - 1; i++)
        ck_assert_int_eq(seen.body[i], 'x');
}
END_TEST

START_TEST(an_answer_past_the_ceiling_is_refused)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "echo");
    req.req.reply_max = 3;
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_LIMIT);
    seen = (struct seen){0};
    req.req.reply_max = 4;
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_NONE);
}
END_TEST

/* ---- ends ---- */

START_TEST(silence_ends_a_stream)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "stream");
    req.idle_ms = 500;
    const int64_t began = loop_now_ms();
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_UNKNOWN);
    ck_assert_str_eq(seen.msg, "no byte for 1 s");
    ck_assert_str_eq(seen.where, own);
    ck_assert_str_eq(seen.took, "one");
    ck_assert_int_ge(loop_now_ms() - began, 500);
    held_end();
}
END_TEST

START_TEST(silence_before_the_answer_ends_it_too)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "never");
    req.idle_ms = 100;
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_UNKNOWN);
    web_reply(held[0], &(struct http_reply){.status = 200});
}
END_TEST

static int drops;

static void on_drip(void *ctx)
{
    (void)ctx;
    if (held_n == 0)
        return;
    ck_assert(web_stream_send(held[0], ".", 1));
    if (++drops == 10)
        held_end();
}

START_TEST(a_stream_that_drips_is_not_silent)
{
    struct seen seen = {0};
    struct loop_timer *drip;
    struct fetch_loop_req req = asking(&seen, "stream");
    drops = 0;
    req.idle_ms = 1000;
    ck_ok(loop_timer_new(loop, 150, true, on_drip, NULL, &drip));
    ask(&seen, &req);
    loop_timer_free(drip);
    ck_assert_int_eq(seen.kind, ERR_NONE);
    ck_assert_str_eq(seen.took, "one..........");
}
END_TEST

START_TEST(time_ends_a_stream_that_does_not)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "stream");
    req.req.timeout_ms = 500;
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_UNKNOWN);
    ck_assert_str_eq(seen.took, "one");
    held_end();
}
END_TEST

START_TEST(nobody_there_and_nonsense_are_told_apart)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "echo");
    req.req.url = "http://127.0.0.1:1/hush?key=secret";
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_MISSING);
    ck_assert_str_eq(seen.where, "127.0.0.1:1"); /* no path: it may hold a secret */
    seen = (struct seen){0};
    req.req.url = "file:///etc/passwd";
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_INPUT);
    seen = (struct seen){0};
    req = asking(&seen, "echo");
    req.req.https_only = true;
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_INPUT);
}
END_TEST

START_TEST(a_header_that_cannot_be_does_not_begin)
{
    struct seen seen = {0};
    const struct http_pair split = {"X-A", "b\r\nX-C: d"};
    struct fetch_loop_req req = asking(&seen, "echo");
    req.req.pairs = &split;
    req.req.pairs_n = 1;
    ck_err(fetch_loop_add(f, &req, &seen.one), ERR_INPUT);
    ck_assert_uint_eq(fetch_loop_count(f), 0);
    run_ms(50);
    ck_assert_int_eq(seen.done, 0);
}
END_TEST

/* ---- a server that is none of ours: it says its line to each request, then maybe closes ---- */

static struct {
    int fd;
    struct loop_watch *listening, *reading;
    int conn, heard;
    const char *say[2]; /* to the first request and to later ones; NULL: closes */
    bool closes;
} rude;

static void rude_hang_up(void)
{
    loop_watch_free(rude.reading);
    rude.reading = NULL;
    close(rude.conn);
    rude.conn = -1;
}

static void on_rude_bytes(void *ctx)
{
    static char text[4096];
    (void)ctx;
    ssize_t n = read(rude.conn, text, sizeof text - 1);
    if (n <= 0) {
        rude_hang_up();
        return;
    }
    text[n] = '\0';
    if (strstr(text, "ping") == NULL)
        return;
    const char *line = rude.say[rude.heard++ > 0];
    if (line != NULL)
        ck_assert_int_eq(write(rude.conn, line, strlen(line)), (ssize_t)strlen(line));
    if (line == NULL || rude.closes)
        rude_hang_up();
}

static void on_rude_caller(void *ctx)
{
    (void)ctx;
    rude.conn = accept(rude.fd, NULL, NULL);
    ck_assert_int_ge(rude.conn, 0);
    ck_ok(loop_on_fd(loop, rude.conn, on_rude_bytes, NULL, &rude.reading));
}

static struct fetch_loop_req rude_asking(struct seen *seen)
{
    static char text[64];
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    rude.fd = socket(AF_INET, SOCK_STREAM, 0);
    rude.heard = 0;
    rude.conn = -1;
    ck_assert_int_eq(bind(rude.fd, (struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(listen(rude.fd, 5), 0);
    ck_assert_int_eq(getsockname(rude.fd, (struct sockaddr *)&in, &len), 0);
    ck_ok(loop_on_fd(loop, rude.fd, on_rude_caller, NULL, &rude.listening));
    struct fetch_loop_req req = asking(seen, "");
    (void)snprintf(text, sizeof text, "http://127.0.0.1:%u/", ntohs(in.sin_port));
    req.req.url = text;
    return req;
}

static void rude_end(void)
{
    if (rude.conn >= 0)
        rude_hang_up();
    loop_watch_free(rude.listening);
    close(rude.fd);
}

START_TEST(a_stream_cut_in_the_middle_is_an_unknown_outcome)
{
    struct seen seen = {0};
    rude.say[0] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n9\r\nhal";
    rude.closes = true;
    const struct fetch_loop_req req = rude_asking(&seen);
    ask(&seen, &req);
    rude_end();
    ck_assert_int_eq(seen.kind, ERR_UNKNOWN);
    ck_assert_str_eq(seen.took, "data: hal");
}
END_TEST

START_TEST(a_post_is_never_said_twice_when_a_kept_connection_dies)
{
    struct seen first = {0}, second = {0};
    rude.say[0] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    rude.say[1] = NULL;
    rude.closes = false;
    struct fetch_loop_req req = rude_asking(&first);
    ask(&first, &req);
    req.ctx = &second;
    ask(&second, &req);
    run_ms(100);
    ck_assert_int_eq(first.kind, ERR_NONE);
    ck_assert_int_eq(second.kind, ERR_UNKNOWN);
    ck_assert_int_eq(rude.heard, 2);
    rude_end();
}
END_TEST

/* ---- many, one after the other ---- */

START_TEST(fifty_at_once_are_all_answered)
{
    static struct seen seen[50];
    for (size_t i = 0; i < 50; i++) {
        seen[i] = (struct seen){0};
        add_path(&seen[i], i % 2 == 0 ? "stream" : "echo");
    }
    ck_assert_uint_eq(fetch_loop_count(f), 50);
    RUN_UNTIL(held_n == 25 && fetch_loop_count(f) == 25);
    held_end();
    run();
    for (size_t i = 0; i < 50; i++) {
        ck_assert_int_eq(seen[i].kind, ERR_NONE);
        ck_assert_str_eq(i % 2 == 0 ? seen[i].took : seen[i].body, i % 2 == 0 ? "one" : "ping");
    }
}
END_TEST

static struct seen next;

static void add_next(struct seen *seen)
{
    (void)seen;
    next = (struct seen){0};
    add_path(&next, "echo");
}

START_TEST(a_connection_serves_the_next_exchange_also_one_added_from_done)
{
    int64_t taken, refused;
    struct seen seen = {.on_done = add_next};
    const struct fetch_loop_req req = asking(&seen, "echo");
    ask(&seen, &req);
    ck_assert_int_eq(next.kind, ERR_NONE);
    next = (struct seen){0};
    seen = (struct seen){0};
    add_path(&seen, "echo");
    run();
    web_accepted(web, &taken, &refused);
    ck_assert_int_eq(taken, 1);
}
END_TEST

START_TEST(what_the_guard_judges_uses_nobodys_connection)
{
    int64_t taken, refused;
    const char *const allow[] = {own};
    struct fetch_guard guard = {.allow = allow, .allow_n = 0};
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "echo");
    ask(&seen, &req); /* leaves a connection behind */
    req.req.guard = &guard;
    seen = (struct seen){0};
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_INPUT);
    guard.allow_n = 1;
    for (int i = 0; i < 2; i++) {
        seen = (struct seen){0};
        ask(&seen, &req);
        ck_assert_int_eq(seen.kind, ERR_NONE);
    }
    web_accepted(web, &taken, &refused);
    ck_assert_int_eq(taken, 3);
}
END_TEST

/* ---- cancelling and freeing, from anywhere ---- */

static void cancel_self(struct seen *seen)
{
    fetch_one_cancel(seen->one);
}

static void cancel_next(struct seen *seen)
{
    (void)seen;
    fetch_one_cancel(next.one);
    next.one = NULL;
}

START_TEST(a_cancelled_exchange_says_nothing_more)
{
    struct seen seen = {0}, never = {0};
    add_path(&seen, "stream");
    add_path(&never, "never");
    fetch_one_cancel(never.one); /* before it began */
    RUN_UNTIL(seen.pieces == 1);
    fetch_one_cancel(seen.one);
    fetch_one_cancel(NULL);
    ck_assert_uint_eq(fetch_loop_count(f), 0);
    ck_assert_uint_eq(held_n, 1);
    (void)web_stream_send(held[0], "two", 3);
    run_ms(100);
    ck_assert_uint_eq(web_connections(web), 1); /* the request that is not ended yet */
    held_end();
    RUN_UNTIL(web_connections(web) == 0);
    ck_assert_int_eq(seen.pieces, 1);
    ck_assert_int_eq(seen.done + never.done + never.pieces, 0);
}
END_TEST

START_TEST(an_exchange_may_be_cancelled_from_its_own_took)
{
    struct seen seen = {.on_took = cancel_self};
    add_path(&seen, "stream");
    RUN_UNTIL(fetch_loop_count(f) == 0);
    run_ms(50);
    ck_assert_str_eq(seen.took, "one");
    ck_assert_int_eq(seen.done, 0);
    held_end();
}
END_TEST

START_TEST(an_exchange_may_be_cancelled_from_its_own_done)
{
    struct seen seen = {.on_done = cancel_self};
    const struct fetch_loop_req req = asking(&seen, "echo");
    ask(&seen, &req);
    ck_assert_int_eq(seen.done, 1);
}
END_TEST

START_TEST(another_may_be_cancelled_from_took_and_done)
{
    struct seen seen = {.on_took = cancel_next};
    next = (struct seen){0};
    add_path(&next, "never");
    add_path(&seen, "stream");
    RUN_UNTIL(fetch_loop_count(f) == 1);
    ck_assert_int_eq(seen.pieces, 1);
    fetch_one_cancel(seen.one);
    seen = (struct seen){.on_done = cancel_next};
    next = (struct seen){0};
    add_path(&next, "stream");
    left = 1;
    add_path(&seen, "echo");
    left = 1;
    run();
    ck_assert_int_eq(next.done, 0);
}
END_TEST

static void free_all(struct seen *seen)
{
    (void)seen;
    fetch_loop_free(f);
    f = NULL;
}

static void free_all_and_begin_anew(struct seen *seen)
{
    free_all(seen);
    ck_ok(fetch_loop_new(loop, &f));
}

START_TEST(all_may_be_freed_under_way_without_a_word)
{
    static struct seen seen[10];
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < 10; i++)
        add_path(&seen[i], i % 2 == 0 ? "never" : "stream");
    RUN_UNTIL(held_n == 10);
    add_path(&seen[0], "echo");
    free_all(NULL);
    fetch_loop_free(NULL);
    run_ms(100);
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_eq(seen[i].done, 0);
}
END_TEST

START_TEST(all_may_be_freed_from_took)
{
    struct seen first = {.on_took = free_all}, second = first, third = {0};
    add_path(&first, "stream");
    add_path(&second, "stream");
    add_path(&third, "never");
    RUN_UNTIL(f == NULL);
    run_ms(50);
    ck_assert_int_eq(first.pieces + second.pieces, 1);
    ck_assert_int_eq(first.done + second.done + third.done, 0);
}
END_TEST

START_TEST(all_may_be_freed_from_done_and_begun_anew)
{
    struct seen seen = {.on_done = free_all_and_begin_anew}, other = {0};
    add_path(&other, "never");
    add_path(&seen, "echo");
    left = 1;
    run();
    ck_assert_int_eq(seen.done, 1);
    ck_assert_int_eq(other.done, 0);
    seen = (struct seen){0};
    add_path(&seen, "echo");
    run();
    ck_assert_int_eq(seen.kind, ERR_NONE);
}
END_TEST

/* ---- names ---- */

/* In the place of libc's, also for libcurl's threads: a name server that thinks for two seconds. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    (void)node, (void)service, (void)hints;
    *out = NULL;
    usleep(5000000);
    return EAI_NONAME;
}

START_TEST(a_slow_name_server_holds_neither_the_loop_nor_who_cancels)
{
    struct seen seen = {0}, other = {0}, third = {0};
    struct fetch_loop_req req = asking(&seen, "echo");
    const int64_t began = loop_now_ms();
    req.req.url = "http://slow.example/";
    add(&seen, &req);
    req.ctx = &third;
    req.req.connect_ms = 200;
    add(&third, &req);
    add_path(&other, "echo");
    left = 2;
    ck_ok(loop_run(loop));
    ck_assert_int_eq(other.kind, ERR_NONE);
    ck_assert_int_eq(third.kind, ERR_MISSING);
    fetch_one_cancel(seen.one);
    ck_assert_int_eq(seen.done, 0);
    ck_assert_int_lt(loop_now_ms() - began, 4500); /* of 5000 */
    usleep(5300000);                               /* its threads end by themselves */
}
END_TEST

START_TEST(a_name_that_is_none_is_nobody)
{
    struct seen seen = {0};
    struct fetch_loop_req req = asking(&seen, "echo");
    req.req.url = "http://none.example/";
    ask(&seen, &req);
    ck_assert_int_eq(seen.kind, ERR_MISSING);
    ck_assert_str_eq(seen.where, "none.example:80");
}
END_TEST

TEST_MAIN_AROUND(
    "fetch_loop", up, down, an_answer_is_collected_with_its_header,
    a_stream_comes_in_pieces_as_it_is_sent, a_stream_is_collected_when_nobody_takes_it,
    an_answer_that_is_not_2xx_is_collected_whatever_its_type,
    a_request_is_copied_and_a_large_one_is_sent_whole, an_answer_past_the_ceiling_is_refused,
    silence_ends_a_stream, silence_before_the_answer_ends_it_too, a_stream_that_drips_is_not_silent,
    time_ends_a_stream_that_does_not, nobody_there_and_nonsense_are_told_apart,
    a_header_that_cannot_be_does_not_begin, a_stream_cut_in_the_middle_is_an_unknown_outcome,
    a_post_is_never_said_twice_when_a_kept_connection_dies, fifty_at_once_are_all_answered,
    a_connection_serves_the_next_exchange_also_one_added_from_done,
    what_the_guard_judges_uses_nobodys_connection, a_cancelled_exchange_says_nothing_more,
    an_exchange_may_be_cancelled_from_its_own_took, an_exchange_may_be_cancelled_from_its_own_done,
    another_may_be_cancelled_from_took_and_done, all_may_be_freed_under_way_without_a_word,
    all_may_be_freed_from_took, all_may_be_freed_from_done_and_begun_anew,
    a_slow_name_server_holds_neither_the_loop_nor_who_cancels, a_name_that_is_none_is_nobody)
