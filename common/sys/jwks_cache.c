/* Two locks: `set_lock` around the set, held for moments, and `fetch_lock` around a fetch, so that
 * a slow provider holds up only those who need its answer. */
#include "common/sys/jwks_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US ((int64_t)1000000)
#define ARENA_MAX ((size_t)4 * 1024 * 1024)

struct jwks_cache {
    struct jwks_cache_opts opts; /* the defaults filled in; its url is the one below */
    char *url;
    pthread_mutex_t set_lock, fetch_lock;
    /* Under set_lock: */
    struct jwks set;
    bool has_set;
    int64_t fetched_us, fresh_until_us;
    int64_t tried_us; /* the last fetch, whatever came of it */
    bool tried, stale;
    bool fetching; /* somebody waits for an answer right now */
    uint64_t fetches, failures, generation;
};

static struct err get_by_fetch(void *ctx, struct arena *arena, const struct fetch_req *req,
                               struct fetch_reply *reply)
{
    (void)ctx;
    return fetch(arena, req, reply);
}

static int64_t or_default(int64_t given, int64_t fallback)
{
    return given == 0 ? fallback : given;
}

struct jwks_cache *jwks_cache_new(const struct jwks_cache_opts *opts)
{
    struct jwks_cache *cache = calloc(1, sizeof *cache);
    char *url = cache == NULL ? NULL : strdup(opts->url);
    if (url == NULL) {
        free(cache);
        return NULL;
    }
    cache->url = url;
    cache->opts = (struct jwks_cache_opts){
        .url = url,
        .fresh_min_us = or_default(opts->fresh_min_us, 60 * SECOND_US),
        .fresh_max_us = or_default(opts->fresh_max_us, 3600 * SECOND_US),
        .fresh_unsaid_us = or_default(opts->fresh_unsaid_us, 900 * SECOND_US),
        .stale_max_us = or_default(opts->stale_max_us, 24 * 3600 * SECOND_US),
        .refetch_min_us = or_default(opts->refetch_min_us, 60 * SECOND_US),
        .retry_us = or_default(opts->retry_us, 5 * SECOND_US),
        .timeout_ms = opts->timeout_ms == 0 ? 5000 : opts->timeout_ms,
        .get = opts->get == NULL ? get_by_fetch : opts->get,
        .get_ctx = opts->get_ctx,
    };
    (void)pthread_mutex_init(&cache->set_lock, NULL);
    (void)pthread_mutex_init(&cache->fetch_lock, NULL);
    return cache;
}

void jwks_cache_free(struct jwks_cache *cache)
{
    if (cache == NULL)
        return;
    (void)pthread_mutex_destroy(&cache->set_lock);
    (void)pthread_mutex_destroy(&cache->fetch_lock);
    free(cache->url);
    free(cache);
}

const char *jwks_cache_url(const struct jwks_cache *cache)
{
    return cache->url;
}

/* ---- how long an answer is fresh ---- */

/* The seconds of "max-age=600"; -1 when the directive is another, or has no such number. */
static int64_t max_age_of(struct str directive)
{
    struct str name, value;
    int64_t seconds = 0;
    if (!str_cut(directive, '=', &name, &value) || !str_is_nocase(str_trim(name), "max-age"))
        return -1;
    value = str_trim(value);
    if (value.len == 0 || value.len > 9)
        return -1;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return -1;
        seconds = seconds * 10 + (value.at[i] - '0');
    }
    return seconds;
}

static int64_t fresh_for(const struct jwks_cache *cache, const struct fetch_reply *reply)
{
    struct str rest = str_of(fetch_header(reply, "Cache-Control")), directive;
    int64_t us = cache->opts.fresh_unsaid_us;
    bool more = rest.len > 0;
    while (more) {
        more = str_cut(rest, ',', &directive, &rest);
        directive = str_trim(directive);
        if (str_is_nocase(directive, "no-store") || str_is_nocase(directive, "no-cache"))
            return cache->opts.fresh_min_us;
        int64_t seconds = max_age_of(directive);
        us = seconds < 0 ? us : seconds * SECOND_US;
    }
    us = us < cache->opts.fresh_min_us ? cache->opts.fresh_min_us : us;
    return us > cache->opts.fresh_max_us ? cache->opts.fresh_max_us : us;
}

/* ---- fetching ---- */

static struct err get_set(struct jwks_cache *cache, struct arena *arena, struct jwks *set,
                          int64_t *fresh_us)
{
    static const struct http_pair accept[] = {
        {"Accept", "application/jwk-set+json, application/json"}};
    const struct fetch_req req = {.method = "GET",
                                  .url = cache->opts.url,
                                  .pairs = accept,
                                  .pairs_n = 1,
                                  .reply_max = JWKS_BYTES_MAX,
                                  .timeout_ms = cache->opts.timeout_ms};
    struct fetch_reply reply;
    TRY(cache->opts.get(cache->opts.get_ctx, arena, &req, &reply));
    ENSURE(reply.status == 200, ERR_UPSTREAM, "the keys are not to be had: not a 200");
    TRY(jwks_parse(arena, reply.body, set));
    /* An empty set would lock everybody out as surely as a wrong one. */
    ENSURE(set->n > 0, ERR_UPSTREAM, "the keys are not to be had: none that we can use");
    *fresh_us = fresh_for(cache, &reply);
    return OK;
}

