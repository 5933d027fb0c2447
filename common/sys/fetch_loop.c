/* libcurl tells which sockets and which timer it waits for, the loop waits, libcurl is told what
 * came. Its own callbacks only note and collect: ours are called after it has returned, so that
 * they may do anything, also free what they belong to. An exchange is in one of two queues: it
 * waits, or it has something to say. */
#include "common/sys/fetch_loop.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/sys/fetch_own.h"
#include "common/sys/trust.h"

#define KEPT_MAX       256L /* connections, those in use included; past it an idle one is closed */
#define READ_BYTES     8192L
#define SAY_BYTES      16384L
#define PIECE_MAX      ((size_t)4 * 1024 * 1024) /* libcurl reads less between two of our turns */
#define CA_FRESH_S     60L
#define SETUP_ARENA    ((size_t)256 * 1024)
#define REPLY_ARENA    ((size_t)4 * 1024 * 1024) /* the header fields, one byte each at worst */
#define SILENT_MSG_MAX 40

TAILQ_HEAD(queue, fetch_one);

struct fetch_one {
    struct fetch_loop *f;
    TAILQ_ENTRY(fetch_one) link;
    struct queue *queue; /* NULL: out of both, it is being told its end */
    struct fetch_loop_req asked;
    struct fetch_easy easy;
    char *where, *stream_type;
    struct buf piece; /* of a stream, not yet taken */
    struct loop_timer *idle;
    bool ended, silent;
    CURLcode code;
};

struct fetch_loop {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer; /* libcurl's */
    struct loop_wake *kick;
    struct queue waiting, ready;
    size_t n;
    struct fetch_one *told; /* whose `took` is being called; NULL once it is cancelled */
    bool telling, freed;    /* freed while telling: what is left of it goes when that ends */
};

/* A socket of libcurl's, from when it is waited for until it is not. */
struct wait {
    struct fetch_loop *f;
    struct loop_watch *watch;
    curl_socket_t fd;
    int ready; /* what libcurl is told: CURL_CSELECT_*, 0 when it is to look itself */
};

/* ---- an exchange ---- */

static void one_queue(struct fetch_one *one, struct queue *to)
{
    if (one->queue != NULL)
        TAILQ_REMOVE(one->queue, one, link);
    one->queue = to;
    if (to != NULL)
        TAILQ_INSERT_TAIL(to, one, link);
}

/* Off libcurl's list; what it was in the middle of is cut. */
static void one_leave(struct fetch_one *one)
{
    one_queue(one, NULL);
    one->f->n--;
    loop_timer_free(one->idle);
    one->idle = NULL;
    (void)curl_multi_remove_handle(one->f->multi, one->easy.curl);
}

static void one_free(struct fetch_one *one)
{
    loop_timer_free(one->idle);
    curl_easy_cleanup(one->easy.curl);
    fetch_easy_fini(&one->easy);
    buf_fini(&one->piece);
    free(one->where);
    free(one->stream_type);
    free(one);
}

static void one_end(struct fetch_one *one, CURLcode code)
{
    one->ended = true;
    one->code = code;
    one_queue(one, &one->f->ready);
}

static struct err one_outcome(struct fetch_one *one, char *silence, size_t size)
{
    if (!one->silent)
        return fetch_easy_outcome(&one->easy, one->code);
    (void)snprintf(silence, size, "no byte for %u s", (one->asked.idle_ms + 999) / 1000);
    return err_at(fetch_easy_was_sent(&one->easy) ? ERR_UNKNOWN : ERR_UPSTREAM, one->where,
                  silence);
}

static void one_done(struct fetch_one *one)
{
    char silence[SILENT_MSG_MAX];
    struct fetch_reply reply;
    CLEANUP(arena_free) struct arena *arena = arena_new(REPLY_ARENA);
    one_leave(one);
    struct err e = one_outcome(one, silence, sizeof silence);
    if (e.kind == ERR_NONE)
        e = arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                          : fetch_easy_reply(arena, &one->easy, &reply);
    one->asked.done(one->asked.ctx, e, e.kind == ERR_NONE ? &reply : NULL);
    one_free(one);
}

static void one_tell(struct fetch_one *one)
{
    struct fetch_loop *f = one->f;
    struct buf piece = one->piece;
    one_queue(one, &f->waiting);
    buf_init(&one->piece, PIECE_MAX);
    f->told = one;
    if (piece.len > 0)
        one->asked.took(one->asked.ctx, piece.at, piece.len);
    buf_fini(&piece);
    if (f->told == NULL)
        return;
    f->told = NULL;
    if (one->ended)
        one_done(one);
}

/* ---- from libcurl to our callbacks ---- */

