/* Private to login.c, fresh.c and logout.c: a login under way and what came of it. */
#ifndef AGENT_OIDC_LOGIN_OWN_H
#define AGENT_OIDC_LOGIN_OWN_H

#include "agent/call/request.h"
#include "agent/oidc/flow.h"
#include "proto/oidc_token.h"

/* What a session's ID token is sealed for: the hint at its logout. */
#define LOGIN_HINT_SEAL "session"

struct login {
    struct flow flow;
    struct id_token token; /* believed */
    const char *id_token, *access_token;
};

/* Sends the browser to the provider. */
MUST_CHECK struct err login_send(struct request *r, struct flow *flow);

/* A fresh login came back: keeps the token for its decision, and how fresh the session is now. */
MUST_CHECK struct err fresh_finish(struct request *r, const struct login *login);

#endif
