/* The tree as it is stored, for whoever reads: nodes of any past size, heads, receipts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/verify/check.h"
#include "common/verify/receipt.h"
#include "engine/store/audit.h"
#include "engine/store/cosignatures.h"
#include "engine/store/tree_own.h"

#define HEAD_COLUMNS "SELECT size, root, note FROM audit_heads"

const struct db_sql tree_sql[] = {
    [TREE_TILE_INSERT] = {"tile_insert", "INSERT INTO audit_tiles (level, n, root, hashes)"
                                         " VALUES (?1, ?2, ?3, ?4)"},
    [TREE_TILE_NEXT] = {"tile_next",
                        "SELECT coalesce(max(n), -1) + 1 FROM audit_tiles WHERE level = ?1"},
    [TREE_TILE_GET] = {"tile_get", "SELECT hashes FROM audit_tiles WHERE level = ?1 AND n = ?2"},
    [TREE_TILE_ROOTS] = {"tile_roots", "SELECT n, root FROM audit_tiles WHERE level = ?1"
                                       " AND n >= ?2 AND n < ?3 ORDER BY n"},
    [TREE_LEAVES] = {"tree_leaves", "SELECT seq, hash_self FROM audit_events"
                                    " WHERE seq > ?1 AND seq <= ?2 ORDER BY seq"},
    [TREE_HEAD_INSERT] = {"head_insert",
                          "INSERT INTO audit_heads (size, root, note) VALUES (?1, ?2, ?3)"},
    [TREE_HEAD_LATEST] = {"head_latest", HEAD_COLUMNS " ORDER BY size DESC LIMIT 1"},
    [TREE_HEAD_COVERING] = {"head_covering",
                            HEAD_COLUMNS " WHERE size >= ?1 ORDER BY size LIMIT 1"},
    [TREE_HEAD_OF] = {"head_of", HEAD_COLUMNS " WHERE size = ?1"},
    [TREE_EVENT] = {"tree_event", "SELECT event, hash_prev FROM audit_events WHERE seq = ?1"},
};
const size_t tree_sql_n = TREE_SQL_N;

void tree_origin(const struct store *store, char origin[TREE_ORIGIN_SIZE])
{
    (void)snprintf(origin, TREE_ORIGIN_SIZE, ORIGIN_PREFIX "%s", store_book_id(store));
}

/* ---- hashes of a tile ---- */

static struct err hash_take(struct stmt *q, int col, struct merkle_hash *out)
{
    const struct str bytes = stmt_peek(q, col);
    ENSURE(bytes.len == sizeof out->at, ERR_STORE, "a hash of the log has a wrong length");
    memcpy(out->at, bytes.at, sizeof out->at);
    return OK;
}

static struct err hashes_stored(struct tx *tx, unsigned level, uint64_t first, size_t n,
                                struct merkle_hash *out, bool *found)
{
    const size_t at = (size_t)(first % TREE_TILE_WIDTH);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_TREE, TREE_TILE_GET);
    stmt_bind_int(q, 1, level);
    stmt_bind_int(q, 2, (int64_t)(first / TREE_TILE_WIDTH));
    TRY(stmt_step(q, found));
    if (!*found)
        return OK;
    const struct str bytes = stmt_peek(q, 0);
    ENSURE(bytes.len == TILE_BYTES, ERR_STORE, "a tile of the log's tree has a wrong length");
    memcpy(out, bytes.at + at * MERKLE_HASH_LEN, n * MERKLE_HASH_LEN);
    return OK;
}

