/* Reading a range of the log on several threads: for who verifies it, decides it again, or compares
 * every decision with another policy.
 *
 * The range is cut into chunks at fixed numbers. Each thread has its own read-only connection and
 * takes the next chunk that nobody has; what a chunk found waits in the chunk's own arena until all
 * before it have been joined, so that the answer is that of one thread reading from first to last,
 * whoever found what. At most a few chunks a thread are unjoined: memory does not grow with the
 * log.
 *
 * Two connections see the same log because `last` was fixed before (audit_last_seq of the caller's
 * snapshot) and what was recorded up to there never changes: a connection that looks later sees
 * more behind `last`, nothing else. A chunk is one snapshot, so that a long walk does not keep the
 * engine's write-ahead log from being moved.
 *
 *     struct diff d = …;
 *     const struct walk walk = {.path = path, .first = 1, .last = last, .threads = walk_threads(),
 *                               .arg = &d, .row = diff_row, .join = diff_join};
 *     TRY(audit_walk(&walk, arena, NULL)); */
#ifndef ENGINE_STORE_AUDIT_WALK_H
#define ENGINE_STORE_AUDIT_WALK_H

#include "engine/store/store.h"

#include "common/base/str.h"

/* Chunk k has the events from k * WALK_CHUNK + 1 on: whole tiles of the Merkle tree. */
#define WALK_CHUNK 4096

/* An event as its row has it, judged by nobody; good until the callback returns. */
struct walk_row {
    int64_t seq;
    struct str event, hash_prev, hash_self;
};

struct walk_chunk {
    int64_t first, last;
    int64_t rows;        /* seen so far */
    struct arena *arena; /* of what is found in it; lives until the chunk is joined */
    void *found;         /* the caller's; NULL at first */
};

/* One thread: its connection and what it keeps from chunk to chunk. */
struct walk_hand {
    void *arg;             /* the walk's, shared by all: read only, or behind a lock */
    struct tx tx;          /* its own reader's, with the chunk's snapshot; tx.arena is scratch */
    struct arena *scratch; /* of one event: empty when `row` is called */
    void *own;             /* what `begin` made */
};

struct walk {
    const char *path; /* of the book; NULL: on `tx`, by the calling thread alone */
    struct tx *tx;    /* with its snapshot, when there is no path */
    bool prepared;    /* connections of store_open (schema checked, statements prepared); else bare
                         ones, for who trusts nothing: stmt_new alone will do there */
    int64_t first, last; /* both inclusive; an empty range calls nobody */
    unsigned threads;    /* 0: walk_threads() */
    void *arg;
    /* On each thread, before its first chunk and after its last; either may be NULL. */
    struct err (*begin)(struct walk_hand *hand);
    void (*end)(struct walk_hand *hand);
    /* On some thread, chunk by chunk: `open` (may be NULL) before the first row, `row` for each row
     * in order, `close` behind the last. Without `close` a number that no row has is ERR_STORE. */
    struct err (*open)(struct walk_hand *hand, struct walk_chunk *chunk);
    struct err (*row)(struct walk_hand *hand, struct walk_chunk *chunk, const struct walk_row *row);
    struct err (*close)(struct walk_hand *hand, struct walk_chunk *chunk);
    /* In order, one at a time, on whatever thread: *stop ends the walk behind this chunk. May be
     * NULL. */
    struct err (*join)(void *arg, const struct walk_chunk *chunk, bool *stop);
};

/* The error of the first chunk that failed, in `arena`. *damaged (may be NULL): that error is
 * SQLite's word that the file is damaged; what chunks behind it met is nobody's answer. Rows below
 * `first` of the log itself (seq 0 and less, which no engine writes) are given to the first chunk's
 * `row` when `first` is 1. */
MUST_CHECK struct err audit_walk(const struct walk *walk, struct arena *arena, bool *damaged);

/* As many threads as this machine has processors for us, at most 8. */
unsigned walk_threads(void);

#endif
