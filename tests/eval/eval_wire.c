/* The connection: bytes out, one answer in. An answer is read by its own framing (a length, chunks,
 * or the end of the connection), leniently: what the engine says is not what is on trial here. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/eval/eval_client.h"

#define REPLY_MAX ((size_t)64 * 1024 * 1024)
#define HEAD_MAX  ((size_t)256 * 1024)

struct eval_wire {
    const struct eval_target *target;
    bool over_unix, ended; /* ended: the engine closed its side */
    int fd;                /* -1: not connected */
    struct buf in;         /* read and not yet given out */
};

struct err eval_wire_new(const struct eval_target *target, bool over_unix, struct eval_wire **out)
{
    ENSURE(!over_unix || target->unix_socket != NULL, ERR_MISSING, "no Unix socket was named");
    struct eval_wire *wire = calloc(1, sizeof *wire);
    ENSURE(wire != NULL, ERR_LIMIT, "out of memory");
    wire->target = target;
    wire->over_unix = over_unix;
    wire->fd = -1;
    buf_init(&wire->in, REPLY_MAX);
    *out = wire;
    return OK;
}

const struct eval_target *eval_wire_target(const struct eval_wire *wire)
{
    return wire->target;
}

void eval_wire_hang_up(struct eval_wire *wire)
{
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
    wire->ended = false;
    buf_clear(&wire->in);
}

void eval_wire_free(struct eval_wire *wire)
{
    if (wire != NULL) {
        eval_wire_hang_up(wire);
        buf_fini(&wire->in);
    }
    free(wire);
}

/* ---- connecting ---- */

