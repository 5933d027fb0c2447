/* A connection does what its work needs and nothing else; errors have their class; what was not
 * committed is not there. */
#include "common/sys/db.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/book_lock.h"
#include "tests/fault/fault_vfs.h"
#include "tests/unit/test.h"

static char folder[64], book[96];

static struct err script(const char *path, const char *sql)
{
    CLEANUP(db_close) struct db *db = NULL;
    TRY(db_open(path, DB_MIGRATOR, &db));
    TRY(db_begin_immediate(db));
    TRY(db_script(db, sql));
    return db_commit(db);
}

/* A fresh book with the tables of these tests; each test runs in its own process. */
static void make_book(void)
{
    fault_vfs_install();
    strcpy(folder, "/tmp/test_db_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(book, sizeof book, "%s/recon.db", folder);
    ck_ok(script(book, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB) STRICT;"
                       "CREATE TABLE child(t_id INTEGER NOT NULL REFERENCES t(id)) STRICT;"
                       "CREATE TABLE log(seq INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;"
                       "CREATE TRIGGER log_no_delete BEFORE DELETE ON log BEGIN"
                       " SELECT RAISE(ABORT, 'log is append-only'); END;"
                       "INSERT INTO log VALUES (1, 'first')"));
}

static void drop_book(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

static struct err run(struct db *db, const char *sql)
{
    struct stmt *q CLEANUP(stmt_free) = NULL;
    TRY(stmt_new(db, &(struct db_sql){"test", sql}, &q));
    bool row;
    do
        TRY(stmt_step(q, &row));
    while (row);
    return OK;
}

static int64_t number(struct db *db, const char *sql)
{
    struct stmt *q CLEANUP(stmt_free) = NULL;
    ck_ok(stmt_new(db, &(struct db_sql){"test", sql}, &q));
    bool row;
    ck_ok(stmt_step(q, &row));
    ck_assert(row);
    return stmt_int(q, 0);
}

#define OPEN(mode, var)                                                                            \
    CLEANUP(db_close) struct db *var = NULL;                                                       \
    ck_ok(db_open(book, (mode), &var))

/* ---- what is denied ---- */

static const char *const never[] = {
    "ATTACH 'other.db' AS other",
    "DETACH main",
    "CREATE TABLE x(a)",
    "CREATE TABLE x AS SELECT 1",
    "CREATE TEMP TABLE x(a)",
    "CREATE TEMP VIEW x AS SELECT 1",
    "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE VIEW x AS SELECT 1",
    "CREATE INDEX x ON t(name)",
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "DROP TABLE t",
    "DROP TRIGGER log_no_delete",
    "DROP INDEX sqlite_autoindex_t_1",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t ADD COLUMN more TEXT",
    "ALTER TABLE t DROP COLUMN data",
    "REINDEX",
    "ANALYZE",
    "VACUUM",
    "VACUUM INTO 'copy.db'",
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA foreign_keys",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = OFF",
    "PRAGMA query_only = OFF",
    "PRAGMA user_version = 7",
    "SELECT * FROM pragma_table_info('t')",
    "SELECT * FROM pragma_recursive_triggers",
    "UPDATE sqlite_schema SET sql = NULL",
    "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x(a)')",
    "DELETE FROM sqlite_schema",
    "DELETE FROM SQLITE_MASTER",
    "INSERT INTO sqlite_temp_schema SELECT * FROM sqlite_schema",
    "SELECT load_extension('libm.so.6')",
    "SELECT fts3_tokenizer('simple')",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
};

static void nothing_of_never(enum db_mode mode)
{
    make_book();
    OPEN(mode, db);
    char before[65], after[65];
    ck_ok(db_schema_digest(db, before));
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        struct err e = run(db, never[i]);
        ck_assert_msg(e.kind != ERR_NONE, "mode %d allowed: %s", mode, never[i]);
    }
    ck_ok(db_schema_digest(db, after));
    ck_assert_str_eq(before, after);
    drop_book();
}

START_TEST(a_writer_changes_no_schema_no_setting_and_attaches_nothing)
{
    nothing_of_never(DB_WRITER);
}
END_TEST

