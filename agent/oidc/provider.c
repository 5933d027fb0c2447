/* Discovery with a memory. The document is kept as text and read anew for each request: a few
 * kilobytes, and nothing is shared between requests. */
#include "agent/oidc/provider.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/oidc/provider_own.h"
#include "common/sys/log.h"

#define SECOND_US    INT64_C(1000000)
#define FRESH_US     (3600 * SECOND_US)
#define STALE_US     (24 * FRESH_US)
#define RETRY_US     (5 * SECOND_US)
#define DOCUMENT_MAX ((size_t)128 * 1024)

static struct err get_by_fetch(void *ctx, struct arena *arena, const struct fetch_req *req,
                               struct fetch_reply *reply)
{
    (void)ctx;
    return fetch(arena, req, reply);
}

struct err provider_new(const struct agent_config *config, jwks_get_fn *get, void *get_ctx,
                        struct provider **out)
{
    CLEANUP(provider_free) struct provider *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, ERR_LIMIT, "no memory");
    p->config = config;
    p->get = get == NULL ? get_by_fetch : get;
    p->get_ctx = get_ctx;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_mutex_init(&p->fetch_lock, NULL);
    p->arena = arena_new(16384);
    ENSURE(p->arena != NULL, ERR_LIMIT, "no memory");
    p->redirect_uri = arena_fmt(p->arena, "%s/auth/callback", config->workspace_url);
    p->discovery_url = discovery_url(p->arena, config->oidc.issuer);
    TRY(arena_check(p->arena));
    *out = p;
    p = NULL;
    return OK;
}

void provider_free(struct provider *provider)
{
    if (provider == NULL)
        return;
    for (size_t i = 0; i < provider->key_sets_n; i++)
        jwks_cache_free(provider->key_sets[i]);
    (void)pthread_mutex_destroy(&provider->lock);
    (void)pthread_mutex_destroy(&provider->fetch_lock);
    free(provider->document);
    arena_free(provider->arena);
    free(provider);
}

const char *provider_redirect_uri(const struct provider *provider)
{
    return provider->redirect_uri;
}

/* ---- the document ---- */

static struct err fetch_document(struct provider *p, struct arena *arena, struct str *text)
{
    const struct fetch_req req = {
        .method = "GET", .url = p->discovery_url, .reply_max = DOCUMENT_MAX, .timeout_ms = 5000};
    struct fetch_reply reply;
    struct oidc_metadata read;
    struct err e = p->get(p->get_ctx, arena, &req, &reply);
    if (e.kind != ERR_NONE)
        return err_at(ERR_UPSTREAM, p->discovery_url, e.msg);
    if (reply.status != 200)
        return err_fmt(arena, ERR_UPSTREAM, p->discovery_url,
                       "the identity provider answers %d where its document should be",
                       reply.status);
    e = discovery_parse(arena, reply.body, p->config->oidc.issuer, p->config->env == CONFIG_DEV,
                        &read);
    if (e.kind != ERR_NONE)
        return err_at(ERR_UPSTREAM, p->discovery_url, e.msg);
    *text = reply.body;
    return OK;
}

/* Under fetch_lock. */
static struct err refresh(struct provider *p, struct arena *arena, int64_t now_us)
{
    struct str text = STR("");
    struct err e = fetch_document(p, arena, &text);
    char *copy = e.kind == ERR_NONE ? strndup(text.at, text.len) : NULL;
    if (e.kind == ERR_NONE && copy == NULL)
        e = err_new(ERR_LIMIT, "no memory");
    pthread_mutex_lock(&p->lock);
    p->tried_us = now_us;
    if (copy != NULL) {
        free(p->document);
        p->document = copy;
        p->fetched_us = now_us;
    }
    pthread_mutex_unlock(&p->lock);
    if (e.kind != ERR_NONE)
        log_warn("the identity provider's document is not to be had", LOG_ERR(e), LOG_END);
    return e;
}

/* A copy of the document we have; *wanted: a newer one should be asked for. */
static const char *have_document(struct provider *p, struct arena *arena, int64_t now_us,
                                 bool *wanted)
{
    pthread_mutex_lock(&p->lock);
    const bool may_try = p->tried_us == 0 || llabs(now_us - p->tried_us) >= RETRY_US;
    const int64_t age = p->document == NULL ? STALE_US : now_us - p->fetched_us;
    const char *text = age < STALE_US ? arena_strdup(arena, p->document) : NULL;
    *wanted = may_try && (age < 0 || age >= FRESH_US);
    pthread_mutex_unlock(&p->lock);
    return text;
}

struct err provider_metadata(struct provider *provider, struct arena *arena, int64_t now_us,
                             struct oidc_metadata *out)
{
    bool wanted;
    struct err why = OK;
    const char *text = have_document(provider, arena, now_us, &wanted);
    if (wanted) {
        pthread_mutex_lock(&provider->fetch_lock);
        text = have_document(provider, arena, now_us, &wanted);
        if (wanted)
            why = refresh(provider, arena, now_us);
        text = have_document(provider, arena, now_us, &wanted);
        pthread_mutex_unlock(&provider->fetch_lock);
    }
    TRY(arena_check(arena));
    if (text == NULL)
        return why.kind == ERR_NONE
                   ? err_at(ERR_UPSTREAM, provider->discovery_url,
                            "the identity provider does not answer; we try again in a few seconds")
                   : why;
    return discovery_parse(arena, str_of(text), provider->config->oidc.issuer,
                           provider->config->env == CONFIG_DEV, out);
}

/* ---- the keys ---- */

/* A provider that moves its keys gets a new cache; the old ones stay until the end, for somebody
 * may be asking them just now. */
static struct jwks_cache *keys_at(struct provider *p, const char *url)
{
    struct jwks_cache *found = NULL;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->key_sets_n && found == NULL; i++)
        found = strcmp(jwks_cache_url(p->key_sets[i]), url) == 0 ? p->key_sets[i] : NULL;
    if (found == NULL && p->key_sets_n < KEY_SETS_MAX) {
        found = jwks_cache_new(
            &(struct jwks_cache_opts){.url = url, .get = p->get, .get_ctx = p->get_ctx});
        if (found != NULL)
            p->key_sets[p->key_sets_n++] = found;
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

struct err provider_verify(struct provider *provider, const struct oidc_metadata *meta,
                           const struct jws *jws, int64_t now_us)
{
    struct jose_key key;
    struct jwks_cache *keys = keys_at(provider, meta->jwks_uri);
    ENSURE(keys != NULL, ERR_LIMIT, "the identity provider moved its keys too often; restart");
    TRY(jwks_cache_find(keys, jws, now_us, &key));
    return jws_verify(jws, &key);
}

struct err provider_ready(struct provider *provider, struct arena *arena, int64_t now_us)
{
    /* A token that nobody signed: asking for its key tells whether there are keys to ask. */
    const struct jws nobodys = {.alg = JOSE_RS256, .kid = "closegate-doctor"};
    struct oidc_metadata meta;
    TRY(provider_metadata(provider, arena, now_us, &meta));
    struct err e = provider_verify(provider, &meta, &nobodys, now_us);
    return e.kind == ERR_AUTH ? OK : e;
}
