/* A provider, a registry and a request for access tokens, the file's own, so that each case is what
 * it looks like: ana is ana-7 at the provider, bo is bo-8, and somebody linked claude by mistake;
 * claude is an MCP client, ledger-bot a service. */
#ifndef TESTS_UNIT_BEARER_SITE_H
#define TESTS_UNIT_BEARER_SITE_H

#include "engine/auth/actor_auth.h"

#include <string.h>

#include "common/sys/log.h"
#include "engine/auth/auth_own.h"
#include "tests/unit/made_token.h"
#include "tests/unit/test.h"

#define NOW_S    INT64_C(1790000000)
#define ISSUER   "https://idp.example/acme"
#define RESOURCE "https://closegate.example/mcp"
#define METADATA "https://closegate.example/.well-known/oauth-protected-resource/mcp"
#define JKT      "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

/* ---- the registry: ana is linked to ana-7, bo to bo-8 ---- */

static struct client clients[] = {
    {.client_id = "workspace", .kind = CLIENT_WORKSPACE, .channels = 1u << CHANNEL_API},
    {.client_id = "claude", .kind = CLIENT_MCP, .channels = 1u << CHANNEL_API},
    {.client_id = "ledger-bot", .kind = CLIENT_SERVICE, .channels = 1u << CHANNEL_API},
};
static const char *bot_tools[] = {"whois"};
static bool store_broken, ana_linked, ana_active;

struct err client_load(struct tx *tx, struct arena *to, const char *client_id,
                       struct client *client)
{
    (void)tx, (void)to;
    ENSURE(!store_broken, ERR_STORE, "the disk is gone");
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (strcmp(clients[i].client_id, client_id) == 0) {
            *client = clients[i];
            return OK;
        }
    return err_new(ERR_MISSING, "no such client");
}

struct err principal_load(struct tx *tx, struct arena *to, const char *principal_id,
                          struct principal *principal)
{
    (void)tx, (void)to, (void)principal_id, (void)principal;
    return err_new(ERR_MISSING, "no such principal");
}

struct err identity_find(struct tx *tx, struct arena *to, const char *kind, const char *issuer,
                         const char *subject, struct principal *principal)
{
    (void)tx, (void)to;
    const bool ana = strcmp(subject, "ana-7") == 0 && ana_linked;
    if (strcmp(kind, "oidc") != 0 || strcmp(issuer, ISSUER) != 0 ||
        (!ana && strcmp(subject, "bo-8") != 0 && strcmp(subject, "claude") != 0))
        return err_new(ERR_MISSING, "nobody");
    *principal = (struct principal){.principal_id = ana ? "prn_ana" : "prn_bo",
                                    .active = ana ? ana_active : true};
    return OK;
}

struct err identity_subject(struct tx *tx, struct arena *to, const char *kind,
                            const char *principal_id, const char **subject)
{
    (void)tx, (void)to, (void)kind, (void)principal_id;
    *subject = NULL;
    return OK;
}

/* ---- the provider ---- */

static struct arena *arena;
/* Made once for all tests, before the first: RSA takes its time. */
static struct made_key *rsa, *ec, *ed, *other_rsa, *weak_rsa, *other_curve;
static int asked;
static bool away, rotated;

static struct err provider(void *ctx, struct arena *to, const struct fetch_req *req,
                           struct fetch_reply *reply)
{
    (void)ctx;
    asked++;
    ENSURE(!away, ERR_UPSTREAM, "nobody is there");
    const char *body =
        strstr(req->url, "openid-configuration") != NULL
            ? "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"https://idp.example/keys\"}"
            : arena_fmt(to, "{\"keys\":[%s,%s,%s,%s,%s]}",
                        made_jwk(to, rotated ? other_rsa : rsa, rotated ? "r2" : "r1", ""),
                        made_jwk(to, ec, "e1", ""), made_jwk(to, ed, "d1", ""),
                        made_jwk(to, weak_rsa, "w1", ""), made_jwk(to, other_curve, "c1", ""));
    *reply = (struct fetch_reply){.status = 200, .body = str_of(body)};
    return OK;
}

/* ---- one request ---- */

static struct config config;
static struct auth *auth;
static struct http_field fields[4];
static struct http_req http;
static struct web_peer peer;
static int64_t now_s;
static bool proved; /* whether the last request's token had to be verified */

static void keys_up(void)
{
    rsa = made_rsa(2048);
    other_rsa = made_rsa(2048);
    weak_rsa = made_rsa(1024);
    ec = made_ec("P-256");
    other_curve = made_ec("P-384");
    ed = made_ed25519();
}

static void keys_down(void)
{
    made_key_free(rsa);
    made_key_free(other_rsa);
    made_key_free(weak_rsa);
    made_key_free(ec);
    made_key_free(other_curve);
    made_key_free(ed);
}