START_TEST(a_reader_does_none_of_it_either)
{
    nothing_of_never(DB_READER);
}
END_TEST

START_TEST(a_checkpointer_does_none_of_it_either)
{
    nothing_of_never(DB_CHECKPOINTER);
}
END_TEST

START_TEST(a_denial_is_a_bug_of_ours_with_its_class)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_err(run(db, "DROP TRIGGER log_no_delete"), ERR_BUG);
    ck_assert_int_eq(db_last_class(db), DB_DENIED);
    ck_err(run(db, "SELEC 1"), ERR_BUG);
    ck_assert_int_eq(db_last_class(db), DB_OTHER);
    ck_err(run(db, "SELECT 1; SELECT 2"), ERR_BUG);
    ck_err(run(db, "SELECT \"no such column\" FROM t"), ERR_BUG);
    drop_book();
}
END_TEST

START_TEST(a_reader_and_a_checkpointer_write_no_row)
{
    make_book();
    static const char *const writes[] = {"INSERT INTO t(id) VALUES (1)", "UPDATE t SET name = 'x'",
                                         "DELETE FROM t", "REPLACE INTO t(id) VALUES (1)"};
    OPEN(DB_READER, reader);
    OPEN(DB_CHECKPOINTER, checkpointer);
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        ck_assert(run(reader, writes[i]).kind != ERR_NONE);
        ck_assert(run(checkpointer, writes[i]).kind != ERR_NONE);
    }
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t"), 0);
    drop_book();
}
END_TEST

START_TEST(a_readers_tables_leave_out_what_writes)
{
    make_book();
    static const struct db_sql sql[] = {{"t_count", "SELECT count(*) FROM t"},
                                        {"t_insert", "INSERT INTO t(id) VALUES (?1)"}};
    OPEN(DB_READER, reader);
    ck_ok(db_prepare_all(reader, 3, sql, 2));
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(reader, 3, 0);
    ck_ok(stmt_step(q, &row));
    ck_assert(row);
    CLEANUP(stmt_reset) struct stmt *w = db_stmt(reader, 3, 1);
    stmt_bind_int(w, 1, 7);
    ck_err(stmt_run(w), ERR_BUG);
    ck_assert_int_eq(db_last_class(reader), DB_DENIED);
    drop_book();
}
END_TEST

START_TEST(a_typo_or_a_hole_in_a_table_fails_at_boot_with_its_name)
{
    make_book();
    static const struct db_sql typo[] = {{"fine", "SELECT 1"}, {"t_load", "SELECT nam FROM t"}};
    static const struct db_sql hole[] = {{"fine", "SELECT 1"}, {NULL, NULL}};
    OPEN(DB_WRITER, db);
    struct err e = db_prepare_all(db, 0, typo, 2);
    ck_assert_int_eq(e.kind, ERR_BUG);
    ck_assert_str_eq(e.where, "t_load");
    ck_assert_ptr_nonnull(strstr(e.msg, "nam"));
    ck_err(db_prepare_all(db, 1, hole, 2), ERR_BUG);
    drop_book();
}
END_TEST

START_TEST(the_settings_are_on)
{
    make_book();
    OPEN(DB_MIGRATOR, db);
    static const struct {
        const char *name;
        int64_t value;
    } want[] = {{"synchronous", 2},        {"foreign_keys", 1}, {"recursive_triggers", 1},
                {"cell_size_check", 1},    {"mmap_size", 0},    {"secure_delete", 1},
                {"wal_autocheckpoint", 0}, {"temp_store", 2}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        int64_t got;
        ck_ok(db_pragma_int(db, want[i].name, &got));
        ck_assert_msg(got == want[i].value, "%s is %lld", want[i].name, (long long)got);
    }
    int64_t got;
    ck_err(db_pragma_int(db, "user_version = 1; --", &got), ERR_BUG);
    OPEN(DB_WRITER, writer);
    ck_err(db_pragma_int(writer, "synchronous", &got), ERR_BUG);
    ck_err(db_script(writer, "DROP TABLE t"), ERR_BUG);
    drop_book();
}
END_TEST

