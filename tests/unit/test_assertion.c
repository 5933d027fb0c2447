/* The actor assertion: what it says comes back, and each claim is held against its request. */
#include "proto/assertion.h"

#include <string.h>

#include "tests/unit/test.h"

#define NOW_S ((int64_t)1790000000)

static struct arena *arena;
static struct ed25519_key *key;

static void setup(void)
{
    static const uint8_t seed[ED25519_KEY_LEN] = {9};
    arena = arena_new(1 << 20);
    ck_ok(ed25519_from_seed(seed, &key));
}

static void teardown(void)
{
    ed25519_free(key);
    arena_free(arena);
}

static struct assertion good(void)
{
    static char hash[ASSERTION_HASH_SIZE];
    assertion_body_hash(STR("{}"), hash);
    return (struct assertion){.sub = "human:ana",
                              .principal = "prn_ana",
                              .aud = ASSERTION_AUD,
                              .htm = "POST",
                              .htu = "/mcp",
                              .bh = hash,
                              .iat = NOW_S,
                              .exp = NOW_S + 60,
                              .jti = "0123456789abcdef",
                              .channel = "web"};
}

static struct assertion_request request(void)
{
    return (struct assertion_request){.method = "POST",
                                      .path = STR("/mcp"),
                                      .body = STR("{}"),
                                      .aud = ASSERTION_AUD,
                                      .now_us = NOW_S * 1000000,
                                      .started_us = (NOW_S - 100) * 1000000};
}

static struct err checked(struct assertion a)
{
    const struct assertion_request r = request();
    return assertion_check(&a, &r);
}

static struct err reread(const char *payload, struct assertion *a)
{
    const struct jws jws = {.alg = JOSE_EDDSA, .kid = "workspace", .payload = str_of(payload)};
    return assertion_parse(arena, &jws, a);
}

START_TEST(every_claim_comes_back_as_it_was_signed)
{
    const char *amr[] = {"pwd", "otp"};
    struct assertion a = good(), b;
    const char *text;
    struct jws jws;
    setup();
    a.obo = "prn_bo";
    a.auth_time = NOW_S - 30;
    a.acr = "urn:acr:2";
    a.amr = amr;
    a.amr_n = 2;
    a.client = "workspace";
    a.model = "some model 4";
    ck_ok(assertion_sign(arena, key, "workspace", &a, &text));
    ck_ok(jws_parse(arena, str_of(text), &jws));
    ck_ok(assertion_parse(arena, &jws, &b));
    ck_assert_str_eq(b.sub, a.sub);
    ck_assert_str_eq(b.principal, a.principal);
    ck_assert_str_eq(b.obo, a.obo);
    ck_assert_str_eq(b.bh, a.bh);
    ck_assert_int_eq(b.iat, a.iat);
    ck_assert_int_eq(b.auth_time, a.auth_time);
    ck_assert_str_eq(b.channel, "web");
    ck_assert_uint_eq(b.amr_n, 2);
    ck_assert_str_eq(b.amr[1], "otp");
    ck_assert_str_eq(b.model, "some model 4");
    ck_ok(checked(b));
    teardown();
}
END_TEST

START_TEST(an_assertion_counts_for_its_own_request_only)
{
    struct assertion a = good();
    ck_ok(checked(a));
    a.aud = "other-engine";
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.htm = "GET";
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.htm = "post";
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.htu = "/mcp/";
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.htu = "/admin";
    ck_err(checked(a), ERR_AUTH);
    char hash[ASSERTION_HASH_SIZE];
    assertion_body_hash(STR("{} "), hash);
    a = good(), a.bh = hash;
    ck_err(checked(a), ERR_AUTH);
}
END_TEST

START_TEST(it_lives_for_a_minute_at_most)
{
    struct assertion a = good();
    a.exp = a.iat + 61;
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.exp = a.iat;
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.exp = a.iat - 1;
    ck_err(checked(a), ERR_AUTH);
}
END_TEST

START_TEST(clocks_may_differ_by_five_seconds_and_no_more)
{
    struct assertion a = good();
    a.iat = NOW_S + ASSERTION_SKEW_S, a.exp = a.iat + 60;
    ck_ok(checked(a));
    a.iat++, a.exp++;
    ck_err(checked(a), ERR_AUTH);
    a = good(), a.iat = NOW_S - 60, a.exp = NOW_S - ASSERTION_SKEW_S + 1;
    ck_ok(checked(a));
    a.exp--;
    ck_err(checked(a), ERR_AUTH); /* RFC 7519 4.1.4: exp is exclusive */
}
END_TEST

START_TEST(one_made_before_the_engine_started_is_refused)
{
    struct assertion a = good();
    struct assertion_request r = request();
    r.started_us = (NOW_S + 1) * 1000000;
    ck_err(assertion_check(&a, &r), ERR_AUTH);
    r.started_us = NOW_S * 1000000 + 999999; /* the same second */
    ck_ok(assertion_check(&a, &r));
}
END_TEST

START_TEST(a_login_in_the_future_is_refused)
{
    struct assertion a = good();
    a.auth_time = NOW_S + ASSERTION_SKEW_S + 1;
    ck_err(checked(a), ERR_AUTH);
}
END_TEST

#define CLAIMS(rest)                                                                               \
    "{\"aud\":\"x\",\"htm\":\"POST\",\"bh\":\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\","      \
    "\"iat\":1790000000,\"exp\":1790000060," rest "}"

START_TEST(claims_that_are_not_well_formed_are_refused)
{
    static const char *const bad[] = {
        CLAIMS("\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\""),
        CLAIMS("\"sub\":\"\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\""),
        CLAIMS("\"sub\":\"human:a b\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"mcp\",\"jti\":\"0123456789\",\"channel\":\"web\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123\",\"channel\":\"web\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"01234 6789\",\"channel\":\"web\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"cli\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"WEB\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\","
               "\"roles\":[\"controller\"]"),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\","
               "\"sub\":\"human:b\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\","
               "\"client\":\"another\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\","
               "\"auth_time\":\"1790000000\""),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\","
               "\"auth_time\":1.5"),
        CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\",\"channel\":\"web\","
               "\"principal\":null"),
        CLAIMS("\"sub\":\"human:a\\u0000\",\"htu\":\"/mcp\",\"jti\":\"0123456789\","
               "\"channel\":\"web\""),
        "[]",
        "{}",
        "null",
        "",
    };
    struct assertion a;
    setup();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(reread(bad[i], &a).kind == ERR_INPUT, "%s", bad[i]);
    ck_ok(reread(CLAIMS("\"sub\":\"human:a\",\"htu\":\"/mcp\",\"jti\":\"0123456789\","
                        "\"channel\":\"web\""),
                 &a));
    teardown();
}
END_TEST

START_TEST(a_token_made_for_another_purpose_is_refused)
{
    struct assertion a;
    struct jws jws = {.kid = "w", .typ = "at+jwt", .payload = STR("{}")};
    setup();
    ck_err(assertion_parse(arena, &jws, &a), ERR_INPUT);
    teardown();
}
END_TEST

TEST_MAIN("assertion", every_claim_comes_back_as_it_was_signed,
          an_assertion_counts_for_its_own_request_only, it_lives_for_a_minute_at_most,
          clocks_may_differ_by_five_seconds_and_no_more,
          one_made_before_the_engine_started_is_refused, a_login_in_the_future_is_refused,
          claims_that_are_not_well_formed_are_refused, a_token_made_for_another_purpose_is_refused)
