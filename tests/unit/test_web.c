/* Requests answered whole, in time or not, by a server on real sockets. */
#include "tests/unit/web_server.h"

static void on_echo(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct http_req *http = web_http(req);
    struct http_reply reply = {.status = 200,
                               .content_type = "text/plain",
                               .body = http->body.at,
                               .body_len = http->body.len};
    web_reply(req, &reply);
}

static void on_path(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct http_req *http = web_http(req);
    struct http_pair pair = {.name = "X-Trace", .value = web_trace(req)};
    struct http_reply reply = {.status = 200,
                               .content_type = "text/plain",
                               .pairs = &pair,
                               .pairs_n = pair.value == NULL ? 0 : 1,
                               .body = http->target.at,
                               .body_len = http->target.len};
    web_reply(req, &reply);
}

static void on_peer(struct web_req *req, void *ctx)
{
    (void)ctx;
    const struct web_peer *peer = web_peer(req);
    bool me = peer->is_unix ? peer->uid == getuid() && peer->pid == getpid()
                            : netaddr_is_loopback(&peer->addr);
    web_refuse(req, me ? 401 : 500, peer->text);
}

static void on_hold(struct web_req *req, void *ctx)
{
    (void)ctx;
    web_on_gone(req, on_gone, NULL);
    __atomic_store_n(&srv.held, req, __ATOMIC_SEQ_CST);
}

