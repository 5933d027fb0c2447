/* RFC 8291 section 3.4, step by step, and a JWT of three fixed claims. */
#include "common/sys/crypt_push.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/base/invariant.h"
#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/json_write.h"

#define CURVE       "prime256v1"
#define RECORD_SIZE 4096
#define HEADER_LEN  (PUSH_SALT_LEN + 4 + 1 + PUSH_POINT_LEN)
#define TAG_LEN     16
#define CEK_LEN     16
#define NONCE_LEN   12

struct push_key {
    EVP_PKEY *pkey;
    uint8_t point[PUSH_POINT_LEN];
};

/* ---- points ---- */

static EVP_PKEY *pkey_of(const uint8_t point[PUSH_POINT_LEN], const uint8_t *private_key)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *d = private_key == NULL ? NULL : BN_bin2bn(private_key, 32, NULL);
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = NULL;
    if (build != NULL && ctx != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, PUSH_POINT_LEN) ==
            1 &&
        (d == NULL || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1))
        params = OSSL_PARAM_BLD_to_param(build);
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
        pkey = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_clear_free(d);
    return pkey;
}

static bool point_of(const EVP_PKEY *pkey, uint8_t out[PUSH_POINT_LEN])
{
    size_t len = 0;
    return EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, out, PUSH_POINT_LEN,
                                           &len) == 1 &&
           len == PUSH_POINT_LEN && out[0] == 4;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t out[SHA256_LEN])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    size_t len = SHA256_LEN;
    /* set_peer checks that the point is on the curve */
    bool good = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, out, &len) == 1 &&
                len == SHA256_LEN;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

/* ---- sealing ---- */

struct keys {
    uint8_t cek[SHA256_LEN], nonce[SHA256_LEN]; /* the first CEK_LEN, NONCE_LEN count */
};

static void keys_derive(const uint8_t shared[SHA256_LEN], const uint8_t secret[PUSH_SECRET_LEN],
                        const uint8_t browser[PUSH_POINT_LEN], const uint8_t own[PUSH_POINT_LEN],
                        const uint8_t salt[PUSH_SALT_LEN], struct keys *out)
{
    static const char cek_info[] = "Content-Encoding: aes128gcm\0\1"; /* and the NUL behind */
    static const char nonce_info[] = "Content-Encoding: nonce\0\1";
    uint8_t info[14 + 2 * PUSH_POINT_LEN + 1], prk[SHA256_LEN], ikm[SHA256_LEN];
    memcpy(info, "WebPush: info", 14); /* with its NUL */
    memcpy(info + 14, browser, PUSH_POINT_LEN);
    memcpy(info + 14 + PUSH_POINT_LEN, own, PUSH_POINT_LEN);
    info[sizeof info - 1] = 1;
    hmac_sha256(secret, PUSH_SECRET_LEN, shared, SHA256_LEN, prk);
    hmac_sha256(prk, sizeof prk, info, sizeof info, ikm);
    hmac_sha256(salt, PUSH_SALT_LEN, ikm, sizeof ikm, prk);
    hmac_sha256(prk, sizeof prk, cek_info, sizeof cek_info - 1, out->cek);
    hmac_sha256(prk, sizeof prk, nonce_info, sizeof nonce_info - 1, out->nonce);
}

static void gcm_seal(const struct keys *keys, const uint8_t *plain, size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    INVARIANT(ctx != NULL &&
              EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->cek, keys->nonce) == 1);
    INVARIANT(EVP_EncryptUpdate(ctx, out, &n, plain, (int)len) == 1 && n == (int)len);
    INVARIANT(EVP_EncryptFinal_ex(ctx, out + len, &n) == 1 && n == 0);
    INVARIANT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN, out + len) == 1);
    EVP_CIPHER_CTX_free(ctx);
}

/* RFC 8188: salt, record size, the sender's point as key id; one record, ended by 0x02. */
static struct err body_put(struct arena *arena, const struct keys *keys,
                           const uint8_t own[PUSH_POINT_LEN], const uint8_t salt[PUSH_SALT_LEN],
                           struct str plain, struct str *body)
{
    uint8_t padded[PUSH_PLAIN_MAX + 1];
    uint8_t *out = arena_alloc(arena, HEADER_LEN + plain.len + 1 + TAG_LEN);
    ENSURE(out != NULL, ERR_LIMIT, "out of memory");
    memcpy(out, salt, PUSH_SALT_LEN);
    out[PUSH_SALT_LEN + 2] = RECORD_SIZE >> 8;
    out[PUSH_SALT_LEN + 4] = PUSH_POINT_LEN;
    memcpy(out + PUSH_SALT_LEN + 5, own, PUSH_POINT_LEN);
    memcpy(padded, plain.at, plain.len);
    padded[plain.len] = 2;
    gcm_seal(keys, padded, plain.len + 1, out + HEADER_LEN);
    *body = (struct str){(const char *)out, HEADER_LEN + plain.len + 1 + TAG_LEN};
    return OK;
}

