/* Threads, chunks and their order. One lock guards who has which chunk; a chunk belongs to the
 * thread that reads it, then to whoever joins. */
#include "engine/store/audit_walk.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/db.h"
#include "engine/store/sql.h"

#define THREADS_MAX       8u
#define SLOTS_PER_THREAD  3u /* one being read, some waiting for a slower one before */
#define FOUND_BYTES_MAX   ((size_t)64 << 20) /* in one chunk */
#define SCRATCH_BYTES_MAX ((size_t)64 << 20) /* of one event */
#define WORDS_BYTES_MAX   ((size_t)1 << 20)

enum { WALK_RANGE, WALK_BELOW };
static const struct db_sql walk_sql[] = {
    [WALK_RANGE] = {"walk_range", "SELECT seq, event, hash_prev, hash_self FROM audit_events"
                                  " WHERE seq >= ?1 AND seq <= ?2 ORDER BY seq"},
    [WALK_BELOW] = {"walk_below", "SELECT seq, event, hash_prev, hash_self FROM audit_events"
                                  " WHERE seq <= ?2 ORDER BY seq"},
};

/* A chunk under way. */
struct slot {
    struct walk_chunk chunk;
    struct err failed;
    bool done, damaged; /* damaged: SQLite said so, and `failed` is why */
};

struct walking {
    const struct walk *walk;
    struct arena *words; /* of the walk's error; behind the lock */
    pthread_mutex_t lock;
    pthread_cond_t moved; /* a chunk was joined, or it is over */
    int64_t taken, joined, chunks;
    bool joining; /* some thread is at it */
    bool over, damaged;
    struct err failed;
    struct slot slots[THREADS_MAX * SLOTS_PER_THREAD];
    size_t slots_n;
};

/* A thread's connection; of nobody else's when the walk has no path. */
struct eyes {
    struct walk_hand hand;
    struct stmt *rows[2];
    struct db *db;        /* bare */
    struct store bare;    /* over it */
    struct store *opened; /* prepared */
};

unsigned walk_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > (long)THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

/* ---- the connection ---- */

static struct err eyes_open(struct walking *w, struct eyes *e)
{
    const struct walk *walk = w->walk;
    if (walk->path == NULL) {
        e->hand.tx = *walk->tx;
    } else if (walk->prepared) {
        TRY(store_open(walk->path, STORE_READER, e->hand.scratch, &e->opened));
        e->hand.tx = (struct tx){.store = e->opened, .db = store_db(e->opened)};
    } else {
        TRY(db_open(walk->path, DB_READER, &e->db));
        e->bare = (struct store){.db = e->db, .mode = STORE_READER};
        TRY(store_scratch_init(&e->bare));
        e->hand.tx = (struct tx){.store = &e->bare, .db = e->db};
    }
    e->hand.tx.arena = e->hand.scratch;
    TRY(stmt_new(e->hand.tx.db, &walk_sql[WALK_RANGE], &e->rows[WALK_RANGE]));
    return stmt_new(e->hand.tx.db, &walk_sql[WALK_BELOW], &e->rows[WALK_BELOW]);
}

static void eyes_close(struct eyes *e)
{
    stmt_free(e->rows[WALK_RANGE]);
    stmt_free(e->rows[WALK_BELOW]);
    store_close(e->opened);
    store_scratch_fini(&e->bare);
    db_close(e->db);
    arena_free(e->hand.scratch);
}

/* ---- one chunk ---- */

static struct err rows_read(const struct walk *walk, struct walk_hand *hand,
                            struct walk_chunk *chunk, struct stmt *q)
{
    for (;;) {
        bool found;
        TRY(stmt_step(q, &found));
        if (!found)
            return OK;
        const struct walk_row row = {.seq = stmt_int(q, 0),
                                     .event = stmt_peek(q, 1),
                                     .hash_prev = stmt_peek(q, 2),
                                     .hash_self = stmt_peek(q, 3)};
        arena_reset(hand->scratch);
        chunk->rows++;
        TRY(walk->row(hand, chunk, &row));
    }
}

