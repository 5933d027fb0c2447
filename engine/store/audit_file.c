/* Verifying a book from its path: for who does not run it. The schema may be anything, so nothing
 * is prepared before it has been compared; damage is a finding, not a failure. */
#include "common/sys/db.h"
#include "engine/store/audit.h"
#include "engine/store/sql.h"

static void damaged(struct audit_report *report, struct arena *arena, const char *what)
{
    report->kind = AUDIT_BROKEN;
    report->table = report->row = NULL;
    report->problem = arena_fmt(arena, "the file is damaged: %s", what);
    report->told[AUDIT_ROWS] = (struct audit_told){.answer = AUDIT_NOT_OK, .says = report->problem};
}

static struct err look(struct tx *tx, bool book, const struct audit_given *given,
                       struct arena *arena, struct audit_report *report)
{
    TRY(db_begin_read(tx->db));
    TRY(audit_verify_with(tx, given, arena, report));
    if (!book || report->kind != AUDIT_INTACT)
        return OK;
    TRY(db_prepare_all(tx->db, SQL_TABLES, tables_sql, tables_sql_n));
    return audit_verify_book(tx, arena, report);
}

struct err audit_verify_path(const char *path, bool book, const struct audit_given *given,
                             struct arena *arena, struct audit_report *report)
{
    CLEANUP(db_close) struct db *db = NULL;
    *report = (struct audit_report){.kind = AUDIT_UNREADABLE};
    struct err e = db_open(path, DB_READER, &db);
    if (db_is_damage(e)) {
        damaged(report, arena, e.msg);
        return arena_check(arena);
    }
    TRY(e);
    CLEANUP(store_scratch_fini) struct store eyes = {.db = db, .mode = STORE_READER};
    TRY(store_scratch_init(&eyes));
    struct tx tx = {.store = &eyes, .db = db, .arena = arena};
    e = look(&tx, book, given, arena, report);
    if (e.kind == ERR_NONE)
        return OK;
    if (db_last_class(db) == DB_CORRUPT) {
        damaged(report, arena, e.msg);
        return arena_check(arena);
    }
    return err_fmt(arena, e.kind, e.where == NULL ? path : arena_strdup(arena, e.where), "%s",
                   e.msg);
}

struct err audit_verify_file(const char *path, bool book, struct arena *arena,
                             struct audit_report *report)
{
    const struct audit_given given = {.path = path};
    return audit_verify_path(path, book, &given, arena, report);
}