static void up(void)
{
    struct log_options quiet = log_options_default();
    quiet.level = LOG_ERROR;
    log_init(&quiet);
    arena = arena_new((size_t)32 << 20);
    for (size_t i = 0; i < 3; i++)
        clients[i].active = true;
    clients[2].tools = bot_tools;
    clients[2].tools_n = 1;
    store_broken = away = rotated = false;
    ana_linked = ana_active = true;
    asked = 0;
    now_s = NOW_S;
    config = (struct config){.env = CONFIG_PROD,
                             .auth_backend = CONFIG_AUTH_OIDC,
                             .header_trust_header = "X-Actor-Id",
                             .oidc_issuer = ISSUER,
                             .oidc_client_id = "workspace",
                             .oidc_skew_seconds = 60,
                             .dpop = CONFIG_OPTIONAL,
                             .engine_resource = RESOURCE};
    ck_ok(auth_new_with(&config, NOW_S * 1000000, provider, NULL, &auth));
    http = (struct http_req){.method = HTTP_POST,
                             .target = STR("/mcp"),
                             .path = STR("/mcp"),
                             .fields = fields,
                             .body = STR("{}")};
    peer = (struct web_peer){.text = "192.0.2.7:4000"};
}

static void tear_down(void)
{
    auth_free(auth);
    arena_free(arena);
}

static void header(const char *name, const char *value)
{
    fields[http.fields_n++] = (struct http_field){.name = str_of(name), .value = str_of(value)};
}

static struct auth_result ask(void)
{
    const struct auth_request req = {.http = &http, .peer = &peer, .now_us = now_s * 1000000};
    struct auth_check *check = auth_begin(auth, arena, &req);
    ck_assert_ptr_nonnull(check);
    proved = auth_unproved(check);
    if (proved)
        auth_prove(check);
    struct err e = auth_settled(check) ? OK : auth_lookup(NULL, check);
    http.fields_n = 0;
    return auth_end(auth, check, e);
}

static struct auth_result shown(const char *token)
{
    header("Authorization", arena_fmt(arena, "Bearer %s", token));
    return ask();
}

/* ana's token for claude, with one part replaced. */
static const char *claims_with(const char *find, const char *put)
{
    const char *whole = "{\"iss\":\"" ISSUER "\",\"sub\":\"ana-7\",\"aud\":\"" RESOURCE
                        "\",\"client_id\":\"claude\",\"jti\":\"j-1\",\"iat\":1789999990,"
                        "\"exp\":1790000300,\"auth_time\":1789999000,\"acr\":\"mfa\","
                        "\"scope\":\"mcp:propose\"}";
    if (find == NULL)
        return whole;
    const char *at = strstr(whole, find);
    ck_assert_msg(at != NULL, "not in the token: %s", find);
    return arena_fmt(arena, "%.*s%s%s", (int)(at - whole), whole, put, at + strlen(find));
}

static const char *signed_by(const struct made_key *key, const char *alg, const char *kid,
                             const char *claims)
{
    return made_token(
        arena, key,
        arena_fmt(arena, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", alg, kid), claims);
}

static const char *token_with(const char *find, const char *put)
{
    return signed_by(rsa, "RS256", "r1", claims_with(find, put));
}

static const char *challenge(const struct auth_result *r)
{
    for (size_t i = 0; i < r->fields_n; i++)
        if (strcmp(r->fields[i].name, "WWW-Authenticate") == 0)
            return r->fields[i].value;
    return "";
}

static void refused(const char *what, struct auth_result r, int status, const char *error)
{
    const char *want = error == NULL ? "" : arena_fmt(arena, "error=\"%s\"", error);
    ck_assert_msg(r.status == status, "%s: status %d (%s), wanted %d", what, r.status,
                  r.why == NULL ? "-" : r.why, status);
    ck_assert_msg(strstr(challenge(&r), want) != NULL, "%s: %s", what, challenge(&r));
    ck_assert_msg(error != NULL || strstr(challenge(&r), "error=") == NULL, "%s: %s", what,
                  challenge(&r));
    ck_assert_msg(r.actor.kind == ACTOR_NONE || r.status != 0, "%s: an actor all the same", what);
}

static void taken(const char *what, struct auth_result r)
{
    ck_assert_msg(r.status == 0, "%s: %d: %s", what, r.status, r.why == NULL ? "-" : r.why);
}

/* RFC 8705 3: the name of a certificate whose SHA-256 is 32 bytes of 5, and a connection that
 * showed it. */
#define X5T "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"
static inline void shows_certificate(int64_t until_s)
{
    memset(peer.cert_sha256, 5, sizeof peer.cert_sha256);
    peer.cert_until_s = until_s;
    peer.is_tls = peer.has_cert = true;
}

#define SITE_MAIN(name, up, down, ...)                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        keys_up();                                                                                 \
        const int status = test_run_all(name, up, down, tests, sizeof tests / sizeof tests[0]);    \
        keys_down();                                                                               \
        return status;                                                                             \
    }

#endif
