#include "tests/eval/book_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/invariant.h"

/* A table: what names a row, what its version is, and the columns of its hash. `brief` "": a row
 * never changes; NULL: all of it is kept; else only these columns are. */
struct book_table {
    const char *name, *id, *version, *columns, *brief;
};

static const struct book_table tables[] = {
    {"policies", "digest", "1", "digest text seq", ""},
    {"principals", "principal_id", "version", "principal_id name status version seq", NULL},
    {"identities", "identity_id", "version",
     "identity_id principal_id kind issuer subject status version seq", NULL},
    {"clients", "client_id", "version",
     "client_id name kind public_key channels tools status version seq", NULL},
    {"roles", "grant_id", "version", "grant_id principal_id role entity_id status version seq",
     NULL},
    {"freezes", "freeze_id", "version", "freeze_id scope value status reason version seq", NULL},
    {"entities", "entity_id", "version",
     "entity_id name functional_currency zone calendar parent version seq", NULL},
    {"accounts", "account_key", "version",
     "account_key entity_id account_id name class currency reconciled version seq", NULL},
    {"counterparties", "counterparty_id", "version", "counterparty_id name kind version seq", NULL},
    {"sources", "source_id", "version", "source_id entity_id account_id side mapping version seq",
     NULL},
    {"files", "file_id", "version",
     "file_id source_id name sha256 bytes_n rows_n loaded_n duplicate_n quarantined_n version seq",
     NULL},
    {"entries", "entry_id || '#' || version", "version",
     "entry_id version side source_id file_id row_no entity_id account_id date value_date "
     "amount_minor currency counterparty memo reference group_key journal_id contra_account contra "
     "event_kind reverses raw_sha256 seq",
     ""},
    {"statements", "statement_id", "version",
     "statement_id file_id source_id entity_id account_id from_date to_date currency opening_minor "
     "closing_minor entries_minor status version seq",
     NULL},
    {"matches", "match_id", "1",
     "match_id entity_id account_id class match_type rule rule_version source proposer "
     "proposer_principal proposer_obo composition_sha256 currency amount_minor difference_minor "
     "score_bp ambiguous sure legs evidence rationale seq",
     ""},
    {"match_states", "match_id", "version", "match_id state actor version seq", NULL},
    {"match_differences", "match_id", "1", "match_id account_id currency amount_minor seq", ""},
    {"matching_rules", "rule_id", "version",
     "rule_id entity_id account_id currency bank_name book_name lag_days fee_kind fee_minor "
     "fee_ppm "
     "difference_account state source_match author approver rationale version seq",
     NULL},
    {"exceptions", "exception_id", "1",
     "exception_id entry_id entity_id account_id class detail seq", ""},
    {"exception_states", "exception_id", "version",
     "exception_id entry_id state outcome settled actor version seq", NULL},
    {"exception_flags", "exception_id", "1",
     "exception_id actor principal_id on_behalf_of rationale rationale_author seq", ""},
    {"assignments", "object", "version", "object assignee assigned_by version seq", NULL},
    {"comments", "comment_id", "1",
     "comment_id object author principal_id author_kind text created_at seq", ""},
    {"evidence", "evidence_id", "1",
     "evidence_id object sha256 name media_type bytes_n added_by principal_id created_at seq", ""},
    {"written_off", "day_key", "version",
     "day_key scope key day currency sum_minor count version seq", NULL},
    {"auto_confirmed", "day_key", "version",
     "day_key scope key day currency sum_minor count version seq", NULL},
    {"escalations", "escalation_id", "version",
     "escalation_id code key_sha256 digest bound tool args object_type object_id object_version "
     "entity_id amount_minor currency policy_version reason clause pointer requester "
     "requester_principal requester_obo created_at expires_at state decided_by decided_rationale "
     "result version seq",
     "escalation_id key_sha256 digest tool object_type object_id object_version entity_id "
     "amount_minor currency policy_version reason requester requester_principal requester_obo "
     "created_at expires_at state decided_by version seq"},
    {"escalation_parties", "party_id", "version",
     "party_id escalation_id role actor principal_id version seq", NULL},
    {"askers", "asker_id", "1",
     "asker_id object_id object_version tool role principal_id actor seq", ""},
    {"escalation_seats", "seat_id", "1", "seat_id escalation_id role principal_id lender seq", ""},
    {"escalation_addressees", "addressee_id", "1", "addressee_id escalation_id kind who actor seq",
     ""},
    {"escalation_notes", "note_id", "1",
     "note_id escalation_id kind actor principal_id body at seq", ""},
    {"escalation_marks", "mark_id", "1",
     "mark_id escalation_id kind number made_at waiting_hours at seq", ""},
    {"deliveries", "delivery_id", "1",
     "delivery_id escalation_id channel status attempts detail at seq", ""},
    {"delegations", "delegation_id", "version",
     "delegation_id lender borrower from_utc until_utc rationale version seq", NULL},
    {"workflow_runs", "run_id", "version",
     "run_id kind entity_id lock_key state started_by principal_id on_behalf_of request_id "
     "started_at moved_at chunks rows result error version seq",
     NULL},
    {"ledger_balances", "balance_key", "version",
     "balance_key entity_id account_id currency date balance_minor version seq", NULL},
};
enum { TABLES = sizeof tables / sizeof tables[0], COLUMNS_MAX = 32, PER_TABLE = 3 };

