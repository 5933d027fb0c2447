/* Access tokens of the identity provider's: OAuth 2.1's resource server (docs/IDENTITY.md, RFC
 * 6750, 9068, 9728). The token says which client calls and for whom; whether we know them, and as
 * what, is the registry's word at every call. What it never does is make a human: whoever shows a
 * token is a program. */
#include <string.h>

#include "common/sys/log.h"
#include "engine/auth/auth_own.h"

#define SESSION_DIGITS 16
#define TIME_MAX_S     INT64_C(253402300799) /* the year 9999: what microseconds hold */

/* "client=id": the first '=' parts them, since an id may be an address. */
static struct err names_read(struct auth *auth)
{
    const struct setting_list *list = &auth->config->engine_oidc_clients;
    auth->names = ARENA_ARRAY(auth->arena, list->n + 1, struct client_name);
    TRY(arena_check(auth->arena));
    for (size_t i = 0; i < list->n; i++) {
        struct client_name *name = &auth->names[auth->names_n];
        bool good = str_cut(str_of(list->items[i]), '=', &name->client, &name->provider_id) &&
                    name->client.len > 0 && name->provider_id.len > 0;
        for (size_t j = 0; good && j < auth->names_n; j++)
            good = !str_eq(auth->names[j].provider_id, name->provider_id);
        if (!good)
            return err_at(ERR_INPUT, "CLOSEGATE_ENGINE_OIDC_CLIENTS",
                          "expected client=id, client=id, each id once");
        auth->names_n++;
    }
    return OK;
}

/* Which client of ours the provider means; NULL: none. Who has a name of its own there is not meant
 * by ours, which anybody may have been given. */
static const char *client_meant(const struct auth_check *check)
{
    const struct auth *auth = check->auth;
    const char *id = check->token.client_id;
    for (size_t i = 0; i < auth->names_n; i++)
        if (str_is(auth->names[i].provider_id, id))
            return str_dup(check->arena, auth->names[i].client);
    for (size_t i = 0; i < auth->names_n; i++)
        if (str_is(auth->names[i].client, id))
            return NULL;
    return id;
}

struct err bearer_new(struct auth *auth)
{
    const struct config *c = auth->config;
    if (c->auth_backend != CONFIG_AUTH_OIDC)
        return OK;
    if (auth->idp == NULL)
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_ISSUER",
                      "has to be set while CLOSEGATE_AUTH_BACKEND is oidc: whose tokens count");
    if (text_empty(c->engine_resource))
        return err_at(ERR_INPUT, "CLOSEGATE_ENGINE_RESOURCE",
                      "has to be set while CLOSEGATE_AUTH_BACKEND is oidc: what tokens are for");
    const char *wrong = resource_uri_wrong(c->engine_resource, c->env == CONFIG_DEV);
    if (wrong != NULL)
        return err_at(ERR_INPUT, "CLOSEGATE_ENGINE_RESOURCE", wrong);
    auth->resource = (struct protected_resource){.resource = c->engine_resource,
                                                 .issuer = c->oidc_issuer,
                                                 .name = "closegate",
                                                 .mtls_bound = c->tls.peer_ca != NULL};
    auth->metadata_url = resource_metadata_url(auth->arena, c->engine_resource);
    auth->tokens = token_cache_new();
    TRY(names_read(auth));
    ENSURE(auth->metadata_url != NULL && auth->tokens != NULL, ERR_LIMIT, "no memory");
    return sender_new(auth);
}

const struct protected_resource *auth_resource(const struct auth *auth)
{
    return auth->resource.resource == NULL ? NULL : &auth->resource;
}

/* ---- which token ---- */

bool bearer_shown(const struct http_req *http)
{
    return http_header(http, "Authorization", NULL) > 0;
}

/* RFC 6750 2.3 is not offered: addresses end up in logs. */
static bool in_query(struct str query)
{
    struct str one, name, value;
    for (bool more = query.len > 0; more;) {
        more = str_cut(query, '&', &one, &query);
        if (!str_cut(one, '=', &name, &value))
            name = one;
        if (str_is(name, "access_token"))
            return true;
    }
    return false;
}

/* RFC 7235 2.1: token68. */
static bool is_token68(struct str text)
{
    size_t n = 0;
    while (n < text.len && text.at[n] != '\0' &&
           strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/",
                  text.at[n]) != NULL)
        n++;
    const size_t body = n;
    while (n < text.len && text.at[n] == '=')
        n++;
    return body > 0 && n == text.len;
}

