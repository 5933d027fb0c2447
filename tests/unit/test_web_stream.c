/* Requests answered in pieces: the framing, clients that leave, clients that do not read. */
#include "tests/unit/web_server.h"

/* Three pieces, one of them empty; /stream/end ends at once, /stream/held when the test says so. */
static void on_stream(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_on_gone(req, on_gone, NULL);
    web_stream(req, &(struct http_reply){.status = 200, .content_type = "text/event-stream"});
    ck_assert(web_stream_send(req, "one", 3));
    ck_assert(web_stream_send(req, "", 0));
    ck_assert(web_stream_send(req, "and the second", 14));
    if (str_is(web_http(req)->path, "/stream/end"))
        web_stream_end(req);
    else
        __atomic_store_n(&srv.held, req, __ATOMIC_SEQ_CST);
}

/* As much as may be owed to a client that does not read. */
static void pour(struct web_req *req)
{
    static const char piece[64 * 1024];
    size_t sent = 0;
    while (sent <= 2 * WEB_STREAM_AHEAD && web_stream_send(req, piece, sizeof piece))
        sent += sizeof piece;
    ck_assert_uint_le(sent, WEB_STREAM_AHEAD);
}

static void on_torrent(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_on_gone(req, on_gone, NULL);
    web_stream(req, &(struct http_reply){.status = 200, .content_type = "text/event-stream"});
    pour(req);
    __atomic_store_n(&srv.held, req, __ATOMIC_SEQ_CST);
}

/* More than a head holds: nothing of the stream goes out, and the request is ours to end yet. */
static void on_swollen(struct web_req *req, void *ctx)
{
    (void)ctx;
    static char value[100 * 1024];
    memset(value, 'x', sizeof value - 1);
    const struct http_pair pair = {"X-Large", value};
    web_stream(
        req, &(struct http_reply){
                 .status = 200, .content_type = "text/event-stream", .pairs = &pair, .pairs_n = 1});
    __atomic_store_n(&srv.held, req, __ATOMIC_SEQ_CST);
}

static const struct web_route routes[] = {
    {HTTP_GET, "/stream/*", 0, on_stream},
    {HTTP_GET, "/swollen", 0, on_swollen},
    {HTTP_GET, "/torrent", 0, on_torrent},
};

static void on_answer(void *ctx)
{
    (void)ctx;
    struct web_req *req = __atomic_load_n(&srv.held, __ATOMIC_SEQ_CST);
    if (str_is(web_http(req)->path, "/torrent") && srv.gone == 0) {
        pour(req); /* what the kernel took meanwhile makes room */
        return;
    }
    __atomic_store_n(&srv.held, NULL, __ATOMIC_SEQ_CST);
    (void)web_stream_send(req, "late", 4);
    web_stream_end(req);
}

static void start(struct web_limits limits)
{
    start_with(limits, routes, sizeof routes / sizeof routes[0], on_answer);
}

START_TEST(pieces_are_chunks_and_the_connection_goes_on)
{
    start(patient());
    int fd = dial();
    say(fd, "GET /stream/end HTTP/1.1\r\nHost: a\r\n\r\n"
            "GET /stream/end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *text = hear(fd, NULL);
    const char *first = strstr(text, "\r\n\r\n3\r\none\r\ne\r\nand the second\r\n0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(text, "Transfer-Encoding: chunked\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "Cache-Control: no-store\r\n"));
    ck_assert_ptr_null(strstr(text, "Content-Length"));
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(strstr(first + 1, "\r\n\r\n3\r\none\r\n"));
    close(fd);
    stop();
}
END_TEST