/* The last thing that a callback of the loop does here: `f` may be gone afterwards. */
static void tell(struct fetch_loop *f)
{
    f->telling = true;
    while (!TAILQ_EMPTY(&f->ready))
        one_tell(TAILQ_FIRST(&f->ready));
    f->telling = false;
    if (f->freed)
        free(f);
}

static void hear(struct fetch_loop *f)
{
    const CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(f->multi, &left)) != NULL) {
        struct fetch_one *one = NULL;
        (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&one);
        one_end(one, msg->data.result);
    }
}

static void act(struct fetch_loop *f, curl_socket_t fd, int ready)
{
    int running;
    (void)curl_multi_socket_action(f->multi, fd, ready, &running);
    hear(f);
    tell(f);
}

static void on_timer(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void on_ready(void *ctx)
{
    const struct wait *wait = ctx;
    act(wait->f, wait->fd, wait->ready);
}

/* The loop waits for nothing more: without that no exchange would ever end. */
static void on_kick(void *ctx)
{
    struct fetch_loop *f = ctx;
    struct fetch_one *one;
    while ((one = TAILQ_FIRST(&f->waiting)) != NULL)
        one_end(one, CURLE_OUT_OF_MEMORY);
    tell(f);
}

static int kicked(struct fetch_loop *f, struct err e)
{
    if (e.kind != ERR_NONE)
        loop_wake(f->kick);
    return 0; /* an error would be for good: libcurl took nothing more */
}

static struct err idle_wait(struct fetch_one *one, int64_t ms);

static void on_idle(void *ctx)
{
    struct fetch_one *one = ctx;
    const int64_t left = one->easy.moved_ms + one->asked.idle_ms - loop_now_ms();
    if (left > 0) {
        (void)kicked(one->f, idle_wait(one, left));
        return;
    }
    one->silent = true;
    one_end(one, CURLE_OPERATION_TIMEDOUT);
    tell(one->f);
}

/* Looks once in a while instead of at every byte. */
static struct err idle_wait(struct fetch_one *one, int64_t ms)
{
    loop_timer_free(one->idle);
    one->idle = NULL;
    return loop_timer_new(one->f->loop, (uint32_t)ms, false, on_idle, one, &one->idle);
}

/* ---- what libcurl calls; none of ours may be called from here ---- */

static bool on_piece(void *ctx, const char *bytes, size_t n)
{
    struct fetch_one *one = ctx;
    buf_put(&one->piece, bytes, n);
    one_queue(one, &one->f->ready);
    return !one->piece.failed;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    struct fetch_loop *f = arg;
    (void)multi;
    loop_timer_free(f->timer);
    f->timer = NULL;
    if (ms < 0)
        return 0;
    const uint32_t after_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
    return kicked(f, loop_timer_new(f->loop, after_ms, false, on_timer, f, &f->timer));
}

static void wait_free(struct wait *wait)
{
    if (wait != NULL)
        loop_watch_free(wait->watch);
    free(wait);
}

static struct err wait_for(struct wait *wait, int what)
{
    const unsigned events = ((what & CURL_POLL_IN) != 0 ? LOOP_READ : 0) |
                            ((what & CURL_POLL_OUT) != 0 ? LOOP_WRITE : 0);
    wait->ready = what == CURL_POLL_IN    ? CURL_CSELECT_IN
                  : what == CURL_POLL_OUT ? CURL_CSELECT_OUT
                                          : 0;
    loop_watch_free(wait->watch);
    wait->watch = NULL;
    if (events == 0)
        return OK;
    return loop_on_fd_for(wait->f->loop, wait->fd, events, on_ready, wait, &wait->watch);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *mine)
{
    struct fetch_loop *f = arg;
    struct wait *wait = mine;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        wait_free(wait);
        return 0;
    }
    if (wait == NULL && (wait = calloc(1, sizeof *wait)) == NULL)
        return kicked(f, err_new(ERR_LIMIT, "out of memory"));
    wait->f = f;
    wait->fd = fd;
    (void)curl_multi_assign(f->multi, fd, wait);
    return kicked(f, wait_for(wait, what));
}

/* ---- beginning ---- */

static struct err one_copy(struct fetch_one *one)
{
    struct fetch_req *req = &one->asked.req;
    if (one->asked.took == NULL)
        req->stream_type = NULL;
    if (req->stream_type != NULL) {
        one->stream_type = strdup(req->stream_type);
        ENSURE(one->stream_type != NULL, ERR_LIMIT, "out of memory");
        req->stream_type = one->stream_type;
    }
    if (req->body.len > 0) {
        one->easy.own_body = malloc(req->body.len);
        ENSURE(one->easy.own_body != NULL, ERR_LIMIT, "out of memory");
        memcpy(one->easy.own_body, req->body.at, req->body.len);
        req->body.at = one->easy.own_body;
    }
    req->take = on_piece;
    req->ctx = one;
    return OK;
}