static enum auth_scheme scheme_of(struct str name)
{
    if (str_is_nocase(name, "Bearer"))
        return SCHEME_BEARER;
    return str_is_nocase(name, "DPoP") ? SCHEME_DPOP : SCHEME_NONE;
}

/* The one Authorization field's scheme and token; false: there is none, or it is refused. */
static bool authorization(struct auth_check *check)
{
    struct str scheme, token;
    const struct http_field *found = NULL;
    for (size_t i = 0; i < check->http->fields_n; i++) {
        if (!str_is_nocase(check->http->fields[i].name, "Authorization"))
            continue;
        if (found != NULL)
            auth_refuse(check, 400, "Authorization is there twice");
        found = &check->http->fields[i];
    }
    if (in_query(check->http->query))
        auth_refuse(check, 400, "an access token is shown in Authorization, never in the address");
    if (found == NULL) {
        auth_refuse(check, 401, "an access token is missing");
        return false;
    }
    const bool pair = str_cut(found->value, ' ', &scheme, &token);
    check->scheme = scheme_of(pair ? scheme : found->value);
    if (check->scheme == SCHEME_NONE)
        auth_refuse(check, 401, "Authorization is taken as Bearer or DPoP only");
    else if (!pair || found->padded || !is_token68(token))
        auth_refuse(check, 400, "Authorization is not a scheme, a space and a token");
    else
        check->access = token;
    return check->result.status == 0;
}

void bearer_begin(struct auth_check *check)
{
    const struct auth *auth = check->auth;
    check->by_token = true;
    if (check->header != NULL)
        auth_refuse(
            check, 401,
            "the actor header is not taken here without an assertion: show an access token");
    if (check->result.status != 0 || !authorization(check))
        return;
    check->way = WAY_TOKEN;
    sha256(check->access.at, check->access.len, check->access_sha256);
    token_cache_keys(auth->tokens, idp_generation(auth->idp));
    struct err e = token_cache_get(auth->tokens, check->access_sha256, check->now_us, check->arena,
                                   &check->token);
    check->proved = check->cached = e.kind == ERR_NONE;
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING)
        auth_refuse(check, 503, "no memory for this request");
}

/* ---- is it one ---- */

bool auth_unproved(const struct auth_check *check)
{
    return check->result.status == 0 && check->way == WAY_TOKEN && !check->proved;
}

void auth_prove(void *arg)
{
    struct auth_check *check = arg;
    const struct auth *auth = check->auth;
    struct err e = idp_access_token(auth->idp, check->arena, check->access, auth->resource.resource,
                                    check->now_us, &check->token, &check->proved_with);
    check->proved = e.kind == ERR_NONE;
    if (check->proved)
        return;
    if (arena_full(check->arena)) {
        auth_refuse(check, 503, "no memory for this request");
    } else if (e.kind == ERR_UPSTREAM || e.kind == ERR_STORE) {
        log_warn("an access token cannot be verified", LOG_ERR(e), LOG_END);
        auth_refuse(check, 503, "the identity provider's keys cannot be had now");
    } else {
        auth_refuse(check, 401, auth_why(check->arena, e));
    }
}

/* ---- whose is it ---- */

/* One session a login, as far as the provider tells them apart; else one a person and client. */
static const char *session_of(struct arena *arena, const char *client, const struct access_token *t)
{
    uint8_t hash[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, t->iss, strlen(t->iss) + 1);
    sha256_add(&h, t->sub, strlen(t->sub) + 1);
    if (t->sid != NULL)
        sha256_add(&h, t->sid, strlen(t->sid));
    sha256_end(&h, hash);
    hex_print(hash, sizeof hash, hex);
    return arena_fmt(arena, "llm:%s.%.*s", client, SESSION_DIGITS, hex);
}

/* Whoever has to register it reads by which name. */
static const char *named(const struct auth_check *check, const char *name, const char *why)
{
    return auth_why(check->arena, err_at(ERR_AUTH, name, why));
}

/* RFC 9068 5: a client's own name must not pass for a person's. */
static struct err person_behind(struct auth_check *check, struct tx *tx)
{
    const struct access_token *t = &check->token;
    struct principal person;
    HOLDS(check, strcmp(t->sub, t->client_id) != 0, 403,
          "the access token is the client's own and names no person it acts for");
    FOUND(check, identity_find(tx, check->arena, "oidc", t->iss, t->sub, &person), 403,
          named(check, t->sub, "the registry knows nobody by this token's iss and sub"));
    HOLDS(check, person.active, 403, "the person the agent acts for is disabled");
    check->result.actor.on_behalf_of = person.principal_id;
    check->result.actor.id = session_of(check->arena, check->result.actor.client, t);
    return arena_check(check->arena);
}

