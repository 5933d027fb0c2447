/* Sealed bytes and drawn keys: the published vectors, and that one changed bit opens nothing. */
#include "common/sys/crypt.h"

#include <string.h>

#include "tests/unit/test.h"

static const uint8_t zero_key[AEAD_KEY_LEN];

START_TEST(the_published_gcm_vectors_open)
{
    /* The GCM specification's test cases 13 and 14: a key and a nonce of zeros. */
    uint8_t sealed[12 + 16 + 16] = {0}, out[16], none[1];
    static const uint8_t zeros[16];
    ck_assert(hex_parse("530f8afbc74536b9a963b4f1c4cb738b", sealed + 12, 16));
    ck_assert(aead_open(zero_key, STR(""), sealed, 12 + 16, none));
    ck_assert(hex_parse("cea7403d4d606b6e074ec5d3baf39d18", sealed + 12, 16));
    ck_assert(hex_parse("d0d1c8a799996bf0265b98b5d48ab919", sealed + 28, 16));
    ck_assert(aead_open(zero_key, STR(""), sealed, sizeof sealed, out));
    ck_assert_mem_eq(out, zeros, sizeof zeros);
}
END_TEST

START_TEST(what_was_sealed_opens_for_the_same_purpose_only)
{
    uint8_t key[AEAD_KEY_LEN], sealed[5 + AEAD_ADDED], again[5 + AEAD_ADDED], out[5];
    crypt_random(key, sizeof key);
    aead_seal(key, STR("session"), "hello", 5, sealed);
    ck_assert(aead_open(key, STR("session"), sealed, sizeof sealed, out));
    ck_assert_mem_eq(out, "hello", 5);
    ck_assert(!aead_open(key, STR("login"), sealed, sizeof sealed, out));
    ck_assert(!aead_open(key, STR(""), sealed, sizeof sealed, out));
    ck_assert(!aead_open(zero_key, STR("session"), sealed, sizeof sealed, out));
    aead_seal(key, STR("session"), "hello", 5, again);
    ck_assert_mem_ne(sealed, again, sizeof sealed);
}
END_TEST

START_TEST(a_changed_bit_or_a_missing_byte_opens_nothing)
{
    uint8_t sealed[8 + AEAD_ADDED], out[8];
    static const uint8_t nothing[8];
    aead_seal(zero_key, STR("x"), "12345678", 8, sealed);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(out, 0xff, sizeof out);
        ck_assert(!aead_open(zero_key, STR("x"), sealed, sizeof sealed, out));
        ck_assert_mem_eq(out, nothing, sizeof out);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sizeof sealed; len++)
        ck_assert(!aead_open(zero_key, STR("x"), sealed, len, out));
    ck_assert(aead_open(zero_key, STR("x"), sealed, sizeof sealed, out));
}
END_TEST

START_TEST(drawn_keys_meet_rfc_5869_and_differ_by_purpose)
{
    uint8_t secret[22], key[SHA256_LEN], other[SHA256_LEN];
    char hex[SHA256_HEX_SIZE];
    memset(secret, 0x0b, sizeof secret);
    hkdf_sha256(secret, sizeof secret, "", key); /* appendix A.3, its first 32 bytes */
    hex_print(key, sizeof key, hex);
    ck_assert_str_eq(hex, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    hkdf_sha256(secret, sizeof secret, "session", other);
    ck_assert_mem_ne(key, other, sizeof key);
}
END_TEST

TEST_MAIN("crypt_aead", the_published_gcm_vectors_open,
          what_was_sealed_opens_for_the_same_purpose_only,
          a_changed_bit_or_a_missing_byte_opens_nothing,
          drawn_keys_meet_rfc_5869_and_differ_by_purpose)
