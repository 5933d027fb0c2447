/* Compact JWS: what verifies, and every way a token may lie about how it is to be read. */
#include "common/sys/jose.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

static const uint8_t seed[ED25519_KEY_LEN] = {1, 2, 3};
static struct arena *arena;
static struct ed25519_key *key;
static struct jose_key public;

static void setup(void)
{
    arena = arena_new(1 << 20);
    ck_ok(ed25519_from_seed(seed, &key));
    public = (struct jose_key){.alg = JOSE_EDDSA};
    ed25519_public(key, public.ed25519);
}

static void teardown(void)
{
    ed25519_free(key);
    arena_free(arena);
}

/* A token with any header at all, truly signed. */
static const char *signed_with_header(const char *header, const char *payload)
{
    char h[1024], p[1024], s[BASE64_SIZE(ED25519_SIG_LEN)];
    uint8_t sig[ED25519_SIG_LEN];

    base64url_print(header, strlen(header), h);
    base64url_print(payload, strlen(payload), p);
    const char *part = arena_fmt(arena, "%s.%s", h, p);
    ed25519_sign(key, part, strlen(part), sig);
    base64url_print(sig, sizeof sig, s);
    const char *text = arena_fmt(arena, "%s.%s", part, s);
    if (text == NULL)
        ck_abort_msg("out of memory");
    return text;
}

static enum err_kind parsed(const char *text)
{
    struct jws jws;
    return jws_parse(arena, str_of(text), &jws).kind;
}

START_TEST(what_we_sign_verifies_and_carries_its_payload)
{
    const char *text;
    struct jws jws;
    setup();
    ck_ok(jws_sign(arena, key, "workspace", "x+jwt", STR("{\"a\":1}"), &text));
    ck_ok(jws_parse(arena, str_of(text), &jws));
    ck_assert_str_eq(jws.kid, "workspace");
    ck_assert_str_eq(jws.typ, "x+jwt");
    ck_assert(str_is(jws.payload, "{\"a\":1}"));
    ck_ok(jws_verify(&jws, &public));
    teardown();
}
END_TEST

