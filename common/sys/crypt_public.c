/* Public keys as others publish them (RSA, P-256) and signatures under them. A key is built from
 * its numbers for each check: logins are rare, and a plain value may be copied between threads. The
 * functions are crypt.h's. */
#include "common/sys/crypt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

static EVP_PKEY *pkey_from(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    if (ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static bool verify(EVP_PKEY *pkey, struct str bytes, const uint8_t *sig, size_t sig_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const void *some = bytes.len == 0 ? "" : bytes.at;
    bool good = pkey != NULL && ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
                EVP_DigestVerify(ctx, sig, sig_len, some, bytes.len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

/* ---- RSA ---- */

static EVP_PKEY *rsa_pkey(const struct rsa_public *key)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(key->modulus, (int)key->modulus_len, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent, (int)key->exponent_len, NULL);
    OSSL_PARAM *params = NULL;
    if (build != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *pkey = pkey_from("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return pkey;
}

bool rsa_public_valid(const struct rsa_public *key)
{
    const size_t n = key->modulus_len, e = key->exponent_len;
    if (n < RSA_MODULUS_MIN || n > RSA_MODULUS_MAX || e == 0 || e > RSA_EXPONENT_MAX)
        return false;
    /* 2048 bits means that the first bit of 256 bytes is set. */
    if (key->modulus[0] == 0 || (n == RSA_MODULUS_MIN && key->modulus[0] < 0x80))
        return false;
    if (key->exponent[0] == 0 || (e == 1 && key->exponent[0] < 3))
        return false;
    return key->modulus[n - 1] % 2 == 1 && key->exponent[e - 1] % 2 == 1;
}

bool rsa_verify(const struct rsa_public *key, struct str bytes, struct str sig)
{
    if (!rsa_public_valid(key) || sig.len != key->modulus_len)
        return false;
    EVP_PKEY *pkey = rsa_pkey(key); /* PKCS #1 v1.5 is what OpenSSL pads with by itself */
    bool good = verify(pkey, bytes, (const uint8_t *)sig.at, sig.len);
    EVP_PKEY_free(pkey);
    return good;
}

/* ---- P-256 ---- */

/* NULL when the coordinates are no point of the curve: OpenSSL looks while it imports. */
static EVP_PKEY *p256_pkey(const uint8_t point[P256_POINT_LEN])
{
    uint8_t octets[1 + P256_POINT_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[] = "prime256v1";
    memcpy(octets + 1, point, P256_POINT_LEN);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof octets),
        OSSL_PARAM_construct_end(),
    };
    return pkey_from("EC", params);
}

/* The import refuses coordinates past the field's prime and points off the curve; the point at
 * infinity has no such text, and the curve has no subgroup that a point could lie in (SP 800-186
 * 3.2.1.3: its cofactor is 1). EVP_PKEY_public_check would multiply by the order to say that again,
 * at the price of a verification. */
bool p256_point_valid(const uint8_t point[P256_POINT_LEN])
{
    EVP_PKEY *pkey = p256_pkey(point);
    EVP_PKEY_free(pkey);
    return pkey != NULL;
}

/* JOSE has r and s side by side, OpenSSL wants them in DER. The length, or 0. */
static int der_of(const uint8_t sig[P256_SIG_LEN], uint8_t **der)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig, P256_SIG_LEN / 2, NULL);
    BIGNUM *s = BN_bin2bn(sig + P256_SIG_LEN / 2, P256_SIG_LEN / 2, NULL);
    int len = 0;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair's now */
        len = i2d_ECDSA_SIG(pair, der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return len < 0 ? 0 : len;
}

bool p256_verify(const uint8_t point[P256_POINT_LEN], struct str bytes,
                 const uint8_t sig[P256_SIG_LEN])
{
    uint8_t *der = NULL;
    int len = der_of(sig, &der);
    EVP_PKEY *pkey = len == 0 ? NULL : p256_pkey(point);
    bool good = pkey != NULL && verify(pkey, bytes, der, (size_t)len);
    EVP_PKEY_free(pkey);
    OPENSSL_free(der);
    return good;
}

/* ---- Ed25519 ---- */

bool ed25519_public_weak(const uint8_t public_key[ED25519_KEY_LEN])
{
    /* The y of the eight points whose order divides 8, and p and p + 1, which are 0 and 1 again.
     * The sign of x, the last bit, makes no difference. */
    static const uint8_t weak[][ED25519_KEY_LEN] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
         0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
         0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    uint8_t y[ED25519_KEY_LEN];
    memcpy(y, public_key, sizeof y);
    y[sizeof y - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        if (memcmp(y, weak[i], sizeof y) == 0)
            return true;
    }
    return false;
}