static struct err service_itself(struct auth_check *check)
{
    const struct access_token *t = &check->token;
    HOLDS(check, strcmp(t->sub, t->client_id) == 0, 403,
          "a service acts for itself: its access token names it alone (sub)");
    check->result.actor.id = arena_fmt(check->arena, "llm:%s.service", check->result.actor.client);
    return arena_check(check->arena);
}

static int64_t ends_us(const struct auth *auth, const struct access_token *t)
{
    const int64_t exp = t->exp > TIME_MAX_S ? TIME_MAX_S : t->exp;
    return (exp + auth->config->oidc_skew_seconds) * 1000000;
}

/* With the token, or with the certificate that it is bound to. */
static int64_t shown_until_us(const struct auth_check *check)
{
    const int64_t token_us = ends_us(check->auth, &check->token);
    const int64_t cert_us = (check->from->cert_until_s + 1) * 1000000;
    return check->token.cnf_x5t != NULL && cert_us < token_us ? cert_us : token_us;
}

static void fill(struct auth_check *check, const struct client *client)
{
    const struct access_token *t = &check->token;
    check->result.actor =
        (struct actor){.kind = ACTOR_LLM,
                       .client = client->client_id,
                       .client_kind = client->kind,
                       .channel = CHANNEL_API,
                       .backend = "oidc",
                       .iss = t->iss,
                       .acr = t->acr,
                       .auth_time_us = t->auth_time < 0 ? 0 : t->auth_time * 1000000};
    check->result.tools = client->tools;
    check->result.tools_n = client->tools_n;
    check->result.scopes = t->scopes;
    check->result.by_dpop = check->sender.dpop;
    check->result.until_us = shown_until_us(check);
}

static void insufficient(const struct auth *auth, struct arena *arena, enum access_scope scope,
                         struct auth_result *who);

struct err bearer_lookup(struct auth_check *check, struct tx *tx)
{
    struct client client;
    TRY(sender_check(check));
    if (check->result.status != 0)
        return OK;
    check->who = check->token.client_id;
    const char *meant = client_meant(check);
    HOLDS(check, meant != NULL, 403, "the access token's client goes by another name here");
    FOUND(check, client_load(tx, check->arena, meant, &client), 403,
          named(check, check->token.client_id, "the access token's client is not registered here"));
    HOLDS(check, client.active, 403, "this client is disabled");
    HOLDS(check, client.kind == CLIENT_MCP || client.kind == CLIENT_SERVICE, 403,
          "a workspace signs what it says in " ASSERTION_HEADER ": its access token is not taken");
    HOLDS(check, (client.channels & (1u << CHANNEL_API)) != 0, 403,
          "this client may not use this channel");
    fill(check, &client);
    sender_spend(check);
    TRY(client.kind == CLIENT_SERVICE ? service_itself(check) : person_behind(check, tx));
    if (check->result.status == 0 && (check->token.scopes & ACCESS_READ) == 0) {
        insufficient(check->auth, check->arena, ACCESS_READ, &check->result);
        check->narrow = true;
        auth_refuse(check, 403, "the access token lacks the scope " ACCESS_SCOPE_READ);
    }
    return OK;
}

/* ---- the answer ---- */

struct challenge {
    bool dpop; /* else Bearer */
    enum access_scope scope;
    const char *error, *why; /* NULL: nothing was shown */
};

/* A quoted-string that no sentence of ours can end early (RFC 6750 3: no '"', no '\'). */
static const char *quotable(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *p = copy; p != NULL && *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
            *p = '\'';
    return copy;
}

/* RFC 6750 3, RFC 9449 7.1, RFC 9728 5.1. */
static void challenge(const struct auth *auth, struct arena *arena, struct challenge say,
                      struct auth_result *who)
{
    const char *scopes = say.scope == ACCESS_PROPOSE ? ACCESS_SCOPE_READ " " ACCESS_SCOPE_PROPOSE
                                                     : ACCESS_SCOPE_READ;
    const char *value =
        arena_fmt(arena, "%s resource_metadata=\"%s\", scope=\"%s\"",
                  say.dpop ? "DPoP algs=\"" DPOP_ALGS "\"," : "Bearer", auth->metadata_url, scopes);
    if (say.error != NULL && value != NULL)
        value = arena_fmt(arena, "%s, error=\"%s\", error_description=\"%s\"", value, say.error,
                          quotable(arena, say.why));
    if (value != NULL && !arena_full(arena) && who->fields_n < AUTH_FIELDS_MAX)
        who->fields[who->fields_n++] = (struct http_pair){"WWW-Authenticate", value};
}