/* As they were published, in that order: a provider that only shuffles its keys has others. */
static bool same_keys(const struct jwks *a, const struct jwks *b)
{
    return a->n == b->n && memcmp(a->keys, b->keys, a->n * sizeof a->keys[0]) == 0;
}

/* Under fetch_lock, not under set_lock. */
static void fetch_now(struct jwks_cache *cache, int64_t now_us)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_MAX);
    struct jwks *set = arena == NULL ? NULL : ARENA_NEW(arena, struct jwks);
    int64_t fresh_us = 0;
    struct err e =
        set == NULL ? err_new(ERR_LIMIT, "out of memory") : get_set(cache, arena, set, &fresh_us);

    pthread_mutex_lock(&cache->set_lock);
    cache->fetching = false;
    cache->fetches++;
    if (e.kind == ERR_NONE) {
        cache->generation += !same_keys(&cache->set, set);
        cache->set = *set;
        cache->has_set = true;
        cache->fetched_us = now_us;
        cache->fresh_until_us = now_us + fresh_us;
    } else {
        cache->failures++;
    }
    pthread_mutex_unlock(&cache->set_lock);
}

/* ---- asking ---- */

enum answer { ANSWER_FOUND, ANSWER_REFUSED, ANSWER_FETCH };

static bool may_try(const struct jwks_cache *cache, int64_t now_us)
{
    const int64_t wait = cache->has_set ? cache->opts.refetch_min_us : cache->opts.retry_us;
    /* Either way: a clock that went back far must not keep us from trying. */
    return !cache->tried || llabs(now_us - cache->tried_us) >= wait;
}

/* Under set_lock. What the set says as it is; ANSWER_FETCH when a newer one is wanted and may be
 * asked for. */
static enum answer ask(struct jwks_cache *cache, const struct jws *jws, int64_t now_us,
                       struct jose_key *key, struct err *why)
{
    const struct jose_key *found = NULL;
    const bool fresh = cache->has_set && now_us < cache->fresh_until_us;
    if (!fresh && may_try(cache, now_us))
        return ANSWER_FETCH;
    cache->stale = !fresh;
    if (!cache->has_set || now_us >= cache->fresh_until_us + cache->opts.stale_max_us) {
        *why = err_at(ERR_UPSTREAM, cache->opts.url, "the provider's keys cannot be had");
        return ANSWER_REFUSED;
    }
    struct err e = jwks_find(&cache->set, jws, &found);
    if (found != NULL && e.kind == ERR_NONE) {
        *key = *found;
        return ANSWER_FOUND;
    }
    if (e.kind == ERR_MISSING && may_try(cache, now_us))
        return ANSWER_FETCH;
    *why = err_new(ERR_AUTH, e.msg);
    return ANSWER_REFUSED;
}

static enum answer ask_locked(struct jwks_cache *cache, const struct jws *jws, int64_t now_us,
                              bool claim, struct jose_key *key, struct err *why)
{
    pthread_mutex_lock(&cache->set_lock);
    enum answer answer = ask(cache, jws, now_us, key, why);
    if (answer == ANSWER_REFUSED && cache->fetching)
        answer = ANSWER_FETCH; /* not before we have heard what comes of it */
    if (answer == ANSWER_FETCH && claim) {
        cache->fetching = cache->tried = true;
        cache->tried_us = now_us;
    }
    pthread_mutex_unlock(&cache->set_lock);
    return answer;
}

struct err jwks_cache_find(struct jwks_cache *cache, const struct jws *jws, int64_t now_us,
                           struct jose_key *key)
{
    struct err why = OK;
    enum answer answer = ask_locked(cache, jws, now_us, false, key, &why);
    if (answer == ANSWER_FETCH) {
        /* Whoever waited here finds what the one before fetched, or that it just failed. */
        pthread_mutex_lock(&cache->fetch_lock);
        answer = ask_locked(cache, jws, now_us, true, key, &why);
        if (answer == ANSWER_FETCH) {
            fetch_now(cache, now_us);
            answer = ask_locked(cache, jws, now_us, false, key, &why);
        }
        pthread_mutex_unlock(&cache->fetch_lock);
    }
    if (answer == ANSWER_FOUND)
        return OK;
    return why.kind == ERR_NONE
               ? err_at(ERR_UPSTREAM, cache->opts.url, "the provider's keys cannot be had")
               : why;
}

void jwks_cache_stats(struct jwks_cache *cache, struct jwks_cache_stats *out)
{
    pthread_mutex_lock(&cache->set_lock);
    *out = (struct jwks_cache_stats){.fetches = cache->fetches,
                                     .failures = cache->failures,
                                     .keys = cache->set.n,
                                     .fetched_us = cache->fetched_us,
                                     .fresh_until_us = cache->fresh_until_us,
                                     .generation = cache->generation,
                                     .stale = cache->stale};
    pthread_mutex_unlock(&cache->set_lock);
}
