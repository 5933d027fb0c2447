/* What witnesses signed: cosignatures (C2SP tlog-cosignature) of the book's heads, beside them.
 * They are no events: an event for each would be one more to be witnessed. Append-only by triggers.
 * A head of n events that is cosigned anchors all n. Whether a line holds is checked before it is
 * kept (engine/call/feeder.h) and again by whoever verifies; here it is text. */
#ifndef ENGINE_STORE_COSIGNATURES_H
#define ENGINE_STORE_COSIGNATURES_H

#include "common/base/buf.h"
#include "engine/store/store.h"

struct cosignature {
    int64_t size;        /* of the head: how many events it covers */
    const char *witness; /* its verifier key (vkey, type 0x04) */
    const char *line;    /* the note's signature line, with its line end */
    int64_t cosigned_s;  /* when, as the witness says: seconds since 1970 */
};

/* Keeps it, in a transaction of the writer. Of this witness's cosignatures of this head the first
 * one stays. ERR_MISSING: no such head was signed. */
MUST_CHECK struct err cosignature_keep(struct tx *tx, const struct cosignature *c);

/* Appends the lines of a head, to be put to its note; nothing when there are none. */
MUST_CHECK struct err cosignature_lines(struct tx *tx, int64_t size, struct buf *out);

/* The smallest head of at least `size` events that anybody cosigned; 0: none. */
MUST_CHECK struct err cosigned_covering(struct tx *tx, int64_t size, int64_t *covering);

/* This witness's cosignature of the largest head it cosigned. */
MUST_CHECK struct err cosignature_latest(struct tx *tx, struct arena *arena, const char *witness,
                                         bool *found, struct cosignature *latest);

#endif
