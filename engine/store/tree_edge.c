/* The right edge of the tree in memory: at most one tile that fills and one that is full per level,
 * whatever the book's size. */
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "engine/store/tree_own.h"

/* ---- growing ---- */

static struct err tile_of(struct tile **slot)
{
    if (*slot == NULL)
        *slot = calloc(1, sizeof **slot);
    ENSURE(*slot != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

void tile_push(struct tile *tile, const struct merkle_hash *hash)
{
    size_t at = tile->count++;
    tile->node[at] = *hash;
    for (unsigned k = 0; (at & 1) != 0; k++, at >>= 1)
        merkle_node(&tile->node[tile_node_at(k, at - 1)], &tile->node[tile_node_at(k, at)],
                    &tile->node[tile_node_at(k + 1, at >> 1)]);
}

static struct err tile_store(struct store *s, unsigned level, const struct tile *tile)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(s->db, SQL_TREE, TREE_TILE_INSERT);
    stmt_bind_int(q, 1, level);
    stmt_bind_int(q, 2, (int64_t)tile->n);
    stmt_bind_blob(q, 3, tile->node[TILE_ROOT].at, MERKLE_HASH_LEN);
    stmt_bind_blob(q, 4, tile->node, TILE_BYTES);
    return stmt_run(q);
}

static struct err level_add(struct store *s, unsigned level, const struct merkle_hash *hash)
{
    struct tree *t = s->tree;
    struct merkle_hash up = *hash;
    for (; level < TREE_LEVEL_COUNT; level++) {
        TRY(tile_of(&t->now[level]));
        struct tile *tile = t->now[level];
        tile_push(tile, &up);
        if (tile->count < TREE_TILE_WIDTH)
            return OK;
        TRY(tile_store(s, level, tile));
        TRY(tile_of(&t->before[level]));
        up = tile->node[TILE_ROOT];
        t->now[level] = t->before[level];
        t->before[level] = tile;
        t->now[level]->n = tile->n + 1;
        t->now[level]->count = 0;
    }
    return err_new(ERR_LIMIT, "the log has more events than a tree can hold");
}

struct err tree_add(struct store *s, const uint8_t hash_self[32])
{
    struct merkle_hash leaf;
    merkle_leaf(hash_self, MERKLE_HASH_LEN, &leaf);
    TRY(level_add(s, 0, &leaf));
    s->tree->size++;
    return OK;
}

/* ---- reading it back ---- */

static struct err tiles_stored(struct store *s, unsigned level, uint64_t *n)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(s->db, SQL_TREE, TREE_TILE_NEXT);
    stmt_bind_int(q, 1, level);
    TRY(stmt_step(q, &row));
    *n = row ? (uint64_t)stmt_int(q, 0) : 0;
    return OK;
}

/* The level's last tile, which is not full: the roots of the level below. */
static struct err level_read(struct store *s, unsigned level)
{
    struct tile *tile = s->tree->now[level];
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(s->db, SQL_TREE, TREE_TILE_ROOTS);
    stmt_bind_int(q, 1, level - 1);
    stmt_bind_int(q, 2, (int64_t)tile->n * TREE_TILE_WIDTH);
    stmt_bind_int(q, 3, INT64_MAX);
    for (;;) {
        bool row;
        struct merkle_hash root;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        const struct str bytes = stmt_peek(q, 1);
        ENSURE(bytes.len == sizeof root, ERR_STORE, "a tile's root has a wrong length");
        memcpy(root.at, bytes.at, sizeof root);
        ENSURE(tile->count + 1 < TREE_TILE_WIDTH, ERR_STORE,
               "tiles of the log's tree are missing; run audit verify");
        tile_push(tile, &root);
    }
}

struct err tree_edge_read(struct store *s)
{
    struct tree *t = s->tree;
    t->loaded = false;
    for (unsigned level = 0; level < TREE_LEVEL_COUNT; level++) {
        TRY(tile_of(&t->now[level]));
        t->now[level]->count = 0;
        if (t->before[level] != NULL)
            t->before[level]->count = 0;
        TRY(tiles_stored(s, level, &t->now[level]->n));
        if (level > 0)
            TRY(level_read(s, level));
    }
    t->size = t->now[0]->n * TREE_TILE_WIDTH;
    return OK;
}

struct err tree_extend(struct store *s, uint64_t size)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(s->db, SQL_TREE, TREE_LEAVES);
    stmt_bind_int(q, 1, (int64_t)s->tree->size);
    stmt_bind_int(q, 2, (int64_t)size);
    while (s->tree->size < size) {
        bool row;
        uint8_t self[MERKLE_HASH_LEN];
        TRY(stmt_step(q, &row));
        ENSURE(row && stmt_int(q, 0) == (int64_t)s->tree->size + 1, ERR_STORE,
               "an event is missing; run audit verify");
        const struct str bytes = stmt_peek(q, 1);
        ENSURE(bytes.len == sizeof self, ERR_STORE, "an event's hash has a wrong length");
        memcpy(self, bytes.at, sizeof self);
        TRY(tree_add(s, self));
    }
    return OK;
}

/* ---- nodes ---- */

static const struct merkle_hash *node_in(const struct tile *tile, uint64_t n, unsigned k, size_t i)
{
    if (tile == NULL || tile->n != n || (i + 1) << k > tile->count)
        return NULL;
    return &tile->node[tile_node_at(k, i)];
}

struct err tree_edge_node(void *store, unsigned level, uint64_t index, struct merkle_hash *out)
{
    struct store *s = store;
    const unsigned up = level / TILE_BITS, k = level % TILE_BITS;
    const unsigned in_tile = TILE_BITS - k;
    const struct merkle_hash *node = NULL;
    INVARIANT(up < TREE_LEVEL_COUNT);
    const uint64_t n = index >> in_tile;
    const size_t i = (size_t)(index & ((UINT64_C(1) << in_tile) - 1));
    node = node_in(s->tree->now[up], n, k, i);
    if (node == NULL)
        node = node_in(s->tree->before[up], n, k, i);
    if (node == NULL) {
        struct tx tx = {.store = s, .db = s->db};
        return tree_node(&tx, level, index, out);
    }
    *out = *node;
    return OK;
}
