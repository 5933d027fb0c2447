/* Published keys: one JWK (RFC 7517, 7518, 8037) and the document that lists them. A key becomes a
 * struct jose_key whose algorithm is the key's own: RSA is RS256, P-256 is ES256, Ed25519 is EdDSA.
 */
#ifndef COMMON_SYS_JWKS_H
#define COMMON_SYS_JWKS_H

#include "common/base/json.h"
#include "common/sys/jose.h"

#define JWKS_BYTES_MAX ((size_t)256 * 1024)
#define JWKS_KEYS_MAX  32

/* ERR_MISSING: a good key that is not for us to check signatures with (another kty, curve, alg or
 * use). ERR_INPUT: a key that must not be used: members missing or malformed, lax base64url,
 * leading zeros, RSA under 2048 bits or with an even exponent, a point off the curve or of small
 * order, a kid longer than JOSE_KID_MAX, private numbers that somebody published. */
MUST_CHECK struct err jwk_parse(const struct json *jwk, struct jose_key *key);

/* RFC 7638 with SHA-256, in base64url: one name for one key, whatever else its JWK says. */
#define JWK_THUMBPRINT_SIZE 44 /* 43 characters and NUL */
void jwk_thumbprint(const struct jose_key *key, char out[JWK_THUMBPRINT_SIZE]);

struct jwks {
    struct jose_key keys[JWKS_KEYS_MAX];
    size_t n;
    size_t passed_over; /* keys that are not for us, or must not be used */
};

/* Reads a document. Keys that jwk_parse refuses are passed over, as RFC 7517 section 5 wants, so
 * that a provider may add what we do not know. ERR_INPUT: not such a document, or twin members;
 * ERR_LIMIT: past JWKS_BYTES_MAX, or more than JWKS_KEYS_MAX keys for us. */
MUST_CHECK struct err jwks_parse(struct arena *arena, struct str text, struct jwks *jwks);

/* The one key of jws's algorithm and kid; without a kid the only key of that algorithm.
 * ERR_MISSING: no such key. ERR_AUTH: more than one, so that nobody can say who signed. */
MUST_CHECK struct err jwks_find(const struct jwks *jwks, const struct jws *jws,
                                const struct jose_key **key);

#endif
