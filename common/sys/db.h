/* SQLite behind a door: connections that may do only what their work needs, statements prepared at
 * boot and found by number, transactions, and errors in plain words. Only common/sys/db*.c sees
 * sqlite3.h. A struct db belongs to one thread at a time; db_interrupt alone may be called from
 * another. Settings and their reasons: docs/adr/0003-sqlite-settings.md.
 *
 * A store file numbers its statements, its table has its own number, and a handle is two indexes:
 *
 *     enum { MATCH_LOAD, MATCH_INSERT, MATCH_SQL_N };
 *     static const struct db_sql sql[MATCH_SQL_N] = {
 *         [MATCH_LOAD] = {"match_load", "SELECT state, amount_minor FROM matches WHERE id = ?1"},
 *         …};
 *     TRY(db_prepare_all(db, STORE_MATCHES, sql, MATCH_SQL_N));            at boot
 *
 *     CLEANUP(stmt_reset) struct stmt *q = db_stmt(db, STORE_MATCHES, MATCH_LOAD);
 *     bool row;
 *     stmt_bind_text(q, 1, id);
 *     TRY(stmt_step(q, &row));
 *     ENSURE(row, ERR_MISSING, "no such match");
 *     m->state = stmt_text(q, 0, arena);
 */
#ifndef COMMON_SYS_DB_H
#define COMMON_SYS_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/str.h"

struct db;
struct stmt;

enum db_mode {
    DB_READER = 0, /* SELECT; opened read-only */
    DB_WRITER, /* SELECT, INSERT, UPDATE, DELETE, transactions: no schema, no PRAGMA, no ATTACH */
    DB_CHECKPOINTER, /* only db_checkpoint; for the thread that keeps the log short */
    DB_MIGRATOR,     /* schema too, and creates the file (mode 0600); never serves */
};

/* What went wrong, for the writer thread: which errors take the whole transaction along. */
enum db_class {
    DB_OK = 0,
    DB_FULL,       /* the disk is full */
    DB_IOERR,      /* the disk or the file system failed */
    DB_NOMEM,      /* no memory */
    DB_BUSY,       /* somebody else holds the lock (a stranger: we are one process) */
    DB_INTERRUPT,  /* db_interrupt */
    DB_READONLY,   /* the file or the connection is read-only */
    DB_CORRUPT,    /* not a database, or a damaged one */
    DB_CONSTRAINT, /* a constraint or a trigger said no: ERR_CONFLICT with its message */
    DB_DENIED,     /* the statement is not for this kind of connection */
    DB_OTHER,
};

#define DB_READER_BUSY_MS 5000
#define DB_WRITER_BUSY_MS 250
#define DB_SETS_MAX       64 /* statement tables a connection can hold */

/* Opens the database. ERR_MISSING when there is no file (the migrator makes one; ":memory:" is for
 * the migrator alone); ERR_STORE when it is none, is damaged, or is not in WAL mode. */
MUST_CHECK struct err db_open(const char *path, enum db_mode mode, struct db **db);
/* Finalizes every statement made from it. Takes NULL. */
void db_close(struct db *db);
CLEANUP_DEFINE(struct db *, db_close)
enum db_mode db_mode(const struct db *db);

/* ---- statements ---- */

struct db_sql {
    const char *name; /* the place named by an error */
    const char *text; /* exactly one statement */
};

/* Prepares `n` statements as table `set` (0 … DB_SETS_MAX - 1, once each). The array must outlive
 * the connection. A statement that does not compile is ERR_BUG with its name as the place. On a
 * reader the statements that write are left out: using one there is an error (ERR_BUG) of its first
 * step. */
MUST_CHECK struct err db_prepare_all(struct db *db, unsigned set, const struct db_sql *sql,
                                     size_t n);

/* The handle, ready to bind. An INVARIANT: prepared, and not in use further up the stack. */
struct stmt *db_stmt(struct db *db, unsigned set, size_t number);

/* A statement outside the tables (migrations, tests, tools); freed by the caller. */
MUST_CHECK struct err stmt_new(struct db *db, const struct db_sql *sql, struct stmt **q);
void stmt_free(struct stmt *q);
CLEANUP_DEFINE(struct stmt *, stmt_free)

/* Ends the statement's run and forgets its bindings; takes NULL. */
void stmt_reset(struct stmt *q);
CLEANUP_DEFINE(struct stmt *, stmt_reset)

/* Bindings: `i` is the number in ?1, ?2 …. Text and bytes are not copied: they must stay until
 * stmt_reset (or the next binding of the same number). A NULL text or blob binds NULL; a failed
 * binding is remembered and returned by the next step. What is not bound is NULL. */
void stmt_bind_text(struct stmt *q, int i, const char *text);
void stmt_bind_str(struct stmt *q, int i, struct str text); /* .at NULL binds NULL */
void stmt_bind_int(struct stmt *q, int i, int64_t value);
void stmt_bind_bool(struct stmt *q, int i, bool value); /* 0 or 1 */
void stmt_bind_blob(struct stmt *q, int i, const void *bytes, size_t len);
void stmt_bind_null(struct stmt *q, int i);

/* The next row: *row is false at the end. */
MUST_CHECK struct err stmt_step(struct stmt *q, bool *row);
/* Runs a statement that gives no rows (a row is ERR_BUG), and resets it, bindings kept for nobody.
 */
MUST_CHECK struct err stmt_run(struct stmt *q);

