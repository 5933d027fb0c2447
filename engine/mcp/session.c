/* A list by last use; everything in a session is bounded, so that a client costs what it costs. */
#include "engine/mcp/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/loop.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/sse.h"

#define CAPABILITIES_BYTES ((size_t)64 * 1024)

void sessions_init(struct sessions *all)
{
    TAILQ_INIT(&all->all);
    all->n = 0;
}

void sessions_free(struct sessions *all)
{
    while (!TAILQ_EMPTY(&all->all))
        session_end(all, TAILQ_FIRST(&all->all));
}

/* Its place is by last use. */
static void session_touch(struct sessions *all, struct session *s, int64_t now_ms)
{
    s->used_ms = now_ms;
    TAILQ_REMOVE(&all->all, s, link);
    TAILQ_INSERT_TAIL(&all->all, s, link);
}

static bool has_company(const struct session *s)
{
    const struct stream *st;
    TAILQ_FOREACH(st, &s->streams, link)
    if (st->web != NULL || st->req != NULL)
        return true;
    return false;
}

void sessions_expire(struct sessions *all, int64_t now_ms)
{
    struct session *s = TAILQ_FIRST(&all->all);
    while (s != NULL && now_ms - s->used_ms >= SESSION_IDLE_MS) {
        struct session *next = TAILQ_NEXT(s, link);
        if (!has_company(s))
            session_end(all, s);
        s = next;
    }
}

static bool make_room(struct sessions *all)
{
    struct session *s;
    if (all->n < SESSIONS_MAX)
        return true;
    TAILQ_FOREACH(s, &all->all, link)
    if (!has_company(s)) {
        session_end(all, s);
        return true;
    }
    return false;
}

static bool keep_capabilities(struct session *s, const struct json *capabilities)
{
    s->arena = arena_new(CAPABILITIES_BYTES);
    s->client_capabilities = s->arena == NULL ? NULL : exchange_json_copy(s->arena, capabilities);
    return s->arena != NULL && arena_check(s->arena).kind == ERR_NONE;
}

static void session_free(struct session *s)
{
    for (size_t i = 0; i < s->uris_n; i++) {
        watch_remove(&s->mcp->watched, s->uris[i]);
        free(s->uris[i]);
    }
    arena_free(s->arena);
    free(s->owner);
    free(s);
}

struct session *session_new(struct mcp *mcp, struct sessions *all, const char *owner,
                            const char *version, const struct json *client_capabilities)
{
    uint8_t random[32];
    struct session *s = make_room(all) ? calloc(1, sizeof *s) : NULL;
    if (s == NULL)
        return NULL;
    *s = (struct session){.mcp = mcp, .version = version, .level = -1, .next_ask = 1};
    TAILQ_INIT(&s->streams);
    TAILQ_INIT(&s->kept);
    s->owner = strdup(owner);
    if (s->owner == NULL || !keep_capabilities(s, client_capabilities)) {
        session_free(s);
        return NULL;
    }
    crypt_random(random, sizeof random);
    base64url_print(random, sizeof random, s->id);
    s->used_ms = loop_now_ms();
    TAILQ_INSERT_TAIL(&all->all, s, link);
    all->n++;
    return s;
}

struct session *session_find(struct sessions *all, struct str id, const char *owner, int64_t now_ms)
{
    struct session *s;
    TAILQ_FOREACH_REVERSE(s, &all->all, session_list, link)
    if (str_is(id, s->id))
        break;
    if (s == NULL || strcmp(s->owner, owner) != 0)
        return NULL;
    session_touch(all, s, now_ms);
    return s;
}

/* ---- streams ---- */

static void kept_drop(struct session *s, struct kept *k)
{
    TAILQ_REMOVE(&s->kept, k, link);
    s->kept_n--;
    s->kept_bytes -= k->data.len;
    free(k);
}

static bool is_kept(const struct session *s, uint64_t number)
{
    const struct kept *k;
    TAILQ_FOREACH(k, &s->kept, link)
    if (k->stream == number)
        return true;
    return false;
}

static void stream_free(struct stream *st)
{
    struct session *s = st->session;
    if (s->get == st)
        s->get = NULL;
    if (st->req != NULL)
        st->req->stream = NULL;
    TAILQ_REMOVE(&s->streams, st, link);
    free(st);
}

/* Streams that ended and of which nothing is kept any more. */
static void streams_forget(struct session *s)
{
    struct stream *st = TAILQ_FIRST(&s->streams);
    while (st != NULL) {
        struct stream *next = TAILQ_NEXT(st, link);
        if (st->ended && st->web == NULL && !is_kept(s, st->number))
            stream_free(st);
        st = next;
    }
}

/* Too large to keep: whoever loses the connection now asks again from the start. */
static void keep(struct stream *st, struct str data)
{
    struct session *s = st->session;
    struct kept *k = data.len > SESSION_KEPT_BYTES ? NULL : malloc(sizeof *k + data.len + 1);
    if (k == NULL)
        return;
    char *copy = (char *)(k + 1);
    if (data.len > 0)
        memcpy(copy, data.at, data.len);
    *k = (struct kept){.stream = st->number, .n = st->sent, .data = {copy, data.len}};
    TAILQ_INSERT_TAIL(&s->kept, k, link);
    s->kept_n++;
    s->kept_bytes += data.len;
    while (s->kept_n > SESSION_KEPT_MAX || s->kept_bytes > SESSION_KEPT_BYTES)
        kept_drop(s, TAILQ_FIRST(&s->kept));
}