static void on_split(struct web_req *req, void *ctx)
{
    (void)ctx;
    struct http_pair pair = {.name = "Location", .value = "/a\r\nSet-Cookie: x"};
    web_reply(req, &(struct http_reply){.status = 302, .pairs = &pair, .pairs_n = 1});
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

static const struct web_route routes[] = {
    {HTTP_POST, "/echo", 100000, on_echo},
    {HTTP_GET, "/path/*", 0, on_path},
    {HTTP_GET, "/peer", 0, on_peer},
    {HTTP_GET, "/hold", 0, on_hold},
    {HTTP_GET, "/split", 0, on_split},
    {HTTP_GET, "/large", 0, on_large},
    {HTTP_POST, "/small", 4, on_echo},
    {HTTP_GET, "/two", 0, on_path},
    {HTTP_POST | HTTP_OPTIONS, "/two", 10, on_echo},
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

static int dial_unix(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    strncpy(un.sun_path, srv.path, sizeof un.sun_path - 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
    return fd;
}

#define CLOSE "Host: a\r\nConnection: close\r\n"

START_TEST(a_request_is_answered_with_the_promised_headers)
{
    start(patient());
    const char *text = exchange("POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello");
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 200 OK\r\nDate: ", 23), 0);
    ck_assert_ptr_nonnull(strstr(text, "Content-Length: 5\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "X-Content-Type-Options: nosniff\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "Cache-Control: no-store\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "X-Request-Id: "));
    ck_assert_ptr_nonnull(strstr(text, "Connection: close\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\nhello"));
    stop();
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    start(patient());
    const char *text = exchange("GET /path/1 HTTP/1.1\r\nHost: a\r\n\r\n"
                                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n3\r\ntwo\r\n0\r\n\r\n"
                                "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
                                "GET /path/4 HTTP/1.1\r\n" CLOSE "\r\n"
                                "GET /path/5 HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *one = strstr(text, "/path/1"), *two = strstr(text, "\r\n\r\ntwo");
    const char *three = strstr(text, "404 Not Found"), *four = strstr(text, "/path/4");
    ck_assert(one != NULL && one < two && two < three && three < four);
    ck_assert_ptr_null(strstr(text, "/path/5"));
    stop();
}
END_TEST

START_TEST(a_later_reply_keeps_the_order_and_the_connection)
{
    start(patient());
    int fd = dial();
    say(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /path/x HTTP/1.1\r\n" CLOSE "\r\n");
    wait_held();
    loop_wake(srv.answer);
    const char *text = hear(fd, NULL);
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 204 ", 13), 0);
    ck_assert_ptr_nonnull(strstr(text, "/path/x"));
    close(fd);
    stop();
}
END_TEST

START_TEST(a_half_closed_client_still_gets_its_answer)
{
    start(patient());
    int fd = dial();
    say(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(fd, SHUT_WR);
    wait_held();
    wait_for(&srv.gone, 1);
    loop_wake(srv.answer);
    ck_assert_int_eq(strncmp(hear(fd, NULL), "HTTP/1.1 204 ", 13), 0);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_client_that_leaves_is_told_of_and_survived)
{
    start(patient());
    int fd = dial();
    say(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    const struct linger hard = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd); /* a reset */
    wait_for(&srv.gone, 1);
    loop_wake(srv.answer);
    ck_assert_ptr_nonnull(strstr(exchange("GET /path/ HTTP/1.1\r\n" CLOSE "\r\n"), "200 OK"));
    stop();
}
END_TEST

START_TEST(unknown_paths_and_methods_are_told_apart)
{
    start(patient());
    ck_assert_ptr_nonnull(strstr(exchange("GET /x HTTP/1.1\r\n" CLOSE "\r\n"), "404 Not Found"));
    const char *text = exchange("DELETE /two HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(text, "405 Method Not Allowed"));
    ck_assert_ptr_nonnull(strstr(text, "Allow: GET, HEAD, POST, OPTIONS\r\n"));
    text = exchange("OPTIONS * HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(text, "405 Method Not Allowed"));
    text = exchange("OPTIONS /two HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(text, "200 OK"));
    /* a body nobody will read ends the connection */
    text = exchange("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    ck_assert_ptr_nonnull(strstr(text, "404 Not Found"));
    ck_assert_ptr_nonnull(strstr(text, "Connection: close"));
    stop();
}
END_TEST

START_TEST(the_servers_own_fields_are_in_every_reply)
{
    static const struct http_pair always[] = {{"X-Always", "yes"}};
    static const char *const asked[] = {
        "GET /path/abc HTTP/1.1\r\n" CLOSE "\r\n",
        "GET /none HTTP/1.1\r\n" CLOSE "\r\n",
        "POST /path/a HTTP/1.1\r\n" CLOSE "\r\n",
        "BREW /path/a HTTP/1.1\r\n" CLOSE "\r\n",
        "GET /a\1 HTTP/1.1\r\n" CLOSE "\r\n",
        "POST /small HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 9\r\n\r\n123456789",
    };
    start(patient());
    web_always(srv.web, always, 1);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const char *text = exchange(asked[i]);
        ck_assert_msg(strstr(text, "X-Always: yes\r\n") != NULL, "%s", text);
    }
    stop();
}
END_TEST

START_TEST(a_field_that_a_reply_says_itself_stands_for_the_servers)
{
    static const struct http_pair always[] = {{"x-trace", "the server's"}, {"X-Always", "yes"}};
    start(patient());
    web_always(srv.web, always, 2);
    const char *text = exchange("GET /path/abc HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_msg(strstr(text, "x-trace: the server's\r\n") != NULL, "%s", text);
    text = exchange("GET /path/abc HTTP/1.1\r\ntraceparent: "
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" CLOSE "\r\n");
    ck_assert_msg(strstr(text, "X-Trace: 0af7651916cd43dd8448eb211c80319c\r\n") != NULL &&
                      strstr(text, "the server's") == NULL &&
                      strstr(text, "X-Always: yes\r\n") != NULL,
                  "%s", text);
    stop();
}
END_TEST

START_TEST(head_is_get_without_its_body)
{
    start(patient());
    const char *text = exchange("HEAD /path/abc HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(text, "Content-Length: 9\r\n"));
    ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\n");
    stop();
}
END_TEST

START_TEST(bodies_past_a_routes_ceiling_are_refused_before_they_are_sent)
{
    start(patient());
    const char *text = exchange("POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                "Content-Length: 5\r\n\r\n");
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 413 Content Too Large\r\n", 32), 0);
    text = exchange("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n2\r\n");
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 413 ", 13), 0);
    text = exchange("GET /peer HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    ck_assert_int_eq(strncmp(text, "HTTP/1.1 413 ", 13), 0);
    stop();
}
END_TEST

START_TEST(a_client_that_expects_100_gets_it)
{
    start(patient());
    int fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\n" CLOSE "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    ck_assert_str_eq(hear(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "ok");
    ck_assert_ptr_nonnull(strstr(hear(fd, NULL), "\r\n\r\nok"));
    close(fd);
    ck_assert_ptr_nonnull(strstr(exchange("GET /peer HTTP/1.1\r\n" CLOSE "Expect: x\r\n\r\n"),
                                 "417 Expectation Failed"));
    stop();
}
END_TEST

START_TEST(a_refusal_arrives_even_under_a_flood)
{
    start(patient());
    static char flood[1 << 20];
    memset(flood, 'a', sizeof flood);
    int fd = dial();
    say(fd, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n");
    (void)send(fd, flood, sizeof flood, MSG_NOSIGNAL | MSG_DONTWAIT);
    ck_assert_int_eq(strncmp(hear(fd, NULL), "HTTP/1.1 413 ", 13), 0);
    close(fd);
    stop();
}
END_TEST

START_TEST(malformed_requests_are_refused_with_a_sentence)
{
    start(patient());
    const char *text = exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(text, "400 Bad Request"));
    ck_assert_ptr_nonnull(strstr(text, "{\"error\": \"more than one Host header\"}"));
    ck_assert_ptr_nonnull(strstr(text, "Connection: close"));
    ck_assert_ptr_nonnull(strstr(exchange("GET / HTTP/1.0\r\n\r\n"), "505 "));
    stop();
}
END_TEST

START_TEST(slow_clients_run_into_their_deadlines)
{
    start(quick());
    int silent = dial(), head = dial(), body = dial(), idle = dial();
    say(head, "GET / HTT");
    say(body, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    say(idle, "GET /path/ HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert_str_eq(hear(silent, NULL), "");
    ck_assert_ptr_nonnull(strstr(hear(head, NULL), "408 Request Timeout"));
    ck_assert_ptr_nonnull(strstr(hear(body, NULL), "408 Request Timeout"));
    const char *text = hear(idle, NULL);
    ck_assert_ptr_nonnull(strstr(text, "200 OK"));
    ck_assert_ptr_null(strstr(text, "408"));
    close(silent);
    close(head);
    close(body);
    close(idle);
    stop();
}
END_TEST

START_TEST(a_byte_now_and_then_does_not_move_the_deadline)
{
    start(quick());
    int fd = dial();
    int sent = 0;
    while (sent < 40 && send(fd, "G", 1, MSG_NOSIGNAL) == 1 && sent >= 0) {
        char c;
        usleep(50000);
        if (sent == 0)
            ck_assert_int_eq(recv(fd, &c, 1, MSG_DONTWAIT), -1);
        sent++;
        if (recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) >= 0)
            break;
    }
    ck_assert_int_lt(sent, 40);
    close(fd);
    stop();
}
END_TEST

START_TEST(a_client_that_does_not_read_is_cut_off)
{
    start(quick());
    int fd = dial();
    say(fd, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 1000 && web_connections(srv.web) != 1; i++)
        usleep(2000);
    for (int i = 0; i < 1000 && web_connections(srv.web) != 0; i++)
        usleep(5000);
    ck_assert_uint_eq(web_connections(srv.web), 0);
    close(fd);
    stop();
}
END_TEST

START_TEST(the_ceiling_in_all_takes_the_place_of_an_idle_connection_or_says_503)
{
    struct web_limits limits = patient();
    limits.connections_max = 2;
    start(limits);
    int idle = dial();
    say(idle, "GET /path/ HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(idle, "/path/");
    int held = dial();
    say(held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    int next = dial();
    say(next, "GET /path/n HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(next, "/path/n");
    ck_assert_str_eq(hear(idle, NULL), ""); /* made way */
    say(next, "GET /path/n HT");
    usleep(500 * 1000); /* not idle any more */
    int over = dial();
    ck_assert_ptr_nonnull(strstr(hear(over, NULL), "503 Service Unavailable"));
    loop_wake(srv.answer);
    (void)hear(held, "204");
    close(idle);
    close(held);
    close(next);
    close(over);
    stop();
}
END_TEST

START_TEST(the_ceiling_per_peer_says_429_and_spares_the_unix_socket)
{
    struct web_limits limits = patient();
    limits.per_peer_max = 2;
    start(limits);
    int one = dial(), two = dial(), three = dial();
    ck_assert_ptr_nonnull(strstr(hear(three, NULL), "429 Too Many Requests"));
    int local = dial_unix();
    say(local, "GET /peer HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(hear(local, NULL), "{\"error\": \"unix\"}"));
    close(one);
    for (int i = 0; i < 1000 && web_connections(srv.web) != 1; i++)
        usleep(2000);
    ck_assert_ptr_nonnull(strstr(exchange("GET /peer HTTP/1.1\r\n" CLOSE "\r\n"), "401 "));
    close(two);
    close(three);
    close(local);
    stop();
}
END_TEST

START_TEST(who_is_past_its_own_ceiling_takes_nobody_elses_place)
{
    struct web_limits limits = patient();
    struct sockaddr_in in = {.sin_family = AF_INET};
    limits.connections_max = 2;
    limits.per_peer_max = 1;
    start(limits);
    const int idle = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_addr.s_addr = htonl(0x7F000002);
    ck_assert_int_eq(bind(idle, (struct sockaddr *)&in, sizeof in), 0);
    in.sin_port = htons(srv.port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(idle, (struct sockaddr *)&in, sizeof in), 0);
    say(idle, "GET /path/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(idle, "/path/1");
    const int one = dial(), over = dial();
    ck_assert_ptr_nonnull(strstr(hear(over, NULL), "429 Too Many Requests"));
    say(idle, "GET /path/2 HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(idle, "/path/2");
    close(idle);
    close(one);
    close(over);
    stop();
}
END_TEST

START_TEST(whoever_fills_the_ceiling_over_tcp_leaves_room_on_the_unix_socket)
{
    struct web_limits limits = patient();
    limits.connections_max = 1;
    start(limits);
    const int one = dial(), over = dial();
    ck_assert_ptr_nonnull(strstr(hear(over, NULL), "503 Service Unavailable"));
    const int local = dial_unix();
    say(local, "GET /peer HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_nonnull(strstr(hear(local, NULL), "{\"error\": \"unix\"}"));
    close(one);
    close(over);
    close(local);
    stop();
}
END_TEST

START_TEST(the_unix_sockets_file_is_private_and_never_stolen)
{
    start(patient());
    struct stat st;
    ck_assert_int_eq(stat(srv.path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    struct web *other = NULL;
    ck_ok(web_new(srv.loop, &(struct web_limits){0}, routes, 1, NULL, &other));
    ck_err(web_listen_unix(other, srv.path, 0600), ERR_CONFLICT);
    ck_err(web_listen_unix(other, "/dev/null", 0600), ERR_INPUT);
    ck_err(web_listen_unix(other, "/nowhere/x", 0600), ERR_INPUT);
    ck_err(web_listen_tcp(other, "127.0.0.1", NULL), ERR_INPUT);
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", srv.port);
    ck_err(web_listen_tcp(other, taken, NULL), ERR_CONFLICT);
    web_free(other);
    stop();
}
END_TEST

START_TEST(a_dead_socket_file_is_replaced)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/closegate-test-dead-%d.sock", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    strncpy(un.sun_path, path, sizeof un.sun_path - 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    close(fd);
    start(patient());
    struct web *other = NULL;
    ck_ok(web_new(srv.loop, &(struct web_limits){0}, routes, 1, NULL, &other));
    ck_ok(web_listen_unix(other, path, 0660));
    web_free(other);
    ck_assert_int_ne(access(path, F_OK), 0);
    stop();
}
END_TEST

START_TEST(a_drain_lets_requests_finish_and_takes_no_more)
{
    start(patient());
    int idle = dial(), held = dial();
    say(idle, "GET /path/ HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)hear(idle, "/path/");
    say(held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_held();
    loop_wake(srv.drain);
    ck_assert_str_eq(hear(idle, NULL), "");
    ck_assert_int_eq(__atomic_load_n(&srv.drained, __ATOMIC_SEQ_CST), 0);
    loop_wake(srv.answer);
    ck_assert_ptr_nonnull(strstr(hear(held, NULL), "Connection: close"));
    close(held);
    wait_for(&srv.drained, 1);
    close(idle);
    stop();
}
END_TEST

START_TEST(a_response_header_cannot_be_split)
{
    start(patient());
    const char *text = exchange("GET /split HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_ptr_null(strstr(text, "Set-Cookie"));
    stop();
}
END_TEST

START_TEST(a_traceparent_is_read_or_ignored)
{
    start(patient());
    const char *text =
        exchange("GET /path/ HTTP/1.1\r\n" CLOSE
                 "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(text, "X-Trace: 0af7651916cd43dd8448eb211c80319c\r\n"));
    text = exchange("GET /path/ HTTP/1.1\r\n" CLOSE
                    "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n\r\n");
    ck_assert_ptr_null(strstr(text, "X-Trace"));
    stop();
}
END_TEST

TEST_MAIN("web", a_request_is_answered_with_the_promised_headers,
          pipelined_requests_are_answered_in_order,
          a_later_reply_keeps_the_order_and_the_connection,
          a_half_closed_client_still_gets_its_answer, a_client_that_leaves_is_told_of_and_survived,
          unknown_paths_and_methods_are_told_apart, the_servers_own_fields_are_in_every_reply,
          a_field_that_a_reply_says_itself_stands_for_the_servers, head_is_get_without_its_body,
          bodies_past_a_routes_ceiling_are_refused_before_they_are_sent,
          a_client_that_expects_100_gets_it, a_refusal_arrives_even_under_a_flood,
          malformed_requests_are_refused_with_a_sentence, slow_clients_run_into_their_deadlines,
          a_byte_now_and_then_does_not_move_the_deadline, a_client_that_does_not_read_is_cut_off,
          the_ceiling_in_all_takes_the_place_of_an_idle_connection_or_says_503,
          the_ceiling_per_peer_says_429_and_spares_the_unix_socket,
          who_is_past_its_own_ceiling_takes_nobody_elses_place,
          whoever_fills_the_ceiling_over_tcp_leaves_room_on_the_unix_socket,
          the_unix_sockets_file_is_private_and_never_stolen, a_dead_socket_file_is_replaced,
          a_drain_lets_requests_finish_and_takes_no_more, a_response_header_cannot_be_split,
          a_traceparent_is_read_or_ignored)
