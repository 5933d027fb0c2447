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

/* Writes it unless what is listed for the entry stands; *added tells. Notes no effect: the caller
 * does, in bulk. */
MUST_CHECK struct err exception_insert(struct tx *tx, const struct exception_row *row, bool *added);

/* The entry is listed already and that still stands: the same class, or nothing was loaded since it
 * was found (what other entries became in the meantime is not news about this one), or it is a
 * duplicate, which its twin's match does not change. */
MUST_CHECK struct err exception_stands(struct tx *tx, const struct exception_row *row,
                                       bool *stands);

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
