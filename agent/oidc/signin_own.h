/* Private to agent/oidc: what the backends share. */
#ifndef AGENT_OIDC_SIGNIN_OWN_H
#define AGENT_OIDC_SIGNIN_OWN_H

#include "agent/oidc/provider.h"
#include "agent/oidc/rate.h"
#include "agent/oidc/signin.h"
#include "agent/oidc/whois.h"

struct signin {
    struct provider *provider;     /* of oidc */
    struct jwks_cache *proxy_keys; /* of header-trust, when its tokens are verified */
    struct rate *rate;
};

/* False, and replied: this address signs in too often. */
bool signin_may_try(struct request *r);

/* Somebody has shown who they are: makes the session (times and id are filled in), keeps how they
 * are reached, sets the cookie. The request's older session ends. */
MUST_CHECK struct err signin_begin(struct request *r, struct session *s, const char *email);

/* whois, by the request's own client. */
MUST_CHECK struct err signin_whois(struct request *r, const char *kind, const char *issuer,
                                   const char *subject, struct known_person *out);

/* whois and signin_begin for an identity, and back to where the person wanted to go; nobody and
 * disabled people get a page that says what to do. `s` has backend, issuer and subject. */
MUST_CHECK struct err signin_enter(struct request *r, struct session *s, const char *kind,
                                   const char *email, const char *back);

/* ---- oidc ---- */
extern request_fn get_login, get_callback, get_fresh, get_logged_out, post_backchannel_logout,
    post_logout;

/* ---- header-trust ---- */
/* Whom the proxy names in this request; *value NULL: nobody, or not by a proxy we trust. */
struct proxy_person {
    const char *value;
    int64_t auth_time; /* 0: not said */
};
MUST_CHECK struct err proxy_person_read(struct request *r, struct proxy_person *out);
MUST_CHECK struct err proxy_login(struct request *r, const char *back);

/* ---- dev ---- */
extern request_fn post_session_dev, get_session;
void dev_offer(struct request *r, struct json *session);

#endif
