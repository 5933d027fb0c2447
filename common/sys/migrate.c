/* The schema goes forward one embedded file at a time, and remembers which bytes it went by. */
#include "common/sys/migrate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"

#define RECORD_TABLE                                                                               \
    "CREATE TABLE IF NOT EXISTS schema_migrations (\n"                                             \
    "  number INTEGER PRIMARY KEY,\n"                                                              \
    "  name TEXT NOT NULL,\n"                                                                      \
    "  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),\n"                                        \
    "  applied_at TEXT NOT NULL\n"                                                                 \
    ") STRICT"

static const struct db_sql sql_exists = {
    "migrations_exist",
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'"};
static const struct db_sql sql_list = {
    "migrations_list", "SELECT number, name, sha256 FROM schema_migrations ORDER BY number"};
static const struct db_sql sql_insert = {
    "migration_insert",
    "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (?1, ?2, ?3, ?4)"};

/* ---- the files ---- */

/* "0007_escalations.sql" is 7; anything else is -1. */
static int file_number(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (strspn(name, "0123456789") != 4 || name[4] != '_')
        return -1;
    size_t stem = 5 + strspn(name + 5, allowed);
    if (stem == 5 || strcmp(name + stem, ".sql") != 0)
        return -1;
    int number = 0;
    for (int i = 0; i < 4; i++)
        number = number * 10 + (name[i] - '0');
    return number;
}

static struct err check_files(const struct embedded *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (file_number(files[i].name) != (int)i + 1)
            return err_at(ERR_BUG, files[i].name,
                          "migrations are NNNN_name.sql, from 0001 without a gap");
        if (strlen((const char *)files[i].bytes) != files[i].len)
            return err_at(ERR_BUG, files[i].name, "a migration may not hold NUL");
    }
    return OK;
}

/* ---- the record ---- */

static struct err has_record(struct db *db, bool *yes)
{
    struct stmt *q CLEANUP(stmt_free) = NULL;
    TRY(stmt_new(db, &sql_exists, &q));
    return stmt_step(q, yes);
}

/* One recorded migration against the file of its number. */
static struct err check_row(struct stmt *q, const struct embedded *files, size_t n, size_t want,
                            struct arena *arena)
{
    int64_t number = stmt_int(q, 0);
    const char *name = stmt_text(q, 1, arena);
    if (number > 0 && (uint64_t)number > n)
        return err_fmt(arena, ERR_STORE, name,
                       "this book was written by a newer closegate (migration %lld; this one knows"
                       " %zu)",
                       (long long)number, n);
    if (number != (int64_t)want || name == NULL)
        return err_at(ERR_STORE, name, "schema_migrations has a gap: the book was edited");
    const struct embedded *file = &files[want - 1];
    char hex[SHA256_HEX_SIZE];
    sha256_hex(file->bytes, file->len, hex);
    if (!text_eq(name, file->name) || !str_is(stmt_peek(q, 2), hex))
        return err_at(ERR_STORE, file->name,
                      "this migration is not the one the book was made with: landed files never"
                      " change");
    return OK;
}

/* How many of `files` the book has; an error for a changed, missing or unknown one. */
static struct err check_record(struct db *db, const struct embedded *files, size_t n,
                               struct arena *arena, size_t *have)
{
    *have = 0;
    bool row;
    TRY(has_record(db, &row));
    if (!row)
        return OK;
    struct stmt *q CLEANUP(stmt_free) = NULL;
    TRY(stmt_new(db, &sql_list, &q));
    TRY(stmt_step(q, &row));
    while (row) {
        TRY(check_row(q, files, n, *have + 1, arena));
        (*have)++;
        TRY(stmt_step(q, &row));
    }
    return arena_check(arena);
}

static struct err record(struct db *db, const struct migration *m, const char *applied_at)
{
    struct stmt *q CLEANUP(stmt_free) = NULL;
    TRY(stmt_new(db, &sql_insert, &q));
    stmt_bind_int(q, 1, m->number);
    stmt_bind_text(q, 2, m->name);
    stmt_bind_text(q, 3, m->sha256);
    stmt_bind_text(q, 4, applied_at);
    return stmt_run(q);
}

/* ---- applying ---- */

static struct err apply_in_tx(struct db *db, const struct embedded *file, const struct migration *m,
                              const char *applied_at)
{
    TRY(db_script(db, RECORD_TABLE));
    TRY(db_script(db, (const char *)file->bytes));
    TRY(db_foreign_key_check(db));
    return record(db, m, applied_at);
}

