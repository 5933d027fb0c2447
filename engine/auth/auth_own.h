/* What the files of engine/auth share about one request. Internal. */
#ifndef ENGINE_AUTH_AUTH_OWN_H
#define ENGINE_AUTH_AUTH_OWN_H

#include "engine/auth/actor_auth.h"
#include "engine/auth/idp.h"
#include "engine/auth/jti_set.h"
#include "engine/auth/refusals.h"
#include "engine/auth/sender.h"
#include "engine/auth/token_cache.h"

/* How the caller is to be shown. */
enum auth_way {
    WAY_NONE = 0,  /* refused already */
    WAY_ASSERTION, /* signed by a registered client */
    WAY_BARE,      /* the header at its word: dev, and no keys anywhere */
    WAY_DEV,       /* nobody said anything, and dev lets them */
    WAY_OS,        /* the kernel said who is at the other end of the socket */
    WAY_TOKEN,     /* an access token of the identity provider's */
};

/* How an access token is shown (RFC 6750 2.1, RFC 9449 7.1). */
enum auth_scheme { SCHEME_NONE = 0, SCHEME_BEARER, SCHEME_DPOP };

struct forwarder_key {
    const char *client_id;
    struct jose_key key;
};

/* A client of ours that the provider calls otherwise. */
struct client_name {
    struct str client, provider_id;
};

struct auth {
    const struct config *config;
    int64_t started_us;
    struct arena *arena; /* of the keys */
    struct forwarder_key *keys;
    size_t keys_n;
    struct jti_set *used;
    struct idp *idp;                    /* NULL: no provider is configured */
    struct protected_resource resource; /* .resource NULL: access tokens are not taken */
    const char *metadata_url;
    struct client_name *names;
    size_t names_n;
    struct token_cache *tokens;
    struct auth_token_stats counts; /* but `remembered` */
    struct sender sender;
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
    enum auth_scheme scheme;
    struct str access; /* the access token as it was sent; the request's */
    uint8_t access_sha256[SHA256_LEN];
    bool proved, cached; /* `token` is what its issuer says; and was so before */
    struct idp_keys proved_with;
    struct access_token token;
    bool by_token; /* a token is how this caller is to be shown */
    bool narrow;   /* refused for the token's scope */
    struct sender_seen sender;
    const struct http_req *http; /* until auth_end */
    const struct web_peer *from;
    uid_t uid;
    pid_t pid;
    const char *peer, *who; /* for the log: from where, and who it claims to be */
    struct auth_result result;
};

/* ---- the steps of a lookup ---- */

/* A missing row is a refusal; any other error is the database's and goes up. */
#define FOUND(check, e, status, why)                                                               \
    do {                                                                                           \
        struct err found_err_ = (e);                                                               \
        if (found_err_.kind == ERR_MISSING) {                                                      \
            auth_refuse((check), (status), (why));                                                 \
            return OK;                                                                             \
        }                                                                                          \
        TRY(found_err_);                                                                           \
    } while (0)

/* One that holds or refuses, for steps of the check. */
#define HOLDS(check, cond, status, why)                                                            \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            auth_refuse((check), (status), (why));                                                 \
            return OK;                                                                             \
        }                                                                                          \
    } while (0)

/* Ends the check with a refusal; the first one stays. */
void auth_refuse(struct auth_check *check, int status, const char *why);

/* What an error says to the caller: its sentence and, where it has one, its place. */
const char *auth_why(struct arena *arena, struct err e);

/* The identity headers: there at most once, one bare value each. Fills header, named and *token
 * (NULL when absent), or refuses with 400 (403 for engine:). */
void auth_headers(struct auth_check *check, const struct http_req *http, const char **token);

/* ---- auth_bearer.c: access tokens ---- */

/* What is published, from the settings. ERR_INPUT, the setting's name, for what cannot be. */
MUST_CHECK struct err bearer_new(struct auth *auth);
/* Whether the request shows an access token, in any way. */
bool bearer_shown(const struct http_req *http);
/* The loop's part: which token, and whether it is known; or a refusal. */
void bearer_begin(struct auth_check *check);
/* The reader's part, of a token that was proved. */
MUST_CHECK struct err bearer_lookup(struct auth_check *check, struct tx *tx);
/* The loop's last: the token is kept, the refusal gets its challenge. */
void bearer_end(struct auth *auth, struct auth_check *check);

#endif
