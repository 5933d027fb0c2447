/* Files, quarantine and statements. */
#include "engine/store/files.h"

#include <string.h>

#include "common/sys/crypt.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

#define FILE_COLUMNS                                                                               \
    "file_id, source_id, name, sha256, bytes_n, rows_n, loaded_n, duplicate_n, quarantined_n"
#define STATEMENT_COLUMNS                                                                          \
    "statement_id, file_id, source_id, entity_id, account_id, from_date, to_date, currency,"       \
    " opening_minor, closing_minor, entries_minor, status"

enum {
    FILE_FIND,
    FILE_PUT,
    FILE_LIST,
    FILE_LOAD,
    QUARANTINE_INSERT,
    QUARANTINE_LIST,
    STATEMENT_INSERT,
    STATEMENT_LIST,
    STATEMENT_BROKEN,
    FILES_SQL_N
};

const struct db_sql files_sql[] = {
    [FILE_FIND] = {"file_find", "SELECT " FILE_COLUMNS " FROM files"
                                " WHERE source_id = ?1 AND sha256 = ?2"},
    [FILE_PUT] = {"file_put",
                  "INSERT INTO files (" FILE_COLUMNS ", version, seq)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10)"
                  " ON CONFLICT (file_id) DO UPDATE SET rows_n = excluded.rows_n,"
                  " loaded_n = excluded.loaded_n, duplicate_n = excluded.duplicate_n,"
                  " quarantined_n = excluded.quarantined_n, version = files.version + 1,"
                  " seq = excluded.seq"},
    [FILE_LIST] = {"file_list",
                   "SELECT " FILE_COLUMNS " FROM files ORDER BY seq DESC, file_id LIMIT ?1"},
    [FILE_LOAD] = {"file_load", "SELECT " FILE_COLUMNS " FROM files WHERE file_id = ?1"},
    [QUARANTINE_INSERT] = {"quarantine_insert",
                           "INSERT INTO quarantine (quarantine_id, file_id, row_no, line_no,"
                           " reason, raw, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                           " ON CONFLICT (quarantine_id) DO NOTHING"},
    [QUARANTINE_LIST] = {"quarantine_list",
                         "SELECT file_id, row_no, line_no, reason, raw FROM quarantine"
                         " WHERE file_id = ?1 ORDER BY row_no LIMIT ?2"},
    [STATEMENT_INSERT] = {"statement_insert",
                          "INSERT INTO statements (" STATEMENT_COLUMNS ", version, seq)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1, ?13)"},
    [STATEMENT_LIST] = {"statement_list", "SELECT " STATEMENT_COLUMNS " FROM statements"
                                          " WHERE entity_id = ?1 AND account_id = ?2"
                                          " ORDER BY to_date DESC, seq DESC LIMIT 1000"},
    [STATEMENT_BROKEN] = {"statement_broken",
                          "SELECT 1 FROM statements b WHERE b.entity_id = ?1"
                          " AND b.account_id = ?2 AND b.status = 'BROKEN' AND NOT EXISTS"
                          " (SELECT 1 FROM statements g WHERE g.entity_id = ?1"
                          " AND g.account_id = ?2 AND g.status = 'BALANCED' AND g.seq > b.seq"
                          " AND g.currency = b.currency"
                          " AND g.from_date <= b.from_date AND g.to_date >= b.to_date) LIMIT 1"},
};
const size_t files_sql_n = FILES_SQL_N;

/* ---- files ---- */

const char *file_id_make(struct arena *arena, const char *source_id, const char *sha256)
{
    char hex[SHA256_HEX_SIZE];
    const char *both = arena_fmt(arena, "%s\n%s", source_id, sha256);
    if (both == NULL)
        return NULL;
    sha256_hex(both, strlen(both), hex);
    return arena_fmt(arena, "fil_%.26s", hex);
}

static void file_read(struct stmt *q, struct arena *arena, void *row)
{
    struct file_row *f = row;
    *f = (struct file_row){
        .file_id = stmt_text(q, 0, arena),
        .source_id = stmt_text(q, 1, arena),
        .name = stmt_text(q, 2, arena),
        .sha256 = stmt_text(q, 3, arena),
        .bytes_n = stmt_int(q, 4),
        .rows_n = stmt_int(q, 5),
        .loaded_n = stmt_int(q, 6),
        .duplicate_n = stmt_int(q, 7),
        .quarantined_n = stmt_int(q, 8),
    };
}

struct err file_find(struct tx *tx, struct arena *arena, const char *source_id, const char *sha256,
                     struct file_row *file)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, FILE_FIND);
    bool row;
    stmt_bind_text(q, 1, source_id);
    stmt_bind_text(q, 2, sha256);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "this file was not loaded from this source");
    file_read(q, arena, file);
    return arena_check(arena);
}

struct err file_load(struct tx *tx, struct arena *arena, const char *file_id, struct file_row *file)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, FILE_LOAD);
    bool row;
    stmt_bind_text(q, 1, file_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such file");
    file_read(q, arena, file);
    return arena_check(arena);
}

struct err file_put(struct tx *tx, const struct file_row *file)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, FILE_PUT);
    ENSURE(file->rows_n == file->loaded_n + file->duplicate_n + file->quarantined_n, ERR_BUG,
           "a file's rows are not the sum of loaded, duplicate and quarantined ones");
    stmt_bind_text(q, 1, file->file_id);
    stmt_bind_text(q, 2, file->source_id);
    stmt_bind_text(q, 3, file->name);
    stmt_bind_text(q, 4, file->sha256);
    stmt_bind_int(q, 5, file->bytes_n);
    stmt_bind_int(q, 6, file->rows_n);
    stmt_bind_int(q, 7, file->loaded_n);
    stmt_bind_int(q, 8, file->duplicate_n);
    stmt_bind_int(q, 9, file->quarantined_n);
    stmt_bind_int(q, 10, tx_seq(tx));
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_FILES, file->file_id);
}