static struct err chunk_look(const struct walk *walk, struct eyes *e, struct walk_chunk *chunk)
{
    CLEANUP(stmt_reset) struct stmt *q = e->rows[chunk->first == 1 ? WALK_BELOW : WALK_RANGE];
    if (walk->open != NULL)
        TRY(walk->open(&e->hand, chunk));
    stmt_bind_int(q, 1, chunk->first);
    stmt_bind_int(q, 2, chunk->last);
    TRY(rows_read(walk, &e->hand, chunk, q));
    if (walk->close != NULL)
        return walk->close(&e->hand, chunk);
    ENSURE(chunk->rows == chunk->last - chunk->first + 1, ERR_STORE,
           "an event is missing: the numbers do not follow each other; run audit verify");
    return OK;
}

static struct err chunk_read(struct walking *w, struct eyes *e, struct walk_chunk *chunk)
{
    if (w->walk->path == NULL)
        return chunk_look(w->walk, e, chunk);
    TRY(db_begin_read(e->hand.tx.db));
    struct err failed = chunk_look(w->walk, e, chunk);
    struct err ended = db_rollback(e->hand.tx.db);
    return failed.kind != ERR_NONE ? failed : ended;
}

/* ---- order ---- */

/* What the connection worded goes with it. */
static struct err err_kept(struct arena *arena, struct err e)
{
    if (e.kind == ERR_NONE)
        return e;
    return err_fmt(arena, e.kind, e.where == NULL ? NULL : arena_strdup(arena, e.where), "%s",
                   e.msg == NULL ? "the log could not be read" : e.msg);
}

static struct slot *slot_of(struct walking *w, int64_t chunk)
{
    return &w->slots[(size_t)chunk % w->slots_n];
}

