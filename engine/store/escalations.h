/* Escalations: calls that policy reserves for a human, bound to exactly what they would do, and the
 * people around them (DESIGN §6). One open escalation per key, by a unique index. */
#ifndef ENGINE_STORE_ESCALATIONS_H
#define ENGINE_STORE_ESCALATIONS_H

#include "common/base/money.h"
#include "engine/store/store.h"

enum escalation_state {
    ESCALATION_NONE = 0,
    ESCALATION_PENDING,
    ESCALATION_STAGE_APPROVED,
    ESCALATION_INFO_REQUESTED,
    ESCALATION_APPROVED,
    ESCALATION_REJECTED,
    ESCALATION_WITHDRAWN,
    ESCALATION_EXPIRED,
    ESCALATION_STALE,
};
const char *escalation_state_name(enum escalation_state state);
bool escalation_is_open(enum escalation_state state);

struct escalation {
    const char *escalation_id;
    const char *code;       /* 7QK4-M2XD */
    const char *key_sha256; /* tool, target id and version, effect arguments */
    const char *digest;     /* SHA-256 of bound, 64 hex digits */
    const char *bound;      /* RFC 8785 JSON: what a human approves */
    const char *tool, *args;
    const char *object_type, *object_id;
    int64_t object_version;
    const char *entity_id;
    bool has_amount;
    struct money amount;
    const char *policy_version, *reason, *clause, *pointer;
    const char *requester, *requester_principal, *requester_obo;
    const char *created_at, *expires_at;
    enum escalation_state state;
    const char *decided_by, *decided_rationale, *result;
    int64_t version, seq;
};

/* A principal or actor beside an escalation. */
enum party_role { PARTY_REQUESTER, PARTY_AGENT, PARTY_APPROVER };
struct party {
    enum party_role role;
    const char *actor, *principal_id;
};

MUST_CHECK struct err escalation_load(struct tx *tx, struct arena *arena, const char *id,
                                      struct escalation *e);
/* The open one with this key; *found false when there is none. */
MUST_CHECK struct err escalation_open_find(struct tx *tx, struct arena *arena,
                                           const char *key_sha256, bool *found,
                                           struct escalation *e);
/* The open one about this object and tool. */
MUST_CHECK struct err escalation_of_object(struct tx *tx, struct arena *arena, const char *tool,
                                           const char *object_id, bool *found,
                                           struct escalation *e);
/* Was this ever asked under this policy, whatever became of it? */
MUST_CHECK struct err escalation_was_asked(struct tx *tx, const char *key_sha256,
                                           const char *policy_version, bool *yes);

/* Writes a new PENDING one and notes the effect. */
MUST_CHECK struct err escalation_insert(struct tx *tx, const struct escalation *e);
/* Moves it on from `e->version`; ERR_CONFLICT when it has moved already. Notes the effect. */
MUST_CHECK struct err escalation_move(struct tx *tx, struct escalation *e,
                                      enum escalation_state state, const char *decided_by,
                                      const char *rationale, const char *result);

/* Adds a party once; a second time changes nothing. Notes the effect when new. */
MUST_CHECK struct err escalation_party_add(struct tx *tx, const char *escalation_id,
                                           const struct party *party);
MUST_CHECK struct err escalation_parties(struct tx *tx, struct arena *arena,
                                         const char *escalation_id, struct party **parties,
                                         size_t *n);

/* Every open one about this object, whatever tool it waits for. */
MUST_CHECK struct err escalations_of_object(struct tx *tx, struct arena *arena,
                                            const char *object_id, struct escalation **rows,
                                            size_t *n);

/* Which open ones; NULL members do not filter. */
struct escalation_filter {
    const char *entity_id;
    const char *after; /* behind this id */
    int64_t limit;
};
/* Ordered by id. */
MUST_CHECK struct err escalations_list(struct tx *tx, struct arena *arena,
                                       const struct escalation_filter *filter,
                                       struct escalation **rows, size_t *n);

/* How many are open, in each state. */
MUST_CHECK struct err escalations_waiting(struct tx *tx, int64_t by_state[ESCALATION_STALE + 1]);

#endif
