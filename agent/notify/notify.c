/* Threads, and what wakes them. Each has its own connection to agent.db and its own client of the
 * engine; what they share is the outbox. */
#include "agent/notify/notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "agent/call/topic.h"
#include "agent/mcpc/listen.h"
#include "agent/notify/clicks.h"
#include "agent/notify/follow.h"
#include "agent/notify/people.h"
#include "agent/notify/report.h"
#include "agent/store/chat.h"
#include "common/base/civil.h"
#include "common/base/invariant.h"
#include "common/sys/log.h"

#define ARENA_MAX    ((size_t)32 * 1024 * 1024)
#define THREADS_MAX  8
#define LOOK_EVERY_S 5 /* when nobody wakes us: a notification may be lost, the cursor is not */
#define KEEP_US      (30 * US_PER_DAY)
#define TIDY_US      (US_PER_DAY / 24)

struct task {
    struct notify *n;
    const char *name;
    pthread_t thread;
    /* Works until there is nothing to do. */
    struct err (*work)(struct task *t, struct deliverer *w, struct arena *arena);
    const struct channel *channel; /* a sender's */
    int64_t tidied_us;
};

struct notify {
    struct notify_options options;
    struct push_key *push;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    uint64_t wakes; /* under lock, as stopping */
    bool stopping;
    struct task tasks[THREADS_MAX];
    size_t tasks_n, running_n;
    pthread_t listener;
    bool listening;
};

static const struct notify_config *config_of(const struct notify *n)
{
    return &n->options.agent->config->notify;
}

/* ---- waking and waiting ---- */