START_TEST(the_published_ed25519_example_verifies)
{
    /* RFC 8037 appendix A.4, with a kid: we want one, so only the verification is shared. */
    static const char x[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    static const char part[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    static const char sig[] =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
        "sVvpAr_MuM0KAg";
    struct jws jws = {.alg = JOSE_EDDSA, .signed_part = STR(part)};
    struct jose_key k = {.alg = JOSE_EDDSA};
    size_t n;
    ck_assert(base64url_parse(str_of(x), k.ed25519, sizeof k.ed25519, &n) && n == 32);
    ck_assert(base64url_parse(str_of(sig), jws.sig, sizeof jws.sig, &jws.sig_len));
    ck_assert_uint_eq(jws.sig_len, ED25519_SIG_LEN);
    ck_ok(jws_verify(&jws, &k));
}
END_TEST

START_TEST(another_key_or_a_changed_byte_does_not_verify)
{
    const char *text;
    struct jws jws;
    setup();
    ck_ok(jws_sign(arena, key, "w", NULL, STR("{\"a\":1}"), &text));
    ck_ok(jws_parse(arena, str_of(text), &jws));
    struct jose_key other = public;
    other.ed25519[0] ^= 1;
    ck_err(jws_verify(&jws, &other), ERR_AUTH);

    char *forged = arena_strdup(arena, text);
    char *dot = strchr(forged, '.');
    dot[2] = dot[2] == 'A' ? 'B' : 'A';
    ck_ok(jws_parse(arena, str_of(forged), &jws));
    ck_err(jws_verify(&jws, &public), ERR_AUTH);
    teardown();
}
END_TEST

START_TEST(a_key_of_no_algorithm_verifies_nothing)
{
    const char *text;
    struct jws jws;
    setup();
    ck_ok(jws_sign(arena, key, "w", NULL, STR("{}"), &text));
    ck_ok(jws_parse(arena, str_of(text), &jws));
    public.alg = JOSE_ALG_NONE;
    ck_err(jws_verify(&jws, &public), ERR_AUTH);
    jws.alg = JOSE_ALG_NONE;
    ck_err(jws_verify(&jws, &public), ERR_AUTH);
    teardown();
}
END_TEST

START_TEST(only_a_header_of_exactly_alg_kid_typ_is_read)
{
    static const char *const bad[] = {
        "{\"alg\":\"none\",\"kid\":\"w\"}",
        "{\"alg\":\"None\",\"kid\":\"w\"}",
        "{\"alg\":\"NONE\",\"kid\":\"w\"}",
        "{\"alg\":\"\",\"kid\":\"w\"}",
        "{\"alg\":\"eddsa\",\"kid\":\"w\"}",
        "{\"alg\":\"EDDSA\",\"kid\":\"w\"}",
        "{\"alg\":\"Ed25519\",\"kid\":\"w\"}",
        "{\"alg\":\"HS256\",\"kid\":\"w\"}",
        "{\"alg\":\"RS256\",\"kid\":\"w\"}",
        "{\"alg\":\"ES256\",\"kid\":\"w\"}",
        "{\"alg\":null,\"kid\":\"w\"}",
        "{\"alg\":[\"EdDSA\"],\"kid\":\"w\"}",
        "{\"kid\":\"w\"}",
        "{\"alg\":\"EdDSA\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"\"}",
        "{\"alg\":\"EdDSA\",\"kid\":null}",
        "{\"alg\":\"EdDSA\",\"kid\":7}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\\u0000x\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"crit\":[]}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"jwk\":{\"kty\":\"OKP\"}}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"jku\":\"http://x\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"x5u\":\"http://x\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"x5c\":[]}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"zip\":\"DEF\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"enc\":\"A128GCM\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"w\",\"kid\":\"v\"}",
        "{\"alg\":\"none\",\"alg\":\"EdDSA\",\"kid\":\"w\"}",
        "{\"alg\":\"EdDSA\",\"\\u0061lg\":\"none\",\"kid\":\"w\"}",
        "[\"EdDSA\"]",
        "\"EdDSA\"",
        "",
        "{",
        "\xef\xbb\xbf{\"alg\":\"EdDSA\",\"kid\":\"w\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"\xff\"}",
    };
    setup();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(parsed(signed_with_header(bad[i], "{}")) == ERR_INPUT, "%s", bad[i]);
    ck_assert_int_eq(parsed(signed_with_header("{\"alg\":\"EdDSA\",\"kid\":\"w\"}", "{}")),
                     ERR_NONE);
    teardown();
}
END_TEST

START_TEST(a_token_has_three_strict_parts)
{
    setup();
    char good[512];
    snprintf(good, sizeof good, "%s",
             signed_with_header("{\"alg\":\"EdDSA\",\"kid\":\"w\"}", "{}"));
    const int signed_len = (int)(strlen(good) - 87); /* a dot, and 64 bytes */
    const char *const bad[] = {
        "",
        ".",
        "..",
        "...",
        "a.b",
        arena_fmt(arena, "%s.x", good),
        arena_fmt(arena, "%s=", good),
        arena_fmt(arena, "%s==", good),
        arena_fmt(arena, " %s", good),
        arena_fmt(arena, "%s ", good),
        arena_fmt(arena, "%s\n", good),
        arena_fmt(arena, "%.*s", signed_len, good),
        arena_fmt(arena, "%.*s.", signed_len, good),
        arena_fmt(arena, "%.*s.AAAA", signed_len, good),
        arena_fmt(arena, "%.*s", signed_len + 86, good),
        arena_fmt(arena, "%sA", good),
        arena_fmt(arena, "%.*s+", signed_len + 86, good),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(parsed(bad[i]) == ERR_INPUT, "%zu: %s", i, bad[i]);
    teardown();
}
END_TEST

START_TEST(left_over_bits_are_not_another_spelling)
{
    setup();
    char *text = arena_strdup(arena, signed_with_header("{\"alg\":\"EdDSA\",\"kid\":\"w\"}", "{}"));
    char *last = text + strlen(text) - 1; /* 64 bytes end in a character of which 4 bits count */
    *last = (char)(*last + 1);
    ck_assert_int_eq(parsed(text), ERR_INPUT);
    teardown();
}
END_TEST

START_TEST(an_endless_token_is_refused_before_it_is_read)
{
    setup();
    char *text = arena_alloc(arena, JWS_TEXT_MAX + 2);
    memset(text, 'a', JWS_TEXT_MAX + 1);
    ck_assert_int_eq(parsed(text), ERR_LIMIT);
    teardown();
}
END_TEST

TEST_MAIN("jose", what_we_sign_verifies_and_carries_its_payload,
          the_published_ed25519_example_verifies, another_key_or_a_changed_byte_does_not_verify,
          a_key_of_no_algorithm_verifies_nothing, only_a_header_of_exactly_alg_kid_typ_is_read,
          a_token_has_three_strict_parts, left_over_bits_are_not_another_spelling,
          an_endless_token_is_refused_before_it_is_read)
