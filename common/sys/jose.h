/* Compact JWS (RFC 7515): reading one without believing it, checking its signature, making one.
 * Only EdDSA over Ed25519 (RFC 8037) for now; another algorithm is a row in jose.c and a member of
 * struct jose_key. A key carries its algorithm and the header must name the same, so that no header
 * chooses how it is checked. What a header may say is a closed list (alg, kid, typ): crit, b64,
 * jwk, jku, x5u, x5c, zip … are refused by not being on it. */
#ifndef COMMON_SYS_JOSE_H
#define COMMON_SYS_JOSE_H

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/sys/crypt.h"

#define JWS_TEXT_MAX ((size_t)16 * 1024)
#define JWS_SIG_MAX  64

enum jose_alg { JOSE_ALG_NONE = 0, JOSE_EDDSA };

struct jose_key {
    enum jose_alg alg;
    uint8_t ed25519[ED25519_KEY_LEN]; /* the public key, for JOSE_EDDSA */
};

/* Read, not yet believed: only `kid` may be used before jws_verify, to find the key. */
struct jws {
    enum jose_alg alg;
    const char *kid;        /* never empty */
    const char *typ;        /* NULL when absent */
    struct str signed_part; /* within the text that was read */
    struct str payload;     /* decoded, in the arena */
    uint8_t sig[JWS_SIG_MAX];
    size_t sig_len;
};

/* ERR_INPUT: not three parts of strict base64url, a header that is not exactly what is allowed
 * (twin members, unknown members, another alg in any spelling), an empty kid, a signature of the
 * wrong length; ERR_LIMIT past JWS_TEXT_MAX. `text` must outlive `jws`. */
MUST_CHECK struct err jws_parse(struct arena *arena, struct str text, struct jws *jws);

/* ERR_AUTH when the key is of another algorithm or the signature is not the key's. */
MUST_CHECK struct err jws_verify(const struct jws *jws, const struct jose_key *key);

/* The compact text, in the arena. `typ` may be NULL. */
MUST_CHECK struct err jws_sign(struct arena *arena, const struct ed25519_key *key, const char *kid,
                               const char *typ, struct str payload, const char **text);

#endif
