/* A group of calls over a disk that is full or broken, without memory, interrupted, beside a
 * stranger, on a file that turned read-only: nothing half done, everybody is told, and the next
 * group goes through by itself. After each failure a copy of the files as they lie on the disk is
 * opened too: that is what a crash at this moment leaves. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "engine/store/tree.h"
#include "tests/fault/fault_mem.h"
#include "tests/fault/fault_vfs.h"
#include "tests/unit/spine_book.h"

#define CALLS 4

struct batch {
    const char **ids;
    struct call *calls[CALLS];
    int64_t events; /* in the book before it */
};

static int batches;
static struct note_signer signer;

static void sign(void)
{
    ck_ok(tree_sign_with(book_writer, &signer));
}

static struct call *batch_call(const struct batch *b, int i, int number)
{
    return spine_keyed(&spine_ana, b->ids[i], arena_fmt(arena, "key-%d-%d", number, i));
}

static struct batch batch_new(void)
{
    struct batch b = {.ids = spine_matches(batches++ * CALLS + 1, CALLS, 1000)};
    b.events = spine_events();
    for (int i = 0; i < CALLS; i++)
        b.calls[i] = batch_call(&b, i, batches);
    return b;
}

/* As the threaded writer does it: a connection that cannot be trusted is opened again. */
static bool batch_run(struct batch *b)
{
    bool trusted = call_group(book_writer, b->calls, CALLS, book_clock);
    return trusted;
}

static void heal(void)
{
    fault_vfs_fail_writes(0, 0);
    fault_vfs_fail_syncs(0, 0);
    fault_vfs_fail_reads(0, 0);
    fault_vfs_fail_once(0, 0);
    fault_mem_fail(0, 0);
}

static void reopen(void)
{
    store_close(book_writer);
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    sign();
}

/* ---- what a crash would leave ---- */

static void copy_file(const char *to_folder, const char *name)
{
    static char bytes[1 << 16];
    FILE *from = fopen(arena_fmt(arena, "%s/%s", book_folder, name), "rb");
    FILE *to = fopen(arena_fmt(arena, "%s/%s", to_folder, name), "wb");
    ck_assert(from != NULL && to != NULL);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, from)) > 0;)
        ck_assert_uint_eq(fwrite(bytes, 1, n, to), n);
    ck_assert_int_eq(fclose(from) | fclose(to), 0);
}

static int confirmed_of(struct store *store, const struct batch *b)
{
    int n = 0;
    struct tx tx;
    ck_ok(tx_read_begin(store, arena, book_clock(), &tx));
    for (int i = 0; i < CALLS; i++) {
        struct match m;
        ck_ok(match_load(&tx, arena, b->ids[i], &m));
        n += m.state == MATCH_CONFIRMED;
    }
    tx_read_end(&tx);
    return n;
}

/* The last head is the tree of every event there is, and so is what the tiles say. */
static void heads_cover(struct store *store)
{
    static const struct db_sql all = {"all", "SELECT hash_self FROM audit_events ORDER BY seq"};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    struct merkle_edge edge = {.size = 0};
    struct merkle_hash hash;
    struct tree_head head;
    struct tx tx;
    ck_ok(tx_read_begin(store, arena, book_clock(), &tx));
    ck_ok(stmt_new(tx.db, &all, &q));
    for (bool row = true; row;) {
        ck_ok(stmt_step(q, &row));
        if (!row)
            break;
        merkle_leaf(stmt_peek(q, 0).at, MERKLE_HASH_LEN, &hash);
        merkle_edge_add(&edge, &hash);
    }
    ck_ok(head_latest(&tx, arena, &head));
    ck_assert_uint_eq(head.size, edge.size);
    merkle_edge_root(&edge, &hash);
    ck_assert(merkle_eq(&head.root, &hash));
    ck_ok(merkle_root(head.size, tree_node, &tx, &hash));
    ck_assert(merkle_eq(&head.root, &hash));
    tx_read_end(&tx);
}

/* The files alone, without the index that the living process shares. */
static int confirmed_after_crash(const struct batch *b)
{
    char folder[] = "/tmp/closegate-crash-XXXXXX";
    struct audit_report report;
    struct store *store;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    copy_file(folder, "recon.db");
    copy_file(folder, "recon.db-wal");
    const char *path = arena_fmt(arena, "%s/recon.db", folder);
    ck_ok(audit_verify_file(path, true, arena, &report));
    ck_assert_msg(report.kind == AUDIT_INTACT, "after a crash: %s", report.problem);
    ck_ok(store_open(path, STORE_READER, arena, &store));
    int n = confirmed_of(store, b);
    heads_cover(store);
    store_close(store);
    for (int i = 0; i < 3; i++)
        (void)unlink(arena_fmt(arena, "%s%s", path, i == 0 ? "" : i == 1 ? "-wal" : "-shm"));
    ck_assert_int_eq(rmdir(folder), 0);
    return n;
}

/* ---- what must hold after any failure ---- */

static void told(const struct batch *b, enum err_kind kind)
{
    for (int i = 0; i < CALLS; i++)
        spine_failed(b->calls[i], kind);
}

