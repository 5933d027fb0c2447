/* Connections and transactions: opening with every setting checked after it was made, SQLite's
 * result codes in plain words, and begin, commit and savepoints that say what is still there
 * afterwards. docs/adr/0003-sqlite-settings.md has the reasons for the settings. */
#include "common/sys/db.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/invariant.h"
#include "common/sys/db_own.h"
#include "common/sys/disk.h"

#define MESSAGES_MAX 256 /* distinct texts of errors a connection keeps */

/* ---- errors ---- */

static enum db_class class_of(int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return DB_NOMEM;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return DB_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
        return DB_IOERR;
    case SQLITE_NOMEM:
        return DB_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DB_BUSY;
    case SQLITE_INTERRUPT:
        return DB_INTERRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return DB_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return DB_CORRUPT;
    case SQLITE_CONSTRAINT:
        return DB_CONSTRAINT;
    case SQLITE_AUTH:
        return DB_DENIED;
    default:
        return DB_OTHER;
    }
}

static const struct {
    const char *name;
    enum err_kind kind;
    const char *msg; /* NULL: SQLite's own words */
} classes[] = {
    [DB_OK] = {"ok", ERR_STORE, NULL},
    [DB_FULL] = {"full", ERR_STORE, "the disk is full; nothing was recorded"},
    [DB_IOERR] = {"ioerr", ERR_STORE, "the disk failed under the database; nothing was recorded"},
    [DB_NOMEM] = {"nomem", ERR_STORE, "out of memory in the database; nothing was recorded"},
    [DB_BUSY] = {"busy", ERR_STORE, "another process holds the database; nothing was recorded"},
    [DB_INTERRUPT] = {"interrupt", ERR_STORE,
                      "the database call was stopped; nothing was recorded"},
    [DB_READONLY] = {"readonly", ERR_STORE, "the database is read-only; nothing was recorded"},
    [DB_CORRUPT] = {"corrupt", ERR_STORE, "this is not a database, or a damaged one"},
    [DB_CONSTRAINT] = {"constraint", ERR_CONFLICT, NULL},
    [DB_DENIED] = {"denied", ERR_BUG, "the database connection may not do this"},
    [DB_OTHER] = {"other", ERR_BUG, NULL},
};

const char *db_class_name(enum db_class class)
{
    return classes[class].name;
}

bool db_is_damage(struct err e)
{
    return e.msg == classes[DB_CORRUPT].msg;
}

enum db_class db_last_class(const struct db *db)
{
    return db->last;
}

/* Errors outlive the statement that made them, so their texts stay with the connection. The schema
 * decides how many there are; past MESSAGES_MAX one text stands for the rest. */
static const char *keep_message(struct db *db, const char *text)
{
    for (struct db_message *m = db->messages; m != NULL; m = m->next) {
        if (strcmp(m->text, text) == 0)
            return m->text;
    }
    size_t len = strlen(text);
    struct db_message *made =
        db->messages_n < MESSAGES_MAX && len < 1000 ? malloc(sizeof *made + len + 1) : NULL;
    if (made == NULL)
        return "the database refused this";
    memcpy(made->text, text, len + 1);
    made->next = db->messages;
    db->messages = made;
    db->messages_n++;
    return made->text;
}

struct err db_error(struct db *db, int rc, const char *where)
{
    enum db_class class = class_of(rc);
    enum err_kind kind = classes[class].kind;
    db->last = class;
    if ((rc & 0xff) == SQLITE_TOOBIG)
        return err_at(ERR_LIMIT, where, "a value is too big for the database");
    const char *msg = classes[class].msg;
    if (msg == NULL)
        msg = keep_message(db, sqlite3_errmsg(db->h));
    /* The place of a conflict is the caller's object, not our statement. */
    return err_at(kind, class == DB_CONSTRAINT ? NULL : where, msg);
}

/* ---- opening ---- */

static const struct {
    int option, value;
} switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
    {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
};

/* A schema we did not write, or a value from outside, cannot make SQLite work without end. The
 * length leaves room for an ingested file of 64 MiB. */
static const struct {
    int id, max;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 80 << 20},
    {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
    {SQLITE_LIMIT_COLUMN, 200},
    {SQLITE_LIMIT_EXPR_DEPTH, 100},
    {SQLITE_LIMIT_COMPOUND_SELECT, 50},
    {SQLITE_LIMIT_VDBE_OP, 100000},
    {SQLITE_LIMIT_FUNCTION_ARG, 127},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 250},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

/* Pages a connection may keep. A large pass writes near the ends of a dozen trees at once: what it
 * must read again from the log for every chunk costs more than what it computes. */
#define WRITER_CACHE_KIB 65536
#define CACHE_KIB        8192

