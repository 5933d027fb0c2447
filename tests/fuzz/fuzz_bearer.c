/* An Authorization field of any bytes, from the header to the actor, with a provider that signs one
 * token: nobody gets in with any other text, and with that one only as a bearer. */
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "engine/auth/actor_auth.h"

#define NOW_S    INT64_C(1790000000)
#define ISSUER   "https://i.example"
#define RESOURCE "https://r.example/mcp"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct err client_load(struct tx *tx, struct arena *arena, const char *client_id,
                       struct client *client)
{
    (void)tx, (void)arena;
    ENSURE(strcmp(client_id, "claude") == 0, ERR_MISSING, "no such client");
    *client =
        (struct client){.client_id = "claude", .kind = CLIENT_MCP, .active = true, .channels = ~0u};
    return OK;
}

struct err principal_load(struct tx *tx, struct arena *arena, const char *principal_id,
                          struct principal *principal)
{
    (void)tx, (void)arena, (void)principal_id;
    *principal = (struct principal){.principal_id = "prn_ana", .active = true};
    return OK;
}

struct err identity_find(struct tx *tx, struct arena *arena, const char *kind, const char *issuer,
                         const char *subject, struct principal *principal)
{
    ENSURE(strcmp(kind, "oidc") == 0 && strcmp(issuer, ISSUER) == 0 && strcmp(subject, "ana") == 0,
           ERR_MISSING, "nobody");
    return principal_load(tx, arena, "prn_ana", principal);
}

struct err identity_subject(struct tx *tx, struct arena *arena, const char *kind,
                            const char *principal_id, const char **subject)
{
    (void)tx, (void)arena, (void)kind, (void)principal_id;
    *subject = NULL;
    return OK;
}

/* ---- the provider ---- */

static struct ed25519_key *key;
static struct arena *kept;
static const char *token;
static struct config config;
static struct auth *auth;

static struct err provider(void *ctx, struct arena *arena, const struct fetch_req *req,
                           struct fetch_reply *reply)
{
    uint8_t raw[ED25519_KEY_LEN];
    char text[BASE64_SIZE(ED25519_KEY_LEN)];
    (void)ctx;
    ed25519_public(key, raw);
    base64url_print(raw, sizeof raw, text);
    const char *body =
        strstr(req->url, "openid-configuration") != NULL
            ? "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" ISSUER "/keys\"}"
            : arena_fmt(arena,
                        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\","
                        "\"x\":\"%s\"}]}",
                        text);
    *reply = (struct fetch_reply){.status = 200, .body = str_of(body)};
    return OK;
}

/* Ed25519 makes one signature of one text, so the seed in the corpus stays this token. */
static void setup(void)
{
    static const uint8_t seed[ED25519_KEY_LEN] = {8, 8, 8};
    static const char claims[] =
        "{\"iss\":\"" ISSUER "\",\"sub\":\"ana\",\"aud\":\"" RESOURCE
        "\",\"client_id\":\"claude\",\"jti\":\"j\",\"iat\":1789999990,\"exp\":1790000300,"
        "\"scope\":\"mcp:read\"}";
    const struct log_options quiet = {.level = LOG_ERROR, .fd = 2};
    if (auth != NULL)
        return;
    log_init(&quiet);
    kept = arena_new(64 * 1024);
    INVARIANT(ed25519_from_seed(seed, &key).kind == ERR_NONE);
    INVARIANT(jws_sign(kept, key, "k", "at+jwt", STR(claims), &token).kind == ERR_NONE);
    config = (struct config){.auth_backend = CONFIG_AUTH_OIDC,
                             .header_trust_header = "X-Actor-Id",
                             .oidc_issuer = ISSUER,
                             .oidc_client_id = "workspace",
                             .oidc_skew_seconds = 60,
                             .dpop = CONFIG_OPTIONAL,
                             .engine_resource = RESOURCE};
    INVARIANT(auth_new_with(&config, 0, provider, NULL, &auth).kind == ERR_NONE);
}

/* First line: Authorization; the rest, when there is any: the query. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct http_field field = {.name = STR("Authorization")};
    struct str query;
    if (!str_cut((struct str){(const char *)data, size}, '\n', &field.value, &query))
        query = STR("");
    const struct http_req http = {
        .method = HTTP_POST, .path = STR("/mcp"), .query = query, .fields = &field, .fields_n = 1};
    const struct web_peer peer = {.text = "x"};
    const struct auth_request req = {.http = &http, .peer = &peer, .now_us = NOW_S * 1000000};

    setup();
    struct auth_check *check = auth_begin(auth, arena, &req);
    if (check == NULL)
        return 0;
    if (auth_unproved(check))
        auth_prove(check);
    struct auth_result r =
        auth_end(auth, check, auth_settled(check) ? OK : auth_lookup(NULL, check));
    const size_t n = strlen(token);
    const bool good = field.value.len == n + 7 &&
                      str_is_nocase((struct str){field.value.at, 7}, "Bearer ") &&
                      memcmp(field.value.at + 7, token, n) == 0;
    INVARIANT(good || r.status >= 400);
    INVARIANT(!good || query.len > 0 || r.status == 0);
    INVARIANT(r.status == 0 || r.why != NULL);
    if (r.status == 0)
        INVARIANT(r.actor.kind == ACTOR_LLM && r.scopes == ACCESS_READ);
    return 0;
}
