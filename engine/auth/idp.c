/* Checking what the provider signed. A rule that a token breaks is named for the log; the caller
 * hears only that the login does not count. */
#include "engine/auth/idp.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "proto/oidc_discovery.h"
#include "proto/oidc_token.h"

#define METADATA_MAX ((size_t)256 * 1024)
#define METADATA_MS  3000
#define METADATA_US  (INT64_C(3600) * 1000000)
#define RETRY_US     (INT64_C(5) * 1000000)  /* while nothing is known of it */
#define AGAIN_US     (INT64_C(60) * 1000000) /* while what is known serves on */
#define EXP_MAX_S    INT64_C(253402300799)   /* the year 9999: what microseconds hold */

struct idp {
    const struct config *config;
    jwks_get_fn *get;
    void *ctx;
    atomic_uint_fast64_t generation;
    pthread_mutex_t lock; /* of what follows */
    struct jwks_cache *keys;
    struct jwks_cache *before; /* somebody may still be asking it: no question lasts METADATA_US */
    int64_t found_us, tried_us;
    const struct jwks_cache *seen; /* whose keys `generation` speaks of, */
    uint64_t seen_generation;      /* and which of them */
};

static bool url_allowed(const struct config *config, const char *url)
{
    return oidc_url_allowed(url, config->env == CONFIG_DEV);
}

struct err idp_new(const struct config *config, jwks_get_fn *get, void *ctx, struct idp **out)
{
    *out = NULL;
    if (text_empty(config->oidc_issuer))
        return OK;
    if (!url_allowed(config, config->oidc_issuer))
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_ISSUER", "an https:// address is expected");
    if (text_empty(config->oidc_client_id))
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_CLIENT_ID",
                      "has to be set with CLOSEGATE_OIDC_ISSUER: ID tokens name it");
    struct idp *idp = calloc(1, sizeof *idp);
    ENSURE(idp != NULL, ERR_LIMIT, "no memory");
    idp->config = config;
    idp->get = get;
    idp->ctx = ctx;
    if (pthread_mutex_init(&idp->lock, NULL) != 0) {
        free(idp);
        return err_new(ERR_LIMIT, "no lock to be had");
    }
    *out = idp;
    return OK;
}

void idp_free(struct idp *idp)
{
    if (idp == NULL)
        return;
    jwks_cache_free(idp->keys);
    jwks_cache_free(idp->before);
    pthread_mutex_destroy(&idp->lock);
    free(idp);
}

/* ---- where its keys are ---- */

static struct err document(struct idp *idp, struct arena *arena, const char *url, struct str *text)
{
    static const struct http_pair accept = {"Accept", "application/json"};
    const struct fetch_req req = {.method = "GET",
                                  .url = url,
                                  .pairs = &accept,
                                  .pairs_n = 1,
                                  .reply_max = METADATA_MAX,
                                  .timeout_ms = METADATA_MS};
    struct fetch_reply reply;
    struct err e =
        idp->get == NULL ? fetch(arena, &req, &reply) : idp->get(idp->ctx, arena, &req, &reply);
    if (e.kind != ERR_NONE)
        return err_fmt(arena, ERR_UPSTREAM, url, "the identity provider is not there: %s", e.msg);
    if (reply.status != 200)
        return err_at(ERR_UPSTREAM, url, "the identity provider publishes no configuration");
    *text = reply.body;
    return OK;
}

static struct err keys_locate(struct idp *idp, struct arena *arena, const char **jwks_uri)
{
    const struct config *config = idp->config;
    const char *url = discovery_url(arena, config->oidc_issuer);
    struct str text;
    ENSURE(url != NULL, ERR_LIMIT, "out of memory");
    TRY(document(idp, arena, url, &text));
    struct err e =
        discovery_keys(arena, text, config->oidc_issuer, config->env == CONFIG_DEV, jwks_uri);
    return e.kind == ERR_INPUT ? err_at(ERR_UPSTREAM, url, e.msg) : e;
}

/* Asked for anew now and then; what is known serves on while it cannot be had. */
static struct err keys_find(struct idp *idp, struct arena *arena, int64_t now_us)
{
    const char *uri = NULL;
    if (idp->keys != NULL && now_us - idp->found_us < METADATA_US)
        return OK;
    /* Either way: a clock that went back far must not keep us from trying. */
    const int64_t wait_us = idp->keys == NULL ? RETRY_US : AGAIN_US;
    if (idp->tried_us != 0 && llabs(now_us - idp->tried_us) < wait_us)
        return idp->keys != NULL ? OK
                                 : err_new(ERR_UPSTREAM, "the identity provider was not there");
    idp->tried_us = now_us;
    struct err e = keys_locate(idp, arena, &uri);
    if (e.kind != ERR_NONE)
        return idp->keys != NULL ? OK : e;
    idp->found_us = now_us;
    if (idp->keys != NULL && strcmp(jwks_cache_url(idp->keys), uri) == 0)
        return OK;
    struct jwks_cache *keys = jwks_cache_new(&(struct jwks_cache_opts){
        .url = uri, .timeout_ms = METADATA_MS, .get = idp->get, .get_ctx = idp->ctx});
    ENSURE(keys != NULL, ERR_LIMIT, "no memory");
    jwks_cache_free(idp->before);
    idp->before = idp->keys;
    idp->keys = keys;
    return OK;
}

