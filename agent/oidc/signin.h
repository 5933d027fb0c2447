/* Who is behind a request: the session in its cookie, or what a trusted proxy says, and the routes
 * by which people sign in and out. Three backends, one of them in force: oidc, header-trust, dev.
 */
#ifndef AGENT_OIDC_SIGNIN_H
#define AGENT_OIDC_SIGNIN_H

#include "agent/call/request.h"

#define SIGNIN_COOKIE "__Host-closegate"

extern const struct routes signin_routes;

/* What all workers share of the backend in force: the provider's document and keys, who signs in
 * how often. The configuration must outlive it. */
MUST_CHECK struct err signin_new(const struct agent_config *config, struct signin **out);
void signin_free(struct signin *signin);
CLEANUP_DEFINE(struct signin *, signin_free)

/* For doctor: whether the backend in force could sign somebody in now. */
MUST_CHECK struct err signin_check(const struct agent_config *config, struct arena *arena,
                                   int64_t now_us);

/* Fills r->session and r->signed_in. Behind a proxy the session must be of whom the proxy names in
 * this very request. A cookie that is forged, damaged or of a session that holds no
 * longer is no session, not an error. */
MUST_CHECK struct err signin_find(struct request *r);

/* How long sessions hold by the settings. */
struct session_life signin_life(const struct agent_config *config, int64_t now_us);

/* How to sign in, for the session document: `login_url`, in dev `people`. */
MUST_CHECK struct err signin_offer(struct request *r, struct json *session);

#endif
