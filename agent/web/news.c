/* One subscription, a table from addresses to topics. */
#include "agent/web/news.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/call/topic.h"
#include "agent/mcpc/listen.h"
#include "common/sys/log.h"

struct news {
    const struct agent *agent;
    pthread_t thread;
    atomic_bool stop;
};

static const struct {
    const char *uri;
    unsigned topics;
} table[] = {
    {"recon://escalations", TOPIC_ESCALATIONS | TOPIC_MATCHES},
    {"recon://exceptions", TOPIC_EXCEPTIONS},
    {"recon://status", TOPIC_STATUS | TOPIC_MATCHES},
    {"recon://runs", TOPIC_RUNS},
    {"recon://policy", TOPIC_POLICY},
    {"recon://rules", TOPIC_RULES},
    {"recon://verify", TOPIC_AUDIT},
};
#define URIS_N (sizeof table / sizeof table[0])

/* The topics that a change of this address concerns; 0: none. */
static unsigned topics_of(const char *uri)
{
    for (size_t i = 0; i < URIS_N; i++)
        if (strcmp(uri, table[i].uri) == 0)
            return table[i].topics;
    return 0;
}

static void on_news(void *ctx, const struct mcpc_news *what)
{
    struct news *n = ctx;
    unsigned topics = 0;
    switch (what->kind) {
    case MCPC_CATCH_UP: /* what was missed is not known: everything is asked again */
        topics = TOPIC_ALL & ~(unsigned)TOPIC_OUTBOX;
        log_info("following the engine", LOG_END);
        break;
    case MCPC_UPDATED:
        topics = topics_of(what->uri);
        break;
    case MCPC_TOOLS: /* another policy or registry: what people may do has changed */
        topics = TOPIC_POLICY | TOPIC_ESCALATIONS | TOPIC_ENGINE;
        break;
    case MCPC_TASK:
        break;
    case MCPC_LOST:
        topics = TOPIC_ENGINE;
        log_warn("the engine is not followed any more; trying again", LOG_ERR(what->why), LOG_END);
        break;
    }
    if (topics != 0)
        n->agent->tell(n->agent->tell_ctx, topics);
}

static bool stops(void *ctx)
{
    return atomic_load(&((struct news *)ctx)->stop);
}

static void *run(void *arg)
{
    struct news *n = arg;
    const char *uris[URIS_N];
    for (size_t i = 0; i < URIS_N; i++)
        uris[i] = table[i].uri;
    const struct mcpc_listen listen = {.actor = mcpc_service(n->agent->engine),
                                       .uris = uris,
                                       .uris_n = URIS_N,
                                       .tools = true,
                                       .on_news = on_news,
                                       .stop = stops,
                                       .ctx = n};
    struct err e = mcpc_listen(n->agent->engine, &listen);
    if (e.kind != ERR_NONE)
        log_error("browsers are told of no changes", LOG_ERR(e), LOG_END);
    return NULL;
}

struct err news_start(const struct agent *agent, struct news **out)
{
    struct news *n = calloc(1, sizeof *n);
    sigset_t all, old;
    ENSURE(n != NULL, ERR_LIMIT, "no memory");
    n->agent = agent;
    sigfillset(&all); /* signals are the loop thread's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int rc = pthread_create(&n->thread, NULL, run, n);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        free(n);
        return err_new(ERR_LIMIT, "a thread could not be started");
    }
    *out = n;
    return OK;
}

void news_stop(struct news *news)
{
    if (news == NULL)
        return;
    atomic_store(&news->stop, true);
    pthread_join(news->thread, NULL);
    free(news);
}