static void send_kept(struct stream *st, uint64_t n, struct str data)
{
    char id[48];
    struct buf text;
    if (st->web == NULL)
        return;
    buf_init(&text, sizeof id - 1);
    buf_putf(&text, "%" PRIu64 "-%" PRIu64, st->number, n);
    if (!sse_event(st->web, buf_text(&text), data))
        stream_let_go(st);
    buf_fini(&text);
}

/* The client has as long to come back as if it had just asked something. */
static void on_carrier_gone(void *ctx)
{
    struct stream *st = ctx;
    session_touch(&st->session->mcp->sessions, st->session, loop_now_ms());
    stream_let_go(st);
}

struct stream *stream_new(struct session *s, struct web_req *web, struct mcp_req *req)
{
    struct stream *st = calloc(1, sizeof *st);
    if (st == NULL)
        return NULL;
    streams_forget(s);
    *st = (struct stream){.number = ++s->next_stream, .session = s, .web = web, .req = req};
    TAILQ_INSERT_TAIL(&s->streams, st, link);
    web_on_gone(web, on_carrier_gone, st);
    return st;
}

void stream_event(struct stream *st, struct str data)
{
    st->sent++;
    keep(st, data);
    send_kept(st, st->sent, data);
}

void stream_let_go(struct stream *st)
{
    struct web_req *web = st->web;
    st->web = NULL;
    if (st->req != NULL)
        st->req->web = NULL;
    if (web != NULL)
        web_stream_end(web);
}

void stream_end(struct stream *st)
{
    st->ended = true;
    st->req = NULL;
    stream_let_go(st);
    streams_forget(st->session);
}

/* "STREAM-EVENT", as send_kept wrote it. */
static bool event_id_read(struct str text, uint64_t *stream, uint64_t *n)
{
    uint64_t *out = stream;
    *stream = *n = 0;
    if (text.len == 0 || text.len > 40)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (c == '-' && out == stream && i > 0)
            out = n;
        else if (c >= '0' && c <= '9' && *out < UINT64_MAX / 10 - 1)
            *out = *out * 10 + (uint64_t)(c - '0');
        else
            return false;
    }
    return out == n;
}

bool stream_resume(struct session *s, struct web_req *web, struct str last_event_id,
                   int64_t until_us)
{
    uint64_t number, n;
    struct stream *st;
    struct kept *k;
    if (!event_id_read(last_event_id, &number, &n))
        return false;
    TAILQ_FOREACH(st, &s->streams, link)
    if (st->number == number)
        break;
    if (st == NULL || n > st->sent)
        return false;
    stream_let_go(st); /* one connection at a time */
    sse_begin(web, s->id);
    st->web = web;
    st->until_us = until_us;
    if (st->req != NULL)
        st->req->web = web;
    web_on_gone(web, on_carrier_gone, st);
    TAILQ_FOREACH(k, &s->kept, link)
    if (k->stream == number && k->n > n)
        send_kept(st, k->n, k->data);
    if (st->ended)
        stream_let_go(st);
    return true;
}

void sessions_lapse(struct sessions *all, int64_t now_us)
{
    struct session *s;
    TAILQ_FOREACH(s, &all->all, link)
    {
        struct stream *st;
        TAILQ_FOREACH(st, &s->streams, link)
        if (st->web != NULL && st->until_us != 0 && now_us >= st->until_us)
            stream_let_go(st);
    }
}

void sessions_pulse(struct sessions *all)
{
    struct session *s;
    TAILQ_FOREACH(s, &all->all, link)
    {
        struct stream *st;
        TAILQ_FOREACH(st, &s->streams, link)
        if (st->web != NULL && !sse_comment(st->web))
            stream_let_go(st);
    }
}

/* ---- changes ---- */

void session_tell(struct session *s, struct str data)
{
    if (s->get != NULL)
        stream_event(s->get, data);
}

bool session_watches(const struct session *s, const char *uri)
{
    for (size_t i = 0; i < s->uris_n; i++)
        if (strcmp(s->uris[i], uri) == 0)
            return true;
    return false;
}

bool session_watch(struct session *s, const char *uri)
{
    if (session_watches(s, uri))
        return true;
    char *copy = s->uris_n == SESSION_URIS_MAX ? NULL : strdup(uri);
    if (copy == NULL)
        return false;
    s->uris[s->uris_n++] = copy;
    watch_add(&s->mcp->watched, copy);
    return true;
}

void session_unwatch(struct session *s, const char *uri)
{
    for (size_t i = 0; i < s->uris_n; i++) {
        if (strcmp(s->uris[i], uri) != 0)
            continue;
        watch_remove(&s->mcp->watched, s->uris[i]);
        free(s->uris[i]);
        s->uris[i] = s->uris[--s->uris_n];
        return;
    }
}

/* ---- the end ---- */

void session_end(struct sessions *all, struct session *s)
{
    const struct mcp_host *host = s->mcp->host;
    for (size_t i = 0; i < SESSION_ASKS_MAX; i++)
        if (s->asked[i].id != 0)
            exchange_unanswered(&s->asked[i]);
    exchange_forget_session(s);
    while (!TAILQ_EMPTY(&s->streams)) {
        struct stream *st = TAILQ_FIRST(&s->streams);
        stream_let_go(st);
        stream_free(st);
    }
    while (!TAILQ_EMPTY(&s->kept))
        kept_drop(s, TAILQ_FIRST(&s->kept));
    if (s->scope != NULL)
        host->scope_free(s->scope);
    TAILQ_REMOVE(&all->all, s, link);
    all->n--;
    session_free(s);
}
