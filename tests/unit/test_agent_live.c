/* Streams of what changes: told together what changes together, ended with the session they were
 * opened with, and no more of them than one person has windows. */
#include "agent/web/live.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/call/topic.h"
#include "agent/store/sessions.h"
#include "common/sys/log.h"
#include "tests/unit/test.h"

static struct {
    struct loop *loop;
    struct live *live;
    struct web *web;
    struct loop_wake *stop;
    pthread_t thread;
    uint16_t port;
    atomic_int over; /* the first letter of whose session holds no longer */
} srv;

static bool still(void *ctx, const uint8_t *session)
{
    (void)ctx;
    return session[0] != (uint8_t)atomic_load(&srv.over);
}

/* GET /maria is a stream of Maria's. */
static void on_events(struct web_req *req, void *ctx)
{
    const struct str path = web_http(req)->path;
    char name[32] = {0};
    uint8_t session[SESSION_ID_LEN] = {0};
    (void)ctx;
    memcpy(name, path.at + 1, path.len - 1);
    session[0] = (uint8_t)name[0];
    live_open(srv.live, req, &(struct live_who){name, session}, NULL, 0);
}

static const struct web_route routes[] = {{HTTP_GET, "/*", 0, on_events}};

static void on_stop(void *ctx)
{
    (void)ctx;
    live_end_all(srv.live);
    loop_stop(srv.loop);
}

static void *run(void *arg)
{
    ck_ok(loop_run(arg));
    return NULL;
}

static void start(uint32_t heartbeat_ms)
{
    const struct web_limits limits = web_limits_default();
    log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
    memset(&srv, 0, sizeof srv);
    ck_ok(loop_new(&srv.loop));
    ck_ok(live_new(
        &(struct live_options){.loop = srv.loop, .heartbeat_ms = heartbeat_ms, .still = still},
        &srv.live));
    ck_ok(web_new(srv.loop, &limits, routes, 1, NULL, &srv.web));
    ck_ok(web_listen_tcp(srv.web, "127.0.0.1:0", &srv.port));
    ck_ok(loop_wake_new(srv.loop, on_stop, NULL, &srv.stop));
    ck_assert_int_eq(pthread_create(&srv.thread, NULL, run, srv.loop), 0);
}

static void stop(void)
{
    loop_wake(srv.stop);
    pthread_join(srv.thread, NULL);
    ck_assert_uint_eq(live_streams(srv.live), 0);
    live_free(srv.live);
    web_free(srv.web);
    loop_wake_free(srv.stop);
    loop_free(srv.loop);
}

/* A browser that has what it was sent so far. */
struct browser {
    int fd;
    char text[8192];
};

static void hear(struct browser *b, const char *want)
{
    size_t len = strlen(b->text);
    while (want == NULL || strstr(b->text, want) == NULL) {
        const ssize_t n = recv(b->fd, b->text + len, sizeof b->text - 1 - len, 0);
        ck_assert_msg(n >= 0, "nothing more within 5 s: %s", b->text);
        if (n == 0)
            break;
        len += (size_t)n;
        b->text[len] = '\0';
        if (want == NULL && strstr(b->text, "\r\n0\r\n\r\n") != NULL)
            break;
    }
    ck_assert_msg(want == NULL || strstr(b->text, want) != NULL, "%s", b->text);
}

