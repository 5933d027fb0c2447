/* What happened by day, counted from indexes. Days are told by the numbers of events: whoever asks
 * knows which event a day begins with (audit_seq_at). */
#ifndef ENGINE_STORE_FIGURES_H
#define ENGINE_STORE_FIGURES_H

#include "engine/store/escalations.h"
#include "engine/store/matches.h"

/* Escalations made since the id `from` could have been made, in their order. entity NULL: none. */
typedef struct err (*came_fn)(void *arg, const char *escalation_id, const char *entity_id);
MUST_CHECK struct err figures_came(struct tx *tx, const char *from, came_fn fn, void *arg);

/* Those that ended by the event `from_seq` or a later one, the latest first. */
struct ended {
    int64_t seq;
    const char *entity_id, *escalation_id;
    enum escalation_state state;
};
typedef struct err (*ended_fn)(void *arg, const struct ended *row);
MUST_CHECK struct err figures_ended(struct tx *tx, int64_t from_seq, ended_fn fn, void *arg);

/* Matches that people brought to where they stand now, since `from_seq`, in order. */
typedef struct err (*decided_fn)(void *arg, int64_t seq, enum match_state state,
                                 const char *entity_id);
MUST_CHECK struct err figures_decided(struct tx *tx, int64_t from_seq, decided_fn fn, void *arg);

/* What no human confirmed, of an entity: how many on each day since `from`, ordered. */
struct day_count {
    struct date day;
    int64_t count;
};
MUST_CHECK struct err figures_auto(struct tx *tx, struct arena *arena, const char *entity_id,
                                   struct date from, struct day_count **days, size_t *n);

#endif
