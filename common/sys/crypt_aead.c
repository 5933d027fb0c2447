/* Sealing with AES-256-GCM, and keys drawn from one secret. What OpenSSL can only refuse when it is
 * broken stops the process, as in crypt.c. The functions are crypt.h's. */
#include "common/sys/crypt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/base/invariant.h"

#define NONCE_LEN 12
#define TAG_LEN   16

static EVP_CIPHER_CTX *ctx_new(const uint8_t *key, const uint8_t *nonce, struct str aad, int seal)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    INVARIANT(ctx != NULL && aad.len <= INT32_MAX);
    INVARIANT(EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, seal) == 1);
    if (aad.len > 0)
        INVARIANT(EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)aad.at, (int)aad.len) == 1);
    return ctx;
}

void aead_seal(const uint8_t key[AEAD_KEY_LEN], struct str aad, const void *bytes, size_t len,
               uint8_t *sealed)
{
    uint8_t *text = sealed + NONCE_LEN;
    int n = 0;
    INVARIANT(len <= INT32_MAX);
    crypt_random(sealed, NONCE_LEN);
    EVP_CIPHER_CTX *ctx = ctx_new(key, sealed, aad, 1);
    if (len > 0)
        INVARIANT(EVP_CipherUpdate(ctx, text, &n, bytes, (int)len) == 1 && n == (int)len);
    INVARIANT(EVP_CipherFinal_ex(ctx, text + len, &n) == 1 && n == 0);
    INVARIANT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text + len) == 1);
    EVP_CIPHER_CTX_free(ctx);
}

bool aead_open(const uint8_t key[AEAD_KEY_LEN], struct str aad, const void *sealed, size_t len,
               uint8_t *bytes)
{
    const uint8_t *in = sealed;
    uint8_t tag[TAG_LEN];
    int n = 0;
    if (len < AEAD_ADDED || len > INT32_MAX)
        return false;
    const size_t text_len = len - AEAD_ADDED;
    memcpy(tag, in + NONCE_LEN + text_len, TAG_LEN);
    EVP_CIPHER_CTX *ctx = ctx_new(key, in, aad, 0);
    if (text_len > 0)
        INVARIANT(EVP_CipherUpdate(ctx, bytes, &n, in + NONCE_LEN, (int)text_len) == 1);
    INVARIANT(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1);
    bool good = EVP_CipherFinal_ex(ctx, tag, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!good) /* nobody reads what was not sealed so */
        crypt_wipe(bytes, text_len);
    return good;
}

void hkdf_sha256(const void *secret, size_t len, const char *info, uint8_t key[SHA256_LEN])
{
    static const uint8_t no_salt[SHA256_LEN];
    uint8_t extracted[SHA256_LEN], block[256 + 1];
    const size_t n = strlen(info);
    INVARIANT(n < sizeof block);
    hmac_sha256(no_salt, sizeof no_salt, secret, len, extracted);
    memcpy(block, info, n);
    block[n] = 1; /* the first block is all that is wanted */
    hmac_sha256(extracted, sizeof extracted, block, n + 1, key);
    crypt_wipe(extracted, sizeof extracted);
}

void crypt_wipe(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}
