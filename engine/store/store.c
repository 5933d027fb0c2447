/* Opening the book, the group's transaction, a call's savepoint, the book clock. */
#include "engine/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/civil.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"
#include "common/sys/db.h"
#include "common/sys/embed.h"
#include "common/sys/migrate.h"
#include "engine/store/sql.h"
#include "engine/store/tree_own.h"

/* A clock that stands further behind the last event than this is wrong; see clock_next. */
#define CLOCK_BACK_MAX_US (INT64_C(3600) * 1000000)

/* The canonical text of one row or event. */
#define TEXT_BYTES_MAX ((size_t)64 << 20)
/* How rows are printed, all tables. */
#define SHAPES_BYTES_MAX ((size_t)1 << 20)

/* clang-format off */
const struct sql_table sql_tables[] = {
    {SQL_AUDIT, audit_sql, &audit_sql_n},
    {SQL_TABLES, tables_sql, &tables_sql_n},
    {SQL_ACTORS, actors_sql, &actors_sql_n},
    {SQL_REGISTRY, registry_sql, &registry_sql_n},
    {SQL_POLICIES, policies_sql, &policies_sql_n},
    {SQL_MASTER, master_sql, &master_sql_n},
    {SQL_FILES, files_sql, &files_sql_n},
    {SQL_ENTRIES, entries_sql, &entries_sql_n},
    {SQL_ENTRY_TOTALS, entry_totals_sql, &entry_totals_sql_n},
    {SQL_ENTRY_PAGES, entry_pages_sql, &entry_pages_sql_n},
    {SQL_MATCHES, matches_sql, &matches_sql_n},
    {SQL_MATCH_PAGES, match_pages_sql, &match_pages_sql_n},
    {SQL_PARTS, parts_sql, &parts_sql_n},
    {SQL_DIFFERENCES, differences_sql, &differences_sql_n},
    {SQL_MATCHING_RULES, matching_rules_sql, &matching_rules_sql_n},
    {SQL_EXCEPTIONS, exceptions_sql, &exceptions_sql_n},
    {SQL_EXCEPTION_WALK, exception_walk_sql, &exception_walk_sql_n},
    {SQL_WORK, work_sql, &work_sql_n},
    {SQL_NEIGHBOURS, neighbours_sql, &neighbours_sql_n},
    {SQL_LIMITS, limits_sql, &limits_sql_n},
    {SQL_ESCALATIONS, escalations_sql, &escalations_sql_n},
    {SQL_ESCALATION_LIFE, escalation_life_sql, &escalation_life_sql_n},
    {SQL_FIGURES, figures_sql, &figures_sql_n},
    {SQL_QUEUE, queue_sql, &queue_sql_n},
    {SQL_DELEGATIONS, delegations_sql, &delegations_sql_n},
    {SQL_IDEMPOTENCY, idempotency_sql, &idempotency_sql_n},
    {SQL_RUNS, runs_sql, &runs_sql_n},
    {SQL_CLOSING, closing_sql, &closing_sql_n},
    {SQL_LEDGER, ledger_sql, &ledger_sql_n},
    {SQL_RECONCILING, reconciling_sql, &reconciling_sql_n},
    {SQL_COSIGNATURES, cosignatures_sql, &cosignatures_sql_n},
    {SQL_TREE, tree_sql, &tree_sql_n},
    {SQL_PBC, pbc_sql, &pbc_sql_n},
};
/* clang-format on */
const size_t sql_tables_n = sizeof sql_tables / sizeof sql_tables[0];

struct err store_migrate(const char *path, const char *now_utc, struct arena *arena, int *migrated)
{
    CLEANUP(db_close) struct db *db = NULL;
    struct migrate_report report;
    TRY(db_open(path, DB_MIGRATOR, &db));
    TRY(migrate_run(db, recon_migrations, recon_migrations_n, now_utc, arena, &report));
    *migrated = (int)report.applied_n;
    return OK;
}

static struct err prepare_all(struct db *db)
{
    for (size_t i = 0; i < sql_tables_n; i++)
        TRY(db_prepare_all(db, sql_tables[i].set, sql_tables[i].sql, *sql_tables[i].n));
    return OK;
}