START_TEST(a_stream_waits_longer_than_any_deadline_while_nothing_is_owed)
{
    start(quick());
    int fd = dial();
    say(fd, "GET /stream/held HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(fd, "and the second");
    wait_held();
    usleep(2000 * 1000); /* every deadline of quick() is 1 s */
    ck_assert_int_eq(srv.gone, 0);
    loop_wake(srv.answer);
    (void)hear(fd, "4\r\nlate\r\n0\r\n\r\n");
    close(fd);
    stop();
}
END_TEST

START_TEST(a_client_that_leaves_a_stream_is_told_of_once)
{
    start(patient());
    int fd = dial();
    say(fd, "GET /stream/held HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(fd, "and the second");
    wait_held();
    close(fd);
    wait_for(&srv.gone, 1);
    loop_wake(srv.answer); /* sends into nothing, and ends */
    for (int i = 0; i < 1000 && web_connections(srv.web) != 0; i++)
        usleep(5000);
    ck_assert_uint_eq(web_connections(srv.web), 0);
    ck_assert_int_eq(srv.gone, 1);
    stop();
}
END_TEST

START_TEST(a_client_that_does_not_read_its_stream_is_gone_in_time)
{
    start(quick());
    int fd = dial();
    say(fd, "GET /torrent HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    for (int i = 0; i < 1000 && __atomic_load_n(&srv.gone, __ATOMIC_SEQ_CST) == 0; i++) {
        loop_wake(srv.answer);
        usleep(5000);
    }
    ck_assert_int_eq(srv.gone, 1);
    loop_wake(srv.answer);
    for (int i = 0; i < 1000 && web_connections(srv.web) != 0; i++)
        usleep(5000);
    ck_assert_uint_eq(web_connections(srv.web), 0);
    close(fd);
    stop();
}
END_TEST

static int dial_unix(void)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const struct timeval patience = {.tv_sec = 10};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path, srv.path, strlen(srv.path) + 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/* All of it is owed from the handler itself, and nothing is sent later; a Unix socket holds less
 * than that. */
START_TEST(a_client_that_reads_nothing_of_what_was_sent_at_once_is_gone_in_time)
{
    start(quick());
    const int fd = dial_unix();
    say(fd, "GET /torrent HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    wait_for(&srv.gone, 1);
    loop_wake(srv.answer);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_stream_that_cannot_begin_is_its_handlers_until_it_ends_it)
{
    start(patient());
    const int fd = dial();
    say(fd, "GET /swollen HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_str_eq(hear(fd, NULL), "");
    wait_held();
    ck_assert_uint_eq(web_connections(srv.web), 1);
    loop_wake(srv.answer);
    for (int i = 0; i < 1000 && web_connections(srv.web) != 0; i++)
        usleep(5000);
    ck_assert_uint_eq(web_connections(srv.web), 0);
    close(fd);
    stop();
}
END_TEST

START_TEST(head_of_a_stream_is_its_head)
{
    start(patient());
    const char *text =
        exchange("HEAD /stream/end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const char *end = strstr(text, "\r\n\r\n");
    ck_assert_ptr_nonnull(end);
    ck_assert_str_eq(end, "\r\n\r\n");
    stop();
}
END_TEST

START_TEST(a_drain_waits_for_a_stream)
{
    start(patient());
    int fd = dial();
    say(fd, "GET /stream/held HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    loop_wake(srv.drain);
    usleep(50000);
    ck_assert_int_eq(srv.drained, 0);
    loop_wake(srv.answer);
    (void)hear(fd, NULL);
    wait_for(&srv.drained, 1);
    close(fd);
    stop();
}
END_TEST

TEST_MAIN("web_stream", pieces_are_chunks_and_the_connection_goes_on,
          a_stream_waits_longer_than_any_deadline_while_nothing_is_owed,
          a_client_that_leaves_a_stream_is_told_of_once,
          a_client_that_does_not_read_its_stream_is_gone_in_time,
          a_client_that_reads_nothing_of_what_was_sent_at_once_is_gone_in_time,
          a_stream_that_cannot_begin_is_its_handlers_until_it_ends_it, head_of_a_stream_is_its_head,
          a_drain_waits_for_a_stream)