START_TEST(generated_columns_and_triggers_may_use_json)
{
    make_book();
    ck_ok(script(book, "CREATE TABLE e(event TEXT, kind TEXT GENERATED ALWAYS AS"
                       " (json_extract(event, '$.kind')) VIRTUAL) STRICT;"
                       "CREATE TRIGGER e_in BEFORE INSERT ON e BEGIN SELECT RAISE(ABORT, 'no kind')"
                       " WHERE json_extract(NEW.event, '$.kind') IS NULL; END;"));
    OPEN(DB_WRITER, db);
    ck_err(run(db, "INSERT INTO e(event) VALUES ('{}')"), ERR_CONFLICT);
    ck_ok(run(db, "INSERT INTO e(event) VALUES ('{\"kind\":7}')"));
    ck_assert_int_eq(number(db, "SELECT kind FROM e"), 7);
    drop_book();
}
END_TEST

START_TEST(a_script_keeps_inside_its_transaction)
{
    make_book();
    OPEN(DB_MIGRATOR, db);
    ck_err(db_script(db, "SELECT 1"), ERR_BUG); /* no transaction */
    ck_ok(db_begin_immediate(db));
    ck_err(db_script(db, "COMMIT"), ERR_BUG);
    ck_err(db_script(db, "SAVEPOINT x"), ERR_BUG);
    ck_err(db_script(db, "PRAGMA foreign_keys = OFF"), ERR_BUG);
    ck_err(db_script(db, "ATTACH ':memory:' AS x"), ERR_BUG);
    ck_ok(db_script(db, "PRAGMA application_id = 7"));
    ck_ok(db_rollback(db));
    drop_book();
}
END_TEST

/* ---- opening ---- */

START_TEST(what_is_not_a_book_does_not_open)
{
    make_book();
    struct db *db = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/none.db", folder);
    ck_err(db_open(path, DB_WRITER, &db), ERR_MISSING);
    ck_err(db_open(path, DB_READER, &db), ERR_MISSING);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_err(db_open(folder, DB_WRITER, &db), ERR_STORE);
    ck_err(db_open(":memory:", DB_WRITER, &db), ERR_BUG);
    ck_err(db_open("file:x.db?mode=memory", DB_MIGRATOR, &db), ERR_INPUT);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    char junk[8192];
    memset(junk, 'x', sizeof junk);
    ck_assert_int_eq(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    ck_err(db_open(path, DB_WRITER, &db), ERR_STORE);
    ck_err(db_open(path, DB_READER, &db), ERR_STORE);
    ck_err(db_open(path, DB_MIGRATOR, &db), ERR_STORE);
    unlink(path);
    sqlite3 *raw;
    ck_assert_int_eq(sqlite3_open(path, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    ck_err(db_open(path, DB_WRITER, &db), ERR_STORE); /* not WAL */
    ck_assert_ptr_null(db);
    drop_book();
}
END_TEST

START_TEST(a_new_book_is_private_and_so_are_its_log_and_index)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_ok(run(db, "INSERT INTO t(id) VALUES (1)"));
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof path, "%s%s", book, tails[i]);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(st.st_mode & 0777, 0600);
    }
    drop_book();
}
END_TEST

/* ---- values ---- */

