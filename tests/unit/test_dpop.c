/* RFC 9449 section 4.3, check by check: a whole proof, and each of its parts missing, malformed or
 * of another request; and the example of the standard itself. */
#include "proto/dpop.h"

#include <string.h>

#include "tests/unit/made_token.h"
#include "tests/unit/test.h"

#define NOW   INT64_C(1790000000)
#define URI   "https://closegate.example/mcp"
#define TOKEN "an.access.token"
#define WHOLE                                                                                      \
    "{\"jti\":\"e1j3V_bKic8-LAEB\",\"htm\":\"POST\",\"htu\":\"" URI "\",\"iat\":1789999990,"       \
    "\"nonce\":\"n-1\",\"ath\":\"%s\",\"bh\":\"%s\"}"

static struct arena *arena;
static struct made_key *ec, *ed, *other;
static const char *whole;

static const char *hash_of(const char *text)
{
    uint8_t hash[SHA256_LEN];
    char out[BASE64_SIZE(SHA256_LEN)];
    sha256(text, strlen(text), hash);
    base64url_print(hash, sizeof hash, out);
    return arena_strdup(arena, out);
}

static void up(void)
{
    arena = arena_new((size_t)16 << 20);
    ec = made_ec("P-256");
    ed = made_ed25519();
    other = made_ec("P-256");
    whole = arena_fmt(arena, WHOLE, hash_of(TOKEN), hash_of("{}"));
}

static void down(void)
{
    made_key_free(ec);
    made_key_free(ed);
    made_key_free(other);
    arena_free(arena);
}

static const char *header_of(const struct made_key *key, const char *alg)
{
    return arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s}", alg,
                     made_jwk(arena, key, NULL, ""));
}

/* The whole proof with one part of its claims replaced. */
static const char *with(const char *find, const char *put)
{
    const char *at = strstr(whole, find);
    ck_assert_msg(at != NULL, "not in the proof: %s", find);
    return made_token(
        arena, ec, header_of(ec, "ES256"),
        arena_fmt(arena, "%.*s%s%s", (int)(at - whole), whole, put, at + strlen(find)));
}

static const char *headed(const char *header)
{
    return made_token(arena, ec, header, whole);
}

static const char *thumbprint(const struct made_key *key)
{
    struct dpop_proof p;
    const char *alg = key == ed ? "EdDSA" : "ES256";
    ck_ok(dpop_parse(arena, str_of(made_token(arena, key, header_of(key, alg), whole)), &p));
    return arena_strdup(arena, p.jkt);
}

/* What of the request is not as usual. */
struct against {
    const char *method, *uri, *body, *token, *jkt;
    int64_t now_s, since_s;
    bool body_bound;
};

static struct err judge_as(const char *text, struct against a)
{
    uint8_t hash[SHA256_LEN];
    const char *token = a.token == NULL ? TOKEN : a.token;
    struct dpop_proof p;
    sha256(token, strlen(token), hash);
    const struct dpop_request req = {.method = a.method == NULL ? "POST" : a.method,
                                     .uri = a.uri == NULL ? URI : a.uri,
                                     .body = str_of(a.body == NULL ? "{}" : a.body),
                                     .token_sha256 = hash,
                                     .jkt = a.jkt == NULL ? thumbprint(ec) : a.jkt,
                                     .now_s = a.now_s == 0 ? NOW : a.now_s,
                                     .skew_s = 60,
                                     .since_s = a.since_s,
                                     .body_bound = a.body_bound};
    TRY(dpop_parse(arena, str_of(text), &p));
    return dpop_check(arena, &p, &req);
}

static struct err judge(const char *text)
{
    return judge_as(text, (struct against){0});
}

START_TEST(a_whole_proof_says_all_that_it_says)
{
    struct dpop_proof p;
    const char *text = with("", "");
    ck_ok(dpop_parse(arena, str_of(text), &p));
    ck_assert_str_eq(p.jti, "e1j3V_bKic8-LAEB");
    ck_assert_str_eq(p.htm, "POST");
    ck_assert_str_eq(p.htu, URI);
    ck_assert_str_eq(p.nonce, "n-1");
    ck_assert_int_eq(p.iat, 1789999990);
    ck_assert_uint_eq(strlen(p.jkt), JWK_THUMBPRINT_SIZE - 1);
    ck_ok(judge(text));
    ck_ok(judge_as(made_token(arena, ed, header_of(ed, "EdDSA"), whole),
                   (struct against){.jkt = thumbprint(ed)}));
    ck_ok(judge_as(made_token(arena, ed, header_of(ed, "Ed25519"), whole),
                   (struct against){.jkt = thumbprint(ed)}));
    ck_ok(judge(with("{", "{\"more\":[1,{\"a\":null}],")));
}
END_TEST

