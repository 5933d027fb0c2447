/* A list of streams, a set of topics that waits to be told, and two timers: the pause between two
 * events, and the heartbeat that finds browsers which left and sessions which ended. */
#include "agent/web/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "agent/call/topic.h"
#include "agent/store/sessions.h"
#include "common/base/buf.h"
#include "common/sys/log.h"

#define PAUSE_MS     100
#define HEARTBEAT_MS 20000
#define PERSON_MAX   64 /* bytes of a principal id we compare */
#define ENDED_MAX    32
#define STREAMS_MAX  4096 /* in all; and of one person: */
#define STREAMS_EACH 16

struct stream {
    struct live *live;
    struct web_req *req;
    bool gone;
    char person[PERSON_MAX];
    uint8_t session[SESSION_ID_LEN];
    TAILQ_ENTRY(stream) link;
};

struct live {
    struct live_options options;
    atomic_uint topics; /* not told yet */
    struct loop_wake *wake;
    struct loop_timer *pause; /* running: an event was told a moment ago */
    struct loop_timer *heartbeat;
    pthread_mutex_t lock; /* of `ended` and `everybody` */
    bool everybody;
    char ended[ENDED_MAX][PERSON_MAX];
    size_t ended_n;
    size_t streams_n;
    TAILQ_HEAD(, stream) streams;
};

static void stream_end(struct stream *s)
{
    TAILQ_REMOVE(&s->live->streams, s, link);
    s->live->streams_n--;
    web_stream_end(s->req);
    free(s);
}

/* The request is ended outside of web.c's own call. */
static void on_gone(void *ctx)
{
    struct stream *s = ctx;
    s->gone = true;
    loop_wake(s->live->wake);
}

static void send_all(struct live *live, struct str text)
{
    struct stream *s = TAILQ_FIRST(&live->streams), *next;
    for (; s != NULL; s = next) {
        next = TAILQ_NEXT(s, link);
        if (s->gone || !web_stream_send(s->req, text.at, text.len))
            stream_end(s);
    }
}

static void send_topics(struct live *live, unsigned topics)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text;
    buf_init(&text, 1024);
    buf_puts(&text, "event: change\ndata: {\"topics\":[");
    for (unsigned i = 0, n = 0; i < TOPICS_N; i++)
        if ((topics & 1u << i) != 0)
            buf_putf(&text, "%s\"%s\"", n++ == 0 ? "" : ",", topic_names[i]);
    buf_puts(&text, "]}\n\n");
    send_all(live, buf_str(&text));
}

static void end_those(struct live *live)
{
    struct stream *s = TAILQ_FIRST(&live->streams), *next;
    pthread_mutex_lock(&live->lock);
    for (; s != NULL; s = next) {
        bool ends = s->gone || live->everybody;
        next = TAILQ_NEXT(s, link);
        for (size_t i = 0; i < live->ended_n; i++)
            ends = ends || strcmp(s->person, live->ended[i]) == 0;
        if (ends)
            stream_end(s);
    }
    live->ended_n = 0;
    live->everybody = false;
    pthread_mutex_unlock(&live->lock);
}

static void on_pause_over(void *ctx);

static void tell_now(struct live *live)
{
    if (live->pause != NULL)
        return;
    const unsigned topics = atomic_exchange(&live->topics, 0);
    if (topics == 0)
        return;
    send_topics(live, topics);
    struct err e =
        loop_timer_new(live->options.loop, PAUSE_MS, false, on_pause_over, live, &live->pause);
    if (e.kind != ERR_NONE)
        log_error("browsers are told without a pause", LOG_ERR(e), LOG_END);
}

static void on_pause_over(void *ctx)
{
    struct live *live = ctx;
    loop_timer_free(live->pause);
    live->pause = NULL;
    tell_now(live);
}

static void on_wake(void *ctx)
{
    struct live *live = ctx;
    end_those(live);
    tell_now(live);
}

/* A session ends by itself, and by the command line, without our being told. */
static void on_heartbeat(void *ctx)
{
    struct live *live = ctx;
    struct stream *s = TAILQ_FIRST(&live->streams), *next;
    for (; s != NULL; s = next) {
        next = TAILQ_NEXT(s, link);
        if (!live->options.still(live->options.ctx, s->session))
            stream_end(s);
    }
    send_all(live, STR(": still here\n\n"));
}

void live_tell(void *ctx, unsigned topics)
{
    struct live *live = ctx;
    atomic_fetch_or(&live->topics, topics & TOPIC_ALL);
    loop_wake(live->wake);
}

void live_end_person(void *ctx, const char *principal_id)
{
    struct live *live = ctx;
    pthread_mutex_lock(&live->lock);
    if (principal_id == NULL || live->ended_n == ENDED_MAX || strlen(principal_id) >= PERSON_MAX)
        live->everybody = true;
    else
        memcpy(live->ended[live->ended_n++], principal_id, strlen(principal_id) + 1);
    pthread_mutex_unlock(&live->lock);
    loop_wake(live->wake);
}

static size_t streams_of(const struct live *live, const char *person)
{
    const struct stream *s;
    size_t n = 0;
    TAILQ_FOREACH(s, &live->streams, link)
    n += strcmp(s->person, person) == 0 ? 1 : 0;
    return n;
}

void live_open(struct live *live, struct web_req *req, const struct live_who *who,
               const struct http_pair *pairs, size_t pairs_n)
{
    static const char hello[] = "retry: 2000\nevent: change\ndata: {\"topics\":[]}\n\n";
    const struct http_reply head = {.status = 200,
                                    .content_type = "text/event-stream",
                                    .pairs = pairs,
                                    .pairs_n = pairs_n,
                                    .chunked = true};
    const char *person = who->principal_id;
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL || live->streams_n >= STREAMS_MAX || strlen(person) >= PERSON_MAX ||
        streams_of(live, person) >= STREAMS_EACH) {
        free(s);
        web_refuse(req, 503, "too many windows are open");
        return;
    }
    s->live = live;
    s->req = req;
    memcpy(s->person, person, strlen(person) + 1);
    memcpy(s->session, who->session, sizeof s->session);
    TAILQ_INSERT_TAIL(&live->streams, s, link);
    live->streams_n++;
    web_stream(req, &head);
    web_on_gone(req, on_gone, s);
    if (!web_stream_send(req, hello, sizeof hello - 1))
        s->gone = true;
}

size_t live_streams(const struct live *live)
{
    return live->streams_n;
}

struct err live_new(const struct live_options *options, struct live **out)
{
    struct live *live = calloc(1, sizeof *live);
    ENSURE(live != NULL, ERR_LIMIT, "no memory");
    live->options = *options;
    TAILQ_INIT(&live->streams);
    pthread_mutex_init(&live->lock, NULL);
    struct err e = loop_wake_new(options->loop, on_wake, live, &live->wake);
    if (e.kind == ERR_NONE)
        e = loop_timer_new(options->loop,
                           options->heartbeat_ms > 0 ? options->heartbeat_ms : HEARTBEAT_MS, true,
                           on_heartbeat, live, &live->heartbeat);
    if (e.kind != ERR_NONE) {
        live_free(live);
        return e;
    }
    *out = live;
    return OK;
}

void live_end_all(struct live *live)
{
    while (!TAILQ_EMPTY(&live->streams))
        stream_end(TAILQ_FIRST(&live->streams));
}

void live_free(struct live *live)
{
    if (live == NULL)
        return;
    live_end_all(live);
    loop_timer_free(live->pause);
    loop_timer_free(live->heartbeat);
    loop_wake_free(live->wake);
    pthread_mutex_destroy(&live->lock);
    free(live);
}