START_TEST(values_come_back_as_they_went)
{
    make_book();
    OPEN(DB_WRITER, db);
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct stmt *q CLEANUP(stmt_free) = NULL;
    ck_ok(stmt_new(db, &(struct db_sql){"i", "INSERT INTO t VALUES (?1, ?2, ?3)"}, &q));
    stmt_bind_int(q, 1, INT64_MIN);
    stmt_bind_str(q, 2, (struct str){"Zürich\0x", 9});
    stmt_bind_blob(q, 3, "\0\1\2", 3);
    ck_ok(stmt_run(q));
    ck_assert_int_eq(db_changes(db), 1);
    ck_assert_int_eq(db_last_rowid(db), INT64_MIN);
    stmt_bind_int(q, 1, 2);
    stmt_bind_text(q, 2, NULL);
    stmt_bind_blob(q, 3, "", 0);
    ck_ok(stmt_run(q));
    ck_ok(stmt_run(q)); /* bindings are gone: id is the next one, the rest NULL */
    struct stmt *s CLEANUP(stmt_free) = NULL;
    ck_ok(stmt_new(db, &(struct db_sql){"s", "SELECT id, name, data FROM t ORDER BY id"}, &s));
    bool row;
    ck_ok(stmt_step(s, &row));
    ck_assert(row && stmt_int(s, 0) == INT64_MIN);
    ck_assert(str_eq(stmt_str(s, 1, arena), (struct str){"Zürich\0x", 9}));
    size_t len;
    const uint8_t *blob = stmt_blob(s, 2, arena, &len);
    ck_assert(len == 3 && memcmp(blob, "\0\1\2", 3) == 0);
    ck_ok(stmt_step(s, &row));
    ck_assert(stmt_is_null(s, 1) && stmt_text(s, 1, arena) == NULL);
    ck_assert_ptr_nonnull(stmt_blob(s, 2, arena, &len));
    ck_assert(len == 0 && !stmt_is_null(s, 2));
    ck_ok(stmt_step(s, &row));
    ck_assert(row && stmt_int(s, 0) == 3 && stmt_is_null(s, 2));
    ck_ok(stmt_step(s, &row));
    ck_assert(!row);
    drop_book();
}
END_TEST

START_TEST(a_wrong_number_of_binding_comes_out_of_the_step)
{
    make_book();
    OPEN(DB_WRITER, db);
    struct stmt *q CLEANUP(stmt_free) = NULL;
    ck_ok(stmt_new(db, &(struct db_sql){"i", "INSERT INTO t(id) VALUES (?1)"}, &q));
    stmt_bind_int(q, 2, 5);
    ck_err(stmt_run(q), ERR_BUG);
    stmt_bind_int(q, 1, 5);
    ck_ok(stmt_run(q));
    drop_book();
}
END_TEST

START_TEST(a_value_past_the_ceiling_is_a_limit)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_err(run(db, "INSERT INTO t(data) VALUES (zeroblob(90000000))"), ERR_LIMIT);
    drop_book();
}
END_TEST

/* ---- constraints ---- */

START_TEST(a_constraint_is_a_conflict_in_its_own_words)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_ok(run(db, "INSERT INTO t(id, name) VALUES (1, 'a')"));
    struct err first = run(db, "INSERT INTO t(id, name) VALUES (2, 'a')");
    ck_assert_int_eq(first.kind, ERR_CONFLICT);
    ck_assert_int_eq(db_last_class(db), DB_CONSTRAINT);
    struct err e = run(db, "DELETE FROM log");
    ck_assert_int_eq(e.kind, ERR_CONFLICT);
    ck_assert_str_eq(e.msg, "log is append-only");
    ck_err(run(db, "REPLACE INTO log VALUES (1, 'forged')"), ERR_CONFLICT); /* recursive_triggers */
    ck_err(run(db, "INSERT INTO child VALUES (99)"), ERR_CONFLICT);
    ck_err(run(db, "INSERT INTO log(seq, event) VALUES (2, x'00')"), ERR_CONFLICT); /* STRICT */
    ck_assert_ptr_nonnull(strstr(first.msg, "t.name")); /* messages stay */
    drop_book();
}
END_TEST

/* ---- transactions ---- */

START_TEST(savepoints_nest_and_undo_only_theirs)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_err(db_savepoint(db), ERR_STORE);
    ck_err(db_commit(db), ERR_STORE);
    ck_ok(db_begin_immediate(db));
    ck_err(db_begin_immediate(db), ERR_BUG);
    ck_ok(db_savepoint(db));
    ck_ok(run(db, "INSERT INTO t(id) VALUES (1)"));
    ck_ok(db_savepoint(db));
    ck_ok(run(db, "INSERT INTO t(id) VALUES (2)"));
    ck_ok(db_rollback_to(db));
    ck_ok(db_release(db));
    ck_assert(db_in_transaction(db));
    ck_ok(db_savepoint(db));
    ck_ok(run(db, "INSERT INTO t(id) VALUES (3)"));
    ck_ok(db_rollback_to(db));
    ck_err(db_release(db), ERR_BUG); /* none is open */
    ck_ok(db_commit(db));
    ck_assert(!db_in_transaction(db));
    ck_ok(db_rollback(db));
    ck_assert_int_eq(number(db, "SELECT group_concat(id) FROM t"), 1);
    drop_book();
}
END_TEST