static struct err seal(struct arena *arena, EVP_PKEY *own, const uint8_t salt[PUSH_SALT_LEN],
                       const uint8_t browser[PUSH_POINT_LEN], const uint8_t secret[PUSH_SECRET_LEN],
                       struct str plain, struct str *body)
{
    uint8_t shared[SHA256_LEN], point[PUSH_POINT_LEN];
    struct keys keys;
    EVP_PKEY *peer = pkey_of(browser, NULL);
    const bool good =
        peer != NULL && own != NULL && point_of(own, point) && agree(own, peer, shared);
    EVP_PKEY_free(peer);
    ENSURE(good, ERR_INPUT, "the browser's key is no point of P-256");
    ENSURE(plain.len <= PUSH_PLAIN_MAX, ERR_LIMIT, "too long for a push message");
    keys_derive(shared, secret, browser, point, salt, &keys);
    crypt_wipe(shared, sizeof shared);
    struct err e = body_put(arena, &keys, point, salt, plain, body);
    crypt_wipe(&keys, sizeof keys);
    return e;
}

struct err push_seal(struct arena *arena, const uint8_t browser[PUSH_POINT_LEN],
                     const uint8_t secret[PUSH_SECRET_LEN], struct str plain, struct str *body)
{
    uint8_t salt[PUSH_SALT_LEN];
    EVP_PKEY *own = EVP_EC_gen(CURVE);
    INVARIANT(own != NULL);
    crypt_random(salt, sizeof salt);
    struct err e = seal(arena, own, salt, browser, secret, plain, body);
    EVP_PKEY_free(own);
    return e;
}

struct err push_seal_known(struct arena *arena, const struct push_known *known,
                           const uint8_t browser[PUSH_POINT_LEN],
                           const uint8_t secret[PUSH_SECRET_LEN], struct str plain,
                           struct str *body)
{
    EVP_PKEY *own = pkey_of(known->public_key, known->private_key);
    struct err e = seal(arena, own, known->salt, browser, secret, plain, body);
    EVP_PKEY_free(own);
    return e;
}

/* ---- the sender's key ---- */

static struct err key_wrap(EVP_PKEY *pkey, const char *path, struct push_key **key)
{
    struct push_key *made = calloc(1, sizeof *made);
    if (made == NULL || pkey == NULL || !point_of(pkey, made->point)) {
        EVP_PKEY_free(pkey);
        free(made);
        return err_at(ERR_INPUT, path, "holds no private key of P-256");
    }
    made->pkey = pkey;
    *key = made;
    return OK;
}

static struct err key_read(struct arena *arena, const char *path, struct push_key **key)
{
    struct str text;
    struct stat st;
    TRY(disk_read(arena, path, KEY_FILE_MAX, &text));
    if (stat(path, &st) != 0 || (st.st_mode & 077) != 0)
        return err_at(ERR_AUTH, path, "others may read this key: chmod 600");
    BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key_wrap(pkey, path, key);
}

static struct err key_make(const char *path)
{
    EVP_PKEY *pkey = EVP_EC_gen(CURVE);
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    INVARIANT(pkey != NULL && bio != NULL &&
              PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1);
    const long len = BIO_get_mem_data(bio, &bytes);
    struct err e = disk_write_new(path, bytes, (size_t)len, 0600);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return e;
}

struct err push_key_open(struct arena *arena, const char *path, struct push_key **key)
{
    *key = NULL;
    struct err e = key_read(arena, path, key);
    if (e.kind != ERR_MISSING)
        return e;
    TRY(key_make(path));
    return key_read(arena, path, key);
}

void push_key_free(struct push_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

void push_key_public(const struct push_key *key, uint8_t out[PUSH_POINT_LEN])
{
    memcpy(out, key->point, PUSH_POINT_LEN);
}

/* ---- the token ---- */

/* DER to r and s of 32 bytes each (RFC 7518 3.4). */
static void raw_signature(const uint8_t *der, size_t len, uint8_t out[64])
{
    const uint8_t *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    INVARIANT(sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32);
    ECDSA_SIG_free(sig);
}

static void es256_sign(const struct push_key *key, struct str text, uint8_t out[64])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[80];
    size_t len = sizeof der;
    INVARIANT(ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key->pkey, NULL) == 1);
    INVARIANT(EVP_DigestSign(ctx, der, &len, (const uint8_t *)text.at, text.len) == 1);
    EVP_MD_CTX_free(ctx);
    raw_signature(der, len, out);
}

static struct err claims_put(struct buf *out, const char *aud, const char *contact, int64_t exp_s)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    jw_init(&w, 4096);
    jw_obj(&w);
    jw_text(&w, "aud", aud);
    jw_int(&w, "exp", exp_s);
    jw_text(&w, "sub", contact);
    jw_end(&w);
    TRY(jw_done(&w, &body));
    char *room = buf_room(out, BASE64_SIZE(body.len));
    ENSURE(room != NULL, ERR_LIMIT, "out of memory");
    base64url_print(body.at, body.len, room);
    buf_grow(out, strlen(room));
    return OK;
}

struct err push_token(struct arena *arena, const struct push_key *key, const char *aud,
                      const char *contact, int64_t exp_s, const char **header)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    CLEANUP(buf_fini) struct buf out;
    char text[BASE64_SIZE(PUSH_POINT_LEN)];
    uint8_t sig[64];
    buf_init(&out, 8192);
    base64url_print(head, sizeof head - 1, text);
    buf_puts(&out, text);
    buf_putc(&out, '.');
    TRY(claims_put(&out, aud, contact, exp_s));
    TRY(buf_check(&out));
    es256_sign(key, buf_str(&out), sig);
    base64url_print(sig, sizeof sig, text);
    const char *token = arena_fmt(arena, "%s.%s", buf_text(&out), text);
    base64url_print(key->point, PUSH_POINT_LEN, text);
    *header = arena_fmt(arena, "vapid t=%s, k=%s", token, text);
    return arena_check(arena);
}