/* Made, then read back: a setting that did not stick fails the open. */
static const struct {
    const char *name;
    int64_t value;
    bool query_only; /* for connections that never write rows */
} pragmas[] = {
    {"synchronous", 2, false},
    {"foreign_keys", 1, false},
    {"recursive_triggers", 1, false},
    {"cell_size_check", 1, false},
    {"secure_delete", 1, false},
    {"temp_store", 2, false},
    {"wal_autocheckpoint", 0, false},
    {"query_only", 1, true},
    /* what a log that begins anew may keep of its file */
    {"journal_size_limit", 64 << 20, false},
};

/* SQLite 3.40 calls its own JSON functions unsafe in a schema that is not trusted, and the book's
 * generated columns and triggers live on them. Where that is fixed the schema is not trusted; where
 * it is not, nothing is lost: we register no function, and serve compares the schema's digest. */
static bool trust_schema;

static void probe_schema_trust(void)
{
    sqlite3 *h = NULL;
    bool works = sqlite3_open(":memory:", &h) == SQLITE_OK &&
                 sqlite3_exec(h,
                              "PRAGMA trusted_schema = OFF;"
                              "CREATE VIEW v AS SELECT json_extract('{}', '$');"
                              "SELECT * FROM v",
                              NULL, NULL, NULL) == SQLITE_OK;
    trust_schema = !works;
    sqlite3_close(h);
}

static struct err set_pragma(struct db *db, const char *name, int64_t value)
{
    char text[80];
    snprintf(text, sizeof text, "PRAGMA %s = %lld", name, (long long)value);
    int rc = sqlite3_exec(db->h, text, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, name);
    int64_t got = -1;
    TRY(db_pragma_read(db, name, &got));
    return got == value ? OK : err_at(ERR_STORE, name, "a database setting did not take");
}

static struct err set_all(struct db *db)
{
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        int rc = sqlite3_db_config(db->h, switches[i].option, switches[i].value, NULL);
        if (rc != SQLITE_OK)
            return db_error(db, rc, "sqlite3_db_config");
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        sqlite3_limit(db->h, limits[i].id, limits[i].max);
    bool writes = db->mode == DB_WRITER || db->mode == DB_MIGRATOR;
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
        if (!pragmas[i].query_only || !writes)
            TRY(set_pragma(db, pragmas[i].name, pragmas[i].value));
    }
    TRY(set_pragma(db, "trusted_schema", trust_schema ? 1 : 0));
    TRY(set_pragma(db, "cache_size", -(db->mode == DB_WRITER ? WRITER_CACHE_KIB : CACHE_KIB)));
    int rc = sqlite3_exec(db->h, "PRAGMA mmap_size = 0", NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : db_error(db, rc, "mmap_size");
}

