/* What it takes to know who calls, without the wire and without the book: an access token that was
 * seen before, one that was not, and an assertion, each beside the floor, a bare header in the same
 * run. The registry and the provider are functions here. Best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "engine/auth/actor_auth.h"
#include "tests/bench/clock.h"

#define NOW_S    INT64_C(1790000000)
#define ISSUER   "https://login.example.com/realms/acme"
#define RESOURCE "https://closegate.example.com/mcp"

enum { ROUNDS = 60, CALLS = 200 };

static struct ed25519_key *key;

struct err client_load(struct tx *tx, struct arena *arena, const char *client_id,
                       struct client *client)
{
    const bool workspace = strcmp(client_id, AUTH_WORKSPACE_CLIENT) == 0;
    (void)tx, (void)arena;
    *client = (struct client){.client_id = workspace ? AUTH_WORKSPACE_CLIENT : "desk",
                              .kind = workspace ? CLIENT_WORKSPACE : CLIENT_MCP,
                              .active = true,
                              .has_key = !workspace,
                              .channels = ~0u};
    ed25519_public(key, client->public_key);
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
    (void)kind, (void)issuer, (void)subject;
    return principal_load(tx, arena, "prn_ana", principal);
}

struct err identity_subject(struct tx *tx, struct arena *arena, const char *kind,
                            const char *principal_id, const char **subject)
{
    (void)tx, (void)arena, (void)kind, (void)principal_id;
    *subject = "ana";
    return OK;
}

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
            : arena_fmt(
                  arena,
                  "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"%s\"}]}",
                  text);
    *reply = (struct fetch_reply){.status = 200, .body = str_of(body)};
    return OK;
}

/* ---- what is asked ---- */

typedef const char *value_fn(struct arena *arena, int n);

static const char *bare(struct arena *arena, int n)
{
    (void)arena, (void)n;
    return "human:ana";
}

static const char *token(struct arena *arena, int n)
{
    const char *text;
    const char *claims = arena_fmt(
        arena,
        "{\"iss\":\"" ISSUER "\",\"sub\":\"00u1abcd5EfGhIjKl357\",\"aud\":\"" RESOURCE
        "\",\"client_id\":\"desk\",\"jti\":\"%032d\",\"sid\":\"00000000000000000000\",\"iat\":%lld,"
        "\"exp\":%lld,\"auth_time\":%lld,\"acr\":\"mfa\",\"scope\":\"openid mcp:propose\","
        "\"email\":\"ana@example.com\",\"groups\":[\"finance\",\"controllers\",\"everybody\"]}",
        n, (long long)NOW_S - 10, (long long)NOW_S + 300, (long long)NOW_S - 100);
    INVARIANT(jws_sign(arena, key, "k", "at+jwt", str_of(claims), &text).kind == ERR_NONE);
    return arena_fmt(arena, "Bearer %s", text);
}

static const char *token_seen(struct arena *arena, int n)
{
    (void)n;
    return token(arena, 0);
}

static const char *assertion(struct arena *arena, int n)
{
    static int made;
    char hash[ASSERTION_HASH_SIZE];
    const char *text;
    (void)n;
    assertion_body_hash(STR("{}"), hash);
    const struct assertion a = {.sub = "llm:desk.s-1",
                                .obo = "prn_ana",
                                .aud = ASSERTION_AUD,
                                .htm = "POST",
                                .htu = "/mcp",
                                .bh = hash,
                                .iat = NOW_S,
                                .exp = NOW_S + 60,
                                .jti = arena_fmt(arena, "jti-%08d", made++),
                                .channel = "api"};
    INVARIANT(assertion_sign(arena, key, "desk", &a, &text).kind == ERR_NONE);
    return text;
}

/* ---- asking ---- */

static void ask(struct auth *auth, struct arena *arena, const char *name, const char *value)
{
    const struct http_field field = {.name = str_of(name), .value = str_of(value)};
    struct http_field fields[1] = {field};
    const struct http_req http = {.method = HTTP_POST,
                                  .path = STR("/mcp"),
                                  .body = STR("{}"),
                                  .fields = fields,
                                  .fields_n = 1};
    const struct web_peer peer = {.text = "x"};
    const struct auth_request req = {.http = &http, .peer = &peer, .now_us = NOW_S * 1000000};
    struct auth_check *check = auth_begin(auth, arena, &req);
    INVARIANT(check != NULL);
    if (auth_unproved(check))
        auth_prove(check);
    INVARIANT(!auth_settled(check) && auth_lookup(NULL, check).kind == ERR_NONE);
    INVARIANT(auth_end(auth, check, OK).status == 0);
}

/* Nanoseconds a request. */
static int64_t measure(struct auth *auth, const char *name, value_fn *make, int fresh)
{
    int64_t best = INT64_MAX;
    for (int r = 0; r < ROUNDS; r++) {
        CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
        const char *values[CALLS];
        for (int i = 0; i < CALLS; i++)
            values[i] = make(arena, 1 + fresh * (r * CALLS + i));
        const int64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < CALLS; i++)
            ask(auth, arena, name, values[i]);
        const int64_t took = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / CALLS;
        best = took < best ? took : best;
    }
    return best;
}

static void report(const char *what, int64_t ns, int64_t floor)
{
    printf("%-34s %5ld.%02ld us, %5ld.%02ld more than a bare header\n", what, (long)(ns / 1000),
           (long)(ns % 1000 / 10), (long)((ns - floor) / 1000), (long)((ns - floor) % 1000 / 10));
}

int main(void)
{
    static const uint8_t seed[ED25519_KEY_LEN] = {8, 8, 8};
    static struct netblock all;
    const struct log_options quiet = {.level = LOG_ERROR, .fd = 2};
    struct config config = {.env = CONFIG_DEV,
                            .auth_backend = CONFIG_AUTH_HEADER_TRUST,
                            .header_trust_header = "X-Actor-Id",
                            .trusted_proxies = {&all, 1},
                            .oidc_issuer = ISSUER,
                            .oidc_client_id = "closegate",
                            .oidc_skew_seconds = 60,
                            .dpop = CONFIG_OPTIONAL,
                            .engine_resource = RESOURCE};
    struct config oidc = config;
    CLEANUP(auth_free) struct auth *trusting = NULL;
    CLEANUP(auth_free) struct auth *server = NULL;
    log_init(&quiet);
    oidc.auth_backend = CONFIG_AUTH_OIDC;
    INVARIANT(ed25519_from_seed(seed, &key).kind == ERR_NONE);
    INVARIANT(auth_new_with(&config, 0, provider, NULL, &trusting).kind == ERR_NONE);
    INVARIANT(auth_new_with(&oidc, 0, provider, NULL, &server).kind == ERR_NONE);
    const int64_t floor = measure(trusting, "X-Actor-Id", bare, 0);
    report("a bare header", floor, floor);
    report("an access token seen before", measure(server, "Authorization", token_seen, 0), floor);
    report("an access token not seen (EdDSA)", measure(server, "Authorization", token, 1), floor);
    report("an assertion (EdDSA)", measure(server, ASSERTION_HEADER, assertion, 1), floor);
    ed25519_free(key);
    return EXIT_SUCCESS;
}
