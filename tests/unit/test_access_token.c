/* What an access token has to say (RFC 9068), claim by claim: a whole one, and each of its parts
 * missing, malformed, or saying something else. */
#include "proto/access_token.h"

#include <string.h>

#include "tests/unit/test.h"

#define NOW      INT64_C(1790000000)
#define ISSUER   "https://idp.example/acme"
#define RESOURCE "https://closegate.example/mcp"
#define JKT      "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define WHOLE                                                                                      \
    "{\"iss\":\"" ISSUER "\",\"sub\":\"ana-7\",\"aud\":\"" RESOURCE                                \
    "\",\"client_id\":\"claude\",\"jti\":\"j-1\",\"iat\":1789999990,\"exp\":1790000300,"           \
    "\"nbf\":1789999990,\"auth_time\":1789999000,\"sid\":\"s-1\",\"acr\":\"mfa\","                 \
    "\"scope\":\"openid mcp:propose\",\"cnf\":{\"jkt\":\"" JKT "\"}}"

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)4 << 20);
}

static void down(void)
{
    arena_free(arena);
}

/* The whole token with one part replaced. */
static const char *with(const char *find, const char *put)
{
    const char *at = strstr(WHOLE, find);
    ck_assert_msg(at != NULL, "not in the token: %s", find);
    return arena_fmt(arena, "%.*s%s%s", (int)(at - WHOLE), WHOLE, put, at + strlen(find));
}

static struct err read(const char *payload, struct access_token *t)
{
    return access_token_read(arena, str_of(payload), t);
}

static struct err judge(const char *payload)
{
    const struct access_token_rules rules = {
        .issuer = ISSUER, .resource = RESOURCE, .now_s = NOW, .skew_s = 60};
    struct access_token t;
    TRY(read(payload, &t));
    return access_token_check(arena, &t, &rules);
}

START_TEST(a_whole_token_says_all_that_it_says)
{
    struct access_token t, copy;
    ck_ok(read(WHOLE, &t));
    ck_ok(judge(WHOLE));
    struct arena *other = arena_new(64 * 1024);
    ck_ok(access_token_copy(other, &t, &copy));
    memset((char *)(uintptr_t)t.sub, 'x', 1); /* nothing of the copy is the original's */
    ck_assert_str_eq(copy.iss, ISSUER);
    ck_assert_str_eq(copy.sub, "ana-7");
    ck_assert_str_eq(copy.aud, RESOURCE);
    ck_assert_str_eq(copy.client_id, "claude");
    ck_assert_str_eq(copy.jti, "j-1");
    ck_assert_str_eq(copy.sid, "s-1");
    ck_assert_str_eq(copy.acr, "mfa");
    ck_assert_str_eq(copy.cnf_jkt, JKT);
    ck_assert_ptr_null(copy.cnf_x5t);
    ck_assert_int_eq(copy.iat, 1789999990);
    ck_assert_int_eq(copy.exp, 1790000300);
    ck_assert_int_eq(copy.auth_time, 1789999000);
    ck_assert_uint_eq(copy.scopes, ACCESS_READ | ACCESS_PROPOSE);
    arena_free(other);
}
END_TEST

START_TEST(what_is_required_is_required)
{
    static const char *const names[] = {"iss", "sub", "aud", "client_id", "jti", "iat", "exp"};
    struct access_token t;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *key = arena_fmt(arena, "\"%s\":", names[i]);
        struct err e = read(with(key, "\"x\":"), &t);
        ck_assert_msg(e.kind == ERR_INPUT && text_eq(e.where, names[i]), "without %s: %s at %s",
                      names[i], e.msg, e.where);
    }
}
END_TEST

START_TEST(a_claim_of_another_form_is_no_claim)
{
    static const char *const cases[][2] = {
        {"\"" ISSUER "\"", "\"\""},
        {"\"" ISSUER "\"", "[\"" ISSUER "\"]"},
        {"\"ana-7\"", "7"},
        {"\"ana-7\"", "\"\""},
        {"\"claude\"", "\"claude\",\"azp\":\"another\""},
        {"\"claude\"", "\"claude\",\"azp\":7"},
        {"\"claude\"", "null"},
        {"\"j-1\"", "1"},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":[]"},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":[\"" RESOURCE "\",\"account\"]"},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":[\"" RESOURCE "\",\"" RESOURCE "\"]"},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":[7]"},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":{}"},
        {"1790000300", "\"1790000300\""},
        {"1790000300", "1790000300e3"},
        {"1790000300", "-1"},
        {"\"iat\":1789999990", "\"iat\":true"},
        {"\"nbf\":1789999990", "\"nbf\":\"soon\""},
        {"\"auth_time\":1789999000", "\"auth_time\":{}"},
        {"\"openid mcp:propose\"", "[\"mcp:propose\"]"},
        {"\"openid mcp:propose\"", "7"},
        {"{\"jkt\":\"" JKT "\"}", "\"" JKT "\""},
        {"{\"jkt\":\"" JKT "\"}", "{}"},
        {"{\"jkt\":\"" JKT "\"}", "null"},
        {"\"jkt\":\"" JKT "\"", "\"jkt\":7"},
        {"\"jkt\":\"" JKT "\"", "\"jkt\":\"" JKT "A\""},
        {"\"jkt\":\"" JKT "\"", "\"jkt\":\"!" JKT "\""},
        {JKT, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J"}, /* left-over bits */
        {"\"jkt\":\"" JKT "\"", "\"jwk\":{}"},
        {"\"jkt\":\"" JKT "\"", "\"jkt\":\"" JKT "\",\"kid\":\"k\""},
        {"\"sub\":\"ana-7\"", "\"sub\":\"ana-7\",\"sub\":\"bo-8\""},
        {"\"cnf\"", "\"cnf\":{\"jkt\":\"" JKT "\"},\"cnf\""},
    };
    struct access_token t;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(read(with(cases[i][0], cases[i][1]), &t).kind == ERR_INPUT, "case %zu: %s", i,
                      cases[i][1]);
    ck_err(read("[]", &t), ERR_INPUT);
    ck_err(read("", &t), ERR_INPUT);
    ck_err(read("{\"iss\":", &t), ERR_INPUT);
}
END_TEST

