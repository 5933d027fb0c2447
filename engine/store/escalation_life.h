/* What stands beside an escalation's own row and its parties: who ever asked for the same thing, on
 * whose seat, to whose attention, questions and answers, reminders, deliveries. Rows are written
 * once and note their effect; the caller appends the event. */
#ifndef ENGINE_STORE_ESCALATION_LIFE_H
#define ENGINE_STORE_ESCALATION_LIFE_H

#include "engine/store/escalations.h"

/* ---- who asked, in any escalation of the object's version, however it ended ---- */

struct asker {
    enum party_role role; /* PARTY_REQUESTER or PARTY_AGENT */
    const char *principal_id, *actor;
};

/* What was asked: `tool` done to this object in this version. */
struct asked {
    const char *tool, *object_id;
    int64_t object_version;
};

/* Once; a second time changes nothing. */
MUST_CHECK struct err asker_add(struct tx *tx, const struct asked *what, const struct asker *who);
/* As many as there are people; ERR_LIMIT past a number that no team has. */
MUST_CHECK struct err askers_load(struct tx *tx, struct arena *arena, const struct asked *what,
                                  struct asker **list, size_t *n);

/* ---- lent seats ---- */

/* `principal_id` spoke, as `role`, on the seat of `lender`. */
struct seat {
    enum party_role role; /* PARTY_REQUESTER or PARTY_APPROVER */
    const char *principal_id, *lender;
};

MUST_CHECK struct err escalation_seat_add(struct tx *tx, const char *escalation_id,
                                          const struct seat *seat);
MUST_CHECK struct err escalation_seats(struct tx *tx, struct arena *arena,
                                       const char *escalation_id, struct seat **list, size_t *n);

/* ---- to whose attention ---- */

struct addressee {
    bool is_role; /* else `who` is a principal_id */
    const char *who, *actor;
};

MUST_CHECK struct err escalation_address(struct tx *tx, const char *escalation_id,
                                         const struct addressee *to);
MUST_CHECK struct err escalation_addressees(struct tx *tx, struct arena *arena,
                                            const char *escalation_id, struct addressee **list,
                                            size_t *n);

/* ---- questions and answers ---- */

struct escalation_note {
    bool is_answer;
    const char *actor, *principal_id, *body, *at;
};

/* ERR_LIMIT when there are too many already. */
MUST_CHECK struct err escalation_note_add(struct tx *tx, const char *escalation_id,
                                          const struct escalation_note *note);
/* Oldest first. */
MUST_CHECK struct err escalation_notes(struct tx *tx, struct arena *arena,
                                       const char *escalation_id, struct escalation_note **list,
                                       size_t *n);

/* ---- reminders ---- */

struct escalation_mark {
    bool is_sla;    /* the promised time to answer has passed; else a reminder */
    int64_t number; /* of the policy's reminders, from 1; 0 for the sla */
    int64_t waiting_hours;
    const char *at;
};

MUST_CHECK struct err escalation_mark_add(struct tx *tx, const struct escalation *e,
                                          const struct escalation_mark *mark);
MUST_CHECK struct err escalation_marks(struct tx *tx, struct arena *arena,
                                       const char *escalation_id, struct escalation_mark **list,
                                       size_t *n);

/* Ids of open ones whose time is up at `now` (an instant's text), the first `limit`. */
MUST_CHECK struct err escalations_expired(struct tx *tx, struct arena *arena, const char *now,
                                          int64_t limit, const char ***ids, size_t *n);

/* Made after `after` (exclusive; NULL: ever) and until `until`, instants' texts. */
struct made_between {
    const char *after, *until;
    bool of_entity; /* only those of entity_id; NULL: those of none */
    const char *entity_id;
};

struct made_found {
    const char **ids;
    size_t n;
};

/* Ids of open ones that were made then and do not carry this mark yet, oldest first, the first
 * `limit`. Of all entities, marks are given in the order of making, so that only what is behind the
 * last one is looked at; of one, each is asked for its mark. */
MUST_CHECK struct err escalations_unmarked(struct tx *tx, struct arena *arena,
                                           const struct escalation_mark *mark,
                                           const struct made_between *made, int64_t limit,
                                           struct made_found *found);

/* ---- deliveries ---- */

struct delivery {
    const char *escalation_id, *channel, *status; /* delivered, failed, dead_letter */
    int64_t attempts;
    const char *detail, *at;
};

/* The report with this escalation, channel and number of attempts. */
MUST_CHECK struct err delivery_find(struct tx *tx, struct arena *arena, const struct delivery *key,
                                    bool *found, struct delivery *d);
MUST_CHECK struct err delivery_add(struct tx *tx, const struct delivery *d);
/* The first hundred. */
MUST_CHECK struct err deliveries_of(struct tx *tx, struct arena *arena, const char *escalation_id,
                                    struct delivery **list, size_t *n);

#endif
