/* From the transport to the actor: which way the caller is to be shown, and the end of it. Every
 * way that is not chosen explicitly ends in a refusal. The registry's part is auth_lookup.c. */
#include "engine/auth/actor_auth.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/auth/auth_own.h"
#include "proto/approval_nonce.h"

/* "client=key,client=key": 32 bytes of Ed25519 in base64url each. */
static struct err keys_parse(struct auth *auth, const char *text)
{
    struct str rest = str_of(text), item;
    size_t n = 1;
    for (const char *p = text; *p != '\0'; p++)
        n += *p == ',';
    auth->keys = ARENA_ARRAY(auth->arena, n, struct forwarder_key);
    TRY(arena_check(auth->arena));
    for (bool more = true; more;) {
        struct str name, key;
        struct forwarder_key *k = &auth->keys[auth->keys_n++];
        size_t len;
        more = str_cut(rest, ',', &item, &rest);
        if (!str_cut(str_trim(item), '=', &name, &key) || name.len == 0 ||
            !base64url_parse(key, k->key.ed25519, sizeof k->key.ed25519, &len) ||
            len != sizeof k->key.ed25519)
            return err_at(ERR_INPUT, "CLOSEGATE_FORWARDER_KEYS",
                          "expected client=key,…, a key being 32 bytes in base64url");
        k->key.alg = JOSE_EDDSA;
        k->client_id = str_dup(auth->arena, name);
    }
    return arena_check(auth->arena);
}

static struct err config_fits(const struct config *config)
{
    if (config->auth_backend == CONFIG_AUTH_DEV && config->env == CONFIG_PROD)
        return err_at(ERR_INPUT, "CLOSEGATE_AUTH_BACKEND",
                      "dev lets anybody in and is refused when CLOSEGATE_ENV is prod");
    if (text_empty(config->header_trust_header) ||
        str_is_nocase(str_of(config->header_trust_header), ASSERTION_HEADER))
        return err_at(ERR_INPUT, "CLOSEGATE_HEADER_TRUST_HEADER",
                      "expected a header of its own for the actor");
    return OK;
}

struct err auth_new_with(const struct config *config, int64_t started_us, jwks_get_fn *get,
                         void *get_ctx, struct auth **out)
{
    TRY(config_fits(config));
    CLEANUP(auth_free) struct auth *auth = calloc(1, sizeof *auth);
    ENSURE(auth != NULL, ERR_LIMIT, "no memory");
    auth->config = config;
    auth->started_us = started_us;
    auth->arena = arena_new(64 * 1024);
    auth->used = jti_set_new(ASSERTION_LIFE_MAX_S + 2 * ASSERTION_SKEW_S, JTI_SET_MAX);
    ENSURE(auth->arena != NULL && auth->used != NULL, ERR_LIMIT, "no memory");
    TRY(idp_new(config, get, get_ctx, &auth->idp));
    TRY(bearer_new(auth));
    if (config->forwarder_keys != NULL)
        TRY(keys_parse(auth, config->forwarder_keys));
    *out = auth;
    auth = NULL;
    return OK;
}

struct err auth_new(const struct config *config, int64_t started_us, struct auth **out)
{
    return auth_new_with(config, started_us, NULL, NULL, out);
}

void auth_free(struct auth *auth)
{
    if (auth == NULL)
        return;
    arena_free(auth->arena);
    jti_set_free(auth->used);
    token_cache_free(auth->tokens);
    sender_fini(&auth->sender);
    idp_free(auth->idp);
    free(auth);
}

int64_t auth_refused(const struct auth *auth)
{
    return auth->refusals.total;
}

static bool from_trusted_proxy(const struct config *config, const struct web_peer *peer)
{
    if (peer->is_unix)
        return false;
    for (size_t i = 0; i < config->trusted_proxies.n; i++)
        if (netblock_has(&config->trusted_proxies.items[i], &peer->addr))
            return true;
    return false;
}

static const char *audience(const struct config *config)
{
    return config->engine_audience != NULL ? config->engine_audience : ASSERTION_AUD;
}

static void begin_assertion(struct auth_check *check, const struct auth_request *req,
                            const char *token)
{
    const struct assertion_request against = {
        .method = http_method_name(req->http->method),
        .path = req->http->path,
        .body = req->http->body,
        .aud = audience(check->auth->config),
        .now_us = req->now_us,
        .started_us = check->auth->started_us,
    };
    const char *header = check->header;

    struct err e = jws_parse(check->arena, str_of(token), &check->jws);
    if (e.kind == ERR_NONE)
        e = assertion_parse(check->arena, &check->jws, &check->claims);
    if (e.kind == ERR_NONE) {
        check->who = check->claims.sub;
        e = actor_parse(str_of(check->claims.sub), &check->named);
    }
    if (e.kind == ERR_NONE && header != NULL && strcmp(header, check->claims.sub) != 0)
        e = err_new(ERR_AUTH, "the actor header and the assertion name different actors");
    if (e.kind == ERR_NONE)
        e = assertion_check(&check->claims, &against);
    if (e.kind != ERR_NONE && e.where != NULL)
        e = err_fmt(check->arena, e.kind, NULL, "the assertion does not fit: %s: %s", e.where,
                    e.msg);
    if (e.kind != ERR_NONE)
        auth_refuse(check, 401, e.msg);
    else
        check->way = WAY_ASSERTION;
}