START_TEST(a_reader_sees_one_snapshot)
{
    make_book();
    OPEN(DB_WRITER, writer);
    OPEN(DB_READER, reader);
    ck_ok(db_begin_read(reader));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t"), 0);
    ck_ok(run(writer, "INSERT INTO t(id) VALUES (1)"));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t"), 0);
    ck_ok(db_commit(reader));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t"), 1);
    drop_book();
}
END_TEST

/* ---- classes of failure ---- */

START_TEST(a_full_disk_says_so_records_nothing_and_heals)
{
    make_book();
    OPEN(DB_WRITER, db);
    fault_vfs_fail_writes(1, SQLITE_FULL);
    ck_ok(db_begin_immediate(db));
    ck_ok(run(db, "INSERT INTO t(id) VALUES (1)"));
    struct err e = db_commit(db);
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_str_eq(e.msg, "the disk is full; nothing was recorded");
    ck_assert_int_eq(db_last_class(db), DB_FULL);
    ck_ok(db_rollback(db));
    fault_vfs_fail_writes(0, 0);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);
    ck_ok(db_begin_immediate(db));
    ck_assert_int_eq(db_last_class(db), DB_OK);
    ck_ok(run(db, "INSERT INTO t(id) VALUES (2)"));
    ck_ok(db_commit(db));
    OPEN(DB_READER, reader);
    ck_assert_int_eq(number(reader, "SELECT group_concat(id) FROM t"), 2);
    drop_book();
}
END_TEST

START_TEST(a_full_disk_in_the_middle_is_found_before_the_next_savepoint)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_ok(db_begin_immediate(db));
    ck_ok(db_savepoint(db));
    fault_vfs_fail_writes(0, SQLITE_FULL);
    struct err e = OK; /* enough pages to spill the cache into the log */
    for (int i = 0; i < 20000 && e.kind == ERR_NONE; i++)
        e = run(db, "INSERT INTO t(data) VALUES (randomblob(4000))");
    ck_assert_int_eq(db_last_class(db), DB_FULL);
    if (!db_in_transaction(db)) {
        ck_err(db_savepoint(db), ERR_STORE);
        ck_err(db_release(db), ERR_STORE);
        ck_err(db_rollback_to(db), ERR_STORE);
        ck_err(db_commit(db), ERR_STORE);
    }
    ck_ok(db_rollback(db));
    fault_vfs_fail_writes(0, 0);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);
    drop_book();
}
END_TEST

START_TEST(a_failed_sync_of_a_commit_is_unknown)
{
    make_book();
    OPEN(DB_WRITER, db);
    ck_ok(db_begin_immediate(db));
    ck_ok(run(db, "INSERT INTO t(id) VALUES (1)"));
    fault_vfs_fail_syncs(0, SQLITE_IOERR_FSYNC);
    ck_err(db_commit(db), ERR_UNKNOWN);
    ck_assert_int_eq(db_last_class(db), DB_IOERR);
    fault_vfs_fail_syncs(0, 0);
    drop_book();
}
END_TEST

