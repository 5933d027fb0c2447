/* Statements: prepared at boot, found by two indexes, bound and read through typed names. What a
 * binding or a column could not do is remembered and comes out of the next step. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/db_own.h"

static bool is_blank(const char *tail)
{
    return tail == NULL || tail[strspn(tail, " \t\r\n;")] == '\0';
}

struct err db_prepare(struct db *db, const struct db_sql *sql, struct stmt *q)
{
    *q = (struct stmt){.db = db, .name = sql->name};
    if (sql->text == NULL)
        return err_at(ERR_BUG, sql->name, "the statement's number has no text");
    const char *tail = NULL;
    db->write_denied = false;
    int rc = sqlite3_prepare_v3(db->h, sql->text, -1, SQLITE_PREPARE_PERSISTENT, &q->q, &tail);
    if (rc == SQLITE_AUTH && db->write_denied && db->mode == DB_READER)
        return OK; /* left out; its first step says so */
    if (rc != SQLITE_OK)
        return db_error(db, rc, sql->name);
    if (q->q == NULL || !is_blank(tail)) {
        stmt_fini(q);
        return err_at(ERR_BUG, sql->name, "a text must hold exactly one statement");
    }
    return OK;
}

struct err db_prepare_ours(struct db *db, const char *text, struct stmt *q)
{
    db->door = DOOR_OURS;
    struct err e = db_prepare(db, &(struct db_sql){text, text}, q);
    db->door = DOOR_SHUT;
    return e;
}

void stmt_fini(struct stmt *q)
{
    sqlite3_finalize(q->q);
    q->q = NULL;
}

struct err db_prepare_all(struct db *db, unsigned set, const struct db_sql *sql, size_t n)
{
    INVARIANT(set < DB_SETS_MAX && db->sets[set] == NULL && n > 0);
    db->sets[set] = calloc(n, sizeof *db->sets[set]);
    ENSURE(db->sets[set] != NULL, ERR_STORE, "out of memory in the database");
    db->sets_n[set] = n;
    for (size_t i = 0; i < n; i++)
        TRY(db_prepare(db, &sql[i], &db->sets[set][i]));
    return OK;
}

struct stmt *db_stmt(struct db *db, unsigned set, size_t number)
{
    INVARIANT(set < DB_SETS_MAX && number < db->sets_n[set]);
    struct stmt *q = &db->sets[set][number];
    INVARIANT(q->q == NULL || sqlite3_stmt_busy(q->q) == 0);
    return q;
}

struct err stmt_new(struct db *db, const struct db_sql *sql, struct stmt **q)
{
    *q = NULL;
    struct stmt *made = calloc(1, sizeof *made);
    ENSURE(made != NULL, ERR_STORE, "out of memory in the database");
    struct err e = db_prepare(db, sql, made);
    if (e.kind != ERR_NONE)
        free(made);
    else
        *q = made;
    return e;
}

void stmt_free(struct stmt *q)
{
    if (q == NULL)
        return;
    stmt_fini(q);
    free(q);
}

void stmt_reset(struct stmt *q)
{
    if (q == NULL || q->q == NULL)
        return;
    sqlite3_reset(q->q);
    sqlite3_clear_bindings(q->q);
    q->bind_rc = SQLITE_OK;
}

static void bound(struct stmt *q, int rc)
{
    if (rc != SQLITE_OK && q->bind_rc == SQLITE_OK)
        q->bind_rc = rc;
}

