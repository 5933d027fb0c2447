/* Web push against the RFC's own example, and what a browser does at the other end. */
#include "common/sys/crypt_push.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "common/sys/json_read.h"
#include "tests/unit/test.h"

static struct arena *arena;

static void decoded(const char *text, void *out, size_t want)
{
    size_t len;
    ck_assert(base64url_parse(str_of(text), out, want, &len));
    ck_assert_uint_eq(len, want);
}

START_TEST(the_example_of_rfc_8291_comes_out_byte_for_byte)
{
    static const char want[] =
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA"
        "mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs"
        "j_Qulcy4a-fN";
    struct push_known known;
    uint8_t browser[PUSH_POINT_LEN], secret[PUSH_SECRET_LEN];
    char text[512];
    struct str body;
    arena = arena_new(1 << 20);
    decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", known.private_key, 32);
    decoded("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7"
            "A8",
            known.public_key, PUSH_POINT_LEN);
    decoded("DGv6ra1nlYgDCS1FRnbzlw", known.salt, PUSH_SALT_LEN);
    decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAi"
            "w4",
            browser, PUSH_POINT_LEN);
    decoded("BTBZMqHH6r4Tts7J_aSIgg", secret, PUSH_SECRET_LEN);
    ck_ok(push_seal_known(arena, &known, browser, secret,
                          STR("When I grow up, I want to be a watermelon"), &body));
    base64url_print(body.at, body.len, text);
    ck_assert_str_eq(text, want);
    arena_free(arena);
}
END_TEST

START_TEST(a_key_that_is_no_point_and_a_text_too_long_are_refused)
{
    uint8_t browser[PUSH_POINT_LEN] = {4, 1, 2, 3}, secret[PUSH_SECRET_LEN] = {0};
    struct str body;
    arena = arena_new(1 << 20);
    ck_err(push_seal(arena, browser, secret, STR("x"), &body), ERR_INPUT);
    decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAi"
            "w4",
            browser, PUSH_POINT_LEN);
    char *text = arena_alloc(arena, PUSH_PLAIN_MAX + 1);
    ck_ok(push_seal(arena, browser, secret, (struct str){text, PUSH_PLAIN_MAX}, &body));
    ck_err(push_seal(arena, browser, secret, (struct str){text, PUSH_PLAIN_MAX + 1}, &body),
           ERR_LIMIT);
    arena_free(arena);
}
END_TEST

START_TEST(the_senders_key_is_made_once_and_its_token_verifies)
{
    char folder[] = "/tmp/push-XXXXXX", path[64];
    struct push_key *key, *again;
    uint8_t point[PUSH_POINT_LEN], other[PUSH_POINT_LEN], sig[P256_SIG_LEN];
    const char *header;
    struct str token, part, signature, head, claims;
    struct json *tree;
    size_t len;
    int64_t exp;
    arena = arena_new(1 << 20);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/vapid.key", folder);
    ck_ok(push_key_open(arena, path, &key));
    ck_ok(push_key_open(arena, path, &again));
    push_key_public(key, point);
    push_key_public(again, other);
    ck_assert_mem_eq(point, other, PUSH_POINT_LEN);
    ck_ok(push_token(arena, key, "https://push.example", "mailto:ops@example.com", 1800000000,
                     &header));
    ck_assert_int_eq(strncmp(header, "vapid t=", 8), 0);
    ck_assert(str_cut(str_of(header + 8), ',', &token, &part));
    ck_assert(str_cut(token, '.', &head, &claims) && str_cut(claims, '.', &claims, &signature));
    ck_assert(base64url_parse(signature, sig, sizeof sig, &len) && len == sizeof sig);
    ck_assert(p256_verify(point + 1, (struct str){head.at, head.len + 1 + claims.len}, sig));
    char *json = arena_alloc(arena, 1024);
    ck_assert(base64url_parse(claims, json, 1024, &len));
    ck_ok(json_read(arena, (struct str){json, len}, NULL, &tree));
    ck_assert_str_eq(json_get_text(tree, "aud"), "https://push.example");
    ck_assert(json_int(json_get(tree, "exp"), &exp) && exp == 1800000000);
    push_key_free(key);
    push_key_free(again);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_err(push_key_open(arena, path, &key), ERR_AUTH);
    (void)unlink(path);
    (void)rmdir(folder);
    arena_free(arena);
}
END_TEST

TEST_MAIN("crypt_push", the_example_of_rfc_8291_comes_out_byte_for_byte,
          a_key_that_is_no_point_and_a_text_too_long_are_refused,
          the_senders_key_is_made_once_and_its_token_verifies)