/* Small buffers, as there may be hundreds; no waiting for a thread that looks up a name; what the
 * guard judges has a connection of its own. */
static bool one_options(struct fetch_one *one)
{
    CURL *c = one->easy.curl;
    const char *bundle = NULL;
    int rc = 0;
    rc |= (int)curl_easy_setopt(c, CURLOPT_PRIVATE, one);
    rc |= (int)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, READ_BYTES);
    rc |= (int)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, SAY_BYTES);
    rc |= (int)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
    if (one->asked.req.guard != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
        rc |= (int)curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
    }
    /* The system's bundle, about a megabyte when read, is shared by all connections only when there
     * is no folder besides; Debian's holds the same certificates. */
    if (trust_file() == NULL && curl_easy_getinfo(c, CURLINFO_CAINFO, &bundle) == CURLE_OK &&
        bundle != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        rc |= (int)curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, CA_FRESH_S);
    }
    return rc == 0;
}

static struct err one_set(struct fetch_one *one)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SETUP_ARENA);
    TRY(one_copy(one));
    one->easy.curl = curl_easy_init();
    ENSURE(arena != NULL && one->easy.curl != NULL, ERR_LIMIT, "out of memory");
    TRY(fetch_easy_set(arena, &one->easy));
    one->where = strdup(one->easy.where);
    one->easy.where = one->where;
    ENSURE(one->where != NULL, ERR_LIMIT, "out of memory");
    ENSURE(one_options(one), ERR_BUG, "libcurl does not take the options");
    return OK;
}

static struct err one_begin(struct fetch_one *one)
{
    TRY(one_set(one));
    if (one->asked.idle_ms > 0)
        TRY(idle_wait(one, one->asked.idle_ms));
    ENSURE(curl_multi_add_handle(one->f->multi, one->easy.curl) == CURLM_OK, ERR_LIMIT,
           "libcurl takes no more exchanges");
    return OK;
}

struct err fetch_loop_add(struct fetch_loop *f, const struct fetch_loop_req *req,
                          struct fetch_one **one)
{
    struct fetch_one *made = calloc(1, sizeof *made);
    ENSURE(made != NULL, ERR_LIMIT, "out of memory");
    made->f = f;
    made->asked = *req;
    made->easy.req = &made->asked.req;
    buf_init(&made->piece, PIECE_MAX);
    struct err e = one_begin(made);
    if (e.kind != ERR_NONE) {
        one_free(made);
        return e;
    }
    one_queue(made, &f->waiting);
    f->n++;
    if (one != NULL)
        *one = made;
    return OK;
}

void fetch_one_cancel(struct fetch_one *one)
{
    if (one == NULL || one->queue == NULL)
        return;
    if (one->f->told == one)
        one->f->told = NULL;
    one_leave(one);
    one_free(one);
}

size_t fetch_loop_count(const struct fetch_loop *f)
{
    return f->n;
}

/* ---- the whole ---- */

static bool multi_set(struct fetch_loop *f)
{
    int rc = 0;
    rc |= (int)curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    rc |= (int)curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    rc |= (int)curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    rc |= (int)curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    rc |= (int)curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, KEPT_MAX);
    return rc == 0;
}

struct err fetch_loop_new(struct loop *loop, struct fetch_loop **out)
{
    ENSURE(fetch_easy_start(), ERR_LIMIT, "libcurl cannot be set up");
    CLEANUP(fetch_loop_free) struct fetch_loop *f = calloc(1, sizeof *f);
    ENSURE(f != NULL, ERR_LIMIT, "out of memory");
    f->loop = loop;
    TAILQ_INIT(&f->waiting);
    TAILQ_INIT(&f->ready);
    TRY(loop_wake_new(loop, on_kick, f, &f->kick));
    f->multi = curl_multi_init();
    ENSURE(f->multi != NULL && multi_set(f), ERR_LIMIT, "libcurl cannot be set up");
    *out = f;
    f = NULL;
    return OK;
}

static void queue_free(struct queue *queue)
{
    struct fetch_one *one;
    while ((one = TAILQ_FIRST(queue)) != NULL) {
        one_leave(one);
        one_free(one);
    }
}

void fetch_loop_free(struct fetch_loop *f)
{
    if (f == NULL)
        return;
    queue_free(&f->waiting);
    queue_free(&f->ready);
    (void)curl_multi_cleanup(f->multi);
    loop_timer_free(f->timer);
    loop_wake_free(f->kick);
    f->told = NULL;
    f->freed = true;
    if (!f->telling)
        free(f);
}