void notify_wake(struct notify *n)
{
    if (n == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    n->wakes++;
    pthread_cond_broadcast(&n->woken);
    pthread_mutex_unlock(&n->lock);
}

static bool is_stopping(struct notify *n)
{
    pthread_mutex_lock(&n->lock);
    const bool yes = n->stopping;
    pthread_mutex_unlock(&n->lock);
    return yes;
}

static uint64_t wakes_of(struct notify *n)
{
    pthread_mutex_lock(&n->lock);
    const uint64_t wakes = n->wakes;
    pthread_mutex_unlock(&n->lock);
    return wakes;
}

/* Until somebody woke us since `seen`, we are to stop, or `pause_us` is over. */
static void wait_for_work(struct notify *n, uint64_t seen, int64_t pause_us)
{
    struct timespec until;
    INVARIANT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    const int64_t ns = until.tv_nsec + pause_us % US_PER_SECOND * 1000;
    until.tv_sec += pause_us / US_PER_SECOND + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&n->lock);
    while (!n->stopping && n->wakes == seen &&
           pthread_cond_timedwait(&n->woken, &n->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&n->lock);
}

static void tell(const struct notify *n)
{
    const struct agent *agent = n->options.agent;
    if (agent->tell != NULL)
        agent->tell(agent->tell_ctx, TOPIC_OUTBOX);
}

/* ---- the work of each ---- */

static struct err page_read(void *ctx, struct arena *arena, int64_t after, const struct json **page)
{
    struct deliverer *w = ctx;
    const struct mcpc_actor service = mcpc_service(w->agent->engine);
    const char *uri =
        after < 0 ? "recon://feed" : arena_fmt(arena, "recon://feed/%lld", (long long)after);
    TRY(arena_check(arena));
    return mcpc_read_json(w->mcpc, arena, &service, uri, page);
}

static bool configured(const struct notify_config *c, const char *name)
{
    for (size_t i = 0; i < channels_n; i++) {
        if (text_eq(channels[i].name, name))
            return channels[i].configured(c);
    }
    return false;
}

static struct err tidy(struct task *t, struct deliverer *w)
{
    const int64_t now_us = w->clock_us();
    int64_t n;
    if (now_us - t->tidied_us < TIDY_US)
        return OK;
    t->tidied_us = now_us;
    TRY(outbox_forget(w->db, now_us - KEEP_US, &n));
    return chat_forget(w->db, now_us, now_us - KEEP_US);
}

static struct err follow_work(struct task *t, struct deliverer *w, struct arena *arena)
{
    const struct follow f = {.db = w->db,
                             .slack = configured(w->config, "slack"),
                             .teams = configured(w->config, "teams"),
                             .mail = configured(w->config, "email"),
                             .push = configured(w->config, "push"),
                             .tries = w->config->attempts,
                             .clock_us = w->clock_us,
                             .page = page_read,
                             .people = people_to_tell,
                             .ctx = w};
    bool more = true;
    int64_t queued, all = 0;
    while (more && !is_stopping(t->n)) {
        TRY(follow_step(&f, arena, &more, &queued));
        all += queued;
        arena_reset(arena);
    }
    if (all > 0) {
        notify_wake(t->n);
        tell(t->n);
    }
    TRY(report_step(w, arena));
    return tidy(t, w);
}

static struct err send_work(struct task *t, struct deliverer *w, struct arena *arena)
{
    const struct sender s = {.channel = t->channel->name,
                             .db = w->db,
                             .backoff_ms = w->config->backoff_ms,
                             .clock_us = w->clock_us,
                             .deliver = t->channel->deliver,
                             .ctx = w};
    bool worked = true, any = false;
    while (worked && !is_stopping(t->n)) {
        TRY(send_step(&s, arena, &worked));
        any |= worked;
        arena_reset(arena);
    }
    if (any)
        tell(t->n);
    return OK;
}

static struct err click_work(struct task *t, struct deliverer *w, struct arena *arena)
{
    bool worked = true;
    while (worked && !is_stopping(t->n)) {
        TRY(click_step(w, arena, &worked));
        arena_reset(arena);
    }
    return OK;
}

/* How long a thread may sleep: a sender until its next delivery is due. */
static int64_t pause_of(const struct task *t, struct deliverer *w)
{
    int64_t due, pause_us = LOOK_EVERY_S * US_PER_SECOND;
    if (t->work == click_work)
        return US_PER_SECOND; /* one to be tried again is never long away */
    if (t->channel == NULL || outbox_next_due(w->db, t->channel->name, &due).kind != ERR_NONE)
        return pause_us;
    const int64_t now_us = w->clock_us();
    if (due != INT64_MAX && due - now_us < pause_us)
        pause_us = due > now_us ? due - now_us : 0;
    return pause_us;
}

/* ---- threads ---- */

static struct err tools_open(const struct task *t, struct deliverer *w)
{
    const struct notify_options *o = &t->n->options;
    int64_t again = 0;
    *w = (struct deliverer){
        .agent = o->agent, .config = config_of(t->n), .push = t->n->push, .clock_us = o->clock_us};
    TRY(agent_db_open(o->db_path, &w->db));
    TRY(mcpc_new(o->agent->engine, &w->mcpc));
    if (t->channel == NULL)
        return OK;
    TRY(outbox_recover(w->db, t->channel->name, o->clock_us(), &again));
    if (again > 0)
        log_warn("notices were under way when the agent stopped: they are sent again",
                 LOG_TEXT("channel", t->channel->name), LOG_INT("notices", again), LOG_END);
    return OK;
}

static void work_on(struct task *t, struct deliverer *w, struct arena *arena)
{
    bool failing = false;
    while (!is_stopping(t->n)) {
        const uint64_t seen = wakes_of(t->n);
        struct err e = t->work(t, w, arena);
        if (e.kind != ERR_NONE && !failing)
            log_warn("the notifier is held up", LOG_TEXT("task", t->name), LOG_ERR(e), LOG_END);
        failing = e.kind != ERR_NONE;
        arena_reset(arena);
        wait_for_work(t->n, seen, failing ? LOOK_EVERY_S * US_PER_SECOND : pause_of(t, w));
    }
}

static void *run(void *arg)
{
    struct task *t = arg;
    struct deliverer w = {0};
    CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_MAX);
    struct err e = arena == NULL ? err_new(ERR_LIMIT, "no memory") : tools_open(t, &w);
    if (e.kind == ERR_NONE)
        work_on(t, &w, arena);
    else
        log_error("a part of the notifier cannot start", LOG_TEXT("task", t->name), LOG_ERR(e),
                  LOG_END);
    mcpc_free(w.mcpc);
    agent_db_close(w.db);
    return NULL;
}

static void on_news(void *ctx, const struct mcpc_news *news)
{
    if (news->kind == MCPC_CATCH_UP || news->kind == MCPC_UPDATED)
        notify_wake(ctx);
}