/* The migrator makes a book a WAL book; the others only look. */
static struct err want_wal(struct db *db, bool in_memory)
{
    struct stmt q CLEANUP(stmt_fini) = {0};
    TRY(db_prepare_ours(
        db, db->mode == DB_MIGRATOR ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode", &q));
    bool row;
    TRY(stmt_step(&q, &row));
    struct str mode = stmt_peek(&q, 0);
    ENSURE(str_is(mode, "wal") || in_memory, ERR_STORE,
           "this database is not in WAL mode: closegate did not make it, or somebody changed it");
    return OK;
}

static struct err prepare_tx(struct db *db)
{
    static const char *const texts[TX_N] = {
        [TX_BEGIN] = "BEGIN",
        [TX_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
        [TX_COMMIT] = "COMMIT",
        [TX_ROLLBACK] = "ROLLBACK",
        [TX_SAVE] = "SAVEPOINT closegate_call",
        [TX_RELEASE] = "RELEASE closegate_call",
        [TX_UNDO] = "ROLLBACK TO closegate_call",
    };
    for (size_t i = 0; i < TX_N; i++)
        TRY(db_prepare_ours(db, texts[i], &db->tx[i]));
    return OK;
}

/* The file must be there, except for the migrator, who makes it private before SQLite sees it (the
 * log and its index take over its mode). */
static struct err find_file(const char *path, enum db_mode mode)
{
    struct stat st;
    if (strncmp(path, "file:", 5) == 0)
        return err_at(ERR_INPUT, path, "the path of a database may not start with \"file:\"");
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? OK : err_at(ERR_STORE, path, "this is not a file");
    if (mode != DB_MIGRATOR)
        return err_at(ERR_MISSING, path, "there is no database here");
    struct err e = disk_write_new(path, "", 0, 0600);
    return e.kind == ERR_CONFLICT ? err_at(ERR_STORE, path, "cannot reach this file") : e;
}

static void configure_once(void)
{
    /* Statistics of the allocator cost a process-wide lock at every allocation. In a process that
     * has used SQLite already this does nothing. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    probe_schema_trust();
}

/* json_each is a table that SQLite makes on its first use, by a CREATE TABLE that the authorizer
 * refuses; made once while the door is open it stays for the connection's life. */
static struct err make_json_each(struct db *db)
{
    struct stmt q = {.db = db};
    TRY(db_prepare_ours(db, "SELECT 1 FROM json_each('[]')", &q));
    stmt_fini(&q);
    return OK;
}

static struct err open_all(struct db *db, const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_once);
    bool in_memory = strcmp(path, ":memory:") == 0;
    if (in_memory && db->mode != DB_MIGRATOR)
        return err_at(ERR_BUG, path, "only a migrator works in memory");
    if (!in_memory)
        TRY(find_file(path, db->mode));
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    flags |= db->mode == DB_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int rc = sqlite3_open_v2(path, &db->h, flags, NULL);
    if (db->h == NULL)
        return err_at(ERR_STORE, path, "out of memory in the database");
    if (rc != SQLITE_OK)
        return db_error(db, rc, NULL);
    sqlite3_busy_timeout(db->h, db->mode == DB_WRITER ? DB_WRITER_BUSY_MS : DB_READER_BUSY_MS);
    TRY(set_all(db));
    TRY(want_wal(db, in_memory));
    rc = sqlite3_set_authorizer(db->h, db_authorize, db);
    if (rc != SQLITE_OK)
        return db_error(db, rc, NULL);
    TRY(prepare_tx(db));
    return make_json_each(db);
}

struct err db_open(const char *path, enum db_mode mode, struct db **db)
{
    *db = NULL;
    struct db *made = calloc(1, sizeof *made);
    ENSURE(made != NULL, ERR_STORE, "out of memory in the database");
    made->mode = mode;
    struct err e = open_all(made, path);
    if (e.kind == ERR_NONE) {
        *db = made;
        return OK;
    }
    /* The message may live in the connection that goes; what follows it must not. */
    bool ours = false;
    for (struct db_message *m = made->messages; m != NULL && !ours; m = m->next)
        ours = m->text == e.msg;
    db_close(made);
    return err_at(e.kind, path, ours ? "the database cannot be opened" : e.msg);
}

enum db_mode db_mode(const struct db *db)
{
    return db->mode;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < TX_N; i++)
        stmt_fini(&db->tx[i]);
    for (size_t set = 0; set < DB_SETS_MAX; set++) {
        for (size_t i = 0; i < db->sets_n[set]; i++)
            stmt_fini(&db->sets[set][i]);
        free(db->sets[set]);
    }
    /* Close does not fail: with statements of stmt_new left open it becomes a zombie until they go.
     */
    INVARIANT(sqlite3_close(db->h) == SQLITE_OK);
    for (struct db_message *m = db->messages, *next; m != NULL; m = next) {
        next = m->next;
        free(m);
    }
    free(db);
}

void db_interrupt(struct db *db)
{
    sqlite3_interrupt(db->h);
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->h);
}

int64_t db_last_rowid(struct db *db)
{
    return sqlite3_last_insert_rowid(db->h);
}

/* ---- transactions ---- */

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->h) == 0;
}

static struct err tx_run(struct db *db, size_t which)
{
    db->door = DOOR_OURS; /* should SQLite compile it anew */
    struct err e = stmt_run(&db->tx[which]);
    db->door = DOOR_SHUT;
    return e;
}

static struct err tx_begin(struct db *db, size_t which)
{
    ENSURE(!db_in_transaction(db), ERR_BUG, "a transaction is open already");
    db->last = DB_OK;
    return tx_run(db, which);
}

struct err db_begin_read(struct db *db)
{
    return tx_begin(db, TX_BEGIN);
}

struct err db_begin_immediate(struct db *db)
{
    return tx_begin(db, TX_BEGIN_IMMEDIATE);
}

static struct err want_transaction(const struct db *db)
{
    ENSURE(db_in_transaction(db), ERR_STORE,
           "the database has rolled the whole transaction back; nothing was recorded");
    return OK;
}

/* Which failures of COMMIT leave no doubt. FULL comes from writing a frame, so the frame that
 * commits is not whole; fsync, the log's index and memory can fail after it is (ADR 3). */
static bool commit_surely_failed(enum db_class class)
{
    return class == DB_FULL || class == DB_BUSY || class == DB_INTERRUPT || class == DB_READONLY ||
           class == DB_CONSTRAINT || class == DB_DENIED;
}

struct err db_commit(struct db *db)
{
    TRY(want_transaction(db));
    struct err e = tx_run(db, TX_COMMIT);
    if (e.kind == ERR_NONE || commit_surely_failed(db->last))
        return e;
    return err_at(ERR_UNKNOWN, e.where,
                  "the disk failed during the commit; whether it is recorded is not known");
}

struct err db_rollback(struct db *db)
{
    return db_in_transaction(db) ? tx_run(db, TX_ROLLBACK) : OK;
}

struct err db_savepoint(struct db *db)
{
    TRY(want_transaction(db));
    return tx_run(db, TX_SAVE);
}

struct err db_release(struct db *db)
{
    TRY(want_transaction(db));
    return tx_run(db, TX_RELEASE);
}

struct err db_rollback_to(struct db *db)
{
    TRY(want_transaction(db));
    TRY(tx_run(db, TX_UNDO));
    return tx_run(db, TX_RELEASE);
}
