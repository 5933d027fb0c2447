/* A login under way (authorization code with PKCE): what we send to the provider with the browser,
 * what we remember of it in a sealed cookie of the browser's, and what comes back. Pure but for the
 * randomness and the sealing. */
#ifndef AGENT_OIDC_FLOW_H
#define AGENT_OIDC_FLOW_H

#include "agent/call/seals.h"
#include "common/sys/agent_config.h"
#include "proto/oidc_discovery.h"

#define FLOW_SECRET_SIZE 44 /* 43 characters of base64url and NUL */
#define FLOW_LIFE_S      600
#define FLOW_COOKIE      "__Host-closegate-login-"

struct flow {
    const char *state, *nonce, *verifier;
    const char *back; /* where the person wanted to go */
    int64_t begun_s;
    const char
        *session; /* of a fresh login: the hex SHA-256 of the session that asked; else NULL */
    const char *escalation_id, *decision, *digest; /* of a fresh login */
};

/* Fills state and verifier, and nonce unless it is set. */
MUST_CHECK struct err flow_begin(struct arena *arena, struct flow *flow);

/* base64url(SHA-256(verifier)), RFC 7636 4.2. */
void pkce_challenge(const char *verifier, char out[FLOW_SECRET_SIZE]);

/* The address at the provider. A fresh login asks for prompt=login and max_age=0. */
MUST_CHECK struct err flow_url(struct arena *arena, const struct flow *flow,
                               const struct oidc_config *oidc, const struct oidc_metadata *meta,
                               const char *redirect_uri, const char **url);

/* The cookie of a state, and its value; several logins may be under way in one browser. NULL: no
 * state of ours. */
const char *flow_cookie(struct arena *arena, const char *state);
MUST_CHECK struct err flow_seal(struct arena *arena, const struct seals *seals,
                                const struct flow *flow, const char **value);
/* ERR_AUTH: damaged, of another state, or too old. */
MUST_CHECK struct err flow_open(struct arena *arena, const struct seals *seals, const char *state,
                                const char *value, int64_t now_s, struct flow *flow);

/* What the provider sent the browser back with. NULL: absent. */
struct callback {
    const char *state, *code, *iss, *error, *error_description;
};
MUST_CHECK struct err callback_read(struct arena *arena, struct str query, struct callback *c);

/* RFC 9207: an answer names its issuer when the provider promised that, and never another's. */
MUST_CHECK struct err callback_issuer_check(const struct callback *c,
                                            const struct oidc_metadata *meta);

/* `back` when it is a path of this workspace that may be gone to after a sign-in, else "/". */
const char *flow_back(const char *back);

#endif
