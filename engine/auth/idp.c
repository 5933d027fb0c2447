/* Checking what the provider signed. A rule that a token breaks is named for the log; the caller
 * hears only that the login does not count. */
#include "engine/auth/idp.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/json_read.h"

#define METADATA_MAX  ((size_t)256 * 1024)
#define METADATA_MS   3000
#define METADATA_US   (INT64_C(3600) * 1000000)
#define RETRY_US      (INT64_C(5) * 1000000)
#define IAT_AGE_MAX_S 600 /* a login for this decision was made just now */
#define TIME_MAX_S    INT64_C(253402300799)

struct idp {
    const struct config *config;
    jwks_get_fn *get;
    void *ctx;
    pthread_mutex_t lock; /* of what follows */
    struct jwks_cache *keys;
    int64_t found_us, tried_us;
};

static bool is_loopback(const char *url)
{
    static const char *const here[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        const char *rest = url + strlen(here[i]);
        if (strncmp(url, here[i], strlen(here[i])) == 0 &&
            (*rest == '\0' || *rest == ':' || *rest == '/'))
            return true;
    }
    return false;
}

static bool url_allowed(const struct config *config, const char *url)
{
    return strncmp(url, "https://", 8) == 0 || (config->env == CONFIG_DEV && is_loopback(url));
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
    pthread_mutex_destroy(&idp->lock);
    free(idp);
}

/* ---- where its keys are ---- */

static struct err document(struct idp *idp, struct arena *arena, const char *url,
                           struct json **document)
{
    static const struct http_pair accept = {"Accept", "application/json"};
    static const struct json_limits limits = {
        .depth_max = 16, .bytes_max = METADATA_MAX, .nodes_max = 8192};
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
    if (reply.status != 200 || json_read(arena, reply.body, &limits, document).kind != ERR_NONE)
        return err_at(ERR_UPSTREAM, url, "the identity provider publishes no configuration");
    return OK;
}

/* OpenID Connect Discovery 1.0, 4.3: the issuer is the one that was asked for, byte for byte. */
static struct err keys_locate(struct idp *idp, struct arena *arena, const char **jwks_uri)
{
    const char *issuer = idp->config->oidc_issuer;
    const size_t len = strlen(issuer);
    const bool slash = len > 0 && issuer[len - 1] == '/';
    const char *url = arena_fmt(arena, "%.*s/.well-known/openid-configuration",
                                (int)(slash ? len - 1 : len), issuer);
    struct json *meta;
    ENSURE(url != NULL, ERR_LIMIT, "out of memory");
    TRY(document(idp, arena, url, &meta));
    *jwks_uri = json_get_text(meta, "jwks_uri");
    if (!text_eq(json_get_text(meta, "issuer"), issuer))
        return err_at(ERR_UPSTREAM, url, "the identity provider calls itself something else");
    if (*jwks_uri == NULL || !url_allowed(idp->config, *jwks_uri))
        return err_at(ERR_UPSTREAM, url, "the identity provider's keys have no address to trust");
    return OK;
}

/* Asked for anew now and then; what is known serves on while it cannot be had. */
static struct err keys_find(struct idp *idp, struct arena *arena, int64_t now_us)
{
    const char *uri = NULL;
    if (idp->keys != NULL && now_us - idp->found_us < METADATA_US)
        return OK;
    if (idp->tried_us != 0 && now_us - idp->tried_us < RETRY_US)
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
    jwks_cache_free(idp->keys);
    idp->keys = keys;
    return OK;
}

static struct err signature_check(struct idp *idp, struct arena *arena, const struct jws *jws,
                                  int64_t now_us)
{
    struct jose_key key;
    pthread_mutex_lock(&idp->lock);
    struct err e = keys_find(idp, arena, now_us);
    if (e.kind == ERR_NONE)
        e = jwks_cache_find(idp->keys, jws, now_us, &key);
    pthread_mutex_unlock(&idp->lock);
    TRY(e);
    return jws_verify(jws, &key);
}

/* ---- the claims: OpenID Connect Core 1.0, 2 and 3.1.3.7 ---- */

/* A NumericDate without its fraction; -1 when it is absent. */
static struct err time_read(const struct json *claims, const char *name, int64_t *seconds)
{
    const struct json *node = json_get(claims, name);
    *seconds = -1;
    if (node == NULL)
        return OK;
    const size_t whole = node->type == JSON_TYPE_NUMBER ? strspn(node->text.at, "0123456789") : 0;
    if (whole == 0 || whole > 12 || (node->text.at[whole] != '\0' && node->text.at[whole] != '.') ||
        strpbrk(node->text.at, "eE") != NULL)
        return err_at(ERR_AUTH, name, "a time of the ID token is no number of seconds");
    int64_t n = 0;
    for (size_t i = 0; i < whole; i++)
        n = n * 10 + (node->text.at[i] - '0');
    *seconds = n > TIME_MAX_S ? TIME_MAX_S : n;
    return OK;
}

