/* Keeping the book: checkpoints, backups, the schema's digest, checks and plans; and what
 * migrations and tests do on the migrator's connection. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "common/sys/db_own.h"
#include "common/sys/disk.h"

struct err db_checkpoint(struct db *db, enum db_checkpoint_mode mode, int64_t *log, int64_t *moved)
{
    ENSURE(db->mode == DB_CHECKPOINTER || db->mode == DB_MIGRATOR, ERR_BUG,
           "checkpoints run on a connection of their own");
    int frames = -1, done = -1;
    int rc = sqlite3_wal_checkpoint_v2(db->h, "main",
                                       mode == DB_CHECKPOINT_TRUNCATE ? SQLITE_CHECKPOINT_TRUNCATE
                                                                      : SQLITE_CHECKPOINT_PASSIVE,
                                       &frames, &done);
    if (log != NULL)
        *log = frames < 0 ? 0 : frames;
    if (moved != NULL)
        *moved = done < 0 ? 0 : done;
    if (rc == SQLITE_BUSY && mode == DB_CHECKPOINT_PASSIVE)
        return OK;
    return rc == SQLITE_OK ? OK : db_error(db, rc, "checkpoint");
}

/* ---- backup ---- */

static struct err copy_into(struct db *db, sqlite3 *to)
{
    /* The copy is synced whole, below; a journal for it would only be another file. */
    int rc =
        sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, "backup");
    sqlite3_backup *b = sqlite3_backup_init(to, "main", db->h, "main");
    if (b == NULL)
        return db_error(db, sqlite3_extended_errcode(to), "backup");
    /* One step is one snapshot; readers of a WAL book hold up no writer. */
    int stepped = sqlite3_backup_step(b, -1);
    rc = sqlite3_backup_finish(b);
    if (stepped == SQLITE_DONE && rc == SQLITE_OK)
        return OK;
    return db_error(db, rc != SQLITE_OK ? rc : stepped, "backup");
}

static struct err sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_at(ERR_STORE, NULL, "cannot open the backup to sync it");
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok ? OK : err_at(ERR_STORE, NULL, "the disk failed under the backup");
}

static struct err backup_part(struct db *db, const char *part)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    struct err e = rc == SQLITE_OK ? copy_into(db, to) : db_error(db, rc, "backup");
    rc = sqlite3_close(to);
    TRY(e);
    if (rc != SQLITE_OK)
        return db_error(db, rc, "backup");
    return sync_file(part);
}

struct err db_backup(struct db *db, const char *path)
{
    char part[PATH_MAX];
    int n = snprintf(part, sizeof part, "%s.partial", path);
    ENSURE(n > 0 && (size_t)n < sizeof part, ERR_LIMIT, "the path of the backup is too long");
    if (access(path, F_OK) == 0)
        return err_at(ERR_CONFLICT, path, "this file exists already");
    unlink(part); /* what an earlier crash left */
    TRY(disk_write_new(part, "", 0, 0600));
    struct err e = backup_part(db, part);
    if (e.kind == ERR_NONE)
        e = disk_name_new(part, path);
    if (e.kind != ERR_NONE)
        unlink(part);
    return err_in(e, path);
}

/* ---- digest, checks, plans ---- */

static void add_value(struct sha256 *h, struct stmt *q, int col)
{
    struct str s = stmt_peek(q, col);
    uint64_t len = stmt_is_null(q, col) ? UINT64_MAX : s.len;
    uint8_t head[8];
    for (size_t i = 0; i < sizeof head; i++)
        head[i] = (uint8_t)(len >> (8 * (7 - i)));
    sha256_add(h, head, sizeof head);
    sha256_add(h, s.at, s.len);
}

static struct err digest_rows(struct stmt *q, struct sha256 *h)
{
    bool row;
    TRY(stmt_step(q, &row));
    while (row) {
        for (int col = 0; col < 4; col++)
            add_value(h, q, col);
        TRY(stmt_step(q, &row));
    }
    return OK;
}

struct err db_schema_digest(struct db *db, char hex[65])
{
    struct stmt q CLEANUP(stmt_fini) = {0};
    TRY(db_prepare_ours(db,
                        "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                        " ORDER BY type COLLATE BINARY, name COLLATE BINARY",
                        &q));
    struct sha256 h;
    sha256_begin(&h);
    struct err e = digest_rows(&q, &h);
    uint8_t digest[SHA256_LEN];
    sha256_end(&h, digest);
    TRY(e);
    hex_print(digest, sizeof digest, hex);
    return OK;
}

