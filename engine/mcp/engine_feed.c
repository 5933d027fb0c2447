/* After a group moved the head, the events behind the last one told of are read on a reader thread,
 * a few at a time, and told on the loop thread: one notification a URI, and then a rest, so that a
 * burst of a hundred thousand confirmations is a few notifications a second for each who listens.
 *
 * Nobody is told of what they may not see. What a listener may see is read from the registry before
 * they are told for the first time, again when the registry changed, and again when it is a minute
 * old; who is not known any more is not served any more. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/log.h"
#include "engine/mcp/engine_news.h"
#include "engine/mcp/engine_own.h"
#include "engine/mcp/mcp_own.h"

#define EVENTS_MAX   64 /* a read: a reader thread is busy for a millisecond or two */
#define NOTES_MAX    1000
#define COLLECT_MS   250
#define REST_MS      250
#define AGAIN_MAX    3
#define SCOPES_MAX   256 /* a read */
#define SCOPE_AGE_MS 60000
#define NEWS_BYTES   ((size_t)256 << 20)

/* What somebody who listens may see. */
struct scope_of {
    struct feed *feed;
    uint64_t number; /* rises along the list */
    struct actor actor;
    char *texts;      /* of the actor's */
    int64_t known_ms; /* when the rest was read; 0: not yet */
    bool all;
    char **entities;
    size_t n;
    TAILQ_ENTRY(scope_of) link;
};

/* A scope that is read anew, and what was found. */
struct scope_ask {
    uint64_t number;
    struct actor actor;
    bool gone, all;
    const char *const *entities;
    size_t n;
};

struct feed {
    struct engine_host *host;
    struct loop *loop;
    struct mcp *mcp;
    struct loop_timer *rest;
    struct arena *arena, *scratch; /* of what was collected; of one event */
    struct watch watch;            /* as it was when the read began */
    struct news news;
    bool busy;
    int64_t seen;               /* the last event taken in */
    int64_t upto;               /* of the read under way */
    int64_t limit, head;        /* of the read under way */
    int64_t began_ms, began_at; /* the round: when, and behind which event */
    int again;
    struct scope_ask asks[SCOPES_MAX];
    size_t asks_n;
    uint64_t next_scope;
    TAILQ_HEAD(, scope_of) scopes;
};

bool feed_tells(const char *uri)
{
    return news_has(uri);
}

/* ---- scopes ---- */

static char *text_keep(char **at, const char *text)
{
    if (text == NULL)
        return NULL;
    const size_t n = strlen(text) + 1;
    char *kept = memcpy(*at, text, n);
    *at += n;
    return kept;
}

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

/* The parts of an actor by which it is found in the registry. */
static bool actor_keep(struct scope_of *s, const struct actor *a)
{
    char *at = s->texts = malloc(1 + text_size(a->id) + text_size(a->principal) +
                                 text_size(a->on_behalf_of) + text_size(a->client));
    if (at == NULL)
        return false;
    s->actor = (struct actor){.kind = a->kind, .client_kind = a->client_kind};
    s->actor.channel = a->channel;
    s->actor.id = text_keep(&at, a->id);
    s->actor.principal = text_keep(&at, a->principal);
    s->actor.on_behalf_of = text_keep(&at, a->on_behalf_of);
    s->actor.client = text_keep(&at, a->client);
    return true;
}

void *feed_scope_new(struct mcp_req *r)
{
    struct feed *f = host_of(r)->feed;
    struct scope_of *s = f == NULL ? NULL : calloc(1, sizeof *s);
    if (s == NULL || !actor_keep(s, &engine_req(r)->who.actor)) {
        free(s);
        return NULL; /* then they hear of nothing that is not everybody's */
    }
    if (TAILQ_EMPTY(&f->scopes) && !f->busy) /* what was before nobody waited for */
        f->seen = spine_head(f->host->options.spine);
    s->feed = f;
    s->number = ++f->next_scope;
    TAILQ_INSERT_TAIL(&f->scopes, s, link);
    return s;
}

static void entities_drop(struct scope_of *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->entities[i]);
    free(s->entities);
    s->entities = NULL;
    s->n = 0;
    s->all = false;
}

void feed_scope_free(void *scope)
{
    struct scope_of *s = scope;
    TAILQ_REMOVE(&s->feed->scopes, s, link);
    entities_drop(s);
    free(s->texts);
    free(s);
}

static bool sees_entity(const struct scope_of *s, const char *entity)
{
    for (size_t i = 0; !s->all && i < s->n; i++)
        if (strcmp(s->entities[i], entity) == 0)
            return true;
    return s->all;
}

static bool sees_concern(const struct scope_of *s, const struct concern *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!sees_entity(s, c->entities[i]))
            return false;
    return true;
}

