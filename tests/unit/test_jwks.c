/* Published keys and the foreign tokens under them: what is good, and every way to pass off a key
 * or a token as another. */
#include "common/sys/jwks.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/sys/json_read.h"
#include "tests/unit/made_token.h"
#include "tests/unit/test.h"

#define PAYLOAD "{\"iss\":\"x\"}"

static struct arena *arena;
static struct made_key *rsa, *ec, *ed;

static void setup(void)
{
    arena = arena_new(8 << 20);
    rsa = made_rsa(2048);
    ec = made_ec("P-256");
    ed = made_ed25519();
}

static void teardown(void)
{
    made_key_free(rsa);
    made_key_free(ec);
    made_key_free(ed);
    arena_free(arena);
}

static struct err read_jwk(const char *text, struct jose_key *key)
{
    struct json *tree = NULL;
    *key = (struct jose_key){0};
    TRY(json_read(arena, str_of(text), NULL, &tree));
    return jwk_parse(tree, key);
}

static struct jose_key key_of(const struct made_key *made, const char *kid)
{
    struct jose_key key;
    ck_ok(read_jwk(made_jwk(arena, made, kid, ""), &key));
    return key;
}

/* OK when the token reads and verifies under the key. */
static struct err judged(const char *token, const struct jose_key *key)
{
    struct jws jws;
    TRY(jws_parse_foreign(arena, str_of(token), &jws));
    return jws_verify(&jws, key);
}

START_TEST(each_kind_of_key_verifies_its_own_tokens_and_no_others)
{
    setup();
    const struct made_key *const made[] = {rsa, ec, ed};
    struct jose_key keys[3];
    for (size_t i = 0; i < 3; i++)
        keys[i] = key_of(made[i], "k");
    ck_assert_int_eq(keys[0].alg, JOSE_RS256);
    ck_assert_int_eq(keys[1].alg, JOSE_ES256);
    ck_assert_int_eq(keys[2].alg, JOSE_EDDSA);
    for (size_t i = 0; i < 3; i++) {
        const char *token = made_jwt(arena, made[i], "k", PAYLOAD);
        for (size_t j = 0; j < 3; j++)
            ck_assert_int_eq(judged(token, &keys[j]).kind, i == j ? ERR_NONE : ERR_AUTH);
    }
    teardown();
}
END_TEST

START_TEST(the_examples_of_rfc_7515_verify)
{
    static const char ec_jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
                                 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                                 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
    static const char ec_token[] =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcG"
        "xlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8"
        "ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    static const char rsa_jwk[] =
        "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8"
        "W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690"
        "r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6"
        "65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFk"
        "MLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"}";
    static const char rsa_token[] =
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcG"
        "xlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj"
        "5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZL"
        "grnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
        "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVr"
        "Bp0igcN_IoypGlUPQGe77Rw";
    struct jose_key key;
    setup();
    ck_ok(read_jwk(ec_jwk, &key));
    ck_ok(judged(ec_token, &key));
    ck_ok(read_jwk(rsa_jwk, &key));
    ck_ok(judged(rsa_token, &key));
    teardown();
}
END_TEST

START_TEST(a_token_that_is_not_signed_with_a_key_is_refused_in_every_spelling)
{
    static const char *const algs[] = {"none",  "None",  "NONE",   "nOnE",  "",      "HS256",
                                       "HS384", "HS512", "rs256",  "RS384", "PS256", "ES256K",
                                       "ES384", "eddsa", "RS256 ", "Ed448", "dir"};
    setup();
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        const char *header = arena_fmt(arena, "{\"alg\":\"%s\",\"kid\":\"k\"}", algs[i]);
        struct jose_key key = key_of(rsa, "k");
        ck_assert_msg(judged(made_token(arena, rsa, header, PAYLOAD), &key).kind == ERR_INPUT, "%s",
                      header);
    }
    teardown();
}
END_TEST

START_TEST(the_public_key_is_no_hmac_secret)
{
    setup();
    struct jose_key key = key_of(rsa, "k");
    static const char *const headers[] = {"{\"alg\":\"HS256\",\"kid\":\"k\"}",
                                          "{\"alg\":\"RS256\",\"kid\":\"k\"}"};
    for (size_t i = 0; i < 2; i++) {
        const char *forged =
            made_hmac_token(arena, made_jwk(arena, rsa, "k", ""), headers[i], PAYLOAD);
        ck_assert_int_eq(judged(forged, &key).kind, ERR_INPUT);
    }
    teardown();
}
END_TEST

