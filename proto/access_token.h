/* The access token of OAuth 2.1 as the engine takes it: a JWT by RFC 9068, made for this engine and
 * for nothing else. Pure: the signature was verified by whoever calls, the time is given. Who the
 * client and the person are is the registry's to say, and what the caller may do the gate's. */
#ifndef PROTO_ACCESS_TOKEN_H
#define PROTO_ACCESS_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

/* What a token may be good for; a set of them is their sum. There is none for approving: no client
 * that shows an access token ever does (docs/IDENTITY.md). */
enum access_scope {
    ACCESS_READ = 1,    /* mcp:read: lists, resources, tools that only read */
    ACCESS_PROPOSE = 2, /* mcp:propose: tools that record something; whoever has it may read */
};
#define ACCESS_SCOPE_READ    "mcp:read"
#define ACCESS_SCOPE_PROPOSE "mcp:propose"

#define ACCESS_THUMBPRINT_LEN 43 /* of a SHA-256 in base64url */

/* Texts are the arena's. NULL or -1: not claimed. */
struct access_token {
    const char *iss, *sub, *aud, *client_id, *jti;
    const char *sid, *acr;
    unsigned scopes; /* sum of enum access_scope, with what they include; others are passed over */
    int64_t iat, exp, nbf, auth_time;
    /* cnf (RFC 7800): whose token it is. With either of them the bearer alone does not do. */
    const char *cnf_jkt; /* RFC 9449: the SHA-256 thumbprint of a DPoP key */
    const char *cnf_x5t; /* RFC 8705: x5t#S256, of the client's certificate */
};

/* What it is held against. */
struct access_token_rules {
    const char *issuer;   /* byte for byte */
    const char *resource; /* our canonical URI, byte for byte */
    int64_t now_s, skew_s;
};

/* Whether the header's typ says that it is an access token (RFC 9068 4). No other kind of token has
 * to be told apart from it by luck. */
bool access_token_typ(const char *typ);

/* Reads the claims. ERR_INPUT: not an object, twins, one that is not of its form, no iss, sub, aud,
 * client_id, jti, iat or exp, an azp that names another client, more than one audience, or a cnf
 * that says nothing we know. */
MUST_CHECK struct err access_token_read(struct arena *arena, struct str payload,
                                        struct access_token *t);

/* ERR_AUTH with a sentence: another issuer, another resource, expired, from the future, not yet. */
MUST_CHECK struct err access_token_check(struct arena *arena, const struct access_token *t,
                                         const struct access_token_rules *rules);

/* A copy whose texts are in `arena`. */
MUST_CHECK struct err access_token_copy(struct arena *arena, const struct access_token *from,
                                        struct access_token *to);

#endif
