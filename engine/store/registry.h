/* The registry as those who administer it see it: whole people with their identities and roles,
 * every client, the freezes that stand; and the changes that actors.h does not make. What a caller
 * may do is read by actors.h; nothing here judges. */
#ifndef ENGINE_STORE_REGISTRY_H
#define ENGINE_STORE_REGISTRY_H

#include "engine/store/actors.h"

/* A way a person shows up; `active` is false once it was unlinked. */
struct identity {
    const char *identity_id, *principal_id;
    const char *kind, *issuer, *subject; /* issuer "" when the kind has none */
    bool active;
    int64_t version, seq;
};

/* A role that stands. */
struct grant {
    const char *grant_id, *principal_id, *role;
    const char *entity; /* NULL: every entity */
    int64_t version, seq;
};

/* A person with the identities that are linked and the roles that stand. */
struct person {
    struct principal base;
    struct identity *identities;
    size_t identities_n;
    struct grant *grants;
    size_t grants_n;
};

/* ERR_MISSING when there is none. */
MUST_CHECK struct err person_load(struct tx *tx, struct arena *arena, const char *principal_id,
                                  struct person *person);
/* Everybody, disabled people too, in the order they were added. */
MUST_CHECK struct err people_list(struct tx *tx, struct arena *arena, struct person **people,
                                  size_t *n);
/* By principal_id, `human:<id>` or the id alone. ERR_MISSING when the registry knows nobody so. */
MUST_CHECK struct err person_find(struct tx *tx, struct arena *arena, const char *name,
                                  struct person *person);

/* Whoever the identity was linked to last; *found false when it never was to anybody. */
MUST_CHECK struct err identity_last(struct tx *tx, struct arena *arena, const char *kind,
                                    const char *issuer, const char *subject, bool *found,
                                    struct identity *identity);

MUST_CHECK struct err clients_list(struct tx *tx, struct arena *arena, struct client **clients,
                                   size_t *n);

/* When this actor last did something that was recorded; NULL: never. */
MUST_CHECK struct err actor_last_act(struct tx *tx, struct arena *arena, const char *actor,
                                     const char **at);

/* ---- the kill switch ---- */
struct freeze {
    const char *freeze_id, *scope, *value, *reason;
    int64_t version, seq; /* seq: of the event that froze it */
};

/* The freezes that stand, oldest first. */
MUST_CHECK struct err freezes_list(struct tx *tx, struct arena *arena, struct freeze **freezes,
                                   size_t *n);
/* The standing one of this scope and value; *found false when there is none. */
MUST_CHECK struct err freeze_find(struct tx *tx, struct arena *arena, const char *scope,
                                  const char *value, bool *found, struct freeze *freeze);
/* Does a freeze stand on somebody: on the actor or the person behind it (`actor`), or also on the
 * kind of actor, or on everything (`any`)? principal may be NULL. */
MUST_CHECK struct err freeze_on(struct tx *tx, const char *actor, const char *principal, bool *self,
                                bool *any);

/* ---- changes; each notes its effect ---- */
MUST_CHECK struct err identity_unlink(struct tx *tx, const struct identity *identity);
MUST_CHECK struct err role_revoke(struct tx *tx, const struct grant *grant);
MUST_CHECK struct err freeze_put(struct tx *tx, const char *scope, const char *value,
                                 const char *reason, const char **freeze_id);
MUST_CHECK struct err freeze_end(struct tx *tx, const struct freeze *freeze);

#endif
