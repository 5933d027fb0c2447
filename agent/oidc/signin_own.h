/* Private to agent/oidc: what the backends share. */
#ifndef AGENT_OIDC_SIGNIN_OWN_H
#define AGENT_OIDC_SIGNIN_OWN_H

#include "agent/oidc/signin.h"

struct session_life signin_life(const struct request *r);

/* Somebody has shown who they are: makes the session (times and id are filled in), keeps how they
 * are reached, sets the cookie. An older session of the request's is not its business. */
MUST_CHECK struct err signin_begin(struct request *r, struct session *s, const char *email);

/* Whom the registry links to an identity, asked as our service. ERR_MISSING: nobody. ERR_AUTH:
 * somebody who is disabled, or known but without an actor to act as. */
struct known_person {
    const char *principal_id, *actor, *name;
};
MUST_CHECK struct err signin_whois(struct request *r, const char *kind, const char *issuer,
                                   const char *subject, struct known_person *out);

/* ---- dev ---- */
request_fn post_session_dev, get_session;
void dev_offer(struct request *r, struct json *session);

#endif