static bool holds(const struct json *claim, const char *value)
{
    if (json_is(claim, JSON_TYPE_TEXT))
        return text_eq(json_text(claim), value);
    for (size_t i = 0; json_is(claim, JSON_TYPE_ARRAY) && i < claim->count; i++) {
        if (json_is(claim->items[i], JSON_TYPE_TEXT) && text_eq(json_text(claim->items[i]), value))
            return true;
    }
    return false;
}

/* Made for the workspace, and for nobody else unless it says that the workspace is whom it is for.
 */
static struct err audience_check(const struct json *claims, const char *client_id)
{
    const struct json *aud = json_get(claims, "aud"), *azp = json_get(claims, "azp");
    ENSURE(holds(aud, client_id), ERR_AUTH, "the ID token was made for another application (aud)");
    ENSURE(azp == NULL || (json_is(azp, JSON_TYPE_TEXT) && text_eq(json_text(azp), client_id)),
           ERR_AUTH, "the ID token was made for another application (azp)");
    ENSURE(!json_is(aud, JSON_TYPE_ARRAY) || aud->count == 1 || azp != NULL, ERR_AUTH,
           "the ID token is also for others and does not say that it was made for us (azp)");
    return OK;
}

static struct err times_check(const struct json *claims, int64_t now_s, int64_t skew_s,
                              struct login *login)
{
    int64_t iat, exp, nbf, auth_time;
    TRY(time_read(claims, "iat", &iat));
    TRY(time_read(claims, "exp", &exp));
    TRY(time_read(claims, "nbf", &nbf));
    TRY(time_read(claims, "auth_time", &auth_time));
    ENSURE(iat >= 0 && exp >= 0, ERR_AUTH, "the ID token lacks iat or exp");
    ENSURE(now_s < exp + skew_s, ERR_AUTH, "the ID token has expired");
    ENSURE(iat <= now_s + skew_s && nbf <= now_s + skew_s, ERR_AUTH,
           "the ID token is from the future: compare the clocks");
    ENSURE(iat >= now_s - skew_s - IAT_AGE_MAX_S, ERR_AUTH,
           "the ID token was not made for this decision: it is too old");
    ENSURE(auth_time >= 0, ERR_AUTH,
           "the identity provider does not say when the person logged in (auth_time)");
    ENSURE(auth_time <= now_s + skew_s, ERR_AUTH, "the login is in the future");
    login->auth_time_us = auth_time * 1000000;
    login->until_us = (exp + skew_s) * 1000000;
    return OK;
}

static struct err strength_check(const struct setting_list *wanted, const char *acr)
{
    bool named = wanted->n == 0;
    for (size_t i = 0; !named && acr != NULL && i < wanted->n; i++)
        named = strcmp(acr, wanted->items[i]) == 0;
    ENSURE(named, ERR_AUTH, "the login was not of the strength that is asked for (acr)");
    return OK;
}

static struct err claims_check(const struct idp *idp, const struct json *claims, int64_t now_us,
                               struct login *login)
{
    const struct config *config = idp->config;
    login->iss = json_get_text(claims, "iss");
    login->sub = json_get_text(claims, "sub");
    login->nonce = json_get_text(claims, "nonce");
    login->acr = json_get_text(claims, "acr");
    ENSURE(text_eq(login->iss, config->oidc_issuer), ERR_AUTH, "the ID token is of another issuer");
    ENSURE(!text_empty(login->sub), ERR_AUTH, "the ID token names nobody (sub)");
    ENSURE(!text_empty(login->nonce), ERR_AUTH, "the ID token is bound to nothing (nonce)");
    TRY(audience_check(claims, config->oidc_client_id));
    TRY(times_check(claims, now_us / 1000000, config->oidc_skew_seconds, login));
    return strength_check(&config->oidc_acr, login->acr);
}

struct err idp_login(struct idp *idp, struct arena *arena, const char *token, int64_t now_us,
                     struct login *login)
{
    static const struct json_limits limits = {
        .depth_max = 16, .bytes_max = (size_t)64 * 1024, .nodes_max = 8192};
    struct json *claims;
    struct jws jws;
    char hex[SHA256_HEX_SIZE];
    *login = (struct login){.iss = NULL};
    TRY(jws_parse_foreign(arena, str_of(token), &jws));
    TRY(signature_check(idp, arena, &jws, now_us));
    TRY(json_read(arena, jws.payload, &limits, &claims));
    ENSURE(json_is(claims, JSON_TYPE_OBJECT), ERR_INPUT, "the ID token's claims are no object");
    TRY(claims_check(idp, claims, now_us, login));
    sha256_hex(token, strlen(token), hex);
    login->sha256 = arena_strdup(arena, hex);
    return arena_check(arena);
}
