/* The actor assertion (DESIGN §3, proto/PROTOCOL.md): who acts, in which request, said by a
 * registered client and signed with its key. One table of fields writes it (the workspace, our
 * command line, tests) and reads it (the engine). It travels in X-Closegate-Assertion as a compact
 * JWS whose `kid` is the client. */
#ifndef PROTO_ASSERTION_H
#define PROTO_ASSERTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/sys/jose.h"

#define ASSERTION_HEADER     "X-Closegate-Assertion"
#define ASSERTION_TYP        "closegate-assertion+jwt"
#define ASSERTION_AUD        "closegate-engine" /* unless the engine is told another name */
#define ASSERTION_LIFE_MAX_S 60
#define ASSERTION_SKEW_S     5  /* how far the client's clock may be off, either way */
#define ASSERTION_HASH_SIZE  44 /* 43 characters of base64url and NUL */

/* A member that is NULL or 0 was not claimed. Times are seconds since 1970. */
struct assertion {
    const char *sub;       /* the actor: human:ana, llm:claude.s-17 */
    const char *principal; /* of a human: principal_id */
    const char *obo;       /* of an llm: the principal_id it acts for */
    const char *aud;       /* which engine */
    const char *htm, *htu; /* the method, and the path without its query */
    const char *bh;        /* base64url SHA-256 of the body as sent */
    int64_t iat, exp;
    const char *jti;     /* used once */
    const char *channel; /* web, slack, chat or api */
    int64_t auth_time;   /* when the person signed in */
    const char *acr;
    const char **amr;
    size_t amr_n;
    const char *client; /* when claimed, the same as kid */
    const char *model;
};

/* What the claims are held against. */
struct assertion_request {
    const char *method;
    struct str path;
    struct str body;
    const char *aud;
    int64_t now_us, started_us; /* the clock, and when this process started */
};

/* base64url SHA-256 of the body, as in `bh`. */
void assertion_body_hash(struct str body, char out[ASSERTION_HASH_SIZE]);

/* Reads the claims of a parsed token. ERR_INPUT: not an object of exactly these members, or one
 * that is not well formed. */
MUST_CHECK struct err assertion_parse(struct arena *arena, const struct jws *jws,
                                      struct assertion *a);

/* Holds the claims against the request: audience, method, path, body, life, clock, process start.
 * ERR_AUTH with the sentence. Who the actor is and whether jti was used are the caller's to ask. */
MUST_CHECK struct err assertion_check(const struct assertion *a,
                                      const struct assertion_request *req);

/* The compact text, signed with the client's key. */
MUST_CHECK struct err assertion_sign(struct arena *arena, const struct ed25519_key *key,
                                     const char *client_id, const struct assertion *a,
                                     const char **text);

#endif
