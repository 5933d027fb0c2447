/* Keys and signatures by OpenSSL, written apart from what checks them. */
#include "tests/unit/made_token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/crypt.h"

struct made_key {
    EVP_PKEY *pkey;
    const char *alg;
    size_t half; /* of a raw ECDSA signature; 0 otherwise */
};

static struct made_key *key_of(EVP_PKEY *pkey, const char *alg, size_t half)
{
    struct made_key *key = calloc(1, sizeof *key);
    INVARIANT(pkey != NULL && key != NULL);
    *key = (struct made_key){.pkey = pkey, .alg = alg, .half = half};
    return key;
}

struct made_key *made_rsa(unsigned bits)
{
    return key_of(EVP_RSA_gen(bits), "RS256", 0);
}

struct made_key *made_ec(const char *curve)
{
    const bool small = strcmp(curve, "P-256") == 0;
    return key_of(EVP_EC_gen(curve), small ? "ES256" : "ES384", small ? 32 : 48);
}

struct made_key *made_ed25519(void)
{
    return key_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "EdDSA", 0);
}

void made_key_free(struct made_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

static const char *b64(struct arena *arena, const void *bytes, size_t len)
{
    char *text = arena_alloc(arena, BASE64_SIZE(len));
    INVARIANT(text != NULL);
    base64url_print(bytes, len, text);
    return text;
}

/* `width` 0: as many bytes as it takes. */
static const char *number(struct arena *arena, const struct made_key *key, const char *name,
                          int width)
{
    BIGNUM *n = NULL;
    uint8_t bytes[1024];
    INVARIANT(EVP_PKEY_get_bn_param(key->pkey, name, &n) == 1);
    int len = width == 0 ? BN_bn2bin(n, bytes) : BN_bn2binpad(n, bytes, width);
    BN_free(n);
    INVARIANT(len > 0);
    return b64(arena, bytes, (size_t)len);
}

static const char *numbers(struct arena *arena, const struct made_key *key)
{
    uint8_t raw[ED25519_KEY_LEN];
    size_t len = sizeof raw;
    if (strcmp(key->alg, "RS256") == 0)
        return arena_fmt(arena, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"",
                         number(arena, key, OSSL_PKEY_PARAM_RSA_N, 0),
                         number(arena, key, OSSL_PKEY_PARAM_RSA_E, 0));
    if (key->half > 0)
        return arena_fmt(arena, "\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"",
                         key->half == 32 ? "P-256" : "P-384",
                         number(arena, key, OSSL_PKEY_PARAM_EC_PUB_X, (int)key->half),
                         number(arena, key, OSSL_PKEY_PARAM_EC_PUB_Y, (int)key->half));
    INVARIANT(EVP_PKEY_get_raw_public_key(key->pkey, raw, &len) == 1);
    return arena_fmt(arena, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"",
                     b64(arena, raw, len));
}

const char *made_jwk(struct arena *arena, const struct made_key *key, const char *kid,
                     const char *more)
{
    const char *named = kid == NULL ? "" : arena_fmt(arena, ",\"kid\":\"%s\"", kid);
    const char *text = arena_fmt(arena, "{%s%s%s}", numbers(arena, key), named, more);
    INVARIANT(text != NULL);
    return text;
}

static size_t raw_of_der(const struct made_key *key, const uint8_t *der, size_t len, uint8_t *raw)
{
    const BIGNUM *r, *s;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    INVARIANT(sig != NULL);
    ECDSA_SIG_get0(sig, &r, &s);
    INVARIANT(BN_bn2binpad(r, raw, (int)key->half) > 0 &&
              BN_bn2binpad(s, raw + key->half, (int)key->half) > 0);
    ECDSA_SIG_free(sig);
    return 2 * key->half;
}

static const char *signed_text(struct arena *arena, const struct made_key *key, const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *md = strcmp(key->alg, "EdDSA") == 0 ? NULL : "SHA256";
    uint8_t sig[1024], raw[128];
    size_t len = sizeof sig;
    INVARIANT(ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, NULL, md, NULL, NULL, key->pkey, NULL) == 1);
    INVARIANT(EVP_DigestSign(ctx, sig, &len, (const uint8_t *)text, strlen(text)) == 1);
    EVP_MD_CTX_free(ctx);
    if (key->half == 0)
        return b64(arena, sig, len);
    len = raw_of_der(key, sig, len, raw);
    return b64(arena, raw, len);
}

static const char *two_parts(struct arena *arena, const char *header, const char *payload)
{
    const char *part = arena_fmt(arena, "%s.%s", b64(arena, header, strlen(header)),
                                 b64(arena, payload, strlen(payload)));
    INVARIANT(part != NULL);
    return part;
}

const char *made_token(struct arena *arena, const struct made_key *key, const char *header,
                       const char *payload)
{
    const char *part = two_parts(arena, header, payload);
    const char *text = arena_fmt(arena, "%s.%s", part, signed_text(arena, key, part));
    INVARIANT(text != NULL);
    return text;
}

const char *made_jwt(struct arena *arena, const struct made_key *key, const char *kid,
                     const char *payload)
{
    const char *header = kid == NULL
                             ? arena_fmt(arena, "{\"alg\":\"%s\"}", key->alg)
                             : arena_fmt(arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}", key->alg, kid);
    return made_token(arena, key, header, payload);
}

const char *made_hmac_token(struct arena *arena, const char *secret, const char *header,
                            const char *payload)
{
    uint8_t mac[SHA256_LEN];
    const char *part = two_parts(arena, header, payload);
    hmac_sha256(secret, strlen(secret), part, strlen(part), mac);
    const char *text = arena_fmt(arena, "%s.%s", part, b64(arena, mac, sizeof mac));
    INVARIANT(text != NULL);
    return text;
}