START_TEST(a_header_cannot_bring_its_own_key_or_rules)
{
    static const char *const more[] = {
        ",\"jwk\":{\"kty\":\"RSA\"}", ",\"jku\":\"https://x\"", ",\"x5u\":\"https://x\"",
        ",\"x5c\":[\"MII\"]",         ",\"crit\":[\"exp\"]",    ",\"b64\":false",
        ",\"zip\":\"DEF\"",           ",\"enc\":\"A128GCM\"",   ",\"kid\":\"other\"",
        ",\"alg\":\"RS256\"",         ",\"crit\":null",         ",\"typ\":7",
        ",\"\\u0061lg\":\"none\"",
    };
    setup();
    struct jose_key key = key_of(rsa, "k");
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        const char *header = arena_fmt(arena, "{\"alg\":\"RS256\",\"kid\":\"k\"%s}", more[i]);
        ck_assert_msg(judged(made_token(arena, rsa, header, PAYLOAD), &key).kind == ERR_INPUT, "%s",
                      header);
    }
    /* What only describes the key is passed over: RFC 7515 4.1.7, and providers do send it. */
    ck_ok(judged(made_token(arena, rsa,
                            "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\",\"x5t\":\"aGk\"}",
                            PAYLOAD),
                 &key));
    ck_ok(judged(made_token(arena, rsa, "{\"alg\":\"RS256\"}", PAYLOAD), &key));
    teardown();
}
END_TEST

START_TEST(a_changed_or_differently_shaped_signature_does_not_verify)
{
    setup();
    const struct made_key *const made[] = {rsa, ec, ed};
    for (size_t i = 0; i < 3; i++) {
        struct jose_key key = key_of(made[i], "k");
        struct jws jws;
        const char *token = made_jwt(arena, made[i], "k", PAYLOAD);
        ck_ok(jws_parse_foreign(arena, str_of(token), &jws));
        for (size_t at = 0; at < jws.sig_len; at += 13) {
            jws.sig[at] ^= 0x10;
            ck_err(jws_verify(&jws, &key), ERR_AUTH);
            jws.sig[at] ^= 0x10;
        }
        ck_ok(jws_verify(&jws, &key));
        jws.signed_part.len--;
        ck_err(jws_verify(&jws, &key), ERR_AUTH);
        jws.signed_part.len++;
        jws.sig_len--;
        ck_err(jws_verify(&jws, &key), ERR_AUTH);
        jws.sig_len++;
        memset(jws.sig, 0, sizeof jws.sig); /* r = s = 0: the psychic signature */
        ck_err(jws_verify(&jws, &key), ERR_AUTH);
    }
    teardown();
}
END_TEST

START_TEST(a_small_or_crooked_rsa_key_is_refused)
{
    struct jose_key key;
    setup();
    struct made_key *small = made_rsa(1024);
    ck_err(read_jwk(made_jwk(arena, small, "k", ""), &key), ERR_INPUT);
    made_key_free(small);
    small = made_rsa(2040); /* 255 bytes */
    ck_err(read_jwk(made_jwk(arena, small, "k", ""), &key), ERR_INPUT);
    made_key_free(small);

    key = key_of(rsa, "k");
    struct rsa_public good = key.rsa, bad = good;
    ck_assert(rsa_public_valid(&good));
    bad.modulus[0] = 0x7f;
    ck_assert(!rsa_public_valid(&bad));
    bad = good, bad.modulus[bad.modulus_len - 1] &= 0xfe;
    ck_assert(!rsa_public_valid(&bad));
    static const uint8_t exponents[][2] = {{1, 1}, {1, 2}, {1, 0}, {2, 0}, {1, 4}};
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        bad = good, bad.exponent_len = 1, bad.exponent[0] = exponents[i][1];
        ck_assert(!rsa_public_valid(&bad));
    }
    bad = good, bad.exponent_len = 1, bad.exponent[0] = 3;
    ck_assert(rsa_public_valid(&bad));
    teardown();
}
END_TEST

