/* A server that answers MCP as a test has written it down, byte for byte, also wrongly: on real
 * sockets, a thread a connection, every request kept for the test to look at. server/discover and
 * tools/list are answered as an engine would; everything else takes the next step of the script. */
#ifndef TESTS_UNIT_MCP_SCRIPT_H
#define TESTS_UNIT_MCP_SCRIPT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/mcpc/mcpc.h"
#include "common/base/buf.h"
#include "common/sys/crypt.h"
#include "common/sys/json_read.h"
#include "common/sys/log.h"
#include "tests/unit/test.h"

#define SCRIPT_STEPS 32
#define SCRIPT_SEEN  64
#define SCRIPT_BYTES ((size_t)64 * 1024)
#define SCRIPT_CONNS 64

enum how {
    SAY = 0, /* the body; $ID is the request's id */
    DROP,    /* nothing: the connection is closed */
    HALF,    /* half of the answer, then closed */
    STREAM,  /* events, as script_push gives them, until script_break */
};

struct step {
    enum how how;
    int status;       /* 0: 200 */
    const char *body; /* NULL: an empty result */
    const char *type; /* NULL: application/json */
    const char *head; /* further header lines, each with its \r\n */
};

static struct {
    int fd;
    uint16_t port;
    pthread_t thread, conns[SCRIPT_CONNS];
    size_t conns_n;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct step steps[SCRIPT_STEPS], discover;
    size_t steps_n, next;
    char *seen[SCRIPT_SEEN]; /* whole requests */
    size_t seen_n;
    int open[SCRIPT_CONNS]; /* descriptors of connections */
    size_t open_n;
    int stream; /* the last stream's */
    int streams_made;
    const char *tools; /* the rows of tools/list */
    bool legacy;
    char dir[64], key[96], service_key[96], url[64];
} script;

static const char script_tools[] =
    "[{\"name\":\"look\",\"inputSchema\":{\"type\":\"object\"},\"annotations\":{\"readOnlyHint\":"
    "true}},{\"name\":\"change\",\"inputSchema\":{\"type\":\"object\"},\"annotations\":{"
    "\"readOnlyHint\":false}},{\"name\":\"mirror\",\"inputSchema\":{\"type\":\"object\","
    "\"properties\":{\"entity_id\":{\"type\":\"string\",\"x-mcp-header\":\"Entity-Id\"},\"n\":{"
    "\"type\":\"integer\",\"x-mcp-header\":\"N\"},\"b\":{\"type\":\"boolean\",\"x-mcp-header\":"
    "\"B\"},\"plain\":{\"type\":\"string\"}}},\"annotations\":{\"readOnlyHint\":true}}]";

/* "$ID" of the step's body becomes the request's id. */
static void script_fill(struct buf *out, const char *body, const char *id)
{
    const char *at = strstr(body, "$ID");
    buf_init(out, SCRIPT_BYTES * 64);
    if (at == NULL)
        buf_puts(out, body);
    else
        buf_putf(out, "%.*s%s%s", (int)(at - body), body, id, at + 3);
}

static void script_write(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        bytes += done;
        n -= (size_t)done;
    }
}

static void script_say(int fd, const struct step *step, const char *id)
{
    static const char nothing[] = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}";
    struct buf body, all;
    script_fill(&body, step->body != NULL ? step->body : nothing, id);
    buf_init(&all, SCRIPT_BYTES * 65);
    buf_putf(&all, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nX-Request-Id: r-%s\r\n%s",
             step->status == 0 ? 200 : step->status,
             step->type == NULL ? "application/json" : step->type, id,
             step->head == NULL ? "" : step->head);
    buf_putf(&all, "Content-Length: %zu\r\n\r\n", body.len);
    buf_put(&all, body.at, body.len);
    script_write(fd, all.at, step->how == HALF ? all.len - body.len / 2 : all.len);
    buf_fini(&all);
    buf_fini(&body);
}

static void script_stream(int fd, const struct step *step)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    char byte;
    script_write(fd, head, sizeof head - 1);
    if (step->body != NULL)
        script_write(fd, step->body, strlen(step->body));
    pthread_mutex_lock(&script.lock);
    script.stream = fd;
    script.streams_made++;
    pthread_cond_broadcast(&script.more);
    pthread_mutex_unlock(&script.lock);
    while (recv(fd, &byte, 1, 0) > 0)
        ;
}

/* The next whole request; NULL at the end of the connection. */
static char *script_hear(int fd)
{
    char *text = calloc(1, SCRIPT_BYTES);
    size_t len = 0, want = 0;
    while (want == 0 || len < want) {
        ssize_t n = recv(fd, text + len, SCRIPT_BYTES - 1 - len, 0);
        if (n <= 0) {
            free(text);
            return NULL;
        }
        len += (size_t)n;
        const char *end = strstr(text, "\r\n\r\n"), *size = strstr(text, "Content-Length: ");
        if (end != NULL)
            want = (size_t)(end + 4 - text) +
                   (size != NULL && size < end ? (size_t)strtoul(size + 16, NULL, 10) : 0);
    }
    return text;
}

static bool asks(const char *request, const char *method)
{
    char want[128];
    snprintf(want, sizeof want, "\"method\":\"%s\"", method);
    return strstr(request, want) != NULL;
}

static struct step script_next(const char *request, char made[4096])
{
    static const struct step over = {.status = 500, .body = "{\"error\":\"the script is over\"}"};
    if (asks(request, "server/discover") && !script.legacy)
        return script.discover;
    if (asks(request, "tools/list")) {
        snprintf(made, 4096, "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"tools\":%s}}",
                 script.tools);
        return (struct step){.body = made};
    }
    if (script.next == script.steps_n)
        return over;
    return script.steps[script.next++];
}