START_TEST(a_stranger_with_the_lock_is_busy_and_soon)
{
    make_book();
    OPEN(DB_WRITER, db);
    sqlite3 *raw;
    ck_assert_int_eq(sqlite3_open(book, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_err(db_begin_immediate(db), ERR_STORE);
    ck_assert_int_eq(db_last_class(db), DB_BUSY);
    ck_assert(!db_in_transaction(db));
    ck_assert_int_eq(sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    ck_ok(db_begin_immediate(db));
    ck_ok(db_commit(db));
    drop_book();
}
END_TEST

static atomic_bool interrupted;

/* Until it has: before the statement has begun an interrupt is nobody's. */
static void *interrupt_soon(void *db)
{
    while (!atomic_load(&interrupted)) {
        usleep(20000);
        db_interrupt(db);
    }
    return NULL;
}

START_TEST(an_interrupt_stops_a_long_statement)
{
    make_book();
    OPEN(DB_READER, db);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_soon, db), 0);
    ck_err(run(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                   " SELECT count(*) FROM n"),
           ERR_STORE);
    ck_assert_int_eq(db_last_class(db), DB_INTERRUPT);
    atomic_store(&interrupted, true);
    pthread_join(thread, NULL);
    ck_assert_int_eq(number(db, "SELECT 5"), 5);
    drop_book();
}
END_TEST

START_TEST(a_torn_page_is_corrupt)
{
    make_book();
    ck_ok(script(book, "INSERT INTO t(name) VALUES ('a'), ('b')"));
    int fd = open(book, O_WRONLY);
    char junk[4096 * 4];
    memset(junk, 0x5A, sizeof junk);
    ck_assert_int_eq(pwrite(fd, junk, sizeof junk, 4096), sizeof junk);
    close(fd);
    OPEN(DB_READER, db);
    ck_err(run(db, "SELECT * FROM t"), ERR_STORE);
    ck_assert_int_eq(db_last_class(db), DB_CORRUPT);
    ck_err(db_quick_check(db), ERR_STORE);
    drop_book();
}
END_TEST

START_TEST(a_page_that_cannot_be_read_is_not_called_damaged)
{
    make_book();
    ck_ok(script(book,
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                 " WHERE i < 200) INSERT INTO t(name, data) SELECT i, zeroblob(2000) FROM n"));
    int failed = 0;
    for (int after = 0; after < 60; after++) {
        const char *complaint = NULL;
        CLEANUP(arena_free) struct arena *a = arena_new(100000);
        OPEN(DB_READER, db);
        ck_assert_int_eq(number(db, "SELECT count(*) FROM log"), 1);
        fault_vfs_fail_reads(after, SQLITE_IOERR_READ);
        struct err e = after % 2 == 0 ? db_integrity(db, a, &complaint) : db_quick_check(db);
        fault_vfs_fail_reads(0, 0);
        failed += e.kind != ERR_NONE;
        if (e.kind == ERR_NONE) {
            ck_assert_ptr_null(complaint);
            continue;
        }
        ck_err(e, ERR_STORE);
        ck_assert_int_eq(db_last_class(db), DB_IOERR);
    }
    ck_assert_int_gt(failed, 20);
    drop_book();
}
END_TEST

/* ---- keeping ---- */

START_TEST(checkpoints_move_the_log_from_another_connection)
{
    make_book();
    OPEN(DB_WRITER, db);
    OPEN(DB_CHECKPOINTER, checkpointer);
    ck_ok(run(db, "INSERT INTO t(id) VALUES (1)"));
    int64_t log = 0, moved = 0;
    ck_err(db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, NULL), ERR_BUG);
    ck_ok(db_checkpoint(checkpointer, DB_CHECKPOINT_PASSIVE, &log, &moved));
    ck_assert_int_gt(log, 0);
    ck_assert_int_eq(log, moved);
    ck_ok(db_checkpoint(checkpointer, DB_CHECKPOINT_TRUNCATE, &log, &moved));
    struct stat st;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", book);
    ck_assert_int_eq(stat(wal, &st), 0);
    ck_assert_int_eq(st.st_size, 0);
    ck_ok(run(db, "INSERT INTO t(id) VALUES (2)"));
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 2);
    drop_book();
}
END_TEST

START_TEST(a_backup_is_the_book_of_now_and_replaces_nothing)
{
    make_book();
    OPEN(DB_WRITER, db);
    OPEN(DB_READER, reader);
    ck_ok(run(db, "INSERT INTO t(id) VALUES (41)")); /* in the log only */
    char copy[128];
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    ck_ok(db_backup(reader, copy));
    ck_err(db_backup(reader, copy), ERR_CONFLICT);
    ck_ok(run(db, "INSERT INTO t(id) VALUES (42)"));
    CLEANUP(db_close) struct db *other = NULL;
    ck_ok(db_open(copy, DB_READER, &other));
    ck_assert_int_eq(number(other, "SELECT group_concat(id) FROM t"), 41);
    ck_ok(db_quick_check(other));
    char a[65], b[65];
    ck_ok(db_schema_digest(db, a));
    ck_ok(db_schema_digest(other, b));
    ck_assert_str_eq(a, b);
    snprintf(copy, sizeof copy, "%s/no/such/folder.db", folder);
    ck_err(db_backup(reader, copy), ERR_STORE);
    drop_book();
}
END_TEST