/* RFC 9449 7.1, and the thumbprint of 6.1. */
START_TEST(the_standards_own_proof_is_taken)
{
    static const char text[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0Vj"
        "NoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5"
        "VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUI"
        "iwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI"
        "2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqz"
        "hrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    const struct against a = {.method = "GET",
                              .uri = "https://resource.example.org/protectedresource",
                              .token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
                              .jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
                              .now_s = 1562262620};
    ck_ok(judge_as(text, a));
}
END_TEST

START_TEST(a_proof_is_one_request_of_one_token_by_one_key)
{
    const char *good = with("", "");
    const struct {
        const char *what;
        struct against a;
        const char *word;
    } cases[] = {
        {"another method", {.method = "GET"}, "htm"},
        {"another address", {.uri = "https://other.example/mcp"}, "htu"},
        {"another body", {.body = "{ }"}, "bh"},
        {"another token", {.token = "another.access.token"}, "ath"},
        {"another key's token", {.jkt = thumbprint(other)}, "key"},
        {"long ago", {.now_s = 1789999990 + 121}, "iat"},
        {"yet to come", {.now_s = 1789999990 - 61}, "iat"},
        {"before we started", {.since_s = 1789999991}, "started"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err e = judge_as(good, cases[i].a);
        ck_assert_msg(e.kind == ERR_AUTH && strstr(e.msg, cases[i].word) != NULL, "%s: %s",
                      cases[i].what, e.kind == ERR_NONE ? "taken" : e.msg);
    }
    ck_ok(judge_as(good, (struct against){.now_s = 1789999990 + 120}));
    ck_ok(judge_as(good, (struct against){.now_s = 1789999990 - 60}));
    ck_ok(judge_as(good, (struct against){.since_s = 1789999990, .body_bound = true}));
}
END_TEST

START_TEST(a_method_has_one_spelling_an_address_several)
{
    ck_err(judge(with("\"POST\"", "\"post\"")), ERR_AUTH);
    ck_err(judge(with("\"POST\"", "\"POST \"")), ERR_AUTH);
    ck_ok(judge(with(URI, "HTTPS://Closegate.Example:443/x/../%6dcp?a=b#c")));
    ck_err(judge(with(URI, URI "/")), ERR_AUTH);
    ck_err(judge(with(URI, "http://closegate.example/mcp")), ERR_AUTH);
    ck_err(judge(with(URI, "/mcp")), ERR_AUTH);
    ck_err(judge(with(URI, "https://ana@closegate.example/mcp")), ERR_AUTH);
    ck_err(judge(with(URI, "https://closegate.example.evil.example/mcp")), ERR_AUTH);
}
END_TEST

START_TEST(the_body_is_bound_when_it_is_said_or_asked_for)
{
    const char *none = with(arena_fmt(arena, ",\"bh\":\"%s\"", hash_of("{}")), "");
    ck_ok(judge(none));
    ck_ok(judge_as(none, (struct against){.body = "anything"}));
    ck_err(judge_as(none, (struct against){.body_bound = true}), ERR_AUTH);
}
END_TEST

START_TEST(a_claim_that_is_missing_or_not_of_its_form_is_named)
{
    const char *ath = arena_fmt(arena, ",\"ath\":\"%s\"", hash_of(TOKEN));
    const char *bh = arena_fmt(arena, "\"bh\":\"%s\"", hash_of("{}"));
    const struct {
        const char *find, *put, *where;
    } cases[] = {
        {"\"jti\":\"e1j3V_bKic8-LAEB\",", "", "jti"},
        {"\"e1j3V_bKic8-LAEB\"", "7", "jti"},
        {"e1j3V_bKic8-LAEB", "", "jti"},
        {"e1j3V_bKic8-LAEB", "e1j3V_b", "jti"},
        {"e1j3V_bKic8-LAEB", "e1j3V bKic8", "jti"},
        {"e1j3V_bKic8-LAEB", "e1j3V\\u0000bKic8", "jti"},
        {"e1j3V_bKic8-LAEB", "e1j3V\\u00e9bKic8", "jti"},
        {"\"htm\":\"POST\",", "", "htm"},
        {"\"POST\"", "[\"POST\"]", "htm"},
        {"\"htu\":\"" URI "\",", "", "htu"},
        {"\"" URI "\"", "null", "htu"},
        {"\"iat\":1789999990,", "", "iat"},
        {"1789999990", "\"1789999990\"", "iat"},
        {"1789999990", "-1", "iat"},
        {"\"n-1\"", "1", "nonce"},
        {ath, ",\"ath\":\"abc\"", "ath"},
        {ath, ",\"ath\":true", "ath"},
        {bh, "\"bh\":\"abc\"", "bh"},
        {bh, "\"bh\":{}", "bh"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err e = judge(with(cases[i].find, cases[i].put));
        ck_assert_msg(e.kind == ERR_INPUT && text_eq(e.where, cases[i].where), "%s: %s at %s",
                      cases[i].put, e.kind == ERR_NONE ? "taken" : e.msg,
                      e.where == NULL ? "-" : e.where);
    }
    ck_err(judge(with(ath, "")), ERR_AUTH); /* at a resource it has to be there */
    ck_err(judge(with("\"htm\":\"POST\"", "\"htm\":\"GET\",\"htm\":\"POST\"")), ERR_INPUT);
}
END_TEST

START_TEST(a_header_brings_a_public_key_of_ours_and_nothing_else)
{
    const char *jwk = made_jwk(arena, ec, NULL, "");
    const char *const heads[] = {
        arena_fmt(arena, "{\"alg\":\"ES256\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"DPOP+JWT\",\"alg\":\"ES256\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"None\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"es256\",\"jwk\":%s}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":%s}", jwk),
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":\"me\"}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
        "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"kid\":\"k\"}",
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s,\"jwk\":%s}", jwk,
                  jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s,\"crit\":[\"x\"]}",
                  jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s,\"b64\":false}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s,\"jku\":\"h\"}", jwk),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s,\"x5c\":[]}", jwk),
        header_of(ed, "ES256"),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                  made_jwk(arena, ec, NULL, ",\"d\":\"AAAA\"")),
        arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                  made_jwk(arena, ec, NULL, ",\"use\":\"enc\"")),
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct err e = judge(headed(heads[i]));
        ck_assert_msg(e.kind == ERR_INPUT, "%s: %s", heads[i],
                      e.kind == ERR_NONE ? "taken" : e.msg);
    }
    ck_ok(judge(headed(header_of(ec, "ES256"))));
    ck_ok(judge(headed(arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                                 made_jwk(arena, ec, "k", ",\"key_ops\":[\"verify\"]")))));
}
END_TEST