static void insufficient(const struct auth *auth, struct arena *arena, enum access_scope scope,
                         struct auth_result *who)
{
    challenge(auth, arena,
              (struct challenge){.dpop = who->by_dpop,
                                 .scope = scope,
                                 .error = "insufficient_scope",
                                 .why = "this needs more than the token is good for"},
              who);
}

bool auth_scope_allows(struct auth *auth, struct arena *arena, enum access_scope scope,
                       struct auth_result *who)
{
    if ((who->scopes & (unsigned)scope) != 0)
        return true;
    auth->counts.refused[AUTH_NARROW]++;
    if (auth->resource.resource != NULL)
        insufficient(auth, arena, scope, who);
    return false;
}

static void keep(struct auth *auth, const struct auth_check *check)
{
    const struct access_token *t = &check->token;
    const uint64_t generation = idp_generation(auth->idp);
    const int64_t until_us = ends_us(auth, t);
    const int64_t fresh_us = check->proved_with.fresh_until_us;
    token_cache_keys(auth->tokens, generation);
    if (check->proved_with.generation == generation)
        token_cache_put(auth->tokens, check->access_sha256,
                        until_us < fresh_us ? until_us : fresh_us, t);
}

/* Who showed nothing hears of each way that is open to them; who showed something, of theirs. */
static void challenges(const struct auth *auth, struct auth_check *check, const char *error)
{
    struct challenge say = {.scope = ACCESS_READ, .error = error, .why = check->result.why};
    const bool only = auth->resource.dpop_required;
    say.dpop = only || check->sender.dpop || check->scheme == SCHEME_DPOP;
    challenge(auth, check->arena, say, &check->result);
    if (error != NULL || say.dpop)
        return;
    say.dpop = true;
    challenge(auth, check->arena, say, &check->result);
}

/* ---- figures ---- */

static enum auth_reason reason_of(const struct auth_check *check)
{
    switch (check->result.status) {
    case 400:
        return AUTH_MALFORMED;
    case 401:
        break;
    case 403:
        return check->narrow ? AUTH_NARROW : AUTH_UNWELCOME;
    default:
        return AUTH_CANNOT_TELL;
    }
    if (check->access.len == 0)
        return AUTH_NO_TOKEN;
    if (check->sender.error == NULL)
        return AUTH_BAD_TOKEN;
    return sender_asks(check) ? AUTH_NO_NONCE : AUTH_BAD_PROOF;
}

static void count(struct auth *auth, const struct auth_check *check)
{
    if (check->access.len > 0)
        *(check->cached ? &auth->counts.hits : &auth->counts.misses) += 1;
    if (check->result.status != 0)
        auth->counts.refused[reason_of(check)]++;
}

const char *auth_reason_name(enum auth_reason reason)
{
    static const char *const names[AUTH_REASONS] = {
        [AUTH_NO_TOKEN] = "no_token",   [AUTH_MALFORMED] = "malformed",
        [AUTH_BAD_TOKEN] = "bad_token", [AUTH_BAD_PROOF] = "bad_proof",
        [AUTH_NO_NONCE] = "no_nonce",   [AUTH_UNWELCOME] = "unwelcome",
        [AUTH_NARROW] = "narrow",       [AUTH_CANNOT_TELL] = "cannot_tell"};
    return names[reason];
}

void auth_token_stats(const struct auth *auth, struct auth_token_stats *stats)
{
    *stats = auth->counts;
    stats->remembered = auth->tokens == NULL ? 0 : token_cache_count(auth->tokens);
}

void bearer_end(struct auth *auth, struct auth_check *check)
{
    const int status = check->result.status;
    if (auth->resource.resource == NULL || check->door != AUTH_MCP || check->from->is_unix)
        return;
    if (check->proved && !check->cached)
        keep(auth, check);
    if (check->by_token)
        count(auth, check);
    const char *error = check->sender.error != NULL ? check->sender.error : "invalid_token";
    if (status == 401)
        challenges(auth, check, check->access.len > 0 ? error : NULL);
    else if (status == 400)
        challenges(auth, check, "invalid_request");
}
