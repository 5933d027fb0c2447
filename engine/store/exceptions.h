/* What the matcher could not place, and why. Written in bulk and never changed; an exception counts
 * while its entry stands in no live match, and the latest row of an entry is the one that counts.
 */
#ifndef ENGINE_STORE_EXCEPTIONS_H
#define ENGINE_STORE_EXCEPTIONS_H

#include "engine/store/store.h"

struct exception_row {
    const char *exception_id; /* NULL for a new one */
    const char *entry_id, *entity_id, *account_id;
    const char *class_; /* MISSING_GL, TIMING … */
    const char *detail; /* JSON: near misses */
};

/* Writes it unless the entry's latest row says the same; *added tells. Notes no effect: the caller
 * does, in bulk. */
MUST_CHECK struct err exception_insert(struct tx *tx, const struct exception_row *row, bool *added);

/* The entry's latest row is of this class already; near misses come and go with what else is open,
 * and are not news. */
MUST_CHECK struct err exception_says_the_same(struct tx *tx, const struct exception_row *row,
                                              bool *same);

/* Those that count, of an entity, ordered by entry id, from behind `after`. */
MUST_CHECK struct err exceptions_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                      const char *after, int64_t limit, struct exception_row **rows,
                                      size_t *n);

struct exception_count {
    const char *class_;
    int64_t count;
};
/* Those that count, per class. */
MUST_CHECK struct err exceptions_count(struct tx *tx, struct arena *arena, const char *entity_id,
                                       struct exception_count **rows, size_t *n);

#endif