static int unix_connect(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof name.sun_path)
        return -1;
    memcpy(name.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int tcp_connect(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* A kept connection that the engine has closed meanwhile is not written to. */
static bool is_stale(struct eval_wire *wire)
{
    char byte;
    return wire->ended || recv(wire->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static struct err wire_connect(struct eval_wire *wire)
{
    const struct eval_target *t = wire->target;
    if (wire->fd >= 0 && is_stale(wire))
        eval_wire_hang_up(wire);
    if (wire->fd >= 0)
        return OK;
    wire->fd = wire->over_unix ? unix_connect(t->unix_socket) : tcp_connect(t->host, t->port);
    ENSURE(wire->fd >= 0, ERR_UPSTREAM, "the engine does not take a connection");
    return OK;
}

/* ---- bytes ---- */

/* Takes what has come. *n is 0 at the end of the connection (a reset is one, too); false: silence.
 */
static bool wire_take(struct eval_wire *wire, int wait_ms, ssize_t *n)
{
    struct pollfd poll_fd = {.fd = wire->fd, .events = POLLIN};
    char bytes[16384];
    int ready;
    do
        ready = poll(&poll_fd, 1, wait_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return false;
    *n = recv(wire->fd, bytes, sizeof bytes, 0);
    if (*n > 0)
        buf_put(&wire->in, bytes, (size_t)*n);
    else
        wire->ended = true;
    *n = *n > 0 ? *n : 0;
    return true;
}

/* What the engine does not want to read any more it need not: its answer may be there already. */
static void wire_give(struct eval_wire *wire, struct str bytes)
{
    while (bytes.len > 0) {
        struct pollfd p = {.fd = wire->fd, .events = POLLIN | POLLOUT};
        if (poll(&p, 1, wire->target->timeout_ms) <= 0 || (p.revents & POLLOUT) == 0)
            return;
        ssize_t n = send(wire->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return;
        bytes.at += n;
        bytes.len -= (size_t)n;
    }
}

/* ---- an answer ---- */

/* Where an answer stands in the bytes. */
struct frame {
    size_t head_len;        /* with the empty line; 0: not there yet */
    size_t body_len;        /* as it says */
    bool chunked, to_end;   /* to_end: ended by the connection's end */
    bool stream, bodyless;  /* an event stream; 1xx, 204 and 304 */
    const char *body_start; /* within the wire's bytes */
};

const char *eval_header(const struct eval_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->pairs_n; i++) {
        if (strcasecmp(reply->pairs[i].name, name) == 0)
            return reply->pairs[i].value;
    }
    return NULL;
}

static struct err head_read(struct arena *arena, struct str head, struct eval_reply *reply)
{
    struct str line, rest = head, name, value;
    struct http_pair *pairs = ARENA_ARRAY(arena, 128, struct http_pair);
    ENSURE(pairs != NULL, ERR_LIMIT, "out of memory");
    (void)str_cut(rest, '\n', &line, &rest);
    reply->status = line.len > 12 ? (int)strtol(line.at + 9, NULL, 10) : 0;
    reply->pairs = pairs;
    reply->pairs_n = 0;
    while (rest.len > 2 && reply->pairs_n < 128) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (!str_cut(line, ':', &name, &value))
            continue;
        while (value.len > 0 && strchr("\r ", value.at[value.len - 1]) != NULL)
            value.len--;
        pairs[reply->pairs_n++] =
            (struct http_pair){str_dup(arena, name), str_dup(arena, str_trim(value))};
    }
    return arena_check(arena);
}

static void frame_read(const struct eval_reply *reply, struct frame *f)
{
    const char *length = eval_header(reply, "Content-Length");
    const char *coding = eval_header(reply, "Transfer-Encoding");
    const char *type = eval_header(reply, "Content-Type");
    f->bodyless = reply->status < 200 || reply->status == 204 || reply->status == 304;
    f->chunked = coding != NULL && strcasecmp(coding, "chunked") == 0;
    f->stream = type != NULL && strncasecmp(type, "text/event-stream", 17) == 0;
    f->to_end = !f->chunked && length == NULL && !f->bodyless;
    f->body_len = length == NULL || f->bodyless ? 0 : (size_t)strtoull(length, NULL, 10);
}

/* The chunks that are there, put together; *used is what they take. True: the last one is there. */
static bool chunks_read(struct str in, struct buf *body, size_t *used)
{
    const char *at = in.at, *end = in.at + in.len;
    buf_clear(body);
    for (;;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        if (line == NULL)
            return false;
        size_t size = (size_t)strtoull(at, NULL, 16);
        if ((size_t)(end - line - 1) < size + 2)
            return false;
        buf_put(body, line + 1, size);
        at = line + 1 + size + 2;
        *used = (size_t)(at - in.at);
        if (size == 0)
            return true;
    }
}

/* The data of the first event that has any and is whole. */
static bool event_read(struct str stream, struct buf *data)
{
    struct str line, rest = stream;
    buf_clear(data);
    while (str_cut(rest, '\n', &line, &rest)) {
        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 && data->len > 0)
            return true;
        if (line.len >= 5 && memcmp(line.at, "data:", 5) == 0) {
            struct str text = str_trim((struct str){line.at + 5, line.len - 5});
            buf_put(data, text.at, text.len);
        }
    }
    return false;
}

/* Whether an answer is whole; *used is what it takes of the wire's bytes. */
static bool is_whole(const struct eval_wire *wire, const struct frame *f, struct buf *body,
                     size_t *used)
{
    const struct str in = {wire->in.at + f->head_len, wire->in.len - f->head_len};
    size_t chunked = 0;
    bool whole = wire->ended;
    if (f->chunked) {
        whole = chunks_read(in, body, &chunked) || whole;
        *used = f->head_len + chunked;
        return whole;
    }
    if (!f->to_end && in.len >= f->body_len)
        whole = true;
    if (whole) {
        buf_clear(body);
        buf_put(body, in.at, f->to_end || in.len < f->body_len ? in.len : f->body_len);
        *used = f->head_len + body->len;
    }
    return whole;
}

static struct err body_take(struct eval_wire *wire, struct arena *arena, const struct frame *f,
                            struct eval_reply *reply)
{
    CLEANUP(buf_fini) struct buf body, data;
    size_t used = 0;
    ssize_t n;
    buf_init(&body, REPLY_MAX);
    buf_init(&data, REPLY_MAX);
    bool heard = false;
    while (!is_whole(wire, f, &body, &used)) {
        heard = f->stream && event_read(buf_str(&body), &data);
        if (heard)
            break;
        ENSURE(wire_take(wire, wire->target->timeout_ms, &n), ERR_UNKNOWN,
               "the engine fell silent within its answer");
        TRY(buf_check(&wire->in));
    }
    struct str said = buf_str(&body);
    if (f->stream && (heard || event_read(said, &data)))
        said = buf_str(&data);
    reply->body = (struct str){arena_dup(arena, said.at, said.len), said.len};
    buf_drop(&wire->in, used < wire->in.len ? used : wire->in.len);
    if (heard) /* the stream goes on: nobody listens */
        eval_wire_hang_up(wire);
    return arena_check(arena);
}

static struct err reply_take(struct eval_wire *wire, struct arena *arena, struct eval_reply *reply)
{
    struct frame f = {.head_len = 0};
    ssize_t n;
    while (f.head_len == 0) {
        const char *end =
            wire->in.len == 0 ? NULL : memmem(wire->in.at, wire->in.len, "\r\n\r\n", 4);
        if (end != NULL) {
            f.head_len = (size_t)(end - wire->in.at) + 4;
            break;
        }
        if (wire->ended)
            return OK;
        ENSURE(wire->in.len < HEAD_MAX, ERR_LIMIT, "the answer's head does not end");
        ENSURE(wire_take(wire, wire->target->timeout_ms, &n), ERR_UNKNOWN,
               "the engine does not answer");
    }
    TRY(head_read(arena, (struct str){wire->in.at, f.head_len}, reply));
    frame_read(reply, &f);
    TRY(body_take(wire, arena, &f, reply));
    const char *how = eval_header(reply, "Connection");
    if (how != NULL && strcasecmp(how, "close") == 0)
        wire->ended = true;
    return OK;
}

struct err eval_bytes_say(struct eval_wire *wire, struct arena *arena, struct str bytes,
                          struct eval_reply *reply)
{
    *reply = (struct eval_reply){.status = 0};
    TRY(wire_connect(wire));
    wire_give(wire, bytes);
    struct err e = reply_take(wire, arena, reply);
    while (e.kind == ERR_NONE && reply->status >= 100 && reply->status < 200)
        e = reply_take(wire, arena, reply);
    if (e.kind != ERR_NONE || reply->status == 0)
        eval_wire_hang_up(wire);
    return e;
}

struct err eval_bytes_give(struct eval_wire *wire, struct str bytes)
{
    TRY(wire_connect(wire));
    wire_give(wire, bytes);
    return OK;
}

struct err eval_bytes_behind(struct eval_wire *wire, struct arena *arena, int wait_ms,
                             struct str *more)
{
    ssize_t n;
    while (wire->fd >= 0 && !wire->ended && wire_take(wire, wait_ms, &n) && n > 0)
        continue;
    *more = (struct str){arena_dup(arena, buf_text(&wire->in), wire->in.len), wire->in.len};
    eval_wire_hang_up(wire);
    return arena_check(arena);
}