/* Behind the last complete tile of the level: the roots of the level below, or the events. */
static struct err hashes_behind(struct tx *tx, unsigned level, uint64_t first, size_t n,
                                struct merkle_hash *out)
{
    const bool leaves = level == 0;
    CLEANUP(stmt_reset)
    struct stmt *q = db_stmt(tx->db, SQL_TREE, leaves ? TREE_LEAVES : TREE_TILE_ROOTS);
    if (!leaves)
        stmt_bind_int(q, 1, level - 1);
    stmt_bind_int(q, leaves ? 1 : 2, (int64_t)first);
    stmt_bind_int(q, leaves ? 2 : 3, (int64_t)(first + n));
    for (size_t i = 0; i < n; i++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row || stmt_int(q, 0) != (int64_t)(first + i) + leaves)
            return err_new(ERR_MISSING, "the log's tree does not reach so far");
        TRY(hash_take(q, 1, &out[i]));
        if (leaves)
            merkle_leaf(out[i].at, sizeof out[i].at, &out[i]);
    }
    return OK;
}

_Static_assert(sizeof((struct store *)0)->tiles_read ==
                   2 * TREE_LEVEL_COUNT * sizeof(struct tile *),
               "two tiles of each level");

/* A complete tile with its nodes, as kept: it never changes, and a proof asks for several of its
 * nodes. A reader's alone, since what the writer reads may yet be undone. NULL when there is no
 * such tile. */
static struct err tile_kept(struct tx *tx, unsigned level, uint64_t n, const struct tile **tile)
{
    struct tile **slots = tx->store->tiles_read[level];
    struct merkle_hash hashes[TREE_TILE_WIDTH];
    bool found;
    *tile = NULL;
    if (slots[0] == NULL || slots[0]->n != n) { /* the one used last comes first */
        struct tile *first = slots[1];
        slots[1] = slots[0];
        slots[0] = first;
    }
    if (slots[0] != NULL && slots[0]->n == n) {
        *tile = slots[0];
        return OK;
    }
    TRY(hashes_stored(tx, level, n * TREE_TILE_WIDTH, TREE_TILE_WIDTH, hashes, &found));
    if (!found)
        return OK;
    if (slots[0] == NULL)
        slots[0] = calloc(1, sizeof *slots[0]);
    ENSURE(slots[0] != NULL, ERR_LIMIT, "out of memory");
    *slots[0] = (struct tile){.n = n};
    for (size_t i = 0; i < TREE_TILE_WIDTH; i++)
        tile_push(slots[0], &hashes[i]);
    *tile = slots[0];
    return OK;
}

/* `n` hashes of one tile's level and width, from `first` on. */
static struct err hashes_of(struct tx *tx, unsigned level, uint64_t first, size_t n,
                            struct merkle_hash *out)
{
    bool found = false;
    if (level == 0 || n > 1) /* a single root stands by itself, without the tile around it */
        TRY(hashes_stored(tx, level, first, n, out, &found));
    return found ? OK : hashes_behind(tx, level, first, n, out);
}

struct err tree_tile(struct tx *tx, unsigned level, uint64_t n, size_t width,
                     struct merkle_hash *out)
{
    const uint64_t n_max = (MERKLE_SIZE_MAX >> TILE_BITS * level) / TREE_TILE_WIDTH;
    ENSURE(level < TREE_LEVEL_COUNT && n < n_max && width >= 1 && width <= TREE_TILE_WIDTH,
           ERR_MISSING, "there is no such tile");
    return hashes_of(tx, level, n * TREE_TILE_WIDTH, width, out);
}

struct err tree_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
    struct tx *tx = arg;
    struct merkle_hash at[TREE_TILE_WIDTH];
    const unsigned up = level / TILE_BITS, k = level % TILE_BITS;
    const struct tile *tile = NULL;
    ENSURE(up < TREE_LEVEL_COUNT, ERR_MISSING, "the log has not so many events");
    if (tx->store->mode == STORE_READER && (up == 0 || k > 0))
        TRY(tile_kept(tx, up, index >> (TILE_BITS - k), &tile));
    if (tile != NULL) {
        *out = tile->node[tile_node_at(k, (size_t)(index % (TREE_TILE_WIDTH >> k)))];
        return OK;
    }
    TRY(hashes_of(tx, up, index << k, (size_t)1 << k, at));
    for (size_t n = (size_t)1 << k; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++)
            merkle_node(&at[2 * i], &at[2 * i + 1], &at[i]);
    }
    *out = at[0];
    return OK;
}