START_TEST(what_a_token_says_is_held_against_us_and_the_clock)
{
    static const char *const cases[][2] = {
        {ISSUER, ISSUER "/"},
        {ISSUER, "https://idp.example/ACME"},
        {RESOURCE, RESOURCE "/"},
        {RESOURCE, "https://closegate.example/"},
        {RESOURCE, "https://closegate.example"},
        {RESOURCE, "https://CLOSEGATE.example/mcp"},
        {RESOURCE, "https://closegate.example:443/mcp"},
        {RESOURCE, "claude"},
        {"1790000300", "1789999940"}, /* a minute past the minute that clocks may differ */
        {"\"iat\":1789999990", "\"iat\":1790000061"},
        {"\"nbf\":1789999990", "\"nbf\":1790000061"},
        {"1789999000", "1790000061"},
        {"\"iat\":1789999990,\"exp\":1790000300", "\"iat\":1790000000,\"exp\":1790000000"},
    };
    static const char *const good[][2] = {
        {"1790000300", "1789999999"},
        {"\"iat\":1789999990", "\"iat\":1790000060"},
        {"\"nbf\":1789999990", "\"nbf\":1790000060"},
        {"\"nbf\":1789999990,", ""},
        {"\"auth_time\":1789999000,", ""},
        {"\"aud\":\"" RESOURCE "\"", "\"aud\":[\"" RESOURCE "\"]"},
        {"\"claude\"", "\"claude\",\"azp\":\"claude\""},
        {"1790000300", "9007199254740991"},
        {"{\"jkt\":\"" JKT "\"}", "{\"x5t#S256\":\"" JKT "\"}"},
        {"{\"jkt\":\"" JKT "\"}", "{\"x5t#S256\":\"" JKT "\",\"jkt\":\"" JKT "\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(judge(with(cases[i][0], cases[i][1])).kind == ERR_AUTH, "case %zu: %s", i,
                      cases[i][1]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct err e = judge(with(good[i][0], good[i][1]));
        ck_assert_msg(e.kind == ERR_NONE, "good %zu: %s: %s", i, good[i][1], e.msg);
    }
}
END_TEST

START_TEST(scopes_are_words_and_propose_includes_read)
{
    static const struct {
        const char *scope;
        unsigned scopes;
    } cases[] = {
        {"", 0},
        {"openid profile", 0},
        {"mcp:read", ACCESS_READ},
        {"mcp:propose", ACCESS_READ | ACCESS_PROPOSE},
        {"mcp:read mcp:propose", ACCESS_READ | ACCESS_PROPOSE},
        {"mcp:reader mcp:propose2 xmcp:read", 0},
        {"MCP:READ", 0},
        {"mcp:read,mcp:propose", 0},
        {"mcp:approve mcp:write mcp:*", 0},
        {"  mcp:read  ", ACCESS_READ},
    };
    struct access_token t;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_ok(read(with("openid mcp:propose", cases[i].scope), &t));
        ck_assert_msg(t.scopes == cases[i].scopes, "%s: %u", cases[i].scope, t.scopes);
    }
    ck_ok(read(with("\"scope\":", "\"scp\":"), &t));
    ck_assert_uint_eq(t.scopes, 0);
}
END_TEST

START_TEST(only_an_access_token_is_called_one)
{
    static const char *const good[] = {"at+jwt", "AT+JWT", "application/at+jwt"};
    static const char *const bad[] = {"",
                                      "JWT",
                                      "jwt",
                                      "at",
                                      "at+jwt ",
                                      "dpop+jwt",
                                      "logout+jwt",
                                      "closegate-assertion+jwt",
                                      "text/at+jwt",
                                      "application/application/at+jwt"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(access_token_typ(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!access_token_typ(bad[i]), "%s", bad[i]);
    ck_assert(!access_token_typ(NULL));
}
END_TEST

TEST_MAIN_AROUND("access_token", up, down, a_whole_token_says_all_that_it_says,
                 what_is_required_is_required, a_claim_of_another_form_is_no_claim,
                 what_a_token_says_is_held_against_us_and_the_clock,
                 scopes_are_words_and_propose_includes_read, only_an_access_token_is_called_one)
