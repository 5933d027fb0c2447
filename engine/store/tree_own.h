/* Private to engine/store: the tree as the writer holds it, and what store.c and audit.c tell it.
 */
#ifndef ENGINE_STORE_TREE_OWN_H
#define ENGINE_STORE_TREE_OWN_H

#include "engine/store/sql.h"
#include "engine/store/tree.h"

#define TILE_BITS  8
#define TILE_NODES 511 /* 256 hashes, 128 of two, … and the root */
#define TILE_ROOT  510
#define TILE_BYTES ((size_t)TREE_TILE_WIDTH * MERKLE_HASH_LEN)

enum {
    TREE_TILE_INSERT,
    TREE_TILE_NEXT,
    TREE_TILE_GET,
    TREE_TILE_ROOTS,
    TREE_LEAVES,
    TREE_HEAD_INSERT,
    TREE_HEAD_LATEST,
    TREE_HEAD_COVERING,
    TREE_HEAD_OF,
    TREE_EVENT,
    TREE_SQL_N
};

/* One tile with the nodes above its hashes, as far as they are complete. */
struct tile {
    uint64_t n;
    unsigned count; /* hashes */
    struct merkle_hash node[TILE_NODES];
};

/* The node of 2^k hashes of a tile. */
static inline size_t tile_node_at(unsigned k, size_t i)
{
    return 2 * TREE_TILE_WIDTH - (2u * TREE_TILE_WIDTH >> k) + i;
}

/* Of each level the tile that fills, and the one that was filled last: an event's proof is made in
 * the commit that appended it, and mostly needs no other. */
struct tree {
    const struct note_signer *signer;       /* as the call under way sees it */
    const struct note_signer *signer_saved; /* before the call under way */
    const struct note_signer *signer_group; /* before the group under way */
    struct merkle_hash *added;              /* hash_self of the group's events, by seq */
    size_t added_cap;
    uint8_t prev[32]; /* hash_prev of the event appended last */
    struct tile *now[TREE_LEVEL_COUNT], *before[TREE_LEVEL_COUNT];
    uint64_t size; /* leaves in the edge */
    bool loaded;   /* the edge is that of the events on the disk */
    bool unsure;   /* it has leaves of a group that is not committed */
    uint64_t
        signed_;     /* the size of the head signed last; 0: by nobody since the store was opened */
    struct buf note; /* its note */
};

/* One more hash, and the nodes that it completes. */
void tile_push(struct tile *tile, const struct merkle_hash *hash);

/* ---- tree_edge.c ---- */
/* Empties the edge and reads it from the tiles that are stored: size is then that of the complete
 * ones, and tree_extend goes on. */
MUST_CHECK struct err tree_edge_read(struct store *store);
/* Adds the events up to `size`, from the table. */
MUST_CHECK struct err tree_extend(struct store *store, uint64_t size);
/* Adds one leaf; what is filled is stored. */
MUST_CHECK struct err tree_add(struct store *store, const uint8_t hash_self[32]);
/* A merkle_node_fn over a struct store: from memory, else as tree_node. */
MUST_CHECK struct err tree_edge_node(void *store, unsigned level, uint64_t index,
                                     struct merkle_hash *out);

/* ---- what store.c and audit.c say ---- */
MUST_CHECK struct err tree_open(struct store *store);
void tree_close(struct store *store);
void tree_group_begin(struct store *store);
void tree_call_begin(struct store *store);
void tree_call_undo(struct store *store);
/* An event was appended; store->head is still the one before. */
MUST_CHECK struct err tree_event(struct store *store, const struct chain_head *next);
/* Before the commit: leaves, tiles, the head. */
MUST_CHECK struct err tree_commit(struct store *store);
void tree_committed(struct store *store);
void tree_abandon(struct store *store);

#endif
