/* Published vectors (FIPS 180-4, RFC 4231, RFC 8032, RFC 4648), and key files that are refused. */
#include "common/sys/crypt.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

static void want_sha256(const void *bytes, size_t len, const char *want)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(bytes, len, hex);
    ck_assert_str_eq(hex, want);
    struct sha256 h;
    uint8_t out[SHA256_LEN];
    sha256_begin(&h);
    for (size_t i = 0; i < len; i += 7)
        sha256_add(&h, (const char *)bytes + i, len - i < 7 ? len - i : 7);
    sha256_end(&h, out);
    sha256_drop(&h);
    hex_print(out, sizeof out, hex);
    ck_assert_str_eq(hex, want);
}

START_TEST(sha256_meets_the_published_vectors)
{
    want_sha256(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    want_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    want_sha256(two, sizeof two - 1,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    want_sha256(million, sizeof million,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(hmac_meets_rfc_4231)
{
    uint8_t key[131], data[50], out[SHA256_LEN];
    char hex[SHA256_HEX_SIZE];
    memset(key, 0x0b, 20);
    hmac_sha256(key, 20, "Hi There", 8, out);
    hex_print(out, sizeof out, hex);
    ck_assert_str_eq(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
    hex_print(out, sizeof out, hex);
    ck_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 20);
    memset(data, 0xdd, sizeof data);
    hmac_sha256(key, 20, data, sizeof data, out);
    hex_print(out, sizeof out, hex);
    ck_assert_str_eq(hex, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    memset(key, 0xaa, sizeof key); /* a key longer than a block */
    hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, out);
    hex_print(out, sizeof out, hex);
    ck_assert_str_eq(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_sha256(NULL, 0, NULL, 0, out);
    hex_print(out, sizeof out, hex);
    ck_assert_str_eq(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

static void *hash_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++)
        want_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    return NULL;
}

START_TEST(threads_hash_beside_each_other)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_many, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(random_bytes_differ)
{
    uint8_t a[32], b[32];
    crypt_random(a, sizeof a);
    crypt_random(b, sizeof b);
    ck_assert(!bytes_eq_ct(a, b, sizeof a));
    crypt_random(a, 0);
}
END_TEST

static const struct {
    const char *seed, *public_key, *msg, *sig;
} ed_vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

START_TEST(ed25519_meets_rfc_8032)
{
    for (size_t i = 0; i < sizeof ed_vectors / sizeof ed_vectors[0]; i++) {
        uint8_t seed[32], want_public[32], msg[8], want_sig[64], got[64];
        size_t len = strlen(ed_vectors[i].msg) / 2;
        ck_assert(hex_parse(ed_vectors[i].seed, seed, 32));
        ck_assert(hex_parse(ed_vectors[i].public_key, want_public, 32));
        ck_assert(hex_parse(ed_vectors[i].msg, msg, len));
        ck_assert(hex_parse(ed_vectors[i].sig, want_sig, 64));
        CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
        ck_ok(ed25519_from_seed(seed, &key));
        ed25519_public(key, got);
        ck_assert_mem_eq(got, want_public, 32);
        ed25519_sign(key, len == 0 ? NULL : msg, len, got);
        ck_assert_mem_eq(got, want_sig, 64);
        ck_assert(ed25519_verify(want_public, msg, len, want_sig));
    }
}
END_TEST

START_TEST(a_changed_bit_anywhere_is_a_wrong_signature)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    ck_ok(ed25519_new(&key));
    uint8_t public_key[32], sig[64];
    char msg[] = "checkpoint";
    ed25519_public(key, public_key);
    ed25519_sign(key, msg, sizeof msg, sig);
    ck_assert(ed25519_verify(public_key, msg, sizeof msg, sig));
    for (size_t bit = 0; bit < 512; bit++) {
        sig[bit / 8] = (uint8_t)(sig[bit / 8] ^ (1u << (bit % 8)));
        ck_assert(!ed25519_verify(public_key, msg, sizeof msg, sig));
        sig[bit / 8] = (uint8_t)(sig[bit / 8] ^ (1u << (bit % 8)));
    }
    ck_assert(!ed25519_verify(public_key, msg, sizeof msg - 1, sig));
    public_key[3] ^= 4;
    ck_assert(!ed25519_verify(public_key, msg, sizeof msg, sig));
}
END_TEST

/* ---- key files ---- */

static char folder[64], path[96], other[96];

static void make_folder(void)
{
    strcpy(folder, "/tmp/test_crypt_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key.pem", folder);
    snprintf(other, sizeof other, "%s/other.pem", folder);
}

static void drop_folder(void)
{
    unlink(path);
    unlink(other);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left behind */
}

START_TEST(a_key_comes_back_from_its_file_and_is_never_replaced)
{
    make_folder();
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    ck_ok(ed25519_new(&key));
    ck_ok(ed25519_save(key, path));
    ck_err(ed25519_save(key, path), ERR_CONFLICT);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    CLEANUP(ed25519_free) struct ed25519_key *again = NULL;
    ck_ok(ed25519_load(path, &again));
    uint8_t a[32], b[32];
    ed25519_public(key, a);
    ed25519_public(again, b);
    ck_assert_mem_eq(a, b, 32);
    ck_ok(ed25519_public_save(key, other));
    ck_ok(ed25519_public_load(other, b));
    ck_assert_mem_eq(a, b, 32);
    drop_folder();
}
END_TEST

START_TEST(a_key_that_others_can_reach_is_refused)
{
    make_folder();
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    ck_ok(ed25519_new(&key));
    ck_ok(ed25519_save(key, path));
    struct ed25519_key *got = NULL;
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0644, 0666};
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        ck_assert_int_eq(chmod(path, open_modes[i]), 0);
        ck_err(ed25519_load(path, &got), ERR_AUTH);
    }
    ck_assert_int_eq(chmod(path, 0400), 0);
    ck_ok(ed25519_load(path, &got));
    ed25519_free(got);
    ck_assert_int_eq(symlink(path, other), 0);
    ck_err(ed25519_load(other, &got), ERR_AUTH);
    ck_err(ed25519_load(folder, &got), ERR_AUTH);
    unlink(other);
    ck_assert_int_eq(mkfifo(other, 0600), 0);
    ck_err(ed25519_load(other, &got), ERR_AUTH); /* and does not hang */
    unlink(other);
    ck_err(ed25519_load(other, &got), ERR_MISSING);
    drop_folder();
}
END_TEST

static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

START_TEST(a_file_that_holds_no_ed25519_key_is_refused)
{
    make_folder();
    struct ed25519_key *key = NULL;
    uint8_t out[32];
    static const char *const bad[] = {
        "", "junk", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        /* an X25519 key: the right size, the wrong algorithm */
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
        "-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(path, bad[i]);
        ck_err(ed25519_load(path, &key), ERR_INPUT);
        ck_err(ed25519_public_load(path, out), ERR_INPUT);
        ck_assert_ptr_null(key);
    }
    drop_folder();
}
END_TEST

/* ---- base64 ---- */

START_TEST(base64_meets_rfc_4648)
{
    static const struct {
        const char *bytes, *text;
    } vectors[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[BASE64_SIZE(6)], bytes[8];
        size_t n = strlen(vectors[i].bytes), got;
        base64_print(vectors[i].bytes, n, text);
        ck_assert_str_eq(text, vectors[i].text);
        ck_assert(base64_parse(str_of(text), bytes, sizeof bytes, &got));
        ck_assert(got == n && memcmp(bytes, vectors[i].bytes, n) == 0);
        base64url_print(vectors[i].bytes, n, text);
        ck_assert_uint_eq(strlen(text), (n * 8 + 5) / 6);
        ck_assert(base64url_parse(str_of(text), bytes, sizeof bytes, &got));
        ck_assert(got == n && memcmp(bytes, vectors[i].bytes, n) == 0);
    }
    char text[BASE64_SIZE(3)];
    base64url_print("\xfb\xff\xfe", 3, text);
    ck_assert_str_eq(text, "-__-");
    base64_print("\xfb\xff\xfe", 3, text);
    ck_assert_str_eq(text, "+//+");
}
END_TEST

START_TEST(base64_takes_one_text_a_value)
{
    uint8_t out[16];
    size_t len;
    static const char *const bad_url[] = {"A",    "Zg==",  "Zh",  "Zm9",   "Z g",     "Zg\n",
                                          "+//+", "Zm9v=", "Zg.", "AAAAA", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad_url / sizeof bad_url[0]; i++)
        ck_assert_msg(!base64url_parse(str_of(bad_url[i]), out, sizeof out, &len), "%s",
                      bad_url[i]);
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "-__-", "Zm9v\n", "=m9v", "Zg=a", "Zg==Zg=="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!base64_parse(str_of(bad[i]), out, sizeof out, &len), "%s", bad[i]);
    ck_assert(!base64url_parse(STR("Zm9v"), out, 2, &len));
    ck_assert(base64url_parse(STR("Zm9v"), out, 3, &len));
    ck_assert(!base64url_parse((struct str){"Zm\0v", 4}, out, sizeof out, &len));
}
END_TEST

START_TEST(every_short_value_round_trips)
{
    for (unsigned v = 0; v < 65536; v++) {
        uint8_t in[2] = {(uint8_t)(v >> 8), (uint8_t)v}, out[2];
        char text[BASE64_SIZE(2)];
        size_t len;
        base64url_print(in, 2, text);
        ck_assert(base64url_parse(str_of(text), out, 2, &len) && len == 2);
        ck_assert(in[0] == out[0] && in[1] == out[1]);
    }
}
END_TEST

TEST_MAIN("crypt", sha256_meets_the_published_vectors, hmac_meets_rfc_4231,
          threads_hash_beside_each_other, random_bytes_differ, ed25519_meets_rfc_8032,
          a_changed_bit_anywhere_is_a_wrong_signature,
          a_key_comes_back_from_its_file_and_is_never_replaced,
          a_key_that_others_can_reach_is_refused, a_file_that_holds_no_ed25519_key_is_refused,
          base64_meets_rfc_4648, base64_takes_one_text_a_value, every_short_value_round_trips)
