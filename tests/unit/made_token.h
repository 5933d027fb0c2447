/* An identity provider's part for the tests: keys of every kind, their JWKs, and tokens signed with
 * them whatever the header and the payload say. A key lives until made_key_free. */
#ifndef TESTS_UNIT_MADE_TOKEN_H
#define TESTS_UNIT_MADE_TOKEN_H

#include "common/base/arena.h"

struct made_key;

struct made_key *made_rsa(unsigned bits);
struct made_key *made_ec(const char *curve); /* "P-256", "P-384" */
struct made_key *made_ed25519(void);
void made_key_free(struct made_key *key);

/* {"kty":…,"kid":…,…} without alg and use; `kid` NULL leaves it out. `more` ("" or
 * ",\"use\":\"sig\"") goes before the last brace. */
const char *made_jwk(struct arena *arena, const struct made_key *key, const char *kid,
                     const char *more);

/* base64url of the three parts, signed by the key's own algorithm (SHA-256; JOSE's form for EC). */
const char *made_token(struct arena *arena, const struct made_key *key, const char *header,
                       const char *payload);

/* The usual one: {"alg":…,"kid":…}. */
const char *made_jwt(struct arena *arena, const struct made_key *key, const char *kid,
                     const char *payload);

/* HMAC-SHA256 with any bytes as the key, for what must be refused. */
const char *made_hmac_token(struct arena *arena, const char *secret, const char *header,
                            const char *payload);

#endif
