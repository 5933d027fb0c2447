/* The DPoP proof (RFC 9449): a JWT that a client makes for one request and signs with the key that
 * its access token is bound to, so that whoever only found the token gets nowhere. Pure: the time
 * and the request are given; whether jti was used before and what the nonce is worth are the
 * caller's to ask (dpop_nonce.h, engine/auth). */
#ifndef PROTO_DPOP_H
#define PROTO_DPOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/sys/jwks.h"

#define DPOP_HEADER       "DPoP"
#define DPOP_NONCE_HEADER "DPoP-Nonce"
#define DPOP_TYP          "dpop+jwt"
#define DPOP_ALGS         "ES256 EdDSA RS256" /* as a challenge lists them */
#define DPOP_LIFE_S       60            /* how old a proof may be, and the clocks' difference */
#define DPOP_RSA_MAX      ((size_t)512) /* bytes of a modulus: 4096 bits */

/* Texts are the arena's or the proof's own. NULL: not claimed. */
struct dpop_proof {
    struct jws jws;
    struct jose_key key;           /* the embedded one, whoever's it is */
    char jkt[JWK_THUMBPRINT_SIZE]; /* its thumbprint */
    const char *jti, *htm, *htu;
    const char *ath, *nonce;
    const char *bh; /* ours: base64url SHA-256 of the body as sent, as in an assertion */
    int64_t iat;
};

/* What a proof is held against. */
struct dpop_request {
    const char *method;
    const char *uri; /* the address that clients know, normal (http_uri.h) */
    struct str body;
    const uint8_t *token_sha256; /* SHA256_LEN: of the access token as it was sent */
    const char *jkt;             /* the key that the access token is bound to */
    int64_t now_s, skew_s;
    int64_t since_s; /* nothing older is taken; 0: no such limit */
    bool body_bound; /* bh has to be there */
};

/* Reads a proof without believing it. ERR_INPUT with a sentence: not a JWT, another typ, alg or key
 * than is taken here (RFC 9449 4.3: asymmetric, no private part; RSA to 4096 bits), jti, htm, htu
 * or iat missing, a claim that is not of its form. `text` must outlive `proof`. */
MUST_CHECK struct err dpop_parse(struct arena *arena, struct str text, struct dpop_proof *proof);

/* Every check of RFC 9449 4.3 but those of nonce and jti, cheap ones first, the signature last, so
 * that only a key that a provider bound to a token is ever computed with. ERR_AUTH with a sentence
 * when one fails. */
MUST_CHECK struct err dpop_check(struct arena *arena, const struct dpop_proof *proof,
                                 const struct dpop_request *req);

#endif