/* SQLite's words live as long as the connection; the report's reader may outlive it. */
static struct err in_file(struct err e, const char *name, struct arena *arena)
{
    const char *msg = arena_strdup(arena, e.msg);
    return err_at(e.kind == ERR_CONFLICT || e.kind == ERR_BUG ? ERR_STORE : e.kind, name,
                  msg == NULL ? "a migration failed" : msg);
}

static struct err apply(struct db *db, const struct embedded *file, const struct migration *m,
                        const char *applied_at, struct arena *arena)
{
    TRY(db_begin_immediate(db));
    struct err e = apply_in_tx(db, file, m, applied_at);
    if (e.kind == ERR_NONE)
        e = db_commit(db);
    if (e.kind == ERR_NONE)
        return OK;
    e = in_file(e, file->name, arena);
    struct err undone = db_rollback(db);
    return undone.kind == ERR_NONE ? e : undone;
}

static struct err describe(const struct embedded *file, struct arena *arena, struct migration *m)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(file->bytes, file->len, hex);
    *m = (struct migration){
        .number = file_number(file->name), .name = file->name, .sha256 = arena_strdup(arena, hex)};
    return arena_check(arena);
}

struct err migrate_run(struct db *db, const struct embedded *files, size_t n,
                       const char *applied_at, struct arena *arena, struct migrate_report *report)
{
    *report = (struct migrate_report){0};
    ENSURE(db_mode(db) == DB_MIGRATOR, ERR_BUG, "migrations run on the migrator's connection");
    TRY(check_files(files, n));
    size_t have;
    TRY(check_record(db, files, n, arena, &have));
    report->version = (int)have;
    report->applied = ARENA_ARRAY(arena, n - have, struct migration);
    TRY(arena_check(arena));
    for (size_t i = have; i < n; i++) {
        struct migration *m = &report->applied[report->applied_n];
        TRY(describe(&files[i], arena, m));
        TRY(apply(db, &files[i], m, applied_at, arena));
        report->applied_n++;
        report->version = m->number;
    }
    return OK;
}

struct err migrate_expected_digest(const struct embedded *files, size_t n, char hex[65])
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(db_close) struct db *db = NULL;
    TRY(db_open(":memory:", DB_MIGRATOR, &db));
    struct migrate_report report;
    struct err e = migrate_run(db, files, n, "-", arena, &report);
    if (e.kind != ERR_NONE) /* the message leaves with the arena; the file's name does not */
        return err_at(ERR_BUG, e.where, "this migration does not apply to an empty book");
    return db_schema_digest(db, hex);
}

/* What the files are together. */
static struct err files_digest(const struct embedded *files, size_t n, struct arena *arena,
                               char hex[SHA256_HEX_SIZE])
{
    struct migration m;
    const char *all = "";
    for (size_t i = 0; all != NULL && i < n; i++) {
        TRY(describe(&files[i], arena, &m));
        all = arena_fmt(arena, "%s%s %s\n", all, m.name, m.sha256);
    }
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    sha256_hex(all, strlen(all), hex);
    return OK;
}

/* The expected digest again and again: every connection of a process asks, and running all the
 * migrations is most of what opening a book costs. */
static struct err expected_once(const struct embedded *files, size_t n, struct arena *arena,
                                char hex[65])
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static char known_files[SHA256_HEX_SIZE], known[65];
    char these[SHA256_HEX_SIZE];
    struct err e = OK;
    TRY(files_digest(files, n, arena, these));
    pthread_mutex_lock(&mutex);
    if (strcmp(these, known_files) != 0) {
        known_files[0] = '\0';
        e = migrate_expected_digest(files, n, known);
        if (e.kind == ERR_NONE)
            memcpy(known_files, these, sizeof these);
    }
    memcpy(hex, known, sizeof known);
    pthread_mutex_unlock(&mutex);
    return e;
}

struct err migrate_check(struct db *db, const struct embedded *files, size_t n, struct arena *arena)
{
    TRY(check_files(files, n));
    size_t have;
    TRY(check_record(db, files, n, arena, &have));
    if (have < n)
        return err_at(ERR_STORE, files[have].name,
                      "this book lacks a migration: run closegate-engine init or migrate");
    char want[65], got[65];
    TRY(expected_once(files, n, arena, want));
    TRY(db_schema_digest(db, got));
    if (strcmp(want, got) != 0)
        return err_fmt(arena, ERR_STORE, "schema",
                       "the book's schema is not the one its migrations make (%.16s…, not %.16s…)",
                       got, want);
    return OK;
}