static void *script_serve(void *arg)
{
    const int fd = (int)(intptr_t)arg;
    char *request;
    bool open = true;
    while (open && (request = script_hear(fd)) != NULL) {
        char id[32] = "null", made[4096];
        const char *at = strstr(request, "\"id\":");
        if (at != NULL)
            (void)sscanf(at + 5, "%31[0-9]", id);
        pthread_mutex_lock(&script.lock);
        ck_assert_uint_lt(script.seen_n, SCRIPT_SEEN);
        script.seen[script.seen_n++] = request;
        const struct step step = script_next(request, made);
        pthread_cond_broadcast(&script.more);
        pthread_mutex_unlock(&script.lock);
        open = step.how == SAY;
        if (step.how == STREAM)
            script_stream(fd, &step);
        else if (step.how != DROP)
            script_say(fd, &step, id);
    }
    pthread_mutex_lock(&script.lock);
    for (size_t i = 0; i < script.open_n; i++)
        if (script.open[i] == fd)
            script.open[i] = script.open[--script.open_n];
    close(fd);
    pthread_mutex_unlock(&script.lock);
    return NULL;
}

static void *script_accept(void *arg)
{
    (void)arg;
    for (int fd; (fd = accept(script.fd, NULL, NULL)) >= 0;) {
        ck_assert_uint_lt(script.conns_n, SCRIPT_CONNS);
        pthread_mutex_lock(&script.lock);
        script.open[script.open_n++] = fd;
        pthread_mutex_unlock(&script.lock);
        ck_assert_int_eq(pthread_create(&script.conns[script.conns_n++], NULL, script_serve,
                                        (void *)(intptr_t)fd),
                         0);
    }
    return NULL;
}

static void script_listen(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(script.port)};
    socklen_t len = sizeof in;
    const int on = 1;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script.fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(script.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(script.fd, (struct sockaddr *)&in, sizeof in), 0);
    ck_assert_int_eq(listen(script.fd, 16), 0);
    ck_assert_int_eq(getsockname(script.fd, (struct sockaddr *)&in, &len), 0);
    script.port = ntohs(in.sin_port);
    snprintf(script.url, sizeof script.url, "http://127.0.0.1:%u", script.port);
    ck_assert_int_eq(pthread_create(&script.thread, NULL, script_accept, NULL), 0);
}

static void script_key(const char *path)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    ck_ok(ed25519_new(&key));
    ck_ok(ed25519_save(key, path));
}

static void script_start(void)
{
    log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
    memset(&script, 0, sizeof script);
    pthread_mutex_init(&script.lock, NULL);
    pthread_cond_init(&script.more, NULL);
    script.tools = script_tools;
    script.discover =
        (struct step){.body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"resultType\":"
                              "\"complete\",\"supportedVersions\":[\"2026-07-28\"],\"_meta\":{"
                              "\"io.modelcontextprotocol/serverInfo\":{\"version\":\"9.9\"}}}}"};
    snprintf(script.dir, sizeof script.dir, "/tmp/closegate-test-mcpc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(script.dir));
    snprintf(script.key, sizeof script.key, "%s/workspace.key", script.dir);
    snprintf(script.service_key, sizeof script.service_key, "%s/notifier.key", script.dir);
    script_key(script.key);
    script_key(script.service_key);
    script_listen();
}

/* Nobody listens any more and every connection is over. */
static void script_hang_up(void)
{
    shutdown(script.fd, SHUT_RDWR);
    pthread_join(script.thread, NULL);
    close(script.fd);
    pthread_mutex_lock(&script.lock);
    for (size_t i = 0; i < script.open_n; i++)
        shutdown(script.open[i], SHUT_RDWR);
    pthread_mutex_unlock(&script.lock);
    for (size_t i = 0; i < script.conns_n; i++)
        pthread_join(script.conns[i], NULL);
    script.conns_n = 0;
}

static void script_stop(void)
{
    script_hang_up();
    for (size_t i = 0; i < script.seen_n; i++)
        free(script.seen[i]);
    unlink(script.key);
    unlink(script.service_key);
    rmdir(script.dir);
}

static void script_add(struct step step)
{
    pthread_mutex_lock(&script.lock);
    script.steps[script.steps_n++] = step;
    pthread_mutex_unlock(&script.lock);
}

/* How many requests of that method arrived. */
static int script_count(const char *method)
{
    int n = 0;
    pthread_mutex_lock(&script.lock);
    for (size_t i = 0; i < script.seen_n; i++)
        n += asks(script.seen[i], method) ? 1 : 0;
    pthread_mutex_unlock(&script.lock);
    return n;
}

/* The nth request of that method (0 the first), head and body. */
static const char *script_request(const char *method, int nth)
{
    const char *found = NULL;
    pthread_mutex_lock(&script.lock);
    for (size_t i = 0; i < script.seen_n && found == NULL; i++)
        if (asks(script.seen[i], method) && nth-- == 0)
            found = script.seen[i];
    pthread_mutex_unlock(&script.lock);
    ck_assert_msg(found != NULL, "no such request: %s", method);
    return found;
}

static int64_t script_clock(void)
{
    return 1790000000000000;
}

static struct mcpc_options script_options(void)
{
    return (struct mcpc_options){.url = script.url,
                                 .key_path = script.key,
                                 .service_key_path = script.service_key,
                                 .version = "1.2.3",
                                 .connect_ms = 500,
                                 .call_ms = 1000,
                                 .clock_us = script_clock};
}

static const struct mcpc_actor maria = {
    .sub = "human:maria", .principal = "p-1", .channel = "web", .auth_time = 1789999000};

#endif