START_TEST(a_schema_changed_by_a_stranger_has_another_digest)
{
    make_book();
    OPEN(DB_READER, db);
    char before[65], after[65];
    ck_ok(db_schema_digest(db, before));
    ck_ok(script(book, "DROP TRIGGER log_no_delete"));
    ck_ok(db_schema_digest(db, after));
    ck_assert_str_ne(before, after);
    drop_book();
}
END_TEST

static void collect(void *arg, const char *detail)
{
    snprintf(arg, 200, "%s", detail);
}

START_TEST(a_plan_tells_a_scan_from_a_search)
{
    make_book();
    OPEN(DB_READER, db);
    char plan[200] = "";
    ck_ok(db_explain(db, "SELECT * FROM t WHERE data = x'00'", collect, plan));
    ck_assert_ptr_nonnull(strstr(plan, "SCAN t"));
    ck_ok(db_explain(db, "SELECT * FROM t WHERE name = ?1", collect, plan));
    ck_assert_ptr_nonnull(strstr(plan, "SEARCH t"));
    ck_err(db_explain(db, "SELECT nothing", collect, plan), ERR_BUG);
    drop_book();
}
END_TEST

/* ---- the lock ---- */

START_TEST(one_process_a_book_and_the_second_hears_the_pid)
{
    make_book();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 14);
    struct book_lock *mine = NULL, *second = NULL;
    ck_ok(book_lock(book, arena, &mine));
    struct err e = book_lock(book, arena, &second);
    ck_assert_int_eq(e.kind, ERR_CONFLICT);
    char pid[32];
    snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
    ck_assert_ptr_nonnull(strstr(e.msg, pid));
    ck_assert_ptr_nonnull(strstr(e.where, "/recon.lock"));
    ck_assert_ptr_null(second);
    book_unlock(mine);
    ck_ok(book_lock(book, arena, &second));
    book_unlock(second);
    drop_book();
}
END_TEST

START_TEST(the_lock_of_a_dead_process_is_free)
{
    make_book();
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 14);
    pid_t pid = fork();
    if (pid == 0) {
        struct book_lock *lock;
        _exit(book_lock(book, arena, &lock).kind == ERR_NONE ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    struct book_lock *lock = NULL;
    ck_ok(book_lock(book, arena, &lock));
    book_unlock(lock);
    drop_book();
}
END_TEST

TEST_MAIN("db", a_writer_changes_no_schema_no_setting_and_attaches_nothing,
          a_reader_does_none_of_it_either, a_checkpointer_does_none_of_it_either,
          a_denial_is_a_bug_of_ours_with_its_class, a_reader_and_a_checkpointer_write_no_row,
          a_readers_tables_leave_out_what_writes,
          a_typo_or_a_hole_in_a_table_fails_at_boot_with_its_name, the_settings_are_on,
          generated_columns_and_triggers_may_use_json, a_script_keeps_inside_its_transaction,
          what_is_not_a_book_does_not_open, a_new_book_is_private_and_so_are_its_log_and_index,
          values_come_back_as_they_went, a_wrong_number_of_binding_comes_out_of_the_step,
          a_value_past_the_ceiling_is_a_limit, a_constraint_is_a_conflict_in_its_own_words,
          savepoints_nest_and_undo_only_theirs, a_reader_sees_one_snapshot,
          a_full_disk_says_so_records_nothing_and_heals,
          a_full_disk_in_the_middle_is_found_before_the_next_savepoint,
          a_failed_sync_of_a_commit_is_unknown, a_stranger_with_the_lock_is_busy_and_soon,
          an_interrupt_stops_a_long_statement, a_torn_page_is_corrupt,
          a_page_that_cannot_be_read_is_not_called_damaged,
          checkpoints_move_the_log_from_another_connection,
          a_backup_is_the_book_of_now_and_replaces_nothing,
          a_schema_changed_by_a_stranger_has_another_digest, a_plan_tells_a_scan_from_a_search,
          one_process_a_book_and_the_second_hears_the_pid, the_lock_of_a_dead_process_is_free)