START_TEST(a_proof_is_signed_with_the_key_it_brings)
{
    const char *good = with("", "");
    const size_t n = strlen(good);
    ck_err(judge(made_token(arena, other, header_of(ec, "ES256"), whole)), ERR_AUTH);
    const char *other_body = with("e1j3V_bKic8-LAEB", "another-proof-id");
    const char *dot = strrchr(good, '.'), *other_dot = strrchr(other_body, '.');
    ck_err(judge(arena_fmt(arena, "%.*s%s", (int)(other_dot - other_body), other_body, dot)),
           ERR_AUTH);
    ck_err(judge(made_hmac_token(arena, "secret", header_of(ec, "ES256"), whole)), ERR_INPUT);
    ck_err(judge(arena_fmt(arena, "%.*s", (int)(dot - good) + 1, good)), ERR_INPUT);
    ck_err(judge(arena_fmt(arena, "%s=", good)), ERR_INPUT);
    ck_err(judge(arena_fmt(arena, "%s, %s", good, good)), ERR_INPUT);
    ck_err(judge(arena_fmt(arena, "%.*s", (int)n - 4, good)), ERR_INPUT);
    ck_err(judge(""), ERR_INPUT);
    ck_err(judge("a.b.c"), ERR_INPUT);
}
END_TEST

START_TEST(an_rsa_key_is_neither_short_nor_endless)
{
    static const struct {
        unsigned bits;
        bool good;
    } cases[] = {{1024, false}, {2048, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made_key *rsa = made_rsa(cases[i].bits);
        struct dpop_proof p;
        const char *text = made_token(arena, rsa, header_of(rsa, "RS256"), whole);
        struct err e = dpop_parse(arena, str_of(text), &p);
        ck_assert_int_eq(e.kind, cases[i].good ? ERR_NONE : ERR_INPUT);
        if (cases[i].good)
            ck_ok(judge_as(text, (struct against){.jkt = p.jkt}));
        made_key_free(rsa);
    }
    char n[BASE64_SIZE(DPOP_RSA_MAX + 1)];
    uint8_t modulus[DPOP_RSA_MAX + 1];
    memset(modulus, 0xff, sizeof modulus);
    for (size_t more = 0; more < 2; more++) { /* nobody has to know its factors */
        struct dpop_proof p;
        base64url_print(modulus, DPOP_RSA_MAX + more, n);
        const char *head = arena_fmt(arena,
                                     "{\"typ\":\"dpop+jwt\",\"alg\":\"RS256\",\"jwk\":{\"kty\":"
                                     "\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}}",
                                     n, "AQAB");
        struct made_key *rsa = made_rsa(2048); /* a signature of a good length */
        struct err e = dpop_parse(arena, str_of(made_token(arena, rsa, head, whole)), &p);
        ck_assert_int_eq(e.kind, more == 0 ? ERR_NONE : ERR_INPUT);
        made_key_free(rsa);
    }
}
END_TEST

TEST_MAIN_AROUND("dpop", up, down, a_whole_proof_says_all_that_it_says,
                 the_standards_own_proof_is_taken, a_proof_is_one_request_of_one_token_by_one_key,
                 a_method_has_one_spelling_an_address_several,
                 the_body_is_bound_when_it_is_said_or_asked_for,
                 a_claim_that_is_missing_or_not_of_its_form_is_named,
                 a_header_brings_a_public_key_of_ours_and_nothing_else,
                 a_proof_is_signed_with_the_key_it_brings, an_rsa_key_is_neither_short_nor_endless)