static void keys_note(struct idp *idp, struct jwks_cache *keys, struct jwks_cache_stats *stats)
{
    jwks_cache_stats(keys, stats);
    pthread_mutex_lock(&idp->lock);
    if (keys == idp->keys && (idp->seen != keys || idp->seen_generation != stats->generation)) {
        idp->seen = keys;
        idp->seen_generation = stats->generation;
        atomic_fetch_add(&idp->generation, 1);
    }
    pthread_mutex_unlock(&idp->lock);
}

/* Asked again when the keys became others meanwhile, so that what is said of them is true of the
 * one that was found. */
static struct err key_find(struct idp *idp, struct jwks_cache *keys, const struct jws *jws,
                           int64_t now_us, struct jose_key *key, struct idp_keys *with)
{
    struct jwks_cache_stats stats;
    for (int i = 0; i < 2; i++) {
        with->generation = atomic_load(&idp->generation);
        TRY(jwks_cache_find(keys, jws, now_us, key));
        keys_note(idp, keys, &stats);
        /* Those of a provider that is away serve on, and it is not asked again before that. */
        with->fresh_until_us = stats.stale ? now_us + AGAIN_US : stats.fresh_until_us;
        if (with->generation == atomic_load(&idp->generation))
            break;
    }
    return OK;
}

static struct err signature_check(struct idp *idp, struct arena *arena, const struct jws *jws,
                                  int64_t now_us, struct idp_keys *with)
{
    struct jose_key key;
    pthread_mutex_lock(&idp->lock);
    struct err e = keys_find(idp, arena, now_us);
    struct jwks_cache *keys = idp->keys;
    pthread_mutex_unlock(&idp->lock);
    TRY(e);
    TRY(key_find(idp, keys, jws, now_us, &key, with));
    return jws_verify(jws, &key);
}

uint64_t idp_generation(const struct idp *idp)
{
    return atomic_load(&idp->generation);
}

/* ---- what it says ---- */

static struct err claims_check(const struct idp *idp, const struct id_token *t, enum jose_alg alg,
                               int64_t now_us)
{
    const struct config *config = idp->config;
    return id_token_check(t, &(struct id_token_rules){.issuer = config->oidc_issuer,
                                                      .client_id = config->oidc_client_id,
                                                      .alg = alg,
                                                      .now_s = now_us / 1000000,
                                                      .skew_s = config->oidc_skew_seconds,
                                                      .dated = true,
                                                      .acr = &config->oidc_acr});
}

struct err idp_login(struct idp *idp, struct arena *arena, const char *token, int64_t now_us,
                     struct login *login)
{
    struct id_token t;
    struct jws jws;
    struct idp_keys with;
    char hex[SHA256_HEX_SIZE];
    *login = (struct login){.iss = NULL};
    TRY(jws_parse_foreign(arena, str_of(token), &jws));
    TRY(signature_check(idp, arena, &jws, now_us, &with));
    TRY(id_token_read(arena, jws.payload, &t));
    TRY(claims_check(idp, &t, jws.alg, now_us));
    sha256_hex(token, strlen(token), hex);
    const int64_t exp = t.exp > EXP_MAX_S ? EXP_MAX_S : t.exp;
    *login = (struct login){.iss = t.iss,
                            .sub = t.sub,
                            .nonce = t.nonce,
                            .acr = t.acr,
                            .auth_time_us = t.auth_time * 1000000,
                            .until_us = (exp + idp->config->oidc_skew_seconds) * 1000000,
                            .sha256 = arena_strdup(arena, hex)};
    return arena_check(arena);
}

struct err idp_access_token(struct idp *idp, struct arena *arena, struct str token,
                            const char *resource, int64_t now_us, struct access_token *t,
                            struct idp_keys *keys)
{
    const struct access_token_rules rules = {.issuer = idp->config->oidc_issuer,
                                             .resource = resource,
                                             .now_s = now_us / 1000000,
                                             .skew_s = idp->config->oidc_skew_seconds};
    struct jws jws;
    ENSURE(memchr(token.at, '.', token.len) != NULL, ERR_AUTH,
           "the access token is opaque: what is taken here is a JWT (RFC 9068), which the provider "
           "makes for a resource it was asked for");
    TRY(jws_parse_foreign(arena, token, &jws));
    ENSURE(access_token_typ(jws.typ), ERR_AUTH, "the token is not an access token (typ)");
    TRY(signature_check(idp, arena, &jws, now_us, keys));
    TRY(access_token_read(arena, jws.payload, t));
    return access_token_check(arena, t, &rules);
}