struct err files_list(struct tx *tx, struct arena *arena, int64_t limit, struct file_row **rows,
                      size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, FILE_LIST);
    void *all;
    stmt_bind_int(q, 1, limit);
    TRY(rows_read(q, arena, sizeof **rows, file_read, &all, n));
    *rows = all;
    return OK;
}

/* ---- quarantine ---- */

struct err quarantine_insert(struct tx *tx, const struct quarantine_row *row, bool *added)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, QUARANTINE_INSERT);
    const char *id = arena_fmt(tx->arena, "%s:%lld", row->file_id, (long long)row->row_no);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    stmt_bind_text(q, 1, id);
    stmt_bind_text(q, 2, row->file_id);
    stmt_bind_int(q, 3, row->row_no);
    stmt_bind_int(q, 4, row->line_no);
    stmt_bind_text(q, 5, row->reason);
    stmt_bind_blob(q, 6, row->raw.at == NULL ? "" : row->raw.at, row->raw.len);
    stmt_bind_int(q, 7, tx_seq(tx));
    TRY(stmt_run(q));
    *added = db_changes(tx->db) > 0;
    return OK;
}

static void quarantine_read(struct stmt *q, struct arena *arena, void *row)
{
    struct quarantine_row *r = row;
    size_t len = 0;
    const uint8_t *raw = stmt_blob(q, 4, arena, &len);
    *r = (struct quarantine_row){
        .file_id = stmt_text(q, 0, arena),
        .row_no = stmt_int(q, 1),
        .line_no = stmt_int(q, 2),
        .reason = stmt_text(q, 3, arena),
        .raw = {(const char *)raw, raw == NULL ? 0 : len},
    };
}

struct err quarantine_list(struct tx *tx, struct arena *arena, const char *file_id, int64_t limit,
                           struct quarantine_row **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, QUARANTINE_LIST);
    void *all;
    stmt_bind_text(q, 1, file_id);
    stmt_bind_int(q, 2, limit);
    TRY(rows_read(q, arena, sizeof **rows, quarantine_read, &all, n));
    *rows = all;
    return OK;
}

/* ---- statements ---- */

static struct err statement_judge(struct statement *s)
{
    struct money expected;
    int sign;
    s->balanced = false;
    struct err sum = money_add(s->opening, s->lines, &expected);
    if (sum.kind == ERR_LIMIT) /* no closing balance can equal what does not fit */
        return OK;
    TRY(sum);
    TRY(money_cmp(expected, s->closing, &sign));
    s->balanced = sign == 0;
    return OK;
}

struct err statement_insert(struct tx *tx, struct statement *s)
{
    char from[DATE_TEXT_MAX], to[DATE_TEXT_MAX];
    TRY(statement_judge(s));
    s->statement_id = tx_new_id(tx, "sta");
    ENSURE(s->statement_id != NULL, ERR_LIMIT, "out of memory");
    date_print(s->from, from);
    date_print(s->to, to);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, STATEMENT_INSERT);
    stmt_bind_text(q, 1, s->statement_id);
    stmt_bind_text(q, 2, s->file_id);
    stmt_bind_text(q, 3, s->source_id);
    stmt_bind_text(q, 4, s->entity_id);
    stmt_bind_text(q, 5, s->account_id);
    stmt_bind_text(q, 6, from);
    stmt_bind_text(q, 7, to);
    stmt_bind_text(q, 8, s->closing.cur);
    stmt_bind_int(q, 9, s->opening.minor);
    stmt_bind_int(q, 10, s->closing.minor);
    stmt_bind_int(q, 11, s->lines.minor);
    stmt_bind_text(q, 12, s->balanced ? "BALANCED" : "BROKEN");
    stmt_bind_int(q, 13, tx_seq(tx));
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_STATEMENTS, s->statement_id);
}

/* A row the engine wrote; what cannot be read back is left zero, in no currency. */
static void statement_read(struct stmt *q, struct arena *arena, void *row)
{
    struct statement *s = row;
    const char *from = stmt_text(q, 5, arena), *to = stmt_text(q, 6, arena);
    const char *cur = stmt_text(q, 7, arena), *status = stmt_text(q, 11, arena);
    *s = (struct statement){
        .statement_id = stmt_text(q, 0, arena),
        .file_id = stmt_text(q, 1, arena),
        .source_id = stmt_text(q, 2, arena),
        .entity_id = stmt_text(q, 3, arena),
        .account_id = stmt_text(q, 4, arena),
        .balanced = text_eq(status, "BALANCED"),
    };
    bool read = date_parse(from, &s->from).kind == ERR_NONE &&
                date_parse(to, &s->to).kind == ERR_NONE &&
                money_make(stmt_int(q, 8), cur, &s->opening).kind == ERR_NONE &&
                money_make(stmt_int(q, 9), cur, &s->closing).kind == ERR_NONE &&
                money_make(stmt_int(q, 10), cur, &s->lines).kind == ERR_NONE;
    s->balanced = s->balanced && read;
}

struct err statements_list(struct tx *tx, struct arena *arena, const char *entity_id,
                           const char *account_id, struct statement **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, STATEMENT_LIST);
    void *all;
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    TRY(rows_read(q, arena, sizeof **rows, statement_read, &all, n));
    *rows = all;
    return OK;
}

struct err statement_broken(struct tx *tx, const char *entity_id, const char *account_id,
                            bool *broken)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_FILES, STATEMENT_BROKEN);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    return stmt_step(q, broken);
}
