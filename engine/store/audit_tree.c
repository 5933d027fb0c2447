/* The tree in audit_verify: leaves are hashed again from the stored hashes as they pass, tiles and
 * the roots of heads compared. A chunk is computed by whoever reads it; joining puts its root to
 * those before it and so tells the whole tree's at every head within it. */
#include <string.h>

#include "common/sys/db.h"
#include "engine/store/audit_verify_own.h"

#define CHUNK_TILES (WALK_CHUNK / TREE_TILE_WIDTH)

_Static_assert(WALK_CHUNK % TREE_TILE_WIDTH == 0, "a chunk is whole tiles");
_Static_assert((WALK_CHUNK & (WALK_CHUNK - 1)) == 0, "a chunk is a complete subtree");

static const struct db_sql tile_sql = {
    "verify_tile", "SELECT root, hashes FROM audit_tiles WHERE level = ?1 AND n = ?2"};
static const struct db_sql heads_sql = {
    "verify_heads", "SELECT size, root, note FROM audit_heads WHERE size >= ?1 ORDER BY size"};

/* Puts the complete subtrees of an edge before what is right of them; of nothing it is the edge's
 * own root. */
static bool edge_before(const struct merkle_edge *edge, bool any, struct merkle_hash *acc)
{
    for (unsigned level = 0; level < 64 && edge->size >> level != 0; level++) {
        if ((edge->size >> level & 1) == 0)
            continue;
        if (any)
            merkle_node(&edge->at[level], acc, acc);
        else
            *acc = edge->at[level];
        any = true;
    }
    return any;
}

/* ---- one thread ---- */

struct err tree_hand_begin(struct walk_hand *hand, struct tree_hand *t)
{
    TRY(stmt_new(hand->tx.db, &tile_sql, &t->tiles));
    return stmt_new(hand->tx.db, &heads_sql, &t->heads);
}

void tree_hand_end(struct tree_hand *t)
{
    stmt_free(t->tiles);
    stmt_free(t->heads);
}

static struct err head_next(struct tree_hand *t)
{
    bool row;
    TRY(stmt_step(t->heads, &row));
    t->next_head = row ? stmt_int(t->heads, 0) : INT64_MAX;
    return OK;
}

struct err tree_chunk_open(const struct verify *v, struct tree_hand *t,
                           const struct walk_chunk *chunk)
{
    t->tile = t->tiles_edge = (struct merkle_edge){.size = 0};
    t->next_known = 0;
    while (t->next_known < v->known_n && v->known[t->next_known].size < (uint64_t)chunk->first)
        t->next_known++;
    stmt_reset(t->heads);
    stmt_bind_int(t->heads, 1, chunk->first == 1 ? INT64_MIN : chunk->first);
    return head_next(t);
}

/* Whether a stored tile is what was computed; NULL: it is, or there is none and need not be. */
static struct err tile_compare(struct stmt *q, unsigned level, uint64_t n, bool must,
                               const struct merkle_hash *hashes, const struct merkle_hash *root,
                               const char **says)
{
    bool row;
    stmt_bind_int(q, 1, level);
    stmt_bind_int(q, 2, (int64_t)n);
    TRY(stmt_step(q, &row));
    *says = NULL;
    if (!row) {
        *says = must ? "a tile of the tree over this event is missing" : NULL;
    } else {
        const struct str r = stmt_peek(q, 0), h = stmt_peek(q, 1);
        const bool same = r.len == sizeof root->at && h.len == TILE_BYTES &&
                          memcmp(r.at, root->at, r.len) == 0 && memcmp(h.at, hashes, h.len) == 0;
        *says = same ? NULL : "a tile of the tree is not that of these events";
    }
    stmt_reset(q);
    return OK;
}

