/* Escalations as queues: what waits, read from an index without what was bound; and whose they are:
 * addressed to somebody, asked for by somebody, decided by somebody. */
#ifndef ENGINE_STORE_QUEUE_H
#define ENGINE_STORE_QUEUE_H

#include "engine/store/escalations.h"

/* One that is open. The texts are the statement's own and gone with the next row; `bound` is empty
 * unless it was asked for. */
struct queue_row {
    struct str escalation_id, entity_id, tool, reason, created_at, code, bound;
    bool has_amount;
    struct money amount;
};
typedef struct err (*queue_row_fn)(void *arg, const struct queue_row *row);

/* Every open one, ordered by id, which is the order they were made in. */
MUST_CHECK struct err queue_walk(struct tx *tx, bool with_bound, queue_row_fn fn, void *arg);

/* Ids of open ones that a principal or a role has to look at, ordered: what is assigned to it, and
 * what was addressed to it and is assigned to nobody. */
MUST_CHECK struct err queue_addressed(struct tx *tx, struct arena *arena, const char *who,
                                      const char ***ids, size_t *n);

/* Ids of any state, newest first, from before `before` ("" for the newest): what this person or
 * their agent asked for; and what this actor decided, or the person approved a stage of. */
MUST_CHECK struct err queue_asked(struct tx *tx, struct arena *arena, const char *principal,
                                  const char *before, int64_t limit, const char ***ids, size_t *n);
MUST_CHECK struct err queue_decided(struct tx *tx, struct arena *arena, const char *actor,
                                    const char *principal, const char *before, int64_t limit,
                                    const char ***ids, size_t *n);

#endif