bool feed_scope_sees(const void *scope, const void *change)
{
    const struct scope_of *s = scope;
    const struct change *c = change;
    if (c->task)
        return s != NULL && engine_is_party(&s->actor, c->parties, c->parties_n);
    if (c->everybody || (s != NULL && s->all))
        return true;
    for (size_t i = 0; s != NULL && i < c->n; i++)
        if (sees_concern(s, c->concerns[i]))
            return true;
    return false;
}

/* ---- who may see what, read anew ---- */

/* On a reader thread. */
static struct err ask_scope(struct tx *tx, struct arena *arena, struct scope_ask *a)
{
    struct ask facts = {.change = false};
    struct err e = actor_facts(tx, arena, &a->actor, "", &facts);
    a->gone = e.kind == ERR_AUTH;
    if (e.kind != ERR_NONE)
        return a->gone ? OK : e;
    return actor_scope(tx, arena, &a->actor, &a->all, &a->entities, &a->n);
}

static struct err ask_scopes(struct tx *tx, void *arg)
{
    struct feed *f = arg;
    for (size_t i = 0; i < f->asks_n; i++)
        TRY(ask_scope(tx, f->arena, &f->asks[i]));
    return arena_check(f->arena);
}

static void scope_learn(struct scope_of *s, const struct scope_ask *a)
{
    entities_drop(s);
    s->known_ms = loop_now_ms();
    s->all = a->all;
    s->entities = a->n == 0 ? NULL : calloc(a->n, sizeof *s->entities);
    for (size_t i = 0; s->entities != NULL && i < a->n; i++) {
        char *copy = strdup(a->entities[i]);
        if (copy != NULL)
            s->entities[s->n++] = copy;
    }
}

static bool is_old(const struct scope_of *s)
{
    return s->known_ms == 0 || loop_now_ms() - s->known_ms > SCOPE_AGE_MS;
}

/* What the next read of scopes asks; none: all are known. */
static void asks_make(struct feed *f)
{
    struct scope_of *s;
    f->asks_n = 0;
    TAILQ_FOREACH(s, &f->scopes, link)
    {
        if (!is_old(s) || f->asks_n == SCOPES_MAX)
            continue;
        struct scope_ask *a = &f->asks[f->asks_n++];
        *a = (struct scope_ask){.number = s->number, .actor = s->actor};
        a->actor.id = arena_strdup(f->arena, s->actor.id); /* the scope may go meanwhile */
        if (s->actor.principal != NULL)
            a->actor.principal = arena_strdup(f->arena, s->actor.principal);
        if (s->actor.on_behalf_of != NULL)
            a->actor.on_behalf_of = arena_strdup(f->arena, s->actor.on_behalf_of);
        if (s->actor.client != NULL)
            a->actor.client = arena_strdup(f->arena, s->actor.client);
    }
}

/* Both stand in the order of their numbers. */
static void asks_take(struct feed *f)
{
    struct scope_of *s = TAILQ_FIRST(&f->scopes);
    for (size_t i = 0; s != NULL && i < f->asks_n;) {
        struct scope_of *next = TAILQ_NEXT(s, link);
        const struct scope_ask *a = &f->asks[i];
        if (s->number > a->number) {
            i++; /* it went meanwhile */
            continue;
        }
        if (s->number == a->number && a->gone)
            mcp_scope_over(f->mcp, s);
        else if (s->number == a->number)
            scope_learn(s, a);
        s = next;
    }
}

static void scopes_forget(struct feed *f)
{
    struct scope_of *s;
    TAILQ_FOREACH(s, &f->scopes, link)
    s->known_ms = 0;
}

/* ---- telling ---- */

static void feed_go(struct feed *f);
static void feed_prepare(struct feed *f);

static void on_rested(void *ctx)
{
    struct feed *f = ctx;
    loop_timer_free(f->rest);
    f->rest = NULL;
    f->busy = false;
    feed_go(f);
}

static void feed_rest(struct feed *f)
{
    arena_reset(f->arena);
    news_init(&f->news, f->arena, &f->watch);
    if (loop_timer_new(f->loop, REST_MS, false, on_rested, f, &f->rest).kind != ERR_NONE)
        f->busy = false; /* the next commit wakes us */
}

static void feed_tell(struct feed *f)
{
    struct news_note *n;
    if (f->news.policy || f->news.registry)
        mcp_list_changed(f->mcp, MCP_TOOLS);
    STAILQ_FOREACH(n, &f->news.notes, link)
    {
        if (!n->change.task)
            mcp_resource_updated(f->mcp, n->uri, &n->change);
        else if (n->task != NULL)
            mcp_task_updated(f->mcp, n->uri, n->task, &n->change);
    }
    feed_rest(f);
}

/* The same round once more, after a rest. */
static void feed_later(struct feed *f, struct err e)
{
    log_warn("who listens is told later: the book could not be read", LOG_ERR(e), LOG_END);
    f->seen = f->began_at;
    feed_rest(f);
}