/* Where a tile differs; its first leaf when it is the root that does. */
static int64_t tile_bad_seq(struct tree_hand *t, uint64_t n, int64_t first)
{
    bool row = false;
    size_t i = 0;
    stmt_bind_int(t->tiles, 1, 0);
    stmt_bind_int(t->tiles, 2, (int64_t)n);
    struct err e = stmt_step(t->tiles, &row);
    const struct str h = e.kind == ERR_NONE && row ? stmt_peek(t->tiles, 1) : STR("");
    while (h.len == TILE_BYTES && i < TREE_TILE_WIDTH &&
           memcmp(h.at + i * MERKLE_HASH_LEN, t->leaves[i].at, MERKLE_HASH_LEN) == 0)
        i++;
    stmt_reset(t->tiles);
    return h.len != TILE_BYTES || i == TREE_TILE_WIDTH ? first : first + (int64_t)i;
}

static struct err tile_full(const struct verify *v, struct tree_hand *t, struct tree_found *found,
                            int64_t seq)
{
    const struct merkle_hash root = t->tile.at[TILE_BITS];
    const uint64_t n = (uint64_t)seq / TREE_TILE_WIDTH - 1;
    const char *says;
    TRY(tile_compare(t->tiles, 0, n, seq <= v->heads_last, t->leaves, &root, &says));
    if (says != NULL)
        told_bad(&found->told, tile_bad_seq(t, n, seq - TREE_TILE_WIDTH + 1), says);
    found->roots[found->roots_n++] = root;
    merkle_edge_add(&t->tiles_edge, &root);
    t->tile = (struct merkle_edge){.size = 0};
    return OK;
}

/* A head of this size: the root of the chunk's part under it. */
static struct head_seen *head_add(const struct tree_hand *t, struct walk_chunk *chunk,
                                  struct tree_found *found, int64_t seq)
{
    struct head_seen *head = ARENA_NEW(chunk->arena, struct head_seen);
    if (head == NULL)
        return NULL;
    head->size = (uint64_t)seq;
    (void)edge_before(&t->tiles_edge, edge_before(&t->tile, false, &head->local), &head->local);
    if (found->last == NULL)
        found->heads = head;
    else
        found->last->next = head;
    found->last = head;
    return head;
}

static struct err stored_head(const struct verify *v, struct tree_hand *t, struct walk_chunk *chunk,
                              struct tree_found *found, int64_t seq)
{
    struct head_seen *head = head_add(t, chunk, found, seq);
    ENSURE(head != NULL, ERR_LIMIT, "out of memory");
    const struct str root = stmt_peek(t->heads, 1);
    if (root.len == sizeof head->root.at) {
        memcpy(head->root.at, root.at, root.len);
        head->says =
            head_note_problem(v, stmt_peek(t->heads, 2), head->size, &head->root, &head->unknown);
    } else {
        head->says = "a signed head has no root";
    }
    return head_next(t);
}

struct err tree_row(const struct verify *v, struct tree_hand *t, struct walk_chunk *chunk,
                    struct tree_found *found, const struct walk_row *row)
{
    struct merkle_hash *leaf = &t->leaves[t->tile.size];
    merkle_leaf(row->hash_self.at, row->hash_self.len, leaf);
    merkle_edge_add(&t->tile, leaf);
    /* Heads first: a tile that is full is put to those before it. */
    while (t->next_head < row->seq) {
        told_bad(&found->told, row->seq, "a head is stored of a size that no event has");
        TRY(head_next(t));
    }
    if (t->next_head == row->seq)
        TRY(stored_head(v, t, chunk, found, row->seq));
    for (; t->next_known < v->known_n && v->known[t->next_known].size == (uint64_t)row->seq;
         t->next_known++) {
        struct head_seen *head = head_add(t, chunk, found, row->seq);
        ENSURE(head != NULL, ERR_LIMIT, "out of memory");
        head->known = &v->known[t->next_known];
        head->root = head->known->root;
    }
    return t->tile.size == TREE_TILE_WIDTH ? tile_full(v, t, found, row->seq) : OK;
}

