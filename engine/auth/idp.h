/* The identity provider as the engine knows it: what a login made for one decision proves, whoever
 * forwards it (DESIGN §3, proto/PROTOCOL.md), and what an access token says of who shows it. Only
 * the provider's published keys are believed, and those are fetched, so nothing here is for a loop
 * thread. */
#ifndef ENGINE_AUTH_IDP_H
#define ENGINE_AUTH_IDP_H

#include "common/sys/config.h"
#include "common/sys/jwks_cache.h"
#include "engine/store/actors.h"
#include "proto/access_token.h"

struct idp;

/* NULL in *idp when no provider is configured. ERR_INPUT, the setting's name, for one that cannot
 * be used. `get` is how documents are got (NULL: fetch); `config` must outlive it. */
MUST_CHECK struct err idp_new(const struct config *config, jwks_get_fn *get, void *ctx,
                              struct idp **idp);
void idp_free(struct idp *idp);
CLEANUP_DEFINE(struct idp *, idp_free)

/* Reads and checks an ID token: signature, issuer, audience (and azp), exp, nbf, iat, auth_time and
 * acr, by the rules that the workspace signs people in with (proto/oidc_token.h). ERR_INPUT: no
 * such token, or a claim is not of its form; ERR_AUTH: it does not hold; ERR_UPSTREAM: the
 * provider's keys are not to be had now. Whom it names and what its nonce binds is for the caller
 * to compare; the login lives in `arena`. */
MUST_CHECK struct err idp_login(struct idp *idp, struct arena *arena, const char *token,
                                int64_t now_us, struct login *login);

/* With which keys a token was verified, and how long that is to be believed without asking again.
 */
struct idp_keys {
    uint64_t generation;
    int64_t fresh_until_us;
};

/* Reads and checks an access token for `resource`: typ, signature, issuer, audience, times and form
 * (proto/access_token.h). Errors as above. What it says of a key or certificate that it is bound to
 * is for the caller to hold against the request. */
MUST_CHECK struct err idp_access_token(struct idp *idp, struct arena *arena, struct str token,
                                       const char *resource, int64_t now_us, struct access_token *t,
                                       struct idp_keys *keys);

/* Another number when the provider publishes other keys than before, as far as anybody has asked.
 * Any thread; takes no lock. */
uint64_t idp_generation(const struct idp *idp);

#endif