/* Statements of a table: one row, rows behind a rowid, how many. */
enum { ONE, BEHIND, COUNT };

struct book_rows {
    struct db *db;
    struct arena *texts; /* of the statements */
    struct db_sql sql[TABLES * PER_TABLE + 1];
    struct book_kept *kept;
    size_t kept_n, kept_cap;
    size_t of_table[TABLES];
};

size_t book_tables_n(void)
{
    return TABLES;
}

const char *book_table_name(size_t table)
{
    return tables[table].name;
}

bool book_table_find(const char *name, size_t *table)
{
    for (*table = 0; *table < TABLES; (*table)++) {
        if (text_eq(tables[*table].name, name))
            return true;
    }
    return false;
}

/* ---- statements ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* json_object('a', CAST(a AS TEXT), …), names in the order of RFC 8785. */
static const char *object_sql(struct arena *arena, const char *columns)
{
    const char *names[COLUMNS_MAX];
    struct str name, rest = str_of(columns);
    const char *list = "";
    size_t n = 0;
    for (bool more = true; more && n < COLUMNS_MAX;) {
        more = str_cut(rest, ' ', &name, &rest);
        names[n++] = str_dup(arena, name);
    }
    if (arena_check(arena).kind != ERR_NONE)
        return NULL;
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++)
        list = arena_fmt(arena, "%s%s'%s', CAST(%s AS TEXT)", list, i == 0 ? "" : ", ", names[i],
                         names[i]);
    return arena_fmt(arena, "json_object(%s)", list);
}

static void table_sql(struct book_rows *rows, size_t i)
{
    struct arena *arena = rows->texts;
    const struct book_table *t = &tables[i];
    struct db_sql *sql = &rows->sql[i * PER_TABLE];
    const char *whole = object_sql(arena, t->columns);
    const char *brief = t->brief == NULL      ? whole
                        : t->brief[0] == '\0' ? "NULL"
                                              : object_sql(arena, t->brief);
    const char *select = arena_fmt(arena, "SELECT CAST(%s AS TEXT), rowid, %s, seq, %s, %s FROM %s",
                                   t->id, t->version, whole, brief, t->name);
    sql[ONE] = (struct db_sql){t->name, arena_fmt(arena, "%s WHERE %s = ?1", select, t->id)};
    sql[BEHIND] = (struct db_sql){
        t->name, arena_fmt(arena, "%s WHERE rowid > ?1 ORDER BY rowid LIMIT ?2", select)};
    sql[COUNT] = (struct db_sql){t->name, arena_fmt(arena, "SELECT count(*) FROM %s", t->name)};
}

static struct err statements_make(struct book_rows *rows)
{
    const char *ends = "SELECT ";
    for (size_t i = 0; i < TABLES; i++) {
        table_sql(rows, i);
        ends = arena_fmt(rows->texts, "%s%s(SELECT max(rowid) FROM %s)", ends, i == 0 ? "" : ", ",
                         tables[i].name);
    }
    rows->sql[TABLES * PER_TABLE] = (struct db_sql){"ends", ends};
    TRY(arena_check(rows->texts));
    return db_prepare_all(rows->db, BOOK_ROWS_SET, rows->sql, TABLES * PER_TABLE + 1);
}

struct err book_rows_new(struct db *db, struct book_rows **out)
{
    struct book_rows *rows = calloc(1, sizeof *rows);
    ENSURE(rows != NULL, ERR_LIMIT, "out of memory");
    rows->db = db;
    rows->texts = arena_new((size_t)4 << 20);
    struct err e =
        rows->texts == NULL ? err_new(ERR_LIMIT, "out of memory") : statements_make(rows);
    if (e.kind != ERR_NONE) {
        book_rows_free(rows);
        return e;
    }
    *out = rows;
    return OK;
}

void book_rows_free(struct book_rows *rows)
{
    if (rows == NULL)
        return;
    for (size_t i = 0; i < rows->kept_cap; i++)
        free(rows->kept[i].brief);
    free(rows->kept);
    arena_free(rows->texts);
    free(rows);
}

/* ---- as they stand ---- */

static struct err row_read(struct stmt *q, struct arena *arena, size_t table, struct book_row *row)
{
    *row = (struct book_row){.table = table,
                             .id = stmt_text(q, 0, arena),
                             .rowid = stmt_int(q, 1),
                             .version = stmt_int(q, 2),
                             .seq = stmt_int(q, 3),
                             .text = stmt_str(q, 4, arena),
                             .brief = stmt_text(q, 5, arena)};
    TRY(arena_check(arena));
    sha256(row->text.at, row->text.len, row->sha256);
    return OK;
}