void tree_chunk_close(struct tree_hand *t, const struct walk_chunk *chunk, struct tree_found *found)
{
    stmt_reset(t->heads);
    if (chunk->rows >= WALK_CHUNK && found->roots_n == CHUNK_TILES)
        (void)edge_before(&t->tiles_edge, false, &found->whole);
}

/* ---- joining ---- */

/* A tile of level 1 and up is full: compared, and its root put to the level above. */
static struct err level_add(struct verify *v, unsigned level, const struct merkle_hash *hash)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    struct merkle_hash *at = &v->levels[(size_t)level * TREE_TILE_WIDTH];
    struct merkle_edge edge = {.size = 0};
    const char *says;
    at[v->level_n[level]++] = *hash;
    if (v->level_n[level] < TREE_TILE_WIDTH)
        return OK;
    for (size_t i = 0; i < TREE_TILE_WIDTH; i++)
        merkle_edge_add(&edge, &at[i]);
    const uint64_t n = v->level_tiles[level]++;
    const int64_t leaves = INT64_C(1) << TILE_BITS * (level + 1);
    const int64_t end = (int64_t)(n + 1) * leaves;
    v->level_n[level] = 0;
    TRY(stmt_new(v->tx->db, &tile_sql, &q));
    TRY(tile_compare(q, level, n, end <= v->heads_last, at, &edge.at[TILE_BITS], &says));
    if (says != NULL)
        told_bad(&v->report->told[AUDIT_TREE], end - leaves + 1, says);
    return level + 1 < TREE_LEVEL_COUNT ? level_add(v, level + 1, &edge.at[TILE_BITS]) : OK;
}

/* Worded once: every head behind the first one that differs may differ, too. */
static void head_differs(struct verify *v, int64_t size)
{
    struct audit_told *tree = &v->report->told[AUDIT_TREE];
    const int64_t since = (int64_t)v->good_size + 1;
    if (tree->answer != AUDIT_NOT_OK)
        told_bad(tree, since,
                 arena_fmt(v->arena,
                           "events %lld to %lld are not those that the signed head of %lld covers",
                           (long long)since, (long long)size, (long long)size));
}

static void head_join(struct verify *v, const struct head_seen *head)
{
    struct audit_told *tree = &v->report->told[AUDIT_TREE];
    struct merkle_hash root = head->local;
    (void)edge_before(&v->edge, true, &root);
    const bool same = merkle_eq(&root, &head->root);
    if (head->known != NULL) {
        head->known->seen = true;
        head->known->held = same;
        return;
    }
    v->report->heads++;
    if (!same) {
        head_differs(v, (int64_t)head->size);
        return;
    }
    if (head->says != NULL && !head->unknown)
        told_bad(tree, (int64_t)head->size, head->says);
    else if (head->says != NULL && tree->says == NULL)
        *tree = (struct audit_told){.answer = AUDIT_NOT_KNOWN, .says = head->says};
    if (head->says != NULL)
        return;
    v->good_size = head->size;
    if (tree->answer != AUDIT_NOT_OK)
        v->report->covered = (int64_t)head->size;
}

/* A head that does not hold says only that something before it does not; a tile says what. */
struct err tree_join(struct verify *v, const struct walk_chunk *chunk,
                     const struct tree_found *found)
{
    struct audit_told *tree = &v->report->told[AUDIT_TREE];
    const struct audit_told *told = &found->told;
    for (const struct head_seen *head = found->heads; head != NULL; head = head->next) {
        if (told->answer == AUDIT_NOT_OK && told->bad_seq <= (int64_t)head->size)
            told_bad(tree, told->bad_seq, told->says);
        head_join(v, head);
    }
    if (told->answer == AUDIT_NOT_OK)
        told_bad(tree, told->bad_seq, told->says);
    for (size_t i = 0; i < found->roots_n; i++)
        TRY(level_add(v, 1, &found->roots[i]));
    v->key_events_seen += found->key_events;
    if (chunk->last - chunk->first + 1 == WALK_CHUNK && found->roots_n == CHUNK_TILES)
        merkle_edge_add(&v->edge, &found->whole);
    return OK;
}
