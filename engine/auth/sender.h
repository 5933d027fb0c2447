/* Whether whoever shows an access token is whom it was made for (sender-constrained tokens): by the
 * certificate of the connection (RFC 8705) or by a DPoP proof of the request (RFC 9449). Internal
 * to engine/auth; a token that says nothing of a key is a bearer's. */
#ifndef ENGINE_AUTH_SENDER_H
#define ENGINE_AUTH_SENDER_H

#include "common/sys/http1.h"
#include "engine/auth/jti_set.h"
#include "proto/dpop.h"
#include "proto/dpop_nonce.h"

struct auth;
struct auth_check;

/* Of the whole process. */
struct sender {
    const char *uri;      /* the resource, normal: what htu has to name */
    struct jti_set *used; /* proofs */
    struct dpop_nonces nonces;
};

/* Of one request. */
struct sender_seen {
    struct dpop_proof proof;
    bool held; /* `proof` is one of this request, by the token's key */
    enum dpop_nonce nonce;
    const char *error; /* of the challenge, where it is not invalid_token; NULL */
    bool dpop;         /* the challenge asks for DPoP */
};

/* ERR_INPUT, the setting's name, for what cannot be. */
MUST_CHECK struct err sender_new(struct auth *auth);
void sender_fini(struct sender *sender);

/* The reader's part, of a token that was proved: a refusal (401), or the check goes on. An error is
 * a lack of memory. */
MUST_CHECK struct err sender_check(struct auth_check *check);

/* What a change spends in its own transaction, into the actor; of a check that goes on. */
void sender_spend(struct auth_check *check);

/* The loop's: a proof counts once (401), or cannot be remembered (503); and the answer brings the
 * nonce to use, where one is due. */
void sender_end(struct auth *auth, struct auth_check *check);

/* Refused for want of a nonce only, which is how every client begins: nothing to warn of. */
bool sender_asks(const struct auth_check *check);

#endif
