/* What a close summary adds up: the decisions of a period as the audit log has them, and what
 * stands in an entity's book. The decisions are read from the events themselves, so that whoever
 * walks query_audit over the same events comes to the same figures. */
#ifndef ENGINE_STORE_CLOSING_H
#define ENGINE_STORE_CLOSING_H

#include "engine/store/reconciling.h"

/* Whose events: those of one entity, seq from inclusive, to exclusive, within what the caller may
 * see (as in audit_filter). */
struct closing {
    const char *entity_id;
    int64_t from_seq, to_seq;
    bool scoped;
    const char *const *entities;
    size_t entities_n;
};

/* Events that carry a decision of the gate, alike in all of this. NULL: the event does not say. */
struct closing_decision {
    const char *decision; /* allow, human, deny */
    const char *actor_kind, *action, *object_type, *state_from, *state_to;
    const char *match_type, *source;
    bool unsure; /* a match that the matcher did not stand by, or that was ambiguous */
    const char *currency;
    int64_t count, sum_minor;
};
/* Ordered by all of it. A sum that does not fit is an error. */
MUST_CHECK struct err closing_decisions(struct tx *tx, struct arena *arena,
                                        const struct closing *of, struct closing_decision **rows,
                                        size_t *n);

/* Who decided: people, by principal. */
struct closing_person {
    const char *principal_id, *name; /* name NULL: the registry does not have them */
    int64_t count;
};
MUST_CHECK struct err closing_people(struct tx *tx, struct arena *arena, const struct closing *of,
                                     struct closing_person **rows, size_t *n);

/* Policies as they came into force, the oldest first: those before `to_seq`, the last 100. */
struct closing_policy {
    const char *digest, *from_utc;
    int64_t seq;
};
MUST_CHECK struct err closing_policies(struct tx *tx, struct arena *arena, int64_t to_seq,
                                       struct closing_policy **rows, size_t *n);

/* What waits for somebody now: open escalations of the entity, by currency. */
struct closing_waiting {
    const char *currency; /* NULL: no amount */
    int64_t count, sum_minor;
    const char *oldest_utc;
};
MUST_CHECK struct err closing_waiting(struct tx *tx, struct arena *arena, const char *entity_id,
                                      struct closing_waiting **rows, size_t *n);

/* Entries of an account dated within the days, by side and state: unmatched, proposed, confirmed,
 * exception. A part that a match holds counts by itself, and so does what is left of its entry. */
struct closing_entries {
    enum side side;
    enum entry_state state;
    int64_t count, sum_minor;
};
MUST_CHECK struct err closing_entries(struct tx *tx, struct arena *arena,
                                      const struct reconciling *of, struct date from,
                                      struct closing_entries **rows, size_t *n);

/* Exceptions of the entity that stand now and whose entry is dated by `until`: class, state, how
 * old the entry is then (0: up to 30 days, 1: 60, 2: 90, 3: 120, 4: older), currency. */
enum { CLOSING_AGES = 5 };
struct closing_exception {
    const char *class_, *state;
    int64_t age;
    const char *currency;
    int64_t count, sum_minor;
};
MUST_CHECK struct err closing_exceptions(struct tx *tx, struct arena *arena, const char *entity_id,
                                         struct date until, struct closing_exception **rows,
                                         size_t *n);

#endif