static bool listen_stop(void *ctx)
{
    return is_stopping(ctx);
}

/* Only to be quick: who follows looks by itself, too. */
static void *run_listener(void *arg)
{
    static const char *const uris[] = {"recon://feed"};
    struct notify *n = arg;
    const struct mcpc_listen listen = {.actor = mcpc_service(n->options.agent->engine),
                                       .uris = uris,
                                       .uris_n = 1,
                                       .on_news = on_news,
                                       .stop = listen_stop,
                                       .ctx = n};
    struct err e = mcpc_listen(n->options.agent->engine, &listen);
    if (e.kind != ERR_NONE)
        log_warn("the engine's news are not heard; it is asked every few seconds", LOG_ERR(e),
                 LOG_END);
    return NULL;
}

static void task_add(struct notify *n, const char *name,
                     struct err (*work)(struct task *, struct deliverer *, struct arena *),
                     const struct channel *channel)
{
    INVARIANT(n->tasks_n < THREADS_MAX);
    n->tasks[n->tasks_n++] = (struct task){.n = n, .name = name, .work = work, .channel = channel};
}

/* What there is to do. Nothing, when nothing is configured. */
static void tasks_plan(struct notify *n)
{
    const struct notify_config *c = config_of(n);
    for (size_t i = 0; i < channels_n; i++) {
        if (channels[i].configured(c))
            task_add(n, channels[i].name, send_work, &channels[i]);
    }
    if (n->tasks_n > 0)
        task_add(n, "feed", follow_work, NULL);
    if (c->slack_signing_secret != NULL)
        task_add(n, "clicks", click_work, NULL);
}

static struct err threads_start(struct notify *n, bool follows)
{
    for (size_t i = 0; i < n->tasks_n; i++) {
        ENSURE(pthread_create(&n->tasks[i].thread, NULL, run, &n->tasks[i]) == 0, ERR_LIMIT,
               "a thread of the notifier cannot be started");
        n->running_n++;
    }
    if (!follows)
        return OK;
    n->listening = pthread_create(&n->listener, NULL, run_listener, n) == 0;
    ENSURE(n->listening, ERR_LIMIT, "a thread of the notifier cannot be started");
    return OK;
}

static struct err notify_new(const struct notify_options *options, struct notify **out)
{
    pthread_condattr_t attr;
    struct notify *n = calloc(1, sizeof *n);
    ENSURE(n != NULL, ERR_LIMIT, "no memory");
    n->options = *options;
    INVARIANT(pthread_mutex_init(&n->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0 &&
              pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&n->woken, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
    *out = n;
    return OK;
}

struct err notify_start(const struct notify_options *options, struct notify **out)
{
    struct notify *n;
    CLEANUP(arena_free) struct arena *arena = arena_new(64 * 1024);
    *out = NULL;
    ENSURE(arena != NULL, ERR_LIMIT, "no memory");
    TRY(notify_new(options, &n));
    tasks_plan(n);
    struct err e = OK;
    if (config_of(n)->push)
        e = push_key_open(arena, options->push_key_path, &n->push);
    const bool follows = n->tasks_n > 0 && n->tasks[0].channel != NULL;
    if (e.kind == ERR_NONE && n->tasks_n > 0)
        e = threads_start(n, follows);
    if (e.kind != ERR_NONE || n->tasks_n == 0) {
        notify_free(n);
        return e;
    }
    *out = n;
    return OK;
}

void notify_stop(struct notify *n)
{
    if (n == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    n->stopping = true;
    pthread_cond_broadcast(&n->woken);
    pthread_mutex_unlock(&n->lock);
    for (size_t i = 0; i < n->running_n; i++)
        (void)pthread_join(n->tasks[i].thread, NULL);
    n->running_n = 0;
    if (n->listening)
        (void)pthread_join(n->listener, NULL);
    n->listening = false;
}

void notify_free(struct notify *n)
{
    if (n == NULL)
        return;
    notify_stop(n);
    push_key_free(n->push);
    (void)pthread_cond_destroy(&n->woken);
    (void)pthread_mutex_destroy(&n->lock);
    free(n);
}

const struct push_key *notify_push_key(const struct notify *n)
{
    return n == NULL ? NULL : n->push;
}
