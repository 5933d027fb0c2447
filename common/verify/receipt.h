/* A receipt: one event of a book's log and what it takes to check, without the book, that the log
 * holds it. Two forms of the same: JSON (closegate-receipt/1) and C2SP tlog-proof. Reading is
 * strict and says where; it checks nothing, which is check.h's. The leaf of the tree is the hash of
 * the chain: SHA-256(hash_prev, event), 32 raw bytes (docs/EVIDENCE.md). */
#ifndef COMMON_VERIFY_RECEIPT_H
#define COMMON_VERIFY_RECEIPT_H

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/sys/note.h"

#define RECEIPT_FORMAT "closegate-receipt/1"
#define RECEIPT_BYTES_MAX                                                                          \
    ((size_t)32 * 1024 * 1024) /* an event may be 8 MiB, each byte escaped                         \
                                */

struct receipt {
    struct str event; /* its canonical text, as it was hashed */
    uint8_t hash_prev[SHA256_LEN];
    uint64_t index; /* of the leaf: the event's seq less one; below 2^53 */
    struct merkle_proof proof;
    struct str checkpoint; /* a signed note, with its cosignatures */
};

/* The texts live in the arena. ERR_INPUT with a JSON pointer (an unknown, twin or mistyped member,
 * base64 that is not canonical, a hash of another length), ERR_LIMIT. */
MUST_CHECK struct err receipt_read(struct arena *arena, struct str json, struct receipt *r);
/* The same from a tree: of a receipt that stands within another document. */
MUST_CHECK struct err receipt_bind(struct arena *arena, const struct json *tree, struct receipt *r);
/* NULL when the arena is full. */
struct json *receipt_print(struct arena *arena, const struct receipt *r);
/* The same as text on one line, byte for byte what the tree would be printed as, without building
 * it. The texts must be UTF-8: what a book or receipt_read gave. */
void receipt_put(const struct receipt *r, struct buf *out);

/* c2sp.org/tlog-proof@v1; its extra data is the base64 of {"event":…,"hash_prev":…}, so that the
 * file is enough. ERR_INPUT with "line 3" (or, within the extra data, a JSON pointer). */
MUST_CHECK struct err tlog_proof_read(struct arena *arena, struct str text, struct receipt *r);
/* Whether a text begins as such a proof does. */
bool tlog_proof_is(struct str text);
void tlog_proof_print(const struct receipt *r, struct buf *out);

/* The leaf's data: SHA-256(hash_prev, event). */
void receipt_leaf_data(const struct receipt *r, uint8_t hash_self[SHA256_LEN]);

#endif
