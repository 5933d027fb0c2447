/* The Merkle tree over the audit events and its signed heads (docs/AUDIT.md, ADR 0011). Leaf seq -
 * 1 is RFC 6962's hash of that event's hash_self. Complete tiles of 256 hashes are stored; the
 * right edge is in the writer's memory. store_group_commit adds the group's events, signs one head
 * and writes both inside the group's transaction: an event without its head is not committed.
 *
 * Without a signer nothing of this happens, and the first head signed afterwards covers all that
 * was missed. */
#ifndef ENGINE_STORE_TREE_H
#define ENGINE_STORE_TREE_H

#include "common/sys/merkle.h"
#include "common/sys/note.h"
#include "engine/store/store.h"

struct receipt; /* common/verify/receipt.h */

/* A head as it was signed. */
struct tree_head {
    uint64_t size;
    struct merkle_hash root;
    struct str note; /* the signed note, as stored */
};

/* The log's name, which is its key's name too: "closegate/" and the book's id. */
#define TREE_ORIGIN_SIZE 80
void tree_origin(const struct store *store, char origin[TREE_ORIGIN_SIZE]);

/* ---- the writer's ---- */

/* From the next group on, heads are signed by `signer`, which stays the caller's and must outlive
 * the store; NULL: none are signed. Outside of a group. Tiles that are missing (a book from before
 * there were any) are built first, in transactions of bounded size. ERR_STORE: the events and the
 * last signed head do not agree, so that another head would fork the log; see audit verify. */
MUST_CHECK struct err tree_sign_with(struct store *store, const struct note_signer *signer);

/* The same from the event under way on, and so of the head that covers it; undone with the call or
 * its group. */
MUST_CHECK struct err tree_sign_next(struct tx *tx, const struct note_signer *signer);

/* Who signs as things stand; NULL: nobody. */
const struct note_signer *tree_signer(const struct store *store);

/* Builds the tiles that are missing, as tree_sign_with does. Outside of a group; for who is about
 * to give a book its first signer inside of one. */
MUST_CHECK struct err tree_build(struct store *store);

/* Right after audit_append: the event's own members of its receipt, event (in `arena`) and
 * hash_prev. */
MUST_CHECK struct err tree_receipt_begin(struct tx *tx, struct arena *arena, struct receipt *r);

/* After a commit: the proof of an event in the head that this commit signed. Fills index, proof and
 * checkpoint (in `arena`), not the event's own members. ERR_MISSING: the last commit did not append
 * it, or nobody signed. */
MUST_CHECK struct err tree_receipt(struct store *store, struct arena *arena, int64_t seq,
                                   struct receipt *r);

/* ---- reading, on any connection ---- */

/* A merkle_node_fn over a struct tx: tiles, and events behind the last one. O(1) rows of a tile's
 * width each. ERR_STORE when a tile that must be there is not: nothing was signed so far. */
MUST_CHECK struct err tree_node(void *tx, unsigned level, uint64_t index, struct merkle_hash *out);

/* A complete tile's hashes or, with `width` below 256, the first so many of one that need not be
 * complete: 32 * width bytes in `out`. ERR_MISSING: there is no such tile (yet). */
#define TREE_TILE_WIDTH  256
#define TREE_LEVEL_COUNT 7
MUST_CHECK struct err tree_tile(struct tx *tx, unsigned level, uint64_t n, size_t width,
                                struct merkle_hash *out);

/* The last head. ERR_MISSING: none was signed yet. Notes live in `arena`. */
MUST_CHECK struct err head_latest(struct tx *tx, struct arena *arena, struct tree_head *head);
/* The smallest head of at least `size`; ERR_MISSING when there is none. */
MUST_CHECK struct err head_covering(struct tx *tx, struct arena *arena, uint64_t size,
                                    struct tree_head *head);
/* The head of exactly `size`; ERR_MISSING. */
MUST_CHECK struct err head_of(struct tx *tx, struct arena *arena, uint64_t size,
                              struct tree_head *head);

/* Puts the cosignatures of witnesses to the head's note. */
MUST_CHECK struct err head_cosigned(struct tx *tx, struct arena *arena, struct tree_head *head);

/* The event's receipt by the smallest head over it that a witness has cosigned, with the
 * cosignatures put to the note, or by the smallest of all while there is none. ERR_MISSING: no such
 * event, or no head covers it. */
MUST_CHECK struct err receipt_of(struct tx *tx, struct arena *arena, int64_t seq,
                                 struct receipt *r);
/* The same in the head of exactly `size`. */
MUST_CHECK struct err receipt_at(struct tx *tx, struct arena *arena, int64_t seq, uint64_t size,
                                 struct receipt *r);

#endif
