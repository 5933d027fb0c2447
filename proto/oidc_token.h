/* The ID token (OpenID Connect Core 1.0, 2 and 3.1.3.7) and the logout token (Back-Channel
 * Logout 1.0, 2.4 to 2.6). Pure: the signature was verified by whoever calls, the time is given. */
#ifndef PROTO_OIDC_TOKEN_H
#define PROTO_OIDC_TOKEN_H

#include "common/sys/jose.h"
#include "proto/oidc_claims.h"

#define OIDC_SUB_MAX ((size_t)255)

/* Texts are the arena's. NULL or -1: not claimed. */
struct id_token {
    const struct json *claims;
    const char *iss, *sub, *azp, *nonce, *at_hash, *acr, *sid;
    const char *name;
    const char *email; /* only when the provider says that it is verified */
    int64_t iat, exp, nbf, auth_time;
};

/* What it is held against. */
struct id_token_rules {
    const char *issuer, *client_id;
    const char *nonce; /* what we sent; NULL: the caller compares it, and it has to be there */
    const char *access_token; /* what came with it; NULL: none */
    enum jose_alg alg;        /* of its signature: at_hash depends on it */
    int64_t now_s, skew_s;
    int64_t since_s; /* the login must not be older; 0: any age, auth_time may lack */
    bool dated;      /* auth_time may not lack, whatever its age */
    const struct setting_list *acr; /* one of these; NULL or empty: any */
};

/* ERR_INPUT: claims that are not of their form, or twins. iss, sub, iat and exp are there then. */
MUST_CHECK struct err id_token_read(struct arena *arena, struct str payload, struct id_token *t);

/* ERR_AUTH with a sentence for people when a rule does not hold. */
MUST_CHECK struct err id_token_check(const struct id_token *t, const struct id_token_rules *rules);

struct logout_token {
    const char *sub, *sid; /* at least one */
    const char *jti;       /* to be remembered until `until_s`: it counts once */
    int64_t until_s;
};

/* Reads and checks at once. `typ` is the header's. ERR_AUTH when it is no logout token for us:
 * above all an ID token is none, whoever sends it. */
MUST_CHECK struct err logout_token_read(struct arena *arena, struct str payload, const char *typ,
                                        const char *issuer, const char *client_id, int64_t now_s,
                                        int64_t skew_s, struct logout_token *t);

#endif
