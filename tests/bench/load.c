/* Drives an HTTP server on this machine from one thread: so many connections, each with one request
 * under way, as fast as answers come or at an offered rate. At a rate a request's time runs from
 * when it was due, not from when a connection was free: a server that stalls is not let off.
 *
 *   load PORT CLIENTS COUNT RATE FILE
 *
 * RATE 0: as fast as answers come. FILE holds requests, each behind a line with its length; they
 * are sent in turn, again from the first when they end. Prints one JSON object. An answer is good
 * when it holds the word of the environment's LOAD_GOOD, or without one when its status is 200. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/clock.h"

enum { CLIENTS_MAX = 4096, ANSWER_MAX = 1 << 18, EVENTS = 256, STALL_US = 20000 };

struct request {
    const char *at;
    size_t len;
};

struct client {
    int fd;
    size_t sent, got;
    const struct request *request; /* NULL: free */
    int64_t due_us;
    char answer[ANSWER_MAX];
};

struct load {
    int epoll;
    struct client *clients;
    size_t clients_n, count, begun, done, bad;
    int64_t rate, began_us;
    struct request *requests;
    size_t requests_n;
    int64_t *took_us;
    const char *good;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* ---- the requests ---- */

static char *file_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        die(path);
    long size = ftell(f);
    char *bytes = malloc((size_t)size + 1);
    rewind(f);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, f) != (size_t)size)
        die(path);
    (void)fclose(f);
    bytes[size] = '\0';
    *len = (size_t)size;
    return bytes;
}

static void requests_read(struct load *l, const char *path)
{
    size_t len, cap = 0;
    char *bytes = file_read(path, &len), *at = bytes;
    while (at < bytes + len) {
        char *text;
        size_t n = strtoul(at, &text, 10);
        if (l->requests_n == cap) {
            cap = cap == 0 ? 1024 : 2 * cap;
            l->requests = realloc(l->requests, cap * sizeof *l->requests);
        }
        if (n == 0 || *text != '\n' || l->requests == NULL)
            die("no list of requests");
        l->requests[l->requests_n++] = (struct request){text + 1, n};
        at = text + 1 + n;
    }
}

/* ---- one connection ---- */

static void client_open(struct load *l, struct client *c, in_port_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("no connection");
}

static void client_send(struct load *l, struct client *c, int64_t due_us)
{
    c->request = &l->requests[l->begun++ % l->requests_n];
    c->due_us = due_us;
    c->got = 0;
    for (c->sent = 0; c->sent < c->request->len;) {
        ssize_t n = write(c->fd, c->request->at + c->sent, c->request->len - c->sent);
        if (n <= 0)
            die("a request could not be sent");
        c->sent += (size_t)n;
    }
}

static size_t chunked_end(const char *body, size_t len)
{
    const char *end = memmem(body, len, "0\r\n\r\n", 5);
    return end == NULL ? 0 : (size_t)(end - body) + 5;
}

/* Whether the whole answer is there. */
static bool is_whole(struct client *c)
{
    c->answer[c->got] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n"), *field;
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - c->answer) + 4;
    field = strcasestr(c->answer, "\r\ncontent-length:");
    if (field != NULL && field < end)
        return c->got - head >= strtoul(field + strlen("\r\ncontent-length:"), NULL, 10);
    return chunked_end(c->answer + head, c->got - head) > 0;
}

static bool is_good(const struct load *l, const struct client *c)
{
    return l->good == NULL ? strncmp(c->answer, "HTTP/1.1 200", 12) == 0
                           : strstr(c->answer, l->good) != NULL;
}

static void client_read(struct load *l, struct client *c)
{
    ssize_t n = read(c->fd, c->answer + c->got, sizeof c->answer - c->got - 1);
    if (n <= 0 || c->request == NULL)
        die("a connection ended");
    c->got += (size_t)n;
    if (!is_whole(c))
        return;
    l->took_us[l->done++] = clock_us(CLOCK_MONOTONIC) - c->due_us;
    if (!is_good(l, c) && l->bad++ == 0)
        (void)fprintf(stderr, "load: not as it should be: %.400s\n", c->answer);
    c->request = NULL;
}

/* ---- all of them ---- */

static int64_t due_us(const struct load *l)
{
    return l->began_us + (int64_t)l->begun * INT64_C(1000000) / l->rate;
}

/* What is due, over the connections that are free; how long until the next is, in ms. */
static int begin_more(struct load *l)
{
    int64_t now = clock_us(CLOCK_MONOTONIC);
    for (size_t i = 0; i < l->clients_n && l->begun < l->count; i++) {
        if (l->clients[i].request != NULL)
            continue;
        if (l->rate > 0 && due_us(l) > now)
            return 1 + (int)((due_us(l) - now) / 1000);
        client_send(l, &l->clients[i], l->rate > 0 ? due_us(l) : now);
    }
    return -1;
}

static void run(struct load *l)
{
    struct epoll_event events[EVENTS];
    l->began_us = clock_us(CLOCK_MONOTONIC);
    while (l->done < l->count) {
        int n = epoll_wait(l->epoll, events, EVENTS, begin_more(l));
        for (int i = 0; i < n; i++)
            client_read(l, events[i].data.ptr);
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void tell(const struct load *l)
{
    const int64_t whole = clock_us(CLOCK_MONOTONIC) - l->began_us;
    const size_t n = l->done;
    size_t stalls = 0;
    qsort(l->took_us, n, sizeof *l->took_us, by_size);
    for (size_t i = n; i > 0 && l->took_us[i - 1] > STALL_US; i--)
        stalls++;
    printf("{\"n\":%zu,\"bad\":%zu,\"us\":%" PRId64 ",\"p50_us\":%" PRId64 ",\"p95_us\":%" PRId64
           ",\"p99_us\":%" PRId64 ",\"max_us\":%" PRId64 ",\"over_20_ms\":%zu}\n",
           n, l->bad, whole, l->took_us[n / 2], l->took_us[n * 95 / 100], l->took_us[n * 99 / 100],
           l->took_us[n - 1], stalls);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        (void)fprintf(stderr, "usage: load PORT CLIENTS COUNT RATE FILE\n");
        return 64;
    }
    struct load l = {.epoll = epoll_create1(EPOLL_CLOEXEC),
                     .clients_n = strtoul(argv[2], NULL, 10),
                     .count = strtoul(argv[3], NULL, 10),
                     .rate = strtol(argv[4], NULL, 10),
                     .good = getenv("LOAD_GOOD")};
    l.clients_n = l.clients_n > CLIENTS_MAX ? CLIENTS_MAX : l.clients_n;
    l.clients = calloc(l.clients_n, sizeof *l.clients);
    l.took_us = calloc(l.count + 1, sizeof *l.took_us);
    if (l.epoll < 0 || l.clients == NULL || l.took_us == NULL || l.clients_n * l.count == 0)
        die("nothing to do");
    requests_read(&l, argv[5]);
    for (size_t i = 0; i < l.clients_n; i++)
        client_open(&l, &l.clients[i], (in_port_t)strtoul(argv[1], NULL, 10));
    run(&l);
    tell(&l);
    return l.bad == 0 ? EXIT_SUCCESS : 2;
}