/* Every call that was acknowledged is there, whatever comes; of the others either all or none, and
 * all only where the callers were told that it is not known. */
static void all_or_none(struct batch *b)
{
    heal();
    int acknowledged = 0, unknown = 0, after_crash = confirmed_after_crash(b);
    for (int i = 0; i < CALLS; i++) {
        acknowledged += b->calls[i]->outcome == CALL_OK;
        unknown += b->calls[i]->outcome == CALL_FAILED && b->calls[i]->err.kind == ERR_UNKNOWN;
    }
    ck_assert_int_ge(after_crash, acknowledged);
    if (unknown == 0)
        ck_assert_int_eq(after_crash, acknowledged);
    else
        ck_assert(after_crash == 0 || after_crash == CALLS);
    int now = confirmed_of(book_reader, b);
    ck_assert_int_ge(now, acknowledged);
    ck_assert(unknown > 0 || now == acknowledged);
}

/* The same keys again: each call is done once, by now or now. */
static void goes_on(struct batch *b)
{
    for (int i = 0; i < CALLS; i++)
        b->calls[i] = batch_call(b, i, batches);
    ck_assert(call_group(book_writer, b->calls, CALLS, book_clock));
    for (int i = 0; i < CALLS; i++)
        spine_is(b->calls[i], CALL_OK);
    ck_assert_int_eq(confirmed_of(book_reader, b), CALLS);
    ck_assert_int_eq(spine_events(), b->events + CALLS);
    heads_cover(book_reader);
}

/* ---- one class of failure each ---- */

START_TEST(a_full_disk)
{
    struct batch b = batch_new();
    fault_vfs_fail_writes(0, SQLITE_FULL);
    ck_assert(batch_run(&b));
    told(&b, ERR_STORE);
    ck_assert_ptr_nonnull(strstr(b.calls[0]->err.msg, "disk is full"));
    ck_assert_str_eq(b.calls[0]->err.msg, b.calls[3]->err.msg);
    all_or_none(&b);
    goes_on(&b);
}
END_TEST

START_TEST(a_write_that_fails)
{
    struct batch b = batch_new();
    fault_vfs_fail_writes(0, SQLITE_IOERR_WRITE);
    bool trusted = batch_run(&b);
    told(&b, trusted ? ERR_STORE : ERR_UNKNOWN);
    all_or_none(&b);
    if (!trusted)
        reopen();
    goes_on(&b);
}
END_TEST

START_TEST(a_sync_that_fails_at_the_commit_leaves_the_outcome_unknown)
{
    struct batch b = batch_new();
    fault_vfs_fail_syncs(0, SQLITE_IOERR_FSYNC);
    ck_assert(!batch_run(&b));
    told(&b, ERR_UNKNOWN);
    all_or_none(&b);
    reopen();
    goes_on(&b);
}
END_TEST

START_TEST(who_failed_by_themselves_know_their_outcome_when_the_commit_s_is_not_known)
{
    struct batch b = batch_new();
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "match_id", "mat_none");
    b.calls[1] = spine_call(&spine_ana, "confirm_match", NULL, args);
    fault_vfs_fail_syncs(0, SQLITE_IOERR_FSYNC);
    ck_assert(!batch_run(&b));
    spine_failed(b.calls[0], ERR_UNKNOWN);
    spine_failed(b.calls[1], ERR_MISSING);
    spine_failed(b.calls[2], ERR_UNKNOWN);
    heal();
    reopen();
    goes_on(&b);
}
END_TEST

START_TEST(a_read_that_fails)
{
    for (int after = 0; after < 12; after++) {
        struct batch b = batch_new();
        reopen(); /* an empty page cache */
        fault_vfs_fail_reads(after, SQLITE_IOERR_READ);
        bool trusted = batch_run(&b);
        all_or_none(&b);
        if (!trusted)
            reopen();
        goes_on(&b);
    }
}
END_TEST

START_TEST(no_memory_at_any_allocation)
{
    struct batch measure = batch_new();
    int before = fault_mem_count();
    ck_assert(batch_run(&measure));
    int n = fault_mem_count() - before, unknown = 0, failed = 0;
    /* Each alone, and each with all that follow. */
    for (int i = 0; i < n; i += n / 50 + 1) {
        struct batch b = batch_new();
        fault_mem_fail(i, i % 2 == 0 ? 1 : 1000000);
        bool trusted = batch_run(&b);
        fault_mem_fail(0, 0);
        failed += b.calls[0]->outcome == CALL_FAILED;
        unknown += b.calls[0]->outcome == CALL_FAILED && b.calls[0]->err.kind == ERR_UNKNOWN;
        ck_assert(trusted || b.calls[0]->outcome == CALL_FAILED);
        all_or_none(&b);
        if (!trusted)
            reopen();
        goes_on(&b);
    }
    ck_assert_int_gt(failed, 0);
    ck_assert_int_lt(unknown, failed + 1);
}
END_TEST

static void *interrupt_once(void *db)
{
    db_interrupt(db);
    return NULL;
}

