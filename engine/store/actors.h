/* Who may call: principals, their identities and roles, registered clients, and the kill switch.
 * Read fresh inside the transaction that judges, so that a disabled principal, a revoked role or a
 * freeze holds from the next call on (DESIGN §3). */
#ifndef ENGINE_STORE_ACTORS_H
#define ENGINE_STORE_ACTORS_H

#include "engine/gate/ask.h"
#include "engine/store/store.h"

enum client_kind { CLIENT_NONE = 0, CLIENT_WORKSPACE, CLIENT_MCP, CLIENT_SERVICE };

/* A registered program. */
struct client {
    const char *client_id, *name;
    enum client_kind kind;
    bool active;
    bool has_key;
    uint8_t public_key[32]; /* Ed25519 */
    uint32_t channels;      /* bit 1 << enum channel */
    const char **tools;     /* of a service; NULL: all */
    size_t tools_n;
    int64_t version, seq; /* of the row; client_put gives both anew */
};

/* A login that the identity provider itself vouches for: an ID token that holds, made out to the
 * actor's own person. */
struct login {
    const char *iss, *sub, *nonce, *acr;
    const char *sha256;   /* of the token as it was sent */
    int64_t auth_time_us; /* when the person logged in */
    int64_t until_us;     /* when it cannot be sent again anyway */
};

/* The caller of a request, as its transport proved it. Made by engine/auth (or by the engine for
 * its own acts), never from a tool's arguments. All text lives in the request's arena. */
struct actor {
    enum actor_kind kind;
    const char *id;           /* human:ana, llm:claude.s-17, engine:matcher */
    const char *principal;    /* principal_id of a human; NULL otherwise */
    const char *on_behalf_of; /* principal_id of the human an llm acts for; NULL when none */
    const char *client;       /* client_id; NULL for the engine itself */
    enum client_kind client_kind;
    enum channel channel;
    const char *backend; /* header-trust, oidc, dev, os, engine */
    const char *iss, *acr, *model;
    int64_t auth_time_us;      /* when the person signed in; 0 when not known */
    bool login_wanted;         /* T3 takes a login made for the decision */
    bool login_bound;          /* and `login` was made for this call's */
    const struct login *login; /* NULL: none that holds */
    const char *jti;           /* of the assertion, to be spent with a change; NULL when none */
    int64_t jti_expires_us;
};

/* A registered person in short. */
struct principal {
    const char *principal_id, *name;
    bool active;
    int64_t version, seq; /* of the row */
};

const char *client_kind_name(enum client_kind kind);

/* Stands on a service's list beside the names of tools: it may read resources, and where it acts
 * for nobody in particular it sees every entity. */
#define CLIENT_READS "recon://*"
/* Whether the list of a client that has one names this. */
bool client_allows(const struct client *client, const char *name);

/* ERR_MISSING when there is none. */
MUST_CHECK struct err client_load(struct tx *tx, struct arena *arena, const char *client_id,
                                  struct client *client);
MUST_CHECK struct err principal_load(struct tx *tx, struct arena *arena, const char *principal_id,
                                     struct principal *principal);
/* The principal behind an identity (kind oidc, header, slack, os or actor; issuer "" where the kind
 * has none). ERR_MISSING when nobody is linked to it. */
MUST_CHECK struct err identity_find(struct tx *tx, struct arena *arena, const char *kind,
                                    const char *issuer, const char *subject,
                                    struct principal *principal);

/* The other way round: the oldest subject of this kind that is linked to the principal (issuer ""),
 * in the arena; NULL when there is none. */
MUST_CHECK struct err identity_subject(struct tx *tx, struct arena *arena, const char *kind,
                                       const char *principal_id, const char **subject);

/* The facts about the actor that the gate judges: roles (of the principal, or of the human the
 * agent acts for), frozen. ERR_AUTH when the principal, the human behind an llm, or the client is
 * disabled or gone since the request was authenticated. */
MUST_CHECK struct err actor_facts(struct tx *tx, struct arena *arena, const struct actor *actor,
                                  const char *tool, struct ask *ask);

/* Adds to the facts that whoever asked for it by this tool is frozen. */
MUST_CHECK struct err asker_facts(struct tx *tx, const struct actor *asker, const char *tool,
                                  struct ask *ask);

/* ERR_AUTH when whoever asked for it, or the client they asked by, was disabled since. */
MUST_CHECK struct err asker_stands(struct tx *tx, const struct actor *asker);

/* Entities the actor may see, by its roles; a service for itself, whose list says so, sees all.
 * *all is true when not limited to some. */
MUST_CHECK struct err actor_scope(struct tx *tx, struct arena *arena, const struct actor *actor,
                                  bool *all, const char *const **entities, size_t *n);

/* Spends an assertion's jti: ERR_AUTH when it was spent before. Old ones are forgotten. */
MUST_CHECK struct err jti_spend(struct tx *tx, const char *jti, int64_t expires_us);

/* A login made for one decision is used for one: spends it, as jti_spend. */
MUST_CHECK struct err login_spend(struct tx *tx, struct arena *arena, const struct login *login);

/* Registry changes; each notes its effect. The caller decides (gate) and appends the event. */
MUST_CHECK struct err principal_put(struct tx *tx, const char *principal_id, const char *name,
                                    bool active);
MUST_CHECK struct err identity_link(struct tx *tx, const char *principal_id, const char *kind,
                                    const char *issuer, const char *subject);
MUST_CHECK struct err client_put(struct tx *tx, const struct client *client);
MUST_CHECK struct err role_grant(struct tx *tx, const char *principal_id, const char *role,
                                 const char *entity_id /* NULL: all */);

#endif