static struct err head_load(struct store *s)
{
    static const struct db_sql head = {
        "head_load",
        "SELECT seq, hash_self, timestamp_utc FROM audit_events ORDER BY seq DESC LIMIT 1"};
    static const struct db_sql book = {"book_id_load",
                                       "SELECT book_id FROM audit_events WHERE seq = 1"};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    CLEANUP(stmt_free) struct stmt *b = NULL;
    bool row;
    s->head = (struct chain_head){.seq = 0};
    s->book_id[0] = '\0';
    TRY(stmt_new(s->db, &head, &q));
    TRY(stmt_step(q, &row));
    if (!row)
        return OK;
    struct str hash = stmt_peek(q, 1);
    struct str when = stmt_peek(q, 2);
    ENSURE(hash.len == sizeof s->head.hash && when.len < INSTANT_TEXT_MAX, ERR_STORE,
           "the last event of the book is damaged");
    char text[INSTANT_TEXT_MAX] = "";
    memcpy(s->head.hash, hash.at, hash.len);
    memcpy(text, when.at, when.len);
    s->head.seq = stmt_int(q, 0);
    TRY(instant_parse(text, &s->head.timestamp_us));
    TRY(stmt_new(s->db, &book, &b));
    TRY(stmt_step(b, &row));
    struct str id = row ? stmt_peek(b, 0) : STR("");
    ENSURE(id.len > 0 && id.len < sizeof s->book_id, ERR_STORE, "event 1 names no book");
    memcpy(s->book_id, id.at, id.len);
    s->book_id[id.len] = '\0';
    return OK;
}

