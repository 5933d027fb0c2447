/* What the three files of engine/auth share about one request. Internal. */
#ifndef ENGINE_AUTH_AUTH_OWN_H
#define ENGINE_AUTH_AUTH_OWN_H

#include "engine/auth/actor_auth.h"
#include "engine/auth/idp.h"
#include "engine/auth/jti_set.h"
#include "engine/auth/refusals.h"

/* How the caller is to be shown. */
enum auth_way {
    WAY_NONE = 0,  /* refused already */
    WAY_ASSERTION, /* signed by a registered client */
    WAY_BARE,      /* the header at its word: dev, and no keys anywhere */
    WAY_DEV,       /* nobody said anything, and dev lets them */
    WAY_OS,        /* the kernel said who is at the other end of the socket */
};

struct forwarder_key {
    const char *client_id;
    struct jose_key key;
};

struct auth {
    const struct config *config;
    int64_t started_us;
    struct arena *arena; /* of the keys */
    struct forwarder_key *keys;
    size_t keys_n;
    struct jti_set *used;
    struct idp *idp; /* NULL: no provider is configured */
    struct refusals refusals;
};

struct auth_check {
    const struct auth *auth;
    struct arena *arena;
    enum auth_way way;
    enum auth_door door;
    int64_t now_us;
    const char *header;    /* the actor header's value, NULL when absent */
    struct actor_id named; /* the same, parsed */
    const char *id_token;  /* what the provider signed, as it was sent; NULL when absent */
    struct jws jws;
    struct assertion claims;
    uid_t uid;
    pid_t pid;
    const char *peer, *who; /* for the log: from where, and who it claims to be */
    struct auth_result result;
};

/* Ends the check with a refusal; the first one stays. */
void auth_refuse(struct auth_check *check, int status, const char *why);

/* The identity headers: there at most once, one bare value each. Fills header, named and *token
 * (NULL when absent), or refuses with 400 (403 for engine:). */
void auth_headers(struct auth_check *check, const struct http_req *http, const char **token);

#endif