START_TEST(a_key_is_read_strictly)
{
    static const char x[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    static const struct {
        const char *jwk;
        enum err_kind kind;
    } cases[] = {
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\"}", ERR_NONE},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"use\":\"sig\",\"alg\":\"EdDSA\"}",
         ERR_NONE},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"alg\":\"Ed25519\"}", ERR_NONE},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"key_ops\":[\"verify\"]}", ERR_NONE},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@=\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\" @\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA@\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":7}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"d\":\"@\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"kid\":\"\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"kid\":7}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"use\":\"enc\"}", ERR_MISSING},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"use\":7}", ERR_MISSING},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"key_ops\":[\"sign\"]}", ERR_MISSING},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"key_ops\":\"verify\"}", ERR_MISSING},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\",\"alg\":\"none\"}", ERR_MISSING},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"@\"}", ERR_MISSING},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"@\"}", ERR_MISSING},
        {"{\"kty\":\"oct\",\"k\":\"@\"}", ERR_MISSING},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"@\",\"y\":\"@\"}", ERR_MISSING},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\",\"y\":\"@\"}", ERR_INPUT},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@\"}", ERR_INPUT},
        {"{\"kty\":\"RSA\",\"n\":\"@\",\"e\":\"AQAB\",\"alg\":\"PS256\"}", ERR_MISSING},
        {"{\"kty\":\"RSA\",\"n\":\"@\",\"e\":\"AQAB\",\"alg\":\"HS256\"}", ERR_MISSING},
        {"{\"kty\":\"RSA\",\"n\":\"@\",\"e\":\"AQAB\"}", ERR_INPUT},
        {"{\"crv\":\"Ed25519\",\"x\":\"@\"}", ERR_INPUT},
        {"{\"kty\":\"OKP\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@\"}", ERR_INPUT},
        {"[]", ERR_INPUT},
    };
    struct jose_key key;
    struct buf text; /* the case, with x for each @ */
    setup();
    buf_init(&text, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&text);
        for (const char *at = cases[i].jwk; *at != '\0'; at++)
            buf_put(&text, *at == '@' ? x : at, *at == '@' ? sizeof x - 1 : 1);
        ck_assert_msg(read_jwk(buf_text(&text), &key).kind == cases[i].kind, "%zu: %s", i,
                      buf_text(&text));
    }
    buf_fini(&text);
    teardown();
}
END_TEST

START_TEST(a_leading_zero_in_a_number_is_not_another_spelling)
{
    struct jose_key key;
    setup();
    key = key_of(rsa, NULL);
    uint8_t longer[257] = {0};
    char n[BASE64_SIZE(sizeof longer)];
    memcpy(longer + 1, key.rsa.modulus, 256);
    base64url_print(longer, sizeof longer, n);
    ck_err(read_jwk(arena_fmt(arena, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n), &key),
           ERR_INPUT);
    teardown();
}
END_TEST

/* With x = 0 there is a point; the prime itself is 0 again, and no coordinate. */
START_TEST(a_coordinate_is_below_the_prime_and_the_point_on_the_curve)
{
    static const struct {
        const char *x, *y;
        enum err_kind kind;
    } cases[] = {
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q", ERR_NONE},
        {"_____wAAAAEAAAAAAAAAAAAAAAD_______________8",
         "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q", ERR_INPUT},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_U", ERR_INPUT},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ERR_INPUT},
    };
    struct jose_key key;
    setup();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *jwk =
            arena_fmt(arena, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}",
                      cases[i].x, cases[i].y);
        ck_assert_msg(read_jwk(jwk, &key).kind == cases[i].kind, "%s", jwk);
    }
    teardown();
}
END_TEST

START_TEST(under_the_weak_points_anybody_can_sign_and_so_they_are_no_keys)
{
    /* R the neutral point and S zero verify as soon as h times the key is the neutral point too:
     * one message in eight at the worst. That it happens shows that the points are what they are
     * said to be; a usual key has no such signature. */
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    uint8_t key[ED25519_KEY_LEN], sig[ED25519_SIG_LEN] = {1};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        unsigned forged = 0;
        ck_assert(hex_parse(weak[i], key, sizeof key));
        for (uint32_t message = 0; message < 400; message++)
            forged += ed25519_verify(key, &message, sizeof message, sig) ? 1 : 0;
        ck_assert_msg(forged > 0, "%s", weak[i]);
        ck_assert(ed25519_public_weak(key));
        key[ED25519_KEY_LEN - 1] |= 0x80;
        ck_assert(ed25519_public_weak(key));
    }
    setup();
    const struct jose_key usual = key_of(ed, NULL);
    ck_assert(!ed25519_public_weak(usual.ed25519));
    teardown();
}
END_TEST