void stmt_bind_str(struct stmt *q, int i, struct str text)
{
    if (q->q == NULL)
        return;
    bound(q, text.at == NULL
                 ? sqlite3_bind_null(q->q, i)
                 : sqlite3_bind_text64(q->q, i, text.at, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void stmt_bind_text(struct stmt *q, int i, const char *text)
{
    stmt_bind_str(q, i, str_of(text));
}

void stmt_bind_int(struct stmt *q, int i, int64_t value)
{
    if (q->q != NULL)
        bound(q, sqlite3_bind_int64(q->q, i, value));
}

void stmt_bind_bool(struct stmt *q, int i, bool value)
{
    stmt_bind_int(q, i, value ? 1 : 0);
}

void stmt_bind_blob(struct stmt *q, int i, const void *bytes, size_t len)
{
    if (q->q == NULL)
        return;
    bound(q, bytes == NULL ? sqlite3_bind_null(q->q, i)
                           : sqlite3_bind_blob64(q->q, i, bytes, len, SQLITE_STATIC));
}

void stmt_bind_null(struct stmt *q, int i)
{
    if (q->q != NULL)
        bound(q, sqlite3_bind_null(q->q, i));
}

/* The statement is over: SQLite holds nothing for it any more, so that a rollback finds it quiet.
 */
static struct err step_failed(struct stmt *q, int rc)
{
    struct err e = db_error(q->db, rc, q->name);
    sqlite3_reset(q->q);
    return e;
}

struct err stmt_step(struct stmt *q, bool *row)
{
    *row = false;
    if (q->q == NULL) {
        q->db->last = DB_DENIED;
        return err_at(ERR_BUG, q->name, "this statement writes and the connection only reads");
    }
    if (q->bind_rc != SQLITE_OK)
        return step_failed(q, q->bind_rc);
    int rc = sqlite3_step(q->q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return step_failed(q, rc);
    *row = rc == SQLITE_ROW;
    return OK;
}

struct err stmt_run(struct stmt *q)
{
    bool row;
    struct err e = stmt_step(q, &row);
    stmt_reset(q);
    TRY(e);
    return row ? err_at(ERR_BUG, q->name, "this statement gives rows; step through them") : OK;
}

int64_t stmt_int(struct stmt *q, int col)
{
    return sqlite3_column_int64(q->q, col);
}

bool stmt_bool(struct stmt *q, int col)
{
    return stmt_int(q, col) != 0;
}

struct str stmt_peek(struct stmt *q, int col)
{
    /* Text that is asked for as text is not converted; the order (value, then length) is SQLite's.
     */
    const void *at = sqlite3_column_type(q->q, col) == SQLITE_BLOB
                         ? sqlite3_column_blob(q->q, col)
                         : (const void *)sqlite3_column_text(q->q, col);
    if (at == NULL && sqlite3_errcode(q->db->h) == SQLITE_NOMEM)
        bound(q, SQLITE_NOMEM);
    size_t len = at == NULL ? 0 : (size_t)sqlite3_column_bytes(q->q, col);
    return (struct str){.at = at, .len = len};
}

struct str stmt_str(struct stmt *q, int col, struct arena *arena)
{
    struct str s = stmt_peek(q, col);
    bool empty_blob = s.at == NULL && sqlite3_column_type(q->q, col) == SQLITE_BLOB;
    if (s.at == NULL && !empty_blob)
        return s;
    const char *copy = arena_dup(arena, empty_blob ? "" : s.at, s.len);
    return (struct str){.at = copy, .len = copy == NULL ? 0 : s.len};
}

const char *stmt_text(struct stmt *q, int col, struct arena *arena)
{
    return stmt_str(q, col, arena).at;
}

const uint8_t *stmt_blob(struct stmt *q, int col, struct arena *arena, size_t *len)
{
    struct str s = stmt_str(q, col, arena);
    *len = s.len;
    return (const uint8_t *)s.at;
}

bool stmt_is_null(struct stmt *q, int col)
{
    return sqlite3_column_type(q->q, col) == SQLITE_NULL;
}

enum stmt_kind stmt_kind(struct stmt *q, int col)
{
    switch (sqlite3_column_type(q->q, col)) {
    case SQLITE_NULL:
        return STMT_NULL;
    case SQLITE_INTEGER:
        return STMT_INT;
    default:
        return STMT_TEXT;
    }
}

const char *stmt_name(const struct stmt *q)
{
    return q->name;
}

int stmt_params(struct stmt *q)
{
    return sqlite3_bind_parameter_count(q->q);
}

int stmt_columns(struct stmt *q)
{
    return sqlite3_column_count(q->q);
}

const char *stmt_column(struct stmt *q, int col)
{
    return sqlite3_column_name(q->q, col);
}
