/* JWK and JWKS. Strict about the keys that are used, tolerant of the ones that are not. */
#include "common/sys/jwks.h"

#include <string.h>

#include "common/sys/json_read.h"

/* A member's bytes: strict base64url, between `min` and `max`, no leading zero unless the length is
 * fixed. */
static bool member_bytes(const struct json *jwk, const char *name, uint8_t *out, size_t min,
                         size_t max, size_t *len)
{
    const char *text = json_get_text(jwk, name);
    return text != NULL && base64url_parse(str_of(text), out, max, len) && *len >= min &&
           (min == max || out[0] != 0);
}

static bool absent_or(const struct json *jwk, const char *name, const char *a, const char *b)
{
    const struct json *node = json_get(jwk, name);
    const char *text = json_text(node);
    return node == NULL || (text != NULL && (strcmp(text, a) == 0 || strcmp(text, b) == 0));
}

/* RFC 7517 4.2, 4.3: a key says what it is for, or says nothing. */
static bool is_for_signatures(const struct json *jwk)
{
    const struct json *ops = json_get(jwk, "key_ops");
    if (!absent_or(jwk, "use", "sig", "sig"))
        return false;
    if (ops == NULL)
        return true;
    for (size_t i = 0; json_is(ops, JSON_TYPE_ARRAY) && i < ops->count; i++) {
        if (text_eq(json_text(ops->items[i]), "verify"))
            return true;
    }
    return false;
}

static bool holds_private_numbers(const struct json *jwk)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_get(jwk, names[i]) != NULL)
            return true;
    }
    return false;
}

static struct err kid_parse(const struct json *jwk, struct jose_key *key)
{
    const struct json *node = json_get(jwk, "kid");
    const char *kid = json_text(node);
    if (node == NULL)
        return OK;
    ENSURE(kid != NULL && kid[0] != '\0' && strlen(kid) <= JOSE_KID_MAX, ERR_INPUT,
           "the key's kid is not a short text");
    memcpy(key->kid, kid, strlen(kid) + 1);
    return OK;
}

static struct err rsa_parse(const struct json *jwk, struct jose_key *key)
{
    struct rsa_public *rsa = &key->rsa;
    ENSURE(absent_or(jwk, "alg", "RS256", "RS256"), ERR_MISSING, "an RSA key of another alg");
    ENSURE(member_bytes(jwk, "n", rsa->modulus, 1, sizeof rsa->modulus, &rsa->modulus_len) &&
               member_bytes(jwk, "e", rsa->exponent, 1, sizeof rsa->exponent, &rsa->exponent_len),
           ERR_INPUT, "the RSA key's numbers are not strict base64url");
    ENSURE(rsa_public_valid(rsa), ERR_INPUT, "the RSA key is too short, or its numbers are none");
    key->alg = JOSE_RS256;
    return OK;
}

static struct err ec_parse(const struct json *jwk, struct jose_key *key)
{
    const size_t half = P256_POINT_LEN / 2;
    size_t len;
    ENSURE(text_eq(json_get_text(jwk, "crv"), "P-256"), ERR_MISSING, "an EC key of another curve");
    ENSURE(absent_or(jwk, "alg", "ES256", "ES256"), ERR_MISSING, "a P-256 key of another alg");
    ENSURE(member_bytes(jwk, "x", key->p256, half, half, &len) &&
               member_bytes(jwk, "y", key->p256 + half, half, half, &len),
           ERR_INPUT, "the P-256 key's coordinates are not 32 bytes each");
    ENSURE(p256_point_valid(key->p256), ERR_INPUT, "the P-256 key is not on the curve");
    key->alg = JOSE_ES256;
    return OK;
}

static struct err okp_parse(const struct json *jwk, struct jose_key *key)
{
    size_t len;
    ENSURE(text_eq(json_get_text(jwk, "crv"), "Ed25519"), ERR_MISSING,
           "an OKP key of another curve");
    ENSURE(absent_or(jwk, "alg", "EdDSA", "Ed25519"), ERR_MISSING, "an Ed25519 key of another alg");
    ENSURE(member_bytes(jwk, "x", key->ed25519, ED25519_KEY_LEN, ED25519_KEY_LEN, &len), ERR_INPUT,
           "the Ed25519 key is not 32 bytes");
    ENSURE(!ed25519_public_weak(key->ed25519), ERR_INPUT, "the Ed25519 key is of small order");
    key->alg = JOSE_EDDSA;
    return OK;
}

