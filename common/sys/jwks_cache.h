/* The keys that somebody publishes, fetched when needed and kept for a while. Any thread may ask;
 * one at a time fetches and the others wait for its answer. The caller gives the time.
 * - A set is fresh for what Cache-Control: max-age says, within the bounds; then it is fetched
 * anew.
 * - A token with a kid that the set does not know has it fetched anew, since keys rotate, but no
 * more often than once in refetch_min: nobody makes us hammer the provider by inventing kids.
 * - While the provider is down or answers nonsense, the last good set serves on for stale_max. */
#ifndef COMMON_SYS_JWKS_CACHE_H
#define COMMON_SYS_JWKS_CACHE_H

#include "common/sys/fetch.h"
#include "common/sys/jwks.h"

struct jwks_cache;

/* How a document is got; NULL is fetch(). Tests bring their own. */
typedef struct err jwks_get_fn(void *ctx, struct arena *arena, const struct fetch_req *req,
                               struct fetch_reply *reply);

/* 0 takes the default. */
struct jwks_cache_opts {
    const char *url;         /* http or https; copied */
    int64_t fresh_min_us;    /* 1 minute */
    int64_t fresh_max_us;    /* 1 hour: a withdrawn key is believed no longer than this */
    int64_t fresh_unsaid_us; /* 15 minutes: when the answer names no max-age */
    int64_t stale_max_us;    /* 24 hours, behind the end of freshness */
    int64_t refetch_min_us;  /* 1 minute */
    int64_t retry_us;        /* 5 seconds: between tries while there is no set at all */
    uint32_t timeout_ms;     /* 5 seconds */
    jwks_get_fn *get;
    void *get_ctx;
};

struct jwks_cache_stats {
    uint64_t fetches, failures;
    size_t keys;            /* in the set that serves */
    int64_t fetched_us;     /* 0: never yet */
    int64_t fresh_until_us; /* of the set that serves */
    uint64_t generation;    /* another one when the set holds other keys than before */
    bool stale;             /* as of the last question */
};

/* NULL without memory. Nothing is fetched yet. */
struct jwks_cache *jwks_cache_new(const struct jwks_cache_opts *opts);
void jwks_cache_free(struct jwks_cache *cache);
CLEANUP_DEFINE(struct jwks_cache *, jwks_cache_free)

const char *jwks_cache_url(const struct jwks_cache *cache);

/* The key of the token, as jwks_find; may fetch, so not for a loop thread. ERR_AUTH: the published
 * keys do not fit, or more than one does. ERR_UPSTREAM: there is no set to ask and none to be had;
 * `where` is the URL. */
MUST_CHECK struct err jwks_cache_find(struct jwks_cache *cache, const struct jws *jws,
                                      int64_t now_us, struct jose_key *key);

void jwks_cache_stats(struct jwks_cache *cache, struct jwks_cache_stats *out);

#endif
