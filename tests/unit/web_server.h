/* The server on real sockets, for its tests: a loop in its own thread, a client that writes bytes
 * and reads bytes. */
#ifndef TESTS_UNIT_WEB_SERVER_H
#define TESTS_UNIT_WEB_SERVER_H

#include "common/sys/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/log.h"
#include "tests/unit/test.h"

static struct {
    struct loop *loop;
    struct web *web;
    struct loop_wake *stop, *answer, *drain;
    pthread_t thread;
    uint16_t port;
    char path[64];
    struct web_req *held; /* the request of /hold */
    int gone, drained, order;
} srv;

/* Set before start_with: its TCP listener speaks TLS. */
static const struct tls_files *srv_tls;

static void on_gone(void *ctx)
{
    (void)ctx;
    __atomic_add_fetch(&srv.gone, 1, __ATOMIC_SEQ_CST);
}

static void on_stop(void *ctx)
{
    loop_stop(ctx);
}

static void on_drained(void *ctx)
{
    (void)ctx;
    __atomic_store_n(&srv.drained, 1, __ATOMIC_SEQ_CST);
}

static void on_drain(void *ctx)
{
    (void)ctx;
    ck_ok(web_drain(srv.web, 5000, on_drained, NULL));
}

static void *run(void *arg)
{
    ck_ok(loop_run(arg));
    return NULL;
}

__attribute__((unused)) static struct web_limits quick(void)
{
    return (struct web_limits){.connections_max = 50,
                               .per_peer_max = 0,
                               .head_ms = 1000,
                               .body_ms = 1000,
                               .idle_ms = 1000,
                               .write_ms = 1000};
}

static struct web_limits patient(void)
{
    struct web_limits limits = web_limits_default();
    return limits;
}

static void start_with(struct web_limits limits, const struct web_route *routes, size_t n,
                       loop_fn *on_answer)
{
    log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
    memset(&srv, 0, sizeof srv);
    ck_ok(loop_new(&srv.loop));
    ck_ok(web_new(srv.loop, &limits, routes, n, NULL, &srv.web));
    if (srv_tls != NULL) {
        CLEANUP(arena_free) struct arena *arena = arena_new((size_t)4 << 20);
        ck_ok(web_tls(srv.web, arena, srv_tls, (int64_t)time(NULL)));
    }
    ck_ok(web_listen_tcp(srv.web, "127.0.0.1:0", &srv.port));
    snprintf(srv.path, sizeof srv.path, "/tmp/closegate-test-web-%d.sock", (int)getpid());
    ck_ok(web_listen_unix(srv.web, srv.path, 0600));
    ck_ok(loop_wake_new(srv.loop, on_stop, srv.loop, &srv.stop));
    ck_ok(loop_wake_new(srv.loop, on_answer, NULL, &srv.answer));
    ck_ok(loop_wake_new(srv.loop, on_drain, NULL, &srv.drain));
    ck_assert_int_eq(pthread_create(&srv.thread, NULL, run, srv.loop), 0);
}

static void stop(void)
{
    loop_wake(srv.stop);
    pthread_join(srv.thread, NULL);
    web_free(srv.web);
    loop_wake_free(srv.stop);
    loop_wake_free(srv.answer);
    loop_wake_free(srv.drain);
    loop_free(srv.loop);
    ck_assert_int_ne(access(srv.path, F_OK), 0);
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(srv.port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    const struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void say(int fd, const char *text)
{
    size_t len = strlen(text);
    ck_assert_int_eq(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Reads until `want` is there or the end; the static text is all that was read. */
static const char *hear(int fd, const char *want)
{
    static char text[1 << 16];
    size_t len = 0;
    text[0] = '\0';
    while (len < sizeof text - 1 && (want == NULL || strstr(text, want) == NULL)) {
        ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);
        ck_assert_msg(n >= 0 || errno == ECONNRESET, "no answer in time; so far: %s", text);
        if (n <= 0)
            break;
        len += (size_t)n;
        text[len] = '\0';
    }
    ck_assert_msg(want == NULL || strstr(text, want) != NULL, "wanted %s, got: %s", want, text);
    return text;
}

__attribute__((unused)) static const char *exchange(const char *request)
{
    int fd = dial();
    say(fd, request);
    const char *text = hear(fd, NULL);
    close(fd);
    return text;
}

static void wait_for(int *flag, int want)
{
    for (int i = 0; i < 1000 && __atomic_load_n(flag, __ATOMIC_SEQ_CST) != want; i++)
        usleep(5000);
    ck_assert_int_eq(__atomic_load_n(flag, __ATOMIC_SEQ_CST), want);
}

static void wait_held(void)
{
    for (int i = 0; i < 1000 && __atomic_load_n(&srv.held, __ATOMIC_SEQ_CST) == NULL; i++)
        usleep(5000);
    ck_assert_ptr_nonnull(__atomic_load_n(&srv.held, __ATOMIC_SEQ_CST));
}

#endif