/* While a statement of ours runs, somebody else stops the connection. */
static struct err apply_interrupted(struct call *c, struct tx *tx)
{
    static const struct db_sql sql = {"test_events", "SELECT seq FROM audit_events"};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    pthread_t thread;
    bool row;
    TRY(stmt_new(tx->db, &sql, &q));
    TRY(stmt_step(q, &row));
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_once, tx->db), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return tool_find("confirm_match")->apply(c, tx);
}

START_TEST(an_interrupt)
{
    struct batch b = batch_new();
    struct tool interrupted = *tool_find("confirm_match");
    interrupted.apply = apply_interrupted;
    b.calls[2]->tool = &interrupted;
    ck_assert(batch_run(&b));
    spine_failed(b.calls[2], ERR_STORE);
    ck_assert_ptr_nonnull(strstr(b.calls[2]->err.msg, "stopped"));
    all_or_none(&b);
    goes_on(&b);
}
END_TEST

static atomic_bool hammering;

static void *hammer(void *db)
{
    while (atomic_load(&hammering))
        db_interrupt(db);
    return NULL;
}

START_TEST(interrupts_from_another_thread_all_the_time)
{
    for (int i = 0; i < 20; i++) {
        struct batch b = batch_new();
        pthread_t thread;
        atomic_store(&hammering, true);
        ck_assert_int_eq(pthread_create(&thread, NULL, hammer, store_db(book_writer)), 0);
        bool trusted = batch_run(&b);
        atomic_store(&hammering, false);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        all_or_none(&b);
        if (!trusted)
            reopen();
        goes_on(&b);
    }
}
END_TEST

START_TEST(a_stranger_who_holds_the_lock)
{
    struct batch b = batch_new();
    sqlite3 *stranger;
    ck_assert_int_eq(sqlite3_open(book_path, &stranger), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(stranger, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert(batch_run(&b));
    told(&b, ERR_STORE);
    ck_assert_ptr_nonnull(strstr(b.calls[0]->err.msg, "another process holds the database"));
    all_or_none(&b);
    ck_assert_int_eq(sqlite3_exec(stranger, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(stranger);
    goes_on(&b);
}
END_TEST

START_TEST(a_file_that_turned_read_only)
{
    struct batch b = batch_new();
    fault_vfs_fail_writes(0, SQLITE_READONLY);
    ck_assert(batch_run(&b));
    told(&b, ERR_STORE);
    ck_assert_ptr_nonnull(strstr(b.calls[0]->err.msg, "read-only"));
    all_or_none(&b);
    goes_on(&b);
}
END_TEST

/* ---- at every write ---- */

static void fail_at_every_change(int rc, bool for_good)
{
    struct batch measure = batch_new();
    int before = fault_vfs_changes();
    ck_assert(batch_run(&measure));
    int n = fault_vfs_changes() - before, failed = 0;
    ck_assert_int_gt(n, 4);
    for (int i = 0; i < n; i++) {
        struct batch b = batch_new();
        if (for_good) {
            fault_vfs_fail_writes(i, rc);
            fault_vfs_fail_syncs(i, rc);
        } else {
            fault_vfs_fail_once(i, rc);
        }
        bool trusted = batch_run(&b);
        failed += b.calls[0]->outcome == CALL_FAILED;
        all_or_none(&b);
        if (!trusted)
            reopen();
        goes_on(&b);
    }
    ck_assert_int_gt(failed, for_good ? n / 2 : n - 4);
}

START_TEST(full_at_every_write)
{
    fail_at_every_change(SQLITE_FULL, false);
    fail_at_every_change(SQLITE_FULL, true);
}
END_TEST

START_TEST(an_io_error_at_every_write_and_sync)
{
    fail_at_every_change(SQLITE_IOERR_WRITE, false);
    fail_at_every_change(SQLITE_IOERR_FSYNC, true);
}
END_TEST

static void faults_up(void)
{
    fault_mem_install();
    fault_vfs_install();
    spine_up();
    uint8_t public_key[ED25519_KEY_LEN];
    char origin[TREE_ORIGIN_SIZE];
    tree_origin(book_writer, origin);
    ck_ok(ed25519_new(&signer.secret));
    ed25519_public(signer.secret, public_key);
    ck_ok(note_key_make(origin, NOTE_ED25519, public_key, &signer.key));
    sign();
}

/* What came out of each test as a whole. */
static void faults_down(void)
{
    book_is_intact();
    spine_down();
    ed25519_free(signer.secret);
}

SPINE_MAIN("group_faults", faults_up, faults_down, a_full_disk, a_write_that_fails,
           a_sync_that_fails_at_the_commit_leaves_the_outcome_unknown,
           who_failed_by_themselves_know_their_outcome_when_the_commit_s_is_not_known,
           a_read_that_fails, no_memory_at_any_allocation, an_interrupt,
           interrupts_from_another_thread_all_the_time, a_stranger_who_holds_the_lock,
           a_file_that_turned_read_only, full_at_every_write, an_io_error_at_every_write_and_sync)
