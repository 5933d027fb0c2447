/* What a provider publishes of itself (OpenID Connect Discovery 1.0, RFC 8414). Pure. */
#ifndef PROTO_OIDC_DISCOVERY_H
#define PROTO_OIDC_DISCOVERY_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/str.h"

struct oidc_metadata {
    const char *issuer, *authorization_endpoint, *token_endpoint, *jwks_uri;
    const char *userinfo_endpoint, *end_session_endpoint; /* NULL: none */
    bool iss_in_answer;           /* RFC 9207: every answer names its issuer */
    bool takes_basic, takes_post; /* how a client may show itself at the token endpoint */
};

/* https, or with `loopback` also http to this machine (localhost, 127.0.0.0/8, [::1]). No user
 * information, no fragment, visible ASCII only. */
bool oidc_url_allowed(const char *url, bool loopback);

/* issuer + /.well-known/openid-configuration, in the arena. */
const char *discovery_url(struct arena *arena, const char *issuer);

/* Reads the document. ERR_INPUT, worded: it names another issuer than it was asked of (byte for
 * byte), an address is missing or not allowed, it does no code flow, or no S256. */
MUST_CHECK struct err discovery_parse(struct arena *arena, struct str document, const char *issuer,
                                      bool loopback, struct oidc_metadata *out);

/* For whoever only verifies what the provider signed: its issuer, as above, and where its keys are.
 */
MUST_CHECK struct err discovery_keys(struct arena *arena, struct str document, const char *issuer,
                                     bool loopback, const char **jwks_uri);

#endif