/* The next chunk that nobody has, once there is room for what it finds; NULL: none is left. */
static struct slot *chunk_take(struct walking *w)
{
    const struct walk *walk = w->walk;
    const int64_t before = (walk->first - 1) / WALK_CHUNK; /* chunks of the log before the first */
    struct slot *slot = NULL;
    (void)pthread_mutex_lock(&w->lock);
    while (!w->over && w->taken < w->chunks && w->taken - w->joined >= (int64_t)w->slots_n)
        (void)pthread_cond_wait(&w->moved, &w->lock);
    if (!w->over && w->taken < w->chunks) {
        const int64_t begins = (before + w->taken) * WALK_CHUNK + 1;
        const int64_t ends = begins + WALK_CHUNK - 1;
        slot = slot_of(w, w->taken++);
        slot->done = false;
        slot->failed = OK;
        slot->chunk.first = begins < walk->first ? walk->first : begins;
        slot->chunk.last = ends > walk->last ? walk->last : ends;
        slot->chunk.rows = 0;
        slot->chunk.found = NULL;
        arena_reset(slot->chunk.arena);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return slot;
}

static struct err slot_join(struct walking *w, const struct slot *slot, bool *stop)
{
    TRY(slot->failed);
    TRY(arena_check(slot->chunk.arena));
    return w->walk->join == NULL ? OK : w->walk->join(w->walk->arg, &slot->chunk, stop);
}

/* Joins all that can be joined, unless another thread does; the lock is held but while joining. */
static void join_ready(struct walking *w)
{
    if (w->joining)
        return;
    w->joining = true;
    while (!w->over && w->joined < w->taken && slot_of(w, w->joined)->done) {
        struct slot *slot = slot_of(w, w->joined);
        bool stop = false;
        (void)pthread_mutex_unlock(&w->lock);
        struct err e = slot_join(w, slot, &stop);
        (void)pthread_mutex_lock(&w->lock);
        slot->done = false;
        w->joined++;
        if (e.kind != ERR_NONE) {
            w->failed = err_kept(w->words, e);
            w->damaged = slot->damaged;
        }
        w->over = stop || e.kind != ERR_NONE;
        (void)pthread_cond_broadcast(&w->moved);
    }
    w->joining = false;
}

/* The error's words are the connection's, which may be gone when its turn comes. */
static void chunk_give(struct walking *w, struct slot *slot, struct err e, bool damaged)
{
    (void)pthread_mutex_lock(&w->lock);
    slot->failed = err_kept(slot->chunk.arena, e);
    slot->damaged = damaged;
    slot->done = true;
    join_ready(w);
    (void)pthread_mutex_unlock(&w->lock);
}

static void walk_fail(struct walking *w, struct err e, bool damaged)
{
    (void)pthread_mutex_lock(&w->lock);
    if (!w->over) {
        w->failed = err_kept(w->words, e);
        w->damaged = damaged;
    }
    w->over = true;
    (void)pthread_cond_broadcast(&w->moved);
    (void)pthread_mutex_unlock(&w->lock);
}

/* ---- threads ---- */

static void chunks_walk(struct walking *w, struct eyes *e)
{
    struct slot *slot;
    while ((slot = chunk_take(w)) != NULL) {
        struct err failed = chunk_read(w, e, &slot->chunk);
        chunk_give(w, slot, failed,
                   failed.kind != ERR_NONE && db_last_class(e->hand.tx.db) == DB_CORRUPT);
    }
}

static void *hand_run(void *arg)
{
    struct walking *w = arg;
    const struct walk *walk = w->walk;
    struct eyes e = {.hand = {.arg = walk->arg, .scratch = arena_new(SCRATCH_BYTES_MAX)}};
    struct err failed = e.hand.scratch == NULL ? err_new(ERR_LIMIT, "out of memory") : OK;
    if (failed.kind == ERR_NONE)
        failed = eyes_open(w, &e);
    const bool opened = failed.kind == ERR_NONE;
    if (opened && walk->begin != NULL)
        failed = walk->begin(&e.hand);
    if (failed.kind == ERR_NONE)
        chunks_walk(w, &e);
    else
        walk_fail(w, failed,
                  db_is_damage(failed) ||
                      (e.hand.tx.db != NULL && db_last_class(e.hand.tx.db) == DB_CORRUPT));
    if (opened && walk->end != NULL)
        walk->end(&e.hand);
    eyes_close(&e);
    return NULL;
}

/* Signals are the calling thread's. Fewer threads than wanted do the same work. */
static size_t threads_start(struct walking *w, pthread_t *threads, size_t n)
{
    sigset_t all, before;
    size_t started = 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < n && pthread_create(&threads[started], NULL, hand_run, w) == 0)
        started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static size_t threads_wanted(const struct walk *walk, int64_t chunks)
{
    size_t n = walk->path == NULL ? 1 : walk->threads == 0 ? walk_threads() : walk->threads;
    n = n > THREADS_MAX ? THREADS_MAX : n;
    return (int64_t)n > chunks ? (size_t)chunks : n;
}

static struct err slots_make(struct walking *w, size_t threads)
{
    w->slots_n = threads * SLOTS_PER_THREAD;
    for (size_t i = 0; i < w->slots_n; i++) {
        w->slots[i].chunk.arena = arena_new(FOUND_BYTES_MAX);
        ENSURE(w->slots[i].chunk.arena != NULL, ERR_LIMIT, "out of memory");
    }
    return OK;
}

static void walking_cleanup(struct walking *w)
{
    for (size_t i = 0; i < w->slots_n; i++)
        arena_free(w->slots[i].chunk.arena);
    arena_free(w->words);
    (void)pthread_mutex_destroy(&w->lock);
    (void)pthread_cond_destroy(&w->moved);
}

struct err audit_walk(const struct walk *walk, struct arena *arena, bool *damaged)
{
    __attribute__((cleanup(walking_cleanup))) struct walking w = {
        .walk = walk,
        .words = arena_new(WORDS_BYTES_MAX),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .moved = PTHREAD_COND_INITIALIZER};
    pthread_t threads[THREADS_MAX];
    INVARIANT(walk->first >= 1 && (walk->path != NULL || walk->tx != NULL));
    ENSURE(w.words != NULL, ERR_LIMIT, "out of memory");
    if (damaged != NULL)
        *damaged = false;
    if (walk->last < walk->first)
        return OK;
    w.chunks = (walk->last - 1) / WALK_CHUNK - (walk->first - 1) / WALK_CHUNK + 1;
    const size_t n = threads_wanted(walk, w.chunks);
    TRY(slots_make(&w, n));
    const size_t started = threads_start(&w, threads, n - 1);
    (void)hand_run(&w);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    if (damaged != NULL)
        *damaged = w.damaged;
    return err_kept(arena, w.failed);
}