struct err book_row_load(struct book_rows *rows, struct arena *arena, size_t table, const char *id,
                         bool *found, struct book_row *row)
{
    CLEANUP(stmt_reset)
    struct stmt *q = db_stmt(rows->db, BOOK_ROWS_SET, table * PER_TABLE + ONE);
    stmt_bind_text(q, 1, id);
    TRY(stmt_step(q, found));
    return *found ? row_read(q, arena, table, row) : OK;
}

struct err book_rows_after(struct book_rows *rows, struct arena *arena, size_t table, int64_t rowid,
                           size_t max, struct book_row *list, size_t *n)
{
    CLEANUP(stmt_reset)
    struct stmt *q = db_stmt(rows->db, BOOK_ROWS_SET, table * PER_TABLE + BEHIND);
    stmt_bind_int(q, 1, rowid);
    stmt_bind_int(q, 2, (int64_t)max);
    for (*n = 0;; (*n)++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(row_read(q, arena, table, &list[*n]));
    }
}

struct err book_rows_ends(struct book_rows *rows, int64_t ends[BOOK_TABLES_MAX])
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(rows->db, BOOK_ROWS_SET, TABLES * PER_TABLE);
    TRY(stmt_step(q, &row));
    for (int i = 0; i < TABLES; i++)
        ends[i] = stmt_int(q, i);
    return OK;
}

struct err book_rows_count(struct book_rows *rows, size_t table, int64_t *n)
{
    bool row;
    CLEANUP(stmt_reset)
    struct stmt *q = db_stmt(rows->db, BOOK_ROWS_SET, table * PER_TABLE + COUNT);
    TRY(stmt_step(q, &row));
    *n = stmt_int(q, 0);
    return OK;
}

/* ---- as they were ---- */

static void key_of(size_t table, const char *id, uint8_t key[16])
{
    char text[600];
    uint8_t hash[SHA256_LEN];
    int n = snprintf(text, sizeof text, "%zu/%s", table, id);
    sha256(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, hash);
    memcpy(key, hash, 16);
}

static struct book_kept *slot(struct book_kept *kept, size_t cap, const uint8_t key[16])
{
    size_t at;
    memcpy(&at, key, sizeof at);
    for (at &= cap - 1;; at = (at + 1) & (cap - 1)) {
        if (!kept[at].used || memcmp(kept[at].key, key, 16) == 0)
            return &kept[at];
    }
}

static void grow(struct book_rows *rows)
{
    size_t cap = rows->kept_cap == 0 ? 4096 : rows->kept_cap * 2;
    struct book_kept *more = calloc(cap, sizeof *more);
    INVARIANT(more != NULL);
    for (size_t i = 0; i < rows->kept_cap; i++) {
        if (rows->kept[i].used)
            *slot(more, cap, rows->kept[i].key) = rows->kept[i];
    }
    free(rows->kept);
    rows->kept = more;
    rows->kept_cap = cap;
}

static struct book_kept *find(const struct book_rows *rows, const uint8_t key[16])
{
    if (rows->kept_cap == 0)
        return NULL;
    struct book_kept *k = slot(rows->kept, rows->kept_cap, key);
    return k->used ? k : NULL;
}

static struct book_kept *make(struct book_rows *rows, const uint8_t key[16])
{
    if (2 * rows->kept_n >= rows->kept_cap)
        grow(rows);
    struct book_kept *k = slot(rows->kept, rows->kept_cap, key);
    rows->kept_n += !k->used;
    k->used = true;
    memcpy(k->key, key, 16);
    return k;
}

struct book_kept *book_kept(const struct book_rows *rows, size_t table, const char *id)
{
    uint8_t key[16];
    key_of(table, id, key);
    return find(rows, key);
}

void book_keep(struct book_rows *rows, const struct book_row *row)
{
    uint8_t key[16];
    key_of(row->table, row->id, key);
    struct book_kept *k = find(rows, key);
    if (k == NULL) {
        rows->of_table[row->table]++;
        k = make(rows, key);
    }
    k->version = row->version;
    k->seq = row->seq;
    memcpy(k->sha256, row->sha256, sizeof k->sha256);
    free(k->brief);
    k->brief = row->brief == NULL ? NULL : strdup(row->brief);
}

size_t book_kept_n(const struct book_rows *rows, size_t table)
{
    return rows->of_table[table];
}

int64_t book_held(const struct book_rows *rows, const char *entry_id)
{
    const struct book_kept *k = book_kept(rows, TABLES, entry_id);
    return k == NULL ? 0 : k->version;
}

void book_hold(struct book_rows *rows, const char *entry_id, int64_t minor)
{
    uint8_t key[16];
    key_of(TABLES, entry_id, key);
    struct book_kept *k = find(rows, key);
    if (k == NULL)
        k = make(rows, key);
    k->version += minor;
}