struct err jwk_parse(const struct json *jwk, struct jose_key *key)
{
    const char *kty = json_get_text(jwk, "kty");

    *key = (struct jose_key){0};
    ENSURE(kty != NULL, ERR_INPUT, "a key has no kty");
    ENSURE(is_for_signatures(jwk), ERR_MISSING, "a key for another use");
    const bool rsa = strcmp(kty, "RSA") == 0, ec = strcmp(kty, "EC") == 0;
    ENSURE(rsa || ec || strcmp(kty, "OKP") == 0, ERR_MISSING, "a key of another type");
    ENSURE(!holds_private_numbers(jwk), ERR_INPUT, "a key that was published with its secret");
    TRY(kid_parse(jwk, key));
    if (rsa)
        return rsa_parse(jwk, key);
    return ec ? ec_parse(jwk, key) : okp_parse(jwk, key);
}

/* The members that a key of its type needs, in the order of their names, without white space. What
 * was read is strict base64url without leading zeros, so printing it again gives the one text. */
static void add_member(struct sha256 *h, const char *before, const uint8_t *bytes, size_t len)
{
    char text[BASE64_SIZE(RSA_MODULUS_MAX)];
    base64url_print(bytes, len, text);
    sha256_add(h, before, strlen(before));
    sha256_add(h, text, strlen(text));
}

static void add_members(struct sha256 *h, const struct jose_key *key)
{
    const size_t half = P256_POINT_LEN / 2;
    switch (key->alg) {
    case JOSE_RS256:
        add_member(h, "{\"e\":\"", key->rsa.exponent, key->rsa.exponent_len);
        add_member(h, "\",\"kty\":\"RSA\",\"n\":\"", key->rsa.modulus, key->rsa.modulus_len);
        break;
    case JOSE_ES256:
        add_member(h, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"", key->p256, half);
        add_member(h, "\",\"y\":\"", key->p256 + half, half);
        break;
    case JOSE_EDDSA:
        add_member(h, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"", key->ed25519,
                   ED25519_KEY_LEN);
        break;
    case JOSE_ALG_NONE:
        break;
    }
}

void jwk_thumbprint(const struct jose_key *key, char out[JWK_THUMBPRINT_SIZE])
{
    uint8_t hash[SHA256_LEN];
    char text[BASE64_SIZE(SHA256_LEN)];
    struct sha256 h;
    sha256_begin(&h);
    add_members(&h, key);
    sha256_add(&h, "\"}", 2);
    sha256_end(&h, hash);
    base64url_print(hash, sizeof hash, text);
    memcpy(out, text, JWK_THUMBPRINT_SIZE);
}

struct err jwks_parse(struct arena *arena, struct str text, struct jwks *jwks)
{
    const struct json_limits limits = {
        .depth_max = 8, .bytes_max = JWKS_BYTES_MAX, .nodes_max = 20000};
    struct json *tree = NULL;
    struct jose_key key;

    *jwks = (struct jwks){0};
    TRY(json_read(arena, text, &limits, &tree));
    const struct json *keys = json_get(tree, "keys");
    ENSURE(json_is(keys, JSON_TYPE_ARRAY), ERR_INPUT, "not a JWKS document: no list of keys");
    for (size_t i = 0; i < keys->count; i++) {
        if (jwk_parse(keys->items[i], &key).kind != ERR_NONE) {
            jwks->passed_over++;
            continue;
        }
        ENSURE(jwks->n < JWKS_KEYS_MAX, ERR_LIMIT, "a JWKS document of too many keys");
        jwks->keys[jwks->n++] = key;
    }
    return OK;
}

struct err jwks_find(const struct jwks *jwks, const struct jws *jws, const struct jose_key **key)
{
    *key = NULL;
    for (size_t i = 0; i < jwks->n; i++) {
        const struct jose_key *k = &jwks->keys[i];
        if (k->alg != jws->alg || (jws->kid != NULL && strcmp(k->kid, jws->kid) != 0))
            continue;
        ENSURE(*key == NULL, ERR_AUTH, "more than one of the published keys fits the token");
        *key = k;
    }
    ENSURE(*key != NULL, ERR_MISSING, "none of the published keys fits the token");
    return OK;
}
