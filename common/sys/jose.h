/* Compact JWS (RFC 7515): reading one without believing it, checking its signature, making one.
 * Between our own daemons there is one form: EdDSA over Ed25519 (RFC 8037), a kid, and no header
 * member but alg, kid and typ. What identity providers and proxies make is read by
 * jws_parse_foreign: RS256, ES256 or EdDSA, never none and never HMAC. A key carries its algorithm
 * (jwks.h) and the header must name the same, so that no header chooses how it is checked. */
#ifndef COMMON_SYS_JOSE_H
#define COMMON_SYS_JOSE_H

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/base/str.h"
#include "common/sys/crypt.h"

#define JWS_TEXT_MAX ((size_t)16 * 1024)
#define JWS_SIG_MAX  RSA_MODULUS_MAX
#define JOSE_KID_MAX ((size_t)128)

enum jose_alg { JOSE_ALG_NONE = 0, JOSE_EDDSA, JOSE_RS256, JOSE_ES256 };

/* A public key, as a plain value. */
struct jose_key {
    enum jose_alg alg;
    char kid[JOSE_KID_MAX + 1];       /* "" when it was published without one */
    uint8_t ed25519[ED25519_KEY_LEN]; /* for JOSE_EDDSA */
    uint8_t p256[P256_POINT_LEN];     /* for JOSE_ES256 */
    struct rsa_public rsa;            /* for JOSE_RS256 */
};

/* Read, not yet believed: only `kid` may be used before jws_verify, to find the key. */
struct jws {
    enum jose_alg alg;
    const char *kid;        /* never empty; NULL when absent, which only a foreign token may be */
    const char *typ;        /* NULL when absent */
    struct str signed_part; /* within the text that was read */
    struct str payload;     /* decoded, in the arena */
    uint8_t sig[JWS_SIG_MAX];
    size_t sig_len;
    const struct json *jwk; /* what it says its own key is; only after jws_parse_own_key */
};

/* ERR_INPUT: not three parts of strict base64url, a header that is not exactly what is allowed
 * (twin members, unknown members, another alg in any spelling), an empty kid, a signature of the
 * wrong length; ERR_LIMIT past JWS_TEXT_MAX. `text` must outlive `jws`. */
MUST_CHECK struct err jws_parse(struct arena *arena, struct str text, struct jws *jws);

/* The same for a token of somebody else's making: alg is RS256, ES256 or EdDSA (also written
 * Ed25519, RFC 9864) in exactly that spelling, kid may be absent, and what else the header says is
 * passed over, but for what would change how the token is to be checked or read (crit, b64, jwk,
 * jku, x5u, x5c, zip, enc): that is ERR_INPUT. */
MUST_CHECK struct err jws_parse_foreign(struct arena *arena, struct str text, struct jws *jws);

/* The same for a token that brings its own key along, which proves nothing but that whoever made it
 * holds that key (RFC 9449): jwk has to be there, an object, and typ. Whose key it is has to come
 * from elsewhere; jwk_parse says whether it is one. */
MUST_CHECK struct err jws_parse_own_key(struct arena *arena, struct str text, struct jws *jws);

/* ERR_AUTH when the key is of another algorithm or the signature is not the key's. */
MUST_CHECK struct err jws_verify(const struct jws *jws, const struct jose_key *key);

/* The compact text, in the arena. `typ` may be NULL. */
MUST_CHECK struct err jws_sign(struct arena *arena, const struct ed25519_key *key, const char *kid,
                               const char *typ, struct str payload, const char **text);

#endif
