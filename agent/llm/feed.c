/* GET chat/sessions/{id}/events: what happens in a session, as server-sent events. A browser that
 * comes late is told the text so far; what it missed of the rows it reads by itself, for it asks
 * for them after it has connected. */
#include "agent/llm/feed.h"

#include <stdlib.h>
#include <string.h>

#include "agent/llm/llm_own.h"

#define PERSON_MAX 64   /* bytes of a principal id we compare */
#define FEEDS_MAX  4096 /* in all; and of one person: */
#define FEEDS_EACH 16

struct feed {
    struct llm *llm;
    struct web_req *req;
    struct llm_watcher *watcher;
    bool gone;
    char person[PERSON_MAX];
    uint8_t session[SESSION_ID_LEN]; /* the browser's */
    TAILQ_ENTRY(feed) link;
};

static void feed_end(struct feed *f)
{
    TAILQ_REMOVE(&f->llm->feeds, f, link);
    web_stream_end(f->req);
    llm_unwatch(f->watcher);
    free(f);
}

/* Ended outside of web.c's own call, and outside of room_tell. */
static void on_gone(void *ctx)
{
    struct feed *f = ctx;
    f->gone = true;
    loop_wake(f->llm->wake);
}

static void send(struct feed *f, struct str bytes)
{
    if (!f->gone && !web_stream_send(f->req, bytes.at, bytes.len))
        on_gone(f);
}

static void on_event(void *ctx, const char *event, struct str json)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text;
    buf_init(&text, json.len + 64);
    buf_putf(&text, "event: %s\ndata: ", event);
    buf_put(&text, json.at, json.len);
    buf_puts(&text, "\n\n");
    if (buf_check(&text).kind == ERR_NONE)
        send(ctx, buf_str(&text));
    else
        on_gone(ctx);
}

size_t feeds_n(const struct llm *llm)
{
    const struct feed *f;
    size_t n = 0;
    TAILQ_FOREACH(f, &llm->feeds, link)
    n++;
    return n;
}

void feeds_sweep(struct llm *llm)
{
    for (struct feed *f = TAILQ_FIRST(&llm->feeds), *next; f != NULL; f = next) {
        next = TAILQ_NEXT(f, link);
        if (f->gone)
            feed_end(f);
    }
}

void feeds_end(struct llm *llm, const char *principal_id)
{
    for (struct feed *f = TAILQ_FIRST(&llm->feeds), *next; f != NULL; f = next) {
        next = TAILQ_NEXT(f, link);
        if (principal_id == NULL || strcmp(f->person, principal_id) == 0)
            feed_end(f);
    }
}

void feeds_beat(struct llm *llm)
{
    for (struct feed *f = TAILQ_FIRST(&llm->feeds), *next; f != NULL; f = next) {
        next = TAILQ_NEXT(f, link);
        if (llm->options.still != NULL && !llm->options.still(llm->options.ctx, f->session))
            feed_end(f);
        else
            send(f, STR(": still here\n\n"));
    }
}

static bool has_place(const struct llm *llm, const char *person)
{
    const struct feed *f;
    size_t all = 0, own = 0;
    TAILQ_FOREACH(f, &llm->feeds, link)
    {
        all++;
        own += strcmp(f->person, person) == 0 ? 1 : 0;
    }
    return all < FEEDS_MAX && own < FEEDS_EACH;
}

void feed_open(struct request *r, struct web_req *web)
{
    const struct talk *t = r->stream_of;
    static const struct http_reply head = {
        .status = 200, .content_type = "text/event-stream", .chunked = true};
    struct llm *llm = r->agent->llm;
    const char *person = r->session.principal_id;
    struct feed *f = calloc(1, sizeof *f);
    if (f == NULL || llm->stopped || strlen(person) >= PERSON_MAX || !has_place(llm, person) ||
        llm_watch(llm, t->session_id, on_event, f, &f->watcher).kind != ERR_NONE) {
        free(f);
        web_refuse(web, 503, "too many windows are open");
        return;
    }
    f->llm = llm;
    f->req = web;
    memcpy(f->person, person, strlen(person) + 1);
    memcpy(f->session, r->session.id, sizeof f->session);
    TAILQ_INSERT_TAIL(&llm->feeds, f, link);
    web_stream(web, &head);
    web_on_gone(web, on_gone, f);
    send(f, STR("retry: 2000\n\n"));
    room_greet(f->watcher, t->state, t->turn_open);
}
