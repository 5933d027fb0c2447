/* What the engine believes of a login that somebody forwards: a provider that is asked for its keys
 * once, and tokens that are almost right. */
#include "engine/auth/idp.h"

#include <stdio.h>
#include <string.h>

#include "engine/auth/actor_auth.h"
#include "proto/approval_nonce.h"
#include "tests/unit/made_token.h"
#include "tests/unit/test.h"

#define NOW_S  INT64_C(1790000000)
#define ISSUER "https://idp.example/acme"

static const char digest[] = "3b7f0a1c9d2e4f5061728394a5b6c7d8e9f00112233445566778899aabbccdde";

static struct arena *arena;
static struct made_key *key, *other;
static struct config config;
static struct idp *idp;
static int asked;
static bool down;
static const char *issuer_said, *keys_at;

static struct err provider(void *ctx, struct arena *to, const struct fetch_req *req,
                           struct fetch_reply *reply)
{
    (void)ctx;
    asked++;
    ENSURE(!down, ERR_MISSING, "nobody is there");
    const char *body =
        strstr(req->url, "openid-configuration") != NULL
            ? arena_fmt(to, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", issuer_said, keys_at)
            : arena_fmt(to, "{\"keys\":[%s]}", made_jwk(to, key, "k1", ""));
    *reply = (struct fetch_reply){.status = 200, .body = str_of(body)};
    return OK;
}

static void up(void)
{
    arena = arena_new((size_t)16 << 20);
    key = made_ec("P-256");
    other = made_ec("P-256");
    config = (struct config){.env = CONFIG_PROD,
                             .oidc_issuer = ISSUER,
                             .oidc_client_id = "closegate",
                             .oidc_skew_seconds = 60};
    issuer_said = ISSUER;
    keys_at = "https://idp.example/keys";
    asked = 0;
    down = false;
    ck_ok(idp_new(&config, provider, NULL, &idp));
}

static void tear_down(void)
{
    idp_free(idp);
    made_key_free(key);
    made_key_free(other);
    arena_free(arena);
}

/* The token of ana's login for confirming `digest`, with one part replaced. */
static const char *payload_with(const char *find, const char *put)
{
    char nonce[APPROVAL_NONCE_SIZE];
    ck_ok(approval_nonce(digest, "confirm", nonce));
    const char *whole =
        arena_fmt(arena,
                  "{\"iss\":\"" ISSUER "\",\"sub\":\"ana-7\",\"aud\":\"closegate\",\"iat\":%lld,"
                  "\"exp\":%lld,\"auth_time\":%lld,\"acr\":\"mfa\",\"nonce\":\"%s\"}",
                  (long long)NOW_S - 5, (long long)NOW_S + 300, (long long)NOW_S - 6, nonce);
    if (find == NULL)
        return whole;
    const char *at = strstr(whole, find);
    ck_assert_msg(at != NULL, "not in the token: %s", find);
    return arena_fmt(arena, "%.*s%s%s", (int)(at - whole), whole, put, at + strlen(find));
}

static struct err login(const char *token, struct login *out)
{
    return idp_login(idp, arena, token, NOW_S * 1000000, out);
}

static enum err_kind kind_of(const char *payload)
{
    struct login out;
    return login(made_jwt(arena, key, "k1", payload), &out).kind;
}

START_TEST(a_login_for_a_decision_holds_and_says_what_it_is_for)
{
    struct login out;
    const char *token = made_jwt(arena, key, "k1", payload_with(NULL, NULL));
    ck_ok(login(token, &out));
    ck_assert_str_eq(out.iss, ISSUER);
    ck_assert_str_eq(out.sub, "ana-7");
    ck_assert_str_eq(out.acr, "mfa");
    ck_assert_int_eq(out.auth_time_us, (NOW_S - 6) * 1000000);
    ck_assert_int_gt(out.until_us, NOW_S * 1000000);
    ck_assert_uint_eq(strlen(out.sha256), 64);
    ck_ok(login(token, &out));
    ck_assert_int_eq(asked, 2); /* where the keys are, and the keys: once */

    struct actor ana = {.kind = ACTOR_HUMAN, .login = &out, .auth_time_us = 1};
    auth_login_bind(&ana, digest, "confirm");
    ck_assert(ana.login_bound);
    ck_assert_int_eq(ana.auth_time_us, out.auth_time_us);
    auth_login_bind(&ana, digest, "reject");
    ck_assert(!ana.login_bound);
    auth_login_bind(&ana, digest, NULL);
    ck_assert(!ana.login_bound);
    char another[sizeof digest];
    memcpy(another, digest, sizeof another);
    another[63] = 'f';
    auth_login_bind(&ana, another, "confirm");
    ck_assert(!ana.login_bound);
    ana.login = NULL;
    auth_login_bind(&ana, digest, "confirm");
    ck_assert(!ana.login_bound);
}
END_TEST

START_TEST(what_is_almost_right_does_not_hold)
{
    char text[5][64];
    const int64_t times[5] = {NOW_S - 5, NOW_S + 300, NOW_S - 6, NOW_S - 700, NOW_S + 61};
    for (size_t i = 0; i < 5; i++)
        (void)snprintf(text[i], sizeof text[i], "%lld", (long long)times[i]);
    const char *exp = arena_fmt(arena, "\"exp\":%s", text[1]),
               *iat = arena_fmt(arena, "\"iat\":%s", text[0]),
               *auth = arena_fmt(arena, "\"auth_time\":%s", text[2]);
    const char *const cases[][2] = {
        {ISSUER, "https://idp.example/other"},
        {"\"aud\":\"closegate\"", "\"aud\":\"another\""},
        {"\"aud\":\"closegate\"", "\"aud\":[\"closegate\",\"another\"]"},
        {"\"aud\":\"closegate\"", "\"aud\":\"closegate\",\"azp\":\"another\""},
        {exp, arena_fmt(arena, "\"exp\":%lld", (long long)NOW_S - 60)},
        {iat, arena_fmt(arena, "\"iat\":%s", text[3])},
        {iat, arena_fmt(arena, "\"iat\":%s", text[4])},
        {auth, "\"x\":1"},
        {auth, arena_fmt(arena, "\"auth_time\":%s", text[4])},
        {"\"nonce\"", "\"nonse\""},
        {"\"acr\":\"mfa\"", arena_fmt(arena, "\"nbf\":%s", text[4])},
    };
    const char *const formless[][2] = {
        {"\"ana-7\"", "\"\""},
        {"\"ana-7\"", "7"},
        {"\"aud\":\"closegate\"", "\"aud\":\"closegate\",\"azp\":7"},
        {exp, "\"exp\":1790000000.5e3"},
        {exp, "\"x\":1"},
        {iat, "\"x\":1"},
        {auth, "\"auth_time\":\"now\""},
    };
    for (size_t i = 0; i < sizeof formless / sizeof formless[0]; i++)
        ck_assert_msg(kind_of(payload_with(formless[i][0], formless[i][1])) == ERR_INPUT,
                      "formless %zu: %s", i, formless[i][1]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(kind_of(payload_with(cases[i][0], cases[i][1])) == ERR_AUTH, "case %zu: %s",
                      i, cases[i][1]);
    struct login late; /* an exp that no clock of ours reaches does not overflow it */
    ck_ok(login(made_jwt(arena, key, "k1", payload_with(exp, "\"exp\":9007199254740991")), &late));
    ck_assert_int_gt(late.until_us, NOW_S * 1000000);
    ck_assert_int_eq(kind_of("[]"), ERR_INPUT);
    ck_assert_int_eq(kind_of("{\"iss\":1,\"iss\":1}"), ERR_INPUT);
    ck_assert_int_eq(kind_of(payload_with("\"aud\":\"closegate\"",
                                          "\"aud\":[\"closegate\",\"b\"],\"azp\":\"closegate\"")),
                     ERR_NONE);
}
END_TEST

START_TEST(only_the_providers_own_keys_are_believed)
{
    struct login out;
    const char *payload = payload_with(NULL, NULL);
    ck_err(login(made_jwt(arena, other, "k1", payload), &out), ERR_AUTH);
    ck_err(login(made_jwt(arena, other, "k2", payload), &out), ERR_AUTH);
    ck_err(login(made_token(arena, key, "{\"alg\":\"none\"}", payload), &out), ERR_INPUT);
    ck_err(login("not.a.token", &out), ERR_INPUT);
    const char *good = made_jwt(arena, key, "k1", payload);
    char *bent = arena_strdup(arena, good);
    char *dot = strchr(bent, '.');
    dot[5] = dot[5] == 'A' ? 'B' : 'A';
    ck_assert_int_ne(login(bent, &out).kind, ERR_NONE);
    ck_ok(login(good, &out));
}
END_TEST

START_TEST(the_strength_that_is_asked_for_is_asked_for)
{
    const char *names[] = {"hwk", "mfa"};
    config.oidc_acr = (struct setting_list){names, 2};
    ck_assert_int_eq(kind_of(payload_with(NULL, NULL)), ERR_NONE);
    ck_assert_int_eq(kind_of(payload_with("\"mfa\"", "\"pwd\"")), ERR_AUTH);
    ck_assert_int_eq(kind_of(payload_with("\"acr\"", "\"x\"")), ERR_AUTH);
}
END_TEST

START_TEST(a_provider_that_is_away_or_somebody_else_vouches_for_nobody)
{
    const char *token = made_jwt(arena, key, "k1", payload_with(NULL, NULL));
    struct login out;
    down = true;
    ck_err(login(token, &out), ERR_UPSTREAM);
    ck_err(login(token, &out), ERR_UPSTREAM);
    ck_assert_int_eq(asked, 1); /* not at every request */
    down = false;
    issuer_said = "https://evil.example";
    ck_err(idp_login(idp, arena, token, (NOW_S + 6) * 1000000, &out), ERR_UPSTREAM);
    issuer_said = ISSUER;
    keys_at = "http://idp.example/keys";
    ck_err(idp_login(idp, arena, token, (NOW_S + 12) * 1000000, &out), ERR_UPSTREAM);
    keys_at = "https://idp.example/keys";
    ck_ok(idp_login(idp, arena, token, (NOW_S + 18) * 1000000, &out));
    down = true; /* what was known serves on */
    ck_ok(idp_login(idp, arena, token, (NOW_S + 20) * 1000000, &out));
}
END_TEST

START_TEST(half_a_provider_is_not_configured)
{
    struct idp *none = NULL;
    struct config c = {.env = CONFIG_PROD, .oidc_issuer = ""};
    ck_ok(idp_new(&c, provider, NULL, &none));
    ck_assert_ptr_null(none);
    c.oidc_issuer = "http://idp.example";
    ck_err(idp_new(&c, provider, NULL, &none), ERR_INPUT);
    c.oidc_issuer = "http://127.0.0.1:9999";
    ck_err(idp_new(&c, provider, NULL, &none), ERR_INPUT);
    c.env = CONFIG_DEV;
    ck_err(idp_new(&c, provider, NULL, &none), ERR_INPUT); /* and for whom? */
    c.oidc_client_id = "closegate";
    ck_ok(idp_new(&c, provider, NULL, &none));
    idp_free(none);
}
END_TEST

TEST_MAIN_AROUND("idp", up, tear_down, a_login_for_a_decision_holds_and_says_what_it_is_for,
                 what_is_almost_right_does_not_hold, only_the_providers_own_keys_are_believed,
                 the_strength_that_is_asked_for_is_asked_for,
                 a_provider_that_is_away_or_somebody_else_vouches_for_nobody,
                 half_a_provider_is_not_configured)
