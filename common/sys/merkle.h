/* The Merkle tree of RFC 6962 2.1 and RFC 9162 2.1: hashes, roots, proofs and their checking. The
 * hash is SHA-256; a leaf's hash begins with 0x00 and an inner node's with 0x01, so that neither
 * can be passed off as the other. Whoever keeps the nodes hands them over by a callback; nothing
 * here keeps anything. Sizes go to MERKLE_SIZE_MAX, leaf indexes begin at 0. */
#ifndef COMMON_SYS_MERKLE_H
#define COMMON_SYS_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define MERKLE_HASH_LEN  32
#define MERKLE_PROOF_MAX 64 /* hashes: of a consistency proof at the largest size */
#define MERKLE_SIZE_MAX  ((uint64_t)INT64_MAX)

struct merkle_hash {
    uint8_t at[MERKLE_HASH_LEN];
};

struct merkle_proof {
    struct merkle_hash at[MERKLE_PROOF_MAX];
    size_t n;
};

void merkle_leaf(const void *data, size_t len, struct merkle_hash *out);
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
                 struct merkle_hash *out);
void merkle_empty(struct merkle_hash *root); /* of the tree of size 0: the hash of nothing */
bool merkle_eq(const struct merkle_hash *a, const struct merkle_hash *b);

/* Gives the root of the COMPLETE subtree of `level` (0: the leaf's hash) that covers the leaves
 * [index << level, (index + 1) << level). Never asked for one that reaches past the tree. */
typedef struct err merkle_node_fn(void *arg, unsigned level, uint64_t index,
                                  struct merkle_hash *out);

/* Each asks for O(log size) nodes. ERR_LIMIT past MERKLE_SIZE_MAX; the callback's errors pass. */
MUST_CHECK struct err merkle_root(uint64_t size, merkle_node_fn *node, void *arg,
                                  struct merkle_hash *root);
/* The proof that leaf `index` is in the tree of `size`: from the leaf's sibling up. ERR_INPUT
 * unless index < size. */
MUST_CHECK struct err merkle_inclusion(uint64_t index, uint64_t size, merkle_node_fn *node,
                                       void *arg, struct merkle_proof *proof);
/* The proof that the tree of `from` leaves is the beginning of the tree of `to`. Empty when they
 * are equal, or when from is 0. ERR_INPUT when from > to. */
MUST_CHECK struct err merkle_consistency(uint64_t from, uint64_t to, merkle_node_fn *node,
                                         void *arg, struct merkle_proof *proof);

/* RFC 9162 2.1.3.2 and 2.1.4.2. False for anything that does not hold: a proof too long or too
 * short, an index past the size. Of an empty tree only the consistency with anything by an empty
 * proof holds, and only with the empty tree's own root. */
bool merkle_inclusion_holds(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                            const struct merkle_proof *proof, const struct merkle_hash *root);
bool merkle_consistency_holds(uint64_t from, const struct merkle_hash *from_root, uint64_t to,
                              const struct merkle_hash *to_root, const struct merkle_proof *proof);

/* A tree that only grows, at its right edge: the complete subtrees that its size is made of, one
 * for each bit. Zeroed, it is the empty tree. */
struct merkle_edge {
    struct merkle_hash at[64]; /* at[level] is meant when bit `level` of size is set */
    uint64_t size;
};

void merkle_edge_add(struct merkle_edge *edge, const struct merkle_hash *leaf);
void merkle_edge_root(const struct merkle_edge *edge, struct merkle_hash *root);

#endif
