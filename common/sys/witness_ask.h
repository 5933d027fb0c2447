/* What is said between a log and its witness (C2SP tlog-witness): the body of add-checkpoint, read
 * by the witness and written by the log, and where C2SP tlog-tiles serves a tile. Pure. */
#ifndef COMMON_SYS_WITNESS_ASK_H
#define COMMON_SYS_WITNESS_ASK_H

#include "common/base/buf.h"
#include "common/sys/note.h"

#define WITNESS_PROOF_MAX 63 /* lines */
#define WITNESS_ASK_MAX   (NOTE_BYTES_MAX + (size_t)(WITNESS_PROOF_MAX + 2) * 48)
#define WITNESS_SIZE_TYPE "text/x.tlog.size" /* of the answer 409 */

struct witness_ask {
    uint64_t old; /* the size that the log believes was cosigned last */
    struct merkle_proof proof;
    struct str checkpoint; /* the signed note; a slice of the body */
};

/* Strict: ERR_INPUT with the line. The note itself is not looked at. */
MUST_CHECK struct err witness_ask_read(struct str body, struct witness_ask *ask);
void witness_ask_print(const struct witness_ask *ask, struct buf *out);

/* "12\n", the answer to an old size that is not the last one. */
MUST_CHECK struct err witness_size_read(struct str body, uint64_t *size);

/* Appends "/tile/0/x001/234" or, of a tile that is not full, "/tile/0/x001/234.p/17". */
void tile_path_print(unsigned level, uint64_t n, size_t width, struct buf *out);

#endif