static void on_scopes(struct err e, void *arg)
{
    struct feed *f = arg;
    if (e.kind != ERR_NONE) {
        feed_later(f, e);
        return;
    }
    asks_take(f);
    feed_prepare(f);
}

/* Nobody is told before it is known what they may see. */
static void feed_prepare(struct feed *f)
{
    asks_make(f);
    if (f->asks_n == 0) {
        feed_tell(f);
        return;
    }
    struct err e = arena_check(f->arena);
    if (e.kind == ERR_NONE)
        e = spine_read(f->host->options.spine, f->arena, ask_scopes, on_scopes, f);
    if (e.kind != ERR_NONE)
        on_scopes(e, f);
}

/* ---- reading ---- */

static struct err on_event(void *arg, const struct audit_row *row)
{
    struct feed *f = arg;
    arena_reset(f->scratch);
    return news_take(&f->news, f->scratch, row->event);
}

static struct err any_of(struct tx *tx, struct feed *f, const char *type)
{
    const struct audit_filter filter = {.event_type = type, .after_seq = f->seen, .limit = 1};
    int64_t last;
    bool more;
    return audit_query(tx, &filter, on_event, f, &last, &more);
}

/* On a reader thread. While no address is followed only the lists and the registry matter, and they
 * are found without reading everything else. */
static struct err read_news(struct tx *tx, void *arg)
{
    struct feed *f = arg;
    const struct audit_filter filter = {.after_seq = f->seen, .limit = f->limit};
    bool more;
    f->upto = f->head;
    if (f->watch.n == 0) {
        TRY(any_of(tx, f, "POLICY_LOADED"));
        TRY(any_of(tx, f, "REGISTRY_CHANGED"));
        return any_of(tx, f, "DELEGATION_SET");
    }
    TRY(audit_query(tx, &filter, on_event, f, &f->upto, &more));
    return news_tasks(&f->news, tx);
}

/* An event that is too much alone is passed over; what takes too much together is read singly. */
static void on_failed(struct feed *f, struct err e)
{
    if (e.kind == ERR_LIMIT && f->limit == 1)
        f->began_at = f->seen + 1;
    f->limit = e.kind == ERR_LIMIT && f->limit > 1 ? 1 : EVENTS_MAX;
    feed_later(f, e);
}

static void feed_read(struct feed *f);

static void on_news(struct err e, void *arg)
{
    struct feed *f = arg;
    if (e.kind != ERR_NONE) {
        on_failed(f, e);
        return;
    }
    /* Who began to listen meanwhile may have missed something: the same events once more. */
    if (mcp_watched(f->mcp)->turn != f->watch.turn && f->again++ < AGAIN_MAX) {
        feed_read(f);
        return;
    }
    f->again = 0;
    f->seen = f->upto;
    if (f->seen < f->head && f->news.notes_n < NOTES_MAX &&
        loop_now_ms() - f->began_ms < COLLECT_MS) {
        feed_read(f);
        return;
    }
    if (f->news.registry)
        scopes_forget(f);
    feed_prepare(f);
}

static void feed_read(struct feed *f)
{
    f->watch = *mcp_watched(f->mcp);
    struct err e = spine_read(f->host->options.spine, f->arena, read_news, on_news, f);
    if (e.kind != ERR_NONE)
        feed_later(f, e);
}

static void feed_go(struct feed *f)
{
    f->head = spine_head(f->host->options.spine);
    if (f->busy || f->head <= f->seen)
        return;
    if (TAILQ_EMPTY(&f->scopes)) {
        f->seen = f->head;
        return;
    }
    f->busy = true;
    f->began_ms = loop_now_ms();
    f->began_at = f->seen;
    feed_read(f);
}

static void on_commit(void *ctx)
{
    feed_go(ctx);
}

/* ---- the hub ---- */

struct err feed_new(struct engine_host *host, struct loop *loop, struct mcp *mcp,
                    struct feed **feed)
{
    struct feed *f = calloc(1, sizeof *f);
    ENSURE(f != NULL, ERR_LIMIT, "no memory");
    f->host = host;
    f->loop = loop;
    f->mcp = mcp;
    f->limit = EVENTS_MAX;
    f->seen = spine_head(host->options.spine);
    TAILQ_INIT(&f->scopes);
    f->arena = arena_new(NEWS_BYTES);
    f->scratch = arena_new(NEWS_BYTES);
    if (f->arena == NULL || f->scratch == NULL) {
        feed_free(f);
        return err_new(ERR_LIMIT, "no memory");
    }
    news_init(&f->news, f->arena, &f->watch);
    spine_on_commit(host->options.spine, on_commit, f);
    *feed = f;
    return OK;
}

/* The spine has stopped. */
void feed_free(struct feed *f)
{
    if (f == NULL)
        return;
    loop_timer_free(f->rest);
    arena_free(f->arena);
    arena_free(f->scratch);
    free(f);
}