/* RFC 7638 3.1, RFC 8037 A.3, RFC 9449 6.1. */
START_TEST(the_thumbprints_of_the_standards_come_out)
{
    static const char *const cases[][2] = {
        {"{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86z"
         "wu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5"
         "w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpb"
         "ISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw"
         "apJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
         "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
        {"{\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"kty\":\"EC\",\"crv\":\"P-256\","
         "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\"}",
         "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
    };
    setup();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jose_key key;
        char text[JWK_THUMBPRINT_SIZE];
        ck_ok(read_jwk(cases[i][0], &key));
        jwk_thumbprint(&key, text);
        ck_assert_str_eq(text, cases[i][1]);
    }
    teardown();
}
END_TEST

START_TEST(a_document_gives_the_keys_that_are_for_us_and_passes_the_others_over)
{
    static struct jwks set;
    setup();
    struct made_key *p384 = made_ec("P-384");
    const char *doc = arena_fmt(
        arena,
        "{\"keys\":[%s,%s,%s,%s,{\"kty\":\"oct\",\"k\":\"AA\"},{\"kty\":\"new\"},7,%s],\"more\":1}",
        made_jwk(arena, rsa, "r", ",\"x5c\":[\"MII\"]"), made_jwk(arena, ec, "e", ""),
        made_jwk(arena, ed, "d", ""), made_jwk(arena, p384, "p", ""),
        made_jwk(arena, rsa, "s", ",\"use\":\"enc\""));
    ck_ok(jwks_parse(arena, str_of(doc), &set));
    ck_assert_uint_eq(set.n, 3);
    ck_assert_uint_eq(set.passed_over, 5);
    ck_assert_str_eq(set.keys[0].kid, "r");

    static const char *const bad[] = {
        "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[],\"keys\":[]}", "<html>"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(jwks_parse(arena, str_of(bad[i]), &set).kind == ERR_INPUT, "%s", bad[i]);
    made_key_free(p384);
    teardown();
}
END_TEST

START_TEST(a_document_is_not_endless)
{
    static struct jwks set;
    setup();
    const char *one = made_jwk(arena, ed, NULL, ""), *all = one;
    for (int i = 0; i < JWKS_KEYS_MAX; i++)
        all = arena_fmt(arena, "%s,%s", all, one);
    ck_err(jwks_parse(arena, str_of(arena_fmt(arena, "{\"keys\":[%s]}", all)), &set), ERR_LIMIT);
    char *blank = arena_alloc(arena, JWKS_BYTES_MAX + 2);
    memset(blank, ' ', JWKS_BYTES_MAX + 1);
    ck_err(jwks_parse(arena, str_of(blank), &set), ERR_LIMIT);
    teardown();
}
END_TEST

START_TEST(a_token_finds_its_key_by_kid_and_algorithm_or_because_there_is_only_one)
{
    static struct jwks set;
    const struct jose_key *key;
    setup();
    set = (struct jwks){.n = 3};
    set.keys[0] = key_of(rsa, "same");
    set.keys[1] = key_of(ec, "same");
    set.keys[2] = key_of(rsa, "old");
    struct jws jws = {.alg = JOSE_ES256, .kid = "same"};
    ck_ok(jwks_find(&set, &jws, &key));
    ck_assert_ptr_eq(key, &set.keys[1]);
    jws = (struct jws){.alg = JOSE_ES256};
    ck_ok(jwks_find(&set, &jws, &key));
    jws = (struct jws){.alg = JOSE_RS256};
    ck_err(jwks_find(&set, &jws, &key), ERR_AUTH);
    jws = (struct jws){.alg = JOSE_RS256, .kid = "new"};
    ck_err(jwks_find(&set, &jws, &key), ERR_MISSING);
    jws = (struct jws){.alg = JOSE_EDDSA, .kid = "same"};
    ck_err(jwks_find(&set, &jws, &key), ERR_MISSING);
    set.keys[2] = key_of(rsa, "same");
    jws = (struct jws){.alg = JOSE_RS256, .kid = "same"};
    ck_err(jwks_find(&set, &jws, &key), ERR_AUTH);
    teardown();
}
END_TEST

TEST_MAIN("jwks", each_kind_of_key_verifies_its_own_tokens_and_no_others,
          the_examples_of_rfc_7515_verify,
          a_token_that_is_not_signed_with_a_key_is_refused_in_every_spelling,
          the_public_key_is_no_hmac_secret, a_header_cannot_bring_its_own_key_or_rules,
          a_changed_or_differently_shaped_signature_does_not_verify,
          a_small_or_crooked_rsa_key_is_refused, a_key_is_read_strictly,
          a_leading_zero_in_a_number_is_not_another_spelling,
          a_coordinate_is_below_the_prime_and_the_point_on_the_curve,
          under_the_weak_points_anybody_can_sign_and_so_they_are_no_keys,
          the_thumbprints_of_the_standards_come_out,
          a_document_gives_the_keys_that_are_for_us_and_passes_the_others_over,
          a_document_is_not_endless,
          a_token_finds_its_key_by_kid_and_algorithm_or_because_there_is_only_one)