struct err store_scratch_init(struct store *store)
{
    buf_init(&store->text, TEXT_BYTES_MAX);
    store->shapes_arena = arena_new(SHAPES_BYTES_MAX);
    store->scratch = arena_new(TEXT_BYTES_MAX);
    ENSURE(store->scratch != NULL && store->shapes_arena != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

void store_scratch_fini(struct store *store)
{
    for (size_t i = 0; i < 2 * TREE_LEVEL_COUNT; i++)
        free(store->tiles_read[i / 2][i % 2]);
    arena_free(store->scratch);
    arena_free(store->shapes_arena);
    buf_fini(&store->text);
}

struct err store_open(const char *path, enum store_mode mode, struct arena *arena,
                      struct store **store)
{
    CLEANUP(store_close) struct store *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_LIMIT, "out of memory");
    s->mode = mode;
    TRY(store_scratch_init(s));
    TRY(db_open(path, mode == STORE_WRITER ? DB_WRITER : DB_READER, &s->db));
    TRY(migrate_check(s->db, recon_migrations, recon_migrations_n, arena));
    TRY(db_schema_digest(s->db, s->schema_digest));
    TRY(prepare_all(s->db));
    TRY(head_load(s));
    if (mode == STORE_WRITER)
        TRY(tree_open(s));
    *store = s;
    s = NULL;
    return OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    db_close(store->db);
    limits_free(store);
    tree_close(store);
    store_scratch_fini(store);
    free(store);
}

struct db *store_db(struct store *store)
{
    return store->db;
}

const struct chain_head *store_head(const struct store *store)
{
    return &store->head;
}

const char *store_book_id(const struct store *store)
{
    return store->book_id;
}

void store_posture_set(struct store *store, const char *const *posture, size_t n)
{
    store->posture = posture;
    store->posture_n = n;
}

const char *store_schema_digest(const struct store *store)
{
    return store->schema_digest;
}

/* ---- the group ---- */

struct err store_group_begin(struct store *store)
{
    store->head_group = store->head;
    store->group_spoilt = false;
    limits_forget(store);
    tree_group_begin(store);
    return db_begin_immediate(store->db);
}

struct err store_group_commit(struct store *store)
{
    TRY(limits_write(store));
    TRY(tree_commit(store));
    TRY(db_commit(store->db));
    tree_committed(store);
    limits_forget(store);
    return OK;
}

bool store_group_abandon(struct store *store)
{
    struct err e = db_rollback(store->db);
    (void)e; /* what counts is whether it is gone */
    limits_forget(store);
    tree_abandon(store);
    store->head = store->head_group;
    if (store->head.seq == 0)
        store->book_id[0] = '\0';
    return !db_in_transaction(store->db);
}

bool store_group_alive(const struct store *store)
{
    return !store->group_spoilt && db_in_transaction(store->db);
}

/* A clock that fell far behind would give events wrong times for hours, so it stops commits instead
 * (DESIGN §5). */
bool store_clock_good(const struct store *store, int64_t clock_us)
{
    return store->head.seq == 0 || clock_us > store->head.timestamp_us - CLOCK_BACK_MAX_US;
}

/* Strictly after the last event. */
static struct err clock_next(const struct store *s, int64_t clock_us, int64_t *now_us)
{
    int64_t last = s->head.timestamp_us;
    ENSURE(store_clock_good(s, clock_us), ERR_STORE,
           "the clock stands more than an hour before the book's last event; set it right first");
    *now_us = s->head.seq > 0 && clock_us <= last ? last + 1 : clock_us;
    return OK;
}

struct err tx_call_begin(struct store *store, struct arena *arena, int64_t clock_us, struct tx *tx)
{
    *tx = (struct tx){.store = store, .db = store->db, .arena = arena};
    TRY(clock_next(store, clock_us, &tx->now_us));
    TRY(db_savepoint(store->db));
    limits_call_begin(store);
    tree_call_begin(store);
    store->head_saved = store->head;
    return OK;
}

struct err tx_call_keep(struct tx *tx)
{
    return db_release(tx->db);
}

void tx_call_undo(struct tx *tx)
{
    tx->store->head = tx->store->head_saved;
    limits_call_undo(tx->store);
    tree_call_undo(tx->store);
    if (tx->store->head.seq == 0)
        tx->store->book_id[0] = '\0';
    if (db_in_transaction(tx->db)) {
        struct err e = db_rollback_to(tx->db);
        if (e.kind != ERR_NONE) /* what the call did is still in the transaction */
            tx->store->group_spoilt = true;
    }
}

struct err tx_read_begin(struct store *store, struct arena *arena, int64_t clock_us, struct tx *tx)
{
    *tx = (struct tx){.store = store, .db = store->db, .arena = arena, .now_us = clock_us};
    return db_begin_read(store->db);
}

void tx_read_end(struct tx *tx)
{
    struct err e = db_rollback(tx->db);
    (void)e; /* a snapshot holds nothing to lose */
}

int64_t tx_seq(const struct tx *tx)
{
    return tx->store->head.seq + 1;
}

/* The next few bytes; drawing them one id at a time cost more than all else about an id. */
static void id_random_take(struct store *s, unsigned char *to, size_t len)
{
    if (s->id_pool_left < len) {
        crypt_random(s->id_pool, sizeof s->id_pool);
        s->id_pool_left = sizeof s->id_pool;
    }
    s->id_pool_left -= len;
    memcpy(to, s->id_pool + s->id_pool_left, len);
}

/* Ids sort in the order they were made: within a millisecond the next is the last one and some
 * more. What a chunk proposes is asked about in the order of the chunk. */
static void id_advance(struct store *s, int64_t ms)
{
    unsigned char more[4];
    unsigned carry = 1;
    if (ms != s->id_ms) {
        id_random_take(s, s->id_random, sizeof s->id_random);
        s->id_random[0] &= 0x7F; /* room to grow */
        s->id_ms = ms;
        return;
    }
    id_random_take(s, more, sizeof more);
    for (size_t i = 0; i < ID_RANDOM_LEN; i++) {
        unsigned char *at = &s->id_random[ID_RANDOM_LEN - 1 - i];
        carry += *at + (i < sizeof more ? more[i] : 0u);
        *at = (unsigned char)(carry & 0xFF);
        carry >>= 8;
    }
}

const char *tx_new_id(struct tx *tx, const char *prefix)
{
    char text[ID_TEXT_MAX];
    id_advance(tx->store, tx->now_us / 1000);
    id_print(prefix, tx->now_us / 1000, tx->store->id_random, text);
    return arena_strdup(tx->arena, text);
}

const char *tx_now_text(struct tx *tx)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(tx->now_us, text);
    return arena_strdup(tx->arena, text);
}