static struct browser *browse(const char *name)
{
    static struct browser all[64];
    static size_t n;
    struct browser *b = &all[n++];
    const struct timeval patience = {.tv_sec = 5};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(srv.port)};
    char request[128];
    ck_assert_uint_le(n, 64);
    b->fd = socket(AF_INET, SOCK_STREAM, 0);
    b->text[0] = '\0';
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(b->fd, (struct sockaddr *)&in, sizeof in), 0);
    setsockopt(b->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", name);
    ck_assert_int_eq(send(b->fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
    hear(b, "\n\n");
    return b;
}

static bool opened(const struct browser *b)
{
    return strstr(b->text, " 200 OK") != NULL && strstr(b->text, "\"topics\":[]") != NULL;
}

static int times(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

START_TEST(what_changes_within_a_moment_is_told_once)
{
    start(0);
    struct browser *maria = browse("maria"), *sam = browse("sam");
    ck_assert(opened(maria) && opened(sam));
    for (int i = 0; i < 50; i++) {
        live_tell(srv.live, TOPIC_ESCALATIONS);
        live_tell(srv.live, TOPIC_AUDIT | TOPIC_STATUS);
    }
    usleep(400 * 1000);
    live_tell(srv.live, TOPIC_RULES); /* comes after all of it */
    hear(maria, "\"rules\"");
    hear(sam, "\"rules\"");
    ck_assert_ptr_nonnull(strstr(maria->text, "\"escalations\""));
    ck_assert_ptr_nonnull(strstr(maria->text, "\"audit\""));
    ck_assert_int_le(times(maria->text, "event: change"), 50); /* of a hundred and the hello */
    live_tell(srv.live, 1u << TOPICS_N);                       /* no topic */
    stop();
}
END_TEST

START_TEST(a_stream_ends_when_its_person_signs_out_and_no_other_does)
{
    start(0);
    struct browser *maria = browse("maria"), *again = browse("maria"), *sam = browse("sam");
    live_end_person(srv.live, "maria");
    hear(maria, "\r\n0\r\n\r\n");
    hear(again, "\r\n0\r\n\r\n");
    live_tell(srv.live, TOPIC_RUNS);
    hear(sam, "\"runs\"");
    ck_assert_ptr_null(strstr(sam->text, "\r\n0\r\n\r\n"));
    ck_assert_ptr_null(strstr(maria->text, "\"runs\""));
    live_end_person(srv.live, NULL); /* nobody knows whose session it was */
    hear(sam, "\r\n0\r\n\r\n");
    stop();
}
END_TEST

START_TEST(more_endings_than_are_remembered_end_everybodys)
{
    start(0);
    struct browser *sam = browse("sam");
    for (int i = 0; i < 1000; i++)
        live_end_person(srv.live, "p");
    live_end_person(srv.live, "sam");
    hear(sam, "\r\n0\r\n\r\n");
    stop();
}
END_TEST

START_TEST(a_stream_whose_session_is_over_ends_with_the_next_heartbeat)
{
    start(50);
    struct browser *maria = browse("maria"), *sam = browse("sam");
    hear(maria, ": still here");
    atomic_store(&srv.over, 'm');
    hear(maria, "\r\n0\r\n\r\n");
    const int before = times(sam->text, "still here");
    while (times(sam->text, "still here") < before + 2) {
        char *end = strchr(sam->text, '\0');
        const ssize_t n = recv(sam->fd, end, sizeof sam->text - 1 - strlen(sam->text), 0);
        ck_assert_int_gt(n, 0);
        end[n] = '\0';
    }
    stop();
}
END_TEST

START_TEST(one_person_has_sixteen_windows_and_others_theirs)
{
    start(0);
    struct browser *first = browse("maria");
    for (int i = 1; i < 16; i++)
        ck_assert(opened(browse("maria")));
    int fd = browse("sam")->fd;
    ck_assert_int_ge(fd, 0);
    struct browser *more = first;
    for (int i = 0; i < 2; i++) {
        more = browse("sam");
        ck_assert(opened(more));
    }
    close(first->fd); /* one closes: there is room again, and nothing was lost for others */
    live_tell(srv.live, TOPIC_POLICY);
    hear(more, "\"policy\"");
    stop();
}
END_TEST

TEST_MAIN("agent_live", what_changes_within_a_moment_is_told_once,
          a_stream_ends_when_its_person_signs_out_and_no_other_does,
          more_endings_than_are_remembered_end_everybodys,
          a_stream_whose_session_is_over_ends_with_the_next_heartbeat,
          one_person_has_sixteen_windows_and_others_theirs)