/* SQLite's check tells of a page that it could not read (the disk, no memory) as it tells of a bad
 * one, but for the code: then nothing is known of that page, and the answer is no complaint. */
static struct err looked(struct db *db, const char *complaint)
{
    static const char words[] = "error code=";
    const char *code = complaint == NULL ? NULL : strstr(complaint, words);
    const int rc = code == NULL ? SQLITE_CORRUPT : (int)strtol(code + strlen(words), NULL, 10);
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        return OK;
    return db_error(db, rc, "the database's own check");
}

struct err db_quick_check(struct db *db)
{
    struct stmt q CLEANUP(stmt_fini) = {0};
    TRY(db_prepare_ours(db, "PRAGMA quick_check(1)", &q));
    bool row;
    TRY(stmt_step(&q, &row));
    if (row && str_is(stmt_peek(&q, 0), "ok"))
        return OK;
    TRY(looked(db, row ? stmt_peek(&q, 0).at : NULL));
    db->last = DB_CORRUPT;
    return err_at(ERR_STORE, "quick_check", "the database is damaged");
}

struct err db_integrity(struct db *db, struct arena *arena, const char **complaint)
{
    struct stmt q CLEANUP(stmt_fini) = {0};
    bool row;
    *complaint = NULL;
    TRY(db_prepare_ours(db, "PRAGMA integrity_check(1)", &q));
    TRY(stmt_step(&q, &row));
    if (!row || !str_is(stmt_peek(&q, 0), "ok"))
        *complaint = row ? stmt_text(&q, 0, arena) : "integrity_check said nothing";
    TRY(arena_check(arena));
    return looked(db, *complaint);
}

static struct err each_plan_line(struct stmt *q, db_plan_fn fn, void *arg)
{
    bool row;
    TRY(stmt_step(q, &row));
    while (row) {
        fn(arg, stmt_peek(q, 3).at);
        TRY(stmt_step(q, &row));
    }
    return OK;
}

struct err db_explain(struct db *db, const char *sql, db_plan_fn fn, void *arg)
{
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    ENSURE(text != NULL, ERR_STORE, "out of memory in the database");
    struct stmt q CLEANUP(stmt_fini) = {0};
    struct err e = db_prepare(db, &(struct db_sql){"explain", text}, &q);
    sqlite3_free(text);
    TRY(e);
    return each_plan_line(&q, fn, arg);
}

/* ---- the migrator's ---- */

struct err db_pragma_read(struct db *db, const char *name, int64_t *value)
{
    char text[80];
    int n = snprintf(text, sizeof text, "PRAGMA %s", name);
    ENSURE(n > 0 && (size_t)n < sizeof text, ERR_BUG, "this is no pragma's name");
    struct stmt q CLEANUP(stmt_fini) = {0};
    TRY(db_prepare_ours(db, text, &q));
    bool row;
    TRY(stmt_step(&q, &row));
    ENSURE(row, ERR_BUG, "this pragma has no value");
    *value = stmt_int(&q, 0);
    return OK;
}

struct err db_pragma_look(struct db *db, const char *name, int64_t *value)
{
    ENSURE(strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name), ERR_BUG,
           "this is no pragma's name");
    return db_pragma_read(db, name, value);
}

struct err db_pragma_int(struct db *db, const char *name, int64_t *value)
{
    ENSURE(db->mode == DB_MIGRATOR, ERR_BUG, "pragmas are the migrator's");
    return db_pragma_look(db, name, value);
}

struct err db_script(struct db *db, const char *sql)
{
    ENSURE(db->mode == DB_MIGRATOR, ERR_BUG, "scripts are the migrator's");
    ENSURE(db_in_transaction(db), ERR_BUG, "a script runs inside a transaction");
    db->door = DOOR_SCRIPT;
    int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);
    db->door = DOOR_SHUT;
    return rc == SQLITE_OK ? OK : db_error(db, rc, "script");
}

struct err db_foreign_key_check(struct db *db)
{
    struct stmt q CLEANUP(stmt_fini) = {0};
    TRY(db_prepare_ours(db, "PRAGMA foreign_key_check", &q));
    bool row;
    TRY(stmt_step(&q, &row));
    return row ? err_at(ERR_STORE, "foreign_key_check", "a foreign key points nowhere") : OK;
}