/* ---- heads ---- */

static struct err head_read(struct stmt *q, struct arena *arena, struct tree_head *head)
{
    head->size = (uint64_t)stmt_int(q, 0);
    TRY(hash_take(q, 1, &head->root));
    head->note = stmt_str(q, 2, arena);
    return arena_check(arena);
}

static struct err head_find(struct tx *tx, struct arena *arena, size_t sql, uint64_t size,
                            struct tree_head *head)
{
    bool row;
    ENSURE(size <= MERKLE_SIZE_MAX, ERR_MISSING, "no head is signed of this size");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_TREE, sql);
    if (sql != TREE_HEAD_LATEST)
        stmt_bind_int(q, 1, (int64_t)size);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING,
           sql == TREE_HEAD_LATEST ? "no head of the log is signed yet"
           : sql == TREE_HEAD_OF   ? "no head is signed of this size"
                                   : "no signed head covers this event yet");
    return head_read(q, arena, head);
}

struct err head_latest(struct tx *tx, struct arena *arena, struct tree_head *head)
{
    return head_find(tx, arena, TREE_HEAD_LATEST, 0, head);
}

struct err head_covering(struct tx *tx, struct arena *arena, uint64_t size, struct tree_head *head)
{
    return head_find(tx, arena, TREE_HEAD_COVERING, size, head);
}

struct err head_of(struct tx *tx, struct arena *arena, uint64_t size, struct tree_head *head)
{
    return head_find(tx, arena, TREE_HEAD_OF, size, head);
}

struct err head_cosigned(struct tx *tx, struct arena *arena, struct tree_head *head)
{
    CLEANUP(buf_fini) struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    buf_put(&note, head->note.at, head->note.len);
    TRY(cosignature_lines(tx, (int64_t)head->size, &note));
    TRY(buf_check(&note));
    head->note = (struct str){arena_dup(arena, note.at, note.len), note.len};
    return arena_check(arena);
}

/* ---- receipts ---- */

static struct err event_read(struct tx *tx, struct arena *arena, int64_t seq, struct receipt *r)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_TREE, TREE_EVENT);
    stmt_bind_int(q, 1, seq);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such event");
    const struct str prev = stmt_peek(q, 1);
    ENSURE(prev.len == sizeof r->hash_prev, ERR_STORE, "an event's hash has a wrong length");
    memcpy(r->hash_prev, prev.at, prev.len);
    r->event = stmt_str(q, 0, arena);
    return arena_check(arena);
}

static struct err receipt_in(struct tx *tx, struct arena *arena, int64_t seq,
                             struct tree_head *head, struct receipt *r)
{
    ENSURE(seq >= 1, ERR_MISSING, "there is no such event");
    ENSURE((uint64_t)seq <= head->size, ERR_INPUT, "the event is not in a log of this size");
    TRY(head_cosigned(tx, arena, head));
    *r = (struct receipt){.index = (uint64_t)seq - 1, .checkpoint = head->note};
    TRY(event_read(tx, arena, seq, r));
    return merkle_inclusion(r->index, head->size, tree_node, tx, &r->proof);
}

struct err receipt_of(struct tx *tx, struct arena *arena, int64_t seq, struct receipt *r)
{
    struct tree_head head;
    int64_t cosigned;
    ENSURE(seq >= 1, ERR_MISSING, "there is no such event");
    TRY(cosigned_covering(tx, seq, &cosigned));
    TRY(cosigned > 0 ? head_of(tx, arena, (uint64_t)cosigned, &head)
                     : head_covering(tx, arena, (uint64_t)seq, &head));
    return receipt_in(tx, arena, seq, &head, r);
}

struct err receipt_at(struct tx *tx, struct arena *arena, int64_t seq, uint64_t size,
                      struct receipt *r)
{
    struct tree_head head;
    TRY(head_of(tx, arena, size, &head));
    return receipt_in(tx, arena, seq, &head, r);
}