/* Columns of the current row, `col` from 0. Text and blobs are copied into the arena; NULL for SQL
 * NULL, and also when the arena is full: ask arena_check once, at the end. stmt_int of NULL is 0.
 */
int64_t stmt_int(struct stmt *q, int col);
bool stmt_bool(struct stmt *q, int col);
const char *stmt_text(struct stmt *q, int col, struct arena *arena);
struct str stmt_str(struct stmt *q, int col, struct arena *arena);
const uint8_t *stmt_blob(struct stmt *q, int col, struct arena *arena, size_t *len);
/* The same without a copy: valid until the next step or reset. */
struct str stmt_peek(struct stmt *q, int col);
bool stmt_is_null(struct stmt *q, int col);
/* What stands there; blobs and texts are to be peeked at. */
enum stmt_kind { STMT_NULL = 0, STMT_INT, STMT_TEXT };
enum stmt_kind stmt_kind(struct stmt *q, int col);
const char *stmt_name(const struct stmt *q);

/* For rows that are passed on whole: how many ?n there are, how many columns and what each is
 * called. */
int stmt_params(struct stmt *q);
int stmt_columns(struct stmt *q);
const char *stmt_column(struct stmt *q, int col); /* as long as the statement */

/* Rows changed by the last INSERT, UPDATE or DELETE, and the rowid of the last INSERT. */
int64_t db_changes(struct db *db);
int64_t db_last_rowid(struct db *db);

/* ---- transactions ---- */

/* A reader's db_begin gives it one snapshot; the writer's takes the write lock at once. */
MUST_CHECK struct err db_begin_read(struct db *db);
MUST_CHECK struct err db_begin_immediate(struct db *db);
/* ERR_UNKNOWN when it cannot be known whether the commit will survive (an I/O error or no memory
 * during it): close and start again. After any other error nothing was recorded: roll back. */
MUST_CHECK struct err db_commit(struct db *db);
/* Nothing to do (OK) when SQLite has rolled back already. */
MUST_CHECK struct err db_rollback(struct db *db);

/* Savepoints nest like brackets and have no names. Each wants a transaction: ERR_STORE when SQLite
 * has rolled it back in the meantime. db_rollback_to undoes and closes the innermost one. */
MUST_CHECK struct err db_savepoint(struct db *db);
MUST_CHECK struct err db_release(struct db *db);
MUST_CHECK struct err db_rollback_to(struct db *db);

/* Is a transaction open? After an error this says whether it is still there. */
bool db_in_transaction(const struct db *db);

/* The class of the last call that failed on this connection; DB_OK before the first and after each
 * transaction begun. Messages of errors live until db_close. */
enum db_class db_last_class(const struct db *db);
const char *db_class_name(enum db_class class);
/* Does this error of ours say DB_CORRUPT? For a caller whose connection did not open. */
bool db_is_damage(struct err e);

/* Makes what runs on this connection fail with DB_INTERRUPT; from any thread while it is open. */
void db_interrupt(struct db *db);

/* ---- keeping the book ---- */

enum db_checkpoint_mode {
    DB_CHECKPOINT_PASSIVE, /* what can be moved without waiting for anybody */
    DB_CHECKPOINT_TRUNCATE /* everything, then an empty log: waits for readers and stops writers */
};

/* Moves the log into the database; on a checkpointer (or migrator) connection. *log and *moved are
 * frames in the log and frames moved; either may be NULL. DB_BUSY is not an error of PASSIVE. */
MUST_CHECK struct err db_checkpoint(struct db *db, enum db_checkpoint_mode mode, int64_t *log,
                                    int64_t *moved);

/* A complete copy as of now, while others write, under a name that must not exist yet
 * (ERR_CONFLICT); on the disk when it returns, mode 0600. Run it on a reader: it takes its time. */
MUST_CHECK struct err db_backup(struct db *db, const char *path);

/* SHA-256 (lower-case hex) over every row of sqlite_schema (type, name, tbl_name, sql), ordered by
 * type and name, each value with its length before it. */
MUST_CHECK struct err db_schema_digest(struct db *db, char hex[65]);

/* Complaints of PRAGMA quick_check; OK when there are none, ERR_STORE with the first. Migrator
 * only. */
MUST_CHECK struct err db_quick_check(struct db *db);

/* The first complaint of PRAGMA integrity_check, in the arena: pages, and every index against its
 * table. NULL when there is none. It reads the whole file; on any connection. */
MUST_CHECK struct err db_integrity(struct db *db, struct arena *arena, const char **complaint);

/* One line of a query's plan, as EXPLAIN QUERY PLAN words it ("SCAN matches"). */
typedef void (*db_plan_fn)(void *arg, const char *detail);
MUST_CHECK struct err db_explain(struct db *db, const char *sql, db_plan_fn fn, void *arg);

/* A pragma's value as a number, on any connection: looked at, never set. `name` is an identifier.
 */
MUST_CHECK struct err db_pragma_look(struct db *db, const char *name, int64_t *value);

/* ---- migrator only (ERR_BUG elsewhere) ---- */

/* Runs a script of statements inside the caller's transaction. It may not end that transaction,
 * attach a file or set a pragma other than application_id and user_version. */
MUST_CHECK struct err db_script(struct db *db, const char *sql);
/* A pragma's value as a number; `name` is an identifier. */
MUST_CHECK struct err db_pragma_int(struct db *db, const char *name, int64_t *value);
/* ERR_STORE naming a table when a foreign key points nowhere. */
MUST_CHECK struct err db_foreign_key_check(struct db *db);

#endif
