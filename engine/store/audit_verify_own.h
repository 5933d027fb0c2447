/* Private to engine/store: what the parts of audit_verify know of each other. audit_verify.c reads
 * rows and times, audit_tree.c the tree over them, audit_known.c keys, heads kept elsewhere and
 * what is made of it all. */
#ifndef ENGINE_STORE_AUDIT_VERIFY_OWN_H
#define ENGINE_STORE_AUDIT_VERIFY_OWN_H

#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "common/verify/receipt.h"
#include "common/verify/trust.h"
#include "engine/store/audit.h"
#include "engine/store/audit_walk.h"
#include "engine/store/tree_own.h"

/* A head kept elsewhere, as it was read. */
struct known_head {
    const char *name; /* the file's */
    uint64_t size;
    struct merkle_hash root;
    int64_t seq; /* of a receipt's event; 0: a checkpoint */
    uint8_t hash_self[SHA256_LEN];
    bool seen;   /* the walk came as far as its size */
    bool held;   /* this log has it */
    bool wanted; /* signed by a key that is believed, for this log: to be looked for */
};

/* One verification. While the walk runs only who joins changes it. */
struct verify {
    struct tx *tx; /* the caller's, used by who joins */
    struct arena *arena;
    struct audit_report *report;
    const char *book; /* event 1's; "": it names none */
    int64_t before;   /* the walk begins behind it; 0: with the first event */
    int64_t last;
    int64_t gap; /* the number that no event has, at which the walk ended; 0: it did not */

    bool tree; /* is asked */
    char origin[TREE_ORIGIN_SIZE];
    struct trust trust;
    int64_t keyed_from; /* the event that names the first key; 0: none does */
    size_t key_events;  /* by the index */
    size_t key_events_seen;
    struct known_head *known; /* by size */
    size_t known_n;
    int64_t heads_last;         /* the largest size stored; 0: none */
    struct merkle_edge edge;    /* of what was joined; its leaves are chunks' roots */
    struct merkle_hash *levels; /* of levels 1 and up, the tile that fills: 256 each */
    size_t level_n[TREE_LEVEL_COUNT];
    uint64_t level_tiles[TREE_LEVEL_COUNT];
    uint64_t good_size; /* of the last head that held: what follows may be wrong from there */
};

/* A head, stored or known, that ends in a chunk. */
struct head_seen {
    uint64_t size;
    struct merkle_hash local, root; /* of the chunk's leaves up to there; as the head says */
    const char *says;               /* what is wrong with the note; NULL */
    bool unknown;                   /* it is only that no key is known for it */
    struct known_head *known;       /* NULL: a stored one */
    struct head_seen *next;
};

struct tree_found {
    struct audit_told told;         /* of what the chunk can tell by itself */
    struct head_seen *heads, *last; /* by size */
    struct merkle_hash roots[WALK_CHUNK / TREE_TILE_WIDTH]; /* of its complete tiles */
    size_t roots_n;
    struct merkle_hash whole; /* of a complete chunk */
    size_t key_events;
};

/* What a thread keeps for the tree. */
struct tree_hand {
    struct stmt *tiles, *heads;
    struct merkle_hash leaves[TREE_TILE_WIDTH];
    struct merkle_edge tile, tiles_edge; /* of the tile that fills; of the chunk's complete ones */
    int64_t next_head;                   /* the size the statement stands at; INT64_MAX: none */
    size_t next_known;
};

struct chunk_found {
    struct audit_told rows, clock;
    int64_t good;             /* events until the first fault of rows or clock */
    int64_t gap;              /* as verify's */
    uint8_t head[SHA256_LEN]; /* of the last good one */
    char first_utc[INSTANT_TEXT_MAX], last_utc[INSTANT_TEXT_MAX];
    struct tree_found tree;
};

struct verify_hand; /* audit_verify.c */

/* ---- audit_tree.c ---- */
MUST_CHECK struct err tree_hand_begin(struct walk_hand *hand, struct tree_hand *t);
void tree_hand_end(struct tree_hand *t);
MUST_CHECK struct err tree_chunk_open(const struct verify *v, struct tree_hand *t,
                                      const struct walk_chunk *chunk);
MUST_CHECK struct err tree_row(const struct verify *v, struct tree_hand *t,
                               struct walk_chunk *chunk, struct tree_found *found,
                               const struct walk_row *row);
void tree_chunk_close(struct tree_hand *t, const struct walk_chunk *chunk,
                      struct tree_found *found);
MUST_CHECK struct err tree_join(struct verify *v, const struct walk_chunk *chunk,
                                const struct tree_found *found);

/* ---- audit_known.c ---- */
/* Keys, heads kept elsewhere, what is stored: before the walk. */
MUST_CHECK struct err known_read(struct verify *v, const struct audit_given *given);
/* After it: the answers of tree and truncation, and what witnesses signed. */
MUST_CHECK struct err known_settle(struct verify *v, const struct audit_given *given);
/* What is wrong with a head's note under the keys believed; NULL: nothing. *unknown: no key is
 * known for its size, so that nobody can say. */
const char *head_note_problem(const struct verify *v, struct str note, uint64_t size,
                              const struct merkle_hash *root, bool *unknown);

/* The first answer that is not good stays. */
void told_bad(struct audit_told *told, int64_t seq, const char *says);

#endif
