/* The identity provider at the other end: its document and its keys, kept for a while, and the
 * calls that are made to it. Blocks: workers only. Any thread. */
#ifndef AGENT_OIDC_PROVIDER_H
#define AGENT_OIDC_PROVIDER_H

#include "common/base/json.h"
#include "common/sys/agent_config.h"
#include "common/sys/jwks_cache.h"
#include "proto/oidc_discovery.h"

struct provider;

/* `get` as in jwks_cache.h: NULL is fetch(). The configuration must outlive it. */
MUST_CHECK struct err provider_new(const struct agent_config *config, jwks_get_fn *get,
                                   void *get_ctx, struct provider **out);
void provider_free(struct provider *provider);
CLEANUP_DEFINE(struct provider *, provider_free)

/* Its document: fetched when there is none or it is an hour old; while the provider is down the
 * last good one serves for a day. ERR_UPSTREAM with a sentence: there is none to be had. */
MUST_CHECK struct err provider_metadata(struct provider *provider, struct arena *arena,
                                        int64_t now_us, struct oidc_metadata *out);

/* Verifies that the token was signed with a key that the provider publishes. ERR_AUTH when not;
 * ERR_UPSTREAM when its keys are not to be had. */
MUST_CHECK struct err provider_verify(struct provider *provider, const struct oidc_metadata *meta,
                                      const struct jws *jws, int64_t now_us);

/* Whether its document and its keys can be had right now. */
MUST_CHECK struct err provider_ready(struct provider *provider, struct arena *arena,
                                     int64_t now_us);

struct token_answer {
    const char *id_token;     /* compact JWS, not yet believed */
    const char *access_token; /* NULL: none */
};

/* Turns a code into tokens. ERR_AUTH: the provider refuses the code; ERR_UPSTREAM: it does not
 * answer, or not as the standard wants. */
MUST_CHECK struct err provider_exchange(struct provider *provider, struct arena *arena,
                                        const struct oidc_metadata *meta, const char *code,
                                        const char *verifier, struct token_answer *out);

/* What the provider says of the person behind an access token; its sub must be `sub`. */
MUST_CHECK struct err provider_userinfo(struct provider *provider, struct arena *arena,
                                        const struct oidc_metadata *meta, const char *access_token,
                                        const char *sub, const struct json **claims);

/* Where a browser comes back to: <workspace>/auth/callback. */
const char *provider_redirect_uri(const struct provider *provider);

#endif
