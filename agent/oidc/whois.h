/* Whom the engine's registry links to an identity, asked as our service: for a sign-in, a click in
 * a chat, a command at a shell. */
#ifndef AGENT_OIDC_WHOIS_H
#define AGENT_OIDC_WHOIS_H

#include "agent/mcpc/mcpc.h"

struct known_person {
    const char *principal_id, *actor, *name;
};

/* `kind` is "oidc" with its issuer, "header", "slack", "os" or "actor" with issuer NULL.
 * ERR_MISSING: nobody. ERR_AUTH: somebody who is disabled, or known but without an actor to act as.
 */
MUST_CHECK struct err whois(struct mcpc *mcpc, struct mcpc_shared *engine, struct arena *arena,
                            const char *kind, const char *issuer, const char *subject,
                            struct known_person *out);

#endif
