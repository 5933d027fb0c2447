/* recon.db, the book of record. engine/store is the only place that knows SQLite: each file beside
 * this one owns a noun, opens with its numbered statements and binds and reads them below.
 *
 * Two kinds of handle. A struct store is one connection: the writer's, or a reader's. A struct tx
 * is a transaction on it; on the writer it is a group of calls with one savepoint each and one
 * commit for all (DESIGN §2). Functions that take a tx return rows in the arena they are given. */
#ifndef ENGINE_STORE_STORE_H
#define ENGINE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/json.h"

struct db;
struct store;

enum store_mode { STORE_READER = 0, STORE_WRITER };

/* The last event: where the chain goes on. */
struct chain_head {
    int64_t seq; /* 0: the book is empty */
    uint8_t hash[32];
    int64_t timestamp_us;
};

/* One row that an event wrote. */
struct effect {
    const char *table, *id;
    int64_t version;
    char row_sha256[65];
};

/* Rows of one table written in bulk by one event, in the order they were written. */
struct bulk_effect {
    const char *table;
    int64_t count;
    char rows_sha256[65]; /* SHA-256 over the raw row hashes, one after the other */
};

struct tx {
    struct store *store;
    struct db *db;
    struct arena *arena;    /* of the current call: what its functions allocate beside results */
    int64_t now_us;         /* the book clock of this call (DESIGN §5): set by tx_call_begin */
    struct effect *effects; /* of the event being made; audit_append takes and forgets them */
    size_t effects_n, effects_cap;
    struct bulk_effect *bulk;
    size_t bulk_n, bulk_cap;
    int64_t event_seq; /* of the last event this call appended; 0: none yet */
    enum parts_held { PARTS_UNKNOWN = 0, PARTS_NONE, PARTS_SOME } parts; /* parts_any keeps it */
};

/* Makes the book's file at `path`, or brings its schema forward. *migrated says how many migrations
 * ran; the error lives in `arena`. No connection stays open. */
MUST_CHECK struct err store_migrate(const char *path, const char *now_utc, struct arena *arena,
                                    int *migrated);

/* Opens a connection, prepares every statement (a typo fails here) and checks the schema's digest.
 * The writer also reads the chain's head. `arena` is only for the error. */
MUST_CHECK struct err store_open(const char *path, enum store_mode mode, struct arena *arena,
                                 struct store **store);
void store_close(struct store *store);
CLEANUP_DEFINE(struct store *, store_close)
struct db *store_db(struct store *store);
const struct chain_head *store_head(const struct store *store);
const char *store_book_id(const struct store *store); /* "" while the book is empty */
const char *store_schema_digest(const struct store *store);
/* What every event says from now on under `posture`: switches in force that weaken the evidence,
 * such as "unsafe_receipts_off". Static texts. */
void store_posture_set(struct store *store, const char *const *posture, size_t n);

/* ---- the writer's group ---- */
MUST_CHECK struct err store_group_begin(struct store *store);
/* One fsync. On an error ask store_group_alive: the whole group is gone unless it says otherwise.
 */
MUST_CHECK struct err store_group_commit(struct store *store);
/* Rolls back; the head is what it was before. False when the transaction is still there: the
 * connection is of no use any more. */
bool store_group_abandon(struct store *store);
/* False when SQLite has rolled the group back, or when a call could not be undone: abandon it. */
bool store_group_alive(const struct store *store);

/* Whether anything can be recorded at this time: not when it is more than an hour before the last
 * event, whose time it could not follow. */
bool store_clock_good(const struct store *store, int64_t clock_us);

/* One call in the group: a savepoint, a clock reading (max(clock, last + 1 µs)) and no effects yet.
 */
MUST_CHECK struct err tx_call_begin(struct store *store, struct arena *arena, int64_t clock_us,
                                    struct tx *tx);
MUST_CHECK struct err tx_call_keep(struct tx *tx);
/* Undoes the call, the chain's head included. When SQLite has rolled the whole group back there is
 * nothing to undo and store_group_alive says no. */
void tx_call_undo(struct tx *tx);

/* ---- a reader's snapshot ---- */
MUST_CHECK struct err tx_read_begin(struct store *store, struct arena *arena, int64_t clock_us,
                                    struct tx *tx);
void tx_read_end(struct tx *tx);

/* The number the event under way will get: what rows carry in their `seq`. */
int64_t tx_seq(const struct tx *tx);

/* A fresh id, ULID with `prefix` ("mat"), by the book clock and the system's randomness; ids of one
 * store sort in the order they were made. */
const char *tx_new_id(struct tx *tx, const char *prefix);

/* The book clock's instant as rows keep it, in tx->arena; NULL when that is full. */
const char *tx_now_text(struct tx *tx);

#endif