static void begin_header_trust(struct auth_check *check, const struct auth_request *req)
{
    const struct config *config = check->auth->config;

    if (check->header == NULL)
        auth_refuse(check, 401, "say who calls: an assertion in " ASSERTION_HEADER " is missing");
    else if (!from_trusted_proxy(config, req->peer))
        auth_refuse(check, 401, "the actor header is taken from trusted proxies only");
    else if (config->env == CONFIG_PROD || check->auth->keys_n > 0)
        auth_refuse(check, 401, "the actor header needs an assertion in " ASSERTION_HEADER);
    else
        check->way = WAY_BARE;
}

static void begin_mcp(struct auth_check *check, const struct auth_request *req, const char *token)
{
    const bool oidc = check->auth->config->auth_backend == CONFIG_AUTH_OIDC;

    if (oidc && bearer_shown(req->http) && (token != NULL || req->peer->is_unix)) {
        auth_refuse(check, 400, "say once who calls: there is more than an access token");
    } else if (token != NULL) {
        begin_assertion(check, req, token);
    } else if (req->peer->is_unix) {
        if (check->header != NULL)
            auth_refuse(check, 401, "on the socket the kernel says who calls, not a header");
        else
            check->way = WAY_OS;
    } else if (check->auth->config->auth_backend == CONFIG_AUTH_DEV) {
        if (check->header != NULL)
            auth_refuse(check, 401,
                        "the dev backend takes no actor header without an assertion: leave it "
                        "out to act as llm:dev");
        else
            check->way = WAY_DEV;
    } else if (check->auth->config->auth_backend == CONFIG_AUTH_HEADER_TRUST) {
        begin_header_trust(check, req);
    } else if (oidc) {
        bearer_begin(check);
    }
}

static void begin_admin(struct auth_check *check, const struct auth_request *req, const char *token)
{
    if (!req->peer->is_unix)
        auth_refuse(check, 403, "administration is offered on the engine's Unix socket only");
    else if (token != NULL || check->header != NULL)
        auth_refuse(check, 400, "on the socket the kernel says who calls, not a header");
    else
        check->way = WAY_OS;
}

struct auth_check *auth_begin(struct auth *auth, struct arena *arena,
                              const struct auth_request *req)
{
    struct auth_check *check = ARENA_NEW(arena, struct auth_check);
    const char *token = NULL;
    if (check == NULL)
        return NULL;
    check->auth = auth;
    check->arena = arena;
    check->door = req->door;
    check->now_us = req->now_us;
    check->http = req->http;
    check->from = req->peer;
    check->uid = req->peer->uid;
    check->pid = req->peer->pid;
    check->peer = req->peer->text;
    auth_headers(check, req->http, &token);
    if (arena_full(arena))
        auth_refuse(check, 503, "no memory for this request");
    if (check->result.status != 0)
        return check;
    if (req->door == AUTH_ADMIN)
        begin_admin(check, req, token);
    else
        begin_mcp(check, req, token);
    return check;
}

bool auth_settled(const struct auth_check *check)
{
    return check->result.status != 0;
}

struct auth_result auth_end(struct auth *auth, struct auth_check *check, struct err e)
{
    if (e.kind != ERR_NONE)
        auth_refuse(check, 503, "the registry cannot be read now");
    if (check->result.status == 0 && check->result.actor.kind == ACTOR_NONE)
        auth_refuse(check, 401, "the caller is not shown");
    if (check->result.status == 0 && check->way == WAY_ASSERTION) {
        struct err used =
            jti_set_use(auth->used, check->jws.kid, check->claims.jti, check->now_us / 1000000);
        if (used.kind != ERR_NONE)
            auth_refuse(check, used.kind == ERR_CONFLICT ? 401 : 503, used.msg);
    }
    if (check->way != WAY_TOKEN)
        check->result.scopes = ACCESS_READ | ACCESS_PROPOSE;
    sender_end(auth, check);
    bearer_end(auth, check);
    if (check->result.status != 0 && !sender_asks(check))
        refusals_note(&auth->refusals, check->who != NULL ? check->who : check->peer, check->peer,
                      check->result.status, check->result.why, check->now_us);
    return check->result;
}

static bool is_listed(const struct auth_result *who, const char *name)
{
    for (size_t i = 0; i < who->tools_n; i++)
        if (strcmp(who->tools[i], name) == 0)
            return true;
    return false;
}

bool auth_tool_allowed(const struct auth_result *who, const char *tool)
{
    if (who->tools == NULL)
        return who->actor.client_kind != CLIENT_SERVICE;
    return is_listed(who, tool);
}

bool auth_reads_allowed(const struct auth_result *who)
{
    return who->actor.client_kind != CLIENT_SERVICE || is_listed(who, CLIENT_READS);
}

void auth_login_bind(struct actor *actor, const char *digest, const char *decision)
{
    char nonce[APPROVAL_NONCE_SIZE];
    const struct login *login = actor->login;
    actor->login_bound = login != NULL &&
                         approval_nonce(digest, decision, nonce).kind == ERR_NONE &&
                         text_eq(login->nonce, nonce);
    if (actor->login_bound) /* the provider's word instead of the workspace's */
        actor->auth_time_us = login->auth_time_us;
}
