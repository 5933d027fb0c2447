/* Row hashes: one list of columns per table, one way to hash a row, effects for the event under
 * way. */
#include "engine/store/tables.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/invariant.h"
#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/sql.h"

/* T(ENUM, table, id expression, version expression, columns in the hash, immutable) */
/* clang-format off */
#define TABLE_LIST(T) \
    T(POLICIES, policies, "digest", "1", "digest,text,seq", true) \
    T(PRINCIPALS, principals, "principal_id", "version", "principal_id,name,status,version,seq", false) \
    T(IDENTITIES, identities, "identity_id", "version", "identity_id,principal_id,kind,issuer,subject,status,version,seq", false) \
    T(CLIENTS, clients, "client_id", "version", "client_id,name,kind,public_key,channels,tools,status,version,seq", false) \
    T(ROLES, roles, "grant_id", "version", "grant_id,principal_id,role,entity_id,status,version,seq", false) \
    T(FREEZES, freezes, "freeze_id", "version", "freeze_id,scope,value,status,reason,version,seq", false) \
    T(ENTITIES, entities, "entity_id", "version", "entity_id,name,functional_currency,zone,calendar,parent,version,seq", false) \
    T(ACCOUNTS, accounts, "account_key", "version", "account_key,entity_id,account_id,name,class,currency,reconciled,version,seq", false) \
    T(COUNTERPARTIES, counterparties, "counterparty_id", "version", "counterparty_id,name,kind,version,seq", false) \
    T(SOURCES, sources, "source_id", "version", "source_id,entity_id,account_id,side,mapping,version,seq", false) \
    T(FILES, files, "file_id", "version", "file_id,source_id,name,sha256,bytes_n,rows_n,loaded_n,duplicate_n,quarantined_n,version,seq", false) \
    T(ENTRIES, entries, "entry_id", "version", "entry_id,version,side,source_id,file_id,row_no,entity_id,account_id,date,value_date,amount_minor,currency,counterparty,memo,reference,group_key,journal_id,contra_account,contra,event_kind,reverses,raw_sha256,seq", true) \
    T(QUARANTINE, quarantine, "quarantine_id", "1", "quarantine_id,file_id,row_no,line_no,reason,hex(raw),seq", true) \
    T(STATEMENTS, statements, "statement_id", "version", "statement_id,file_id,source_id,entity_id,account_id,from_date,to_date,currency,opening_minor,closing_minor,entries_minor,status,version,seq", false) \
    T(MATCHES, matches, "match_id", "1", "match_id,entity_id,account_id,class,match_type,rule,rule_version,source,proposer,proposer_principal,proposer_obo,composition_sha256,currency,amount_minor,difference_minor,score_bp,ambiguous,sure,legs,evidence,rationale,seq", true) \
    T(MATCH_STATES, match_states, "match_id", "version", "match_id,state,actor,version,seq", false) \
    T(MATCH_DIFFERENCES, match_differences, "match_id", "1", "match_id,account_id,currency,amount_minor,seq", true) \
    T(MATCHING_RULES, matching_rules, "rule_id", "version", "rule_id,entity_id,account_id,currency,bank_name,book_name,lag_days,fee_kind,fee_minor,fee_ppm,difference_account,state,source_match,author,approver,rationale,version,seq", false) \
    T(EXCEPTIONS, exceptions, "exception_id", "1", "exception_id,entry_id,entity_id,account_id,class,detail,seq", true) \
    T(EXCEPTION_STATES, exception_states, "exception_id", "version", "exception_id,entry_id,state,outcome,settled,actor,version,seq", false) \
    T(EXCEPTION_FLAGS, exception_flags, "exception_id", "1", "exception_id,actor,principal_id,on_behalf_of,rationale,rationale_author,seq", true) \
    T(ASSIGNMENTS, assignments, "object", "version", "object,assignee,assigned_by,version,seq", false) \
    T(COMMENTS, comments, "comment_id", "1", "comment_id,object,author,principal_id,author_kind,text,created_at,seq", true) \
    T(EVIDENCE, evidence, "evidence_id", "1", "evidence_id,object,sha256,name,media_type,bytes_n,added_by,principal_id,created_at,seq", true) \
    T(WRITTEN_OFF, written_off, "day_key", "version", "day_key,scope,key,day,currency,sum_minor,count,version,seq", false) \
    T(AUTO_CONFIRMED, auto_confirmed, "day_key", "version", "day_key,scope,key,day,currency,sum_minor,count,version,seq", false) \
    T(ESCALATIONS, escalations, "escalation_id", "version", "escalation_id,code,key_sha256,digest,bound,tool,args,object_type,object_id,object_version,entity_id,amount_minor,currency,policy_version,reason,clause,pointer,requester,requester_principal,requester_obo,created_at,expires_at,state,decided_by,decided_rationale,result,version,seq", false) \
    T(ESCALATION_PARTIES, escalation_parties, "party_id", "version", "party_id,escalation_id,role,actor,principal_id,version,seq", false) \
    T(ASKERS, askers, "asker_id", "1", "asker_id,object_id,object_version,tool,role,principal_id,actor,seq", true) \
    T(ESCALATION_SEATS, escalation_seats, "seat_id", "1", "seat_id,escalation_id,role,principal_id,lender,seq", true) \
    T(ESCALATION_ADDRESSEES, escalation_addressees, "addressee_id", "1", "addressee_id,escalation_id,kind,who,actor,seq", true) \
    T(ESCALATION_NOTES, escalation_notes, "note_id", "1", "note_id,escalation_id,kind,actor,principal_id,body,at,seq", true) \
    T(ESCALATION_MARKS, escalation_marks, "mark_id", "1", "mark_id,escalation_id,kind,number,made_at,waiting_hours,at,seq", true) \
    T(DELIVERIES, deliveries, "delivery_id", "1", "delivery_id,escalation_id,channel,status,attempts,detail,at,seq", true) \
    T(DELEGATIONS, delegations, "delegation_id", "version", "delegation_id,lender,borrower,from_utc,until_utc,rationale,version,seq", false) \
    T(WORKFLOW_RUNS, workflow_runs, "run_id", "version", "run_id,kind,entity_id,lock_key,state,started_by,principal_id,on_behalf_of,request_id,started_at,moved_at,chunks,rows,result,error,version,seq", false) \
    T(LEDGER_BALANCES, ledger_balances, "balance_key", "version", "balance_key,entity_id,account_id,currency,date,balance_minor,version,seq", false)
/* clang-format on */

enum { ID_BYTES_MAX = 512 };

struct table_def {
    const char *name, *columns;
    bool immutable;
};

#define DEF_ROW(id, table, key, version, columns, immutable)                                       \
    [TABLE_##id] = {#table, columns, immutable},
static const struct table_def defs[TABLE_COUNT] = {TABLE_LIST(DEF_ROW)};

/* Three statements a table: one row, the last n rows, all rows; columns id, version, seq, hashed.
 */
#define SELECT_ROW(table, key, version, columns)                                                   \
    "SELECT " key ", " version ", seq, " columns " FROM " #table
#define SQL_ROW(id, table, key, version, columns, immutable)                                       \
    [3 * TABLE_##                                                                                  \
        id] = {#table "_row", SELECT_ROW(table, key, version, columns) " WHERE " key " = ?1"},     \
        [3 * TABLE_##id +                                                                          \
            1] = {#table "_last",                                                                  \
                  SELECT_ROW(table, key, version,                                                  \
                             columns) " WHERE rowid > (SELECT max(rowid) FROM " #table             \
                                      ") - ?1 ORDER BY rowid"},                                    \
            [3 * TABLE_##id + 2] = {#table "_walk",                                                \
                                    SELECT_ROW(table, key, version, columns) " ORDER BY rowid"},
const struct db_sql tables_sql[] = {TABLE_LIST(SQL_ROW)};
const size_t tables_sql_n = sizeof tables_sql / sizeof tables_sql[0];

const char *table_name(enum table table)
{
    return defs[table].name;
}

bool table_immutable(enum table table)
{
    return defs[table].immutable;
}

/* ---- a row as canonical text ---- */

enum { COLUMNS_MAX = 40 };

/* The members of a table's rows in the order of RFC 8785, each with what stands before its value:
 * `{"account_id":`, then `,"amount_minor":` … */
struct row_shape {
    struct shape_member {
        struct str name;
        const char *lead;
        size_t lead_len;
        int col;
    } at[COLUMNS_MAX];
    size_t n;
};

/* Names are ASCII, so that bytes sort as UTF-16 does. */
static int member_order(const void *x, const void *y)
{
    const struct shape_member *a = x, *b = y;
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.at, b->name.at, len);
    return order != 0 ? order : a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}

/* Made when a connection first hashes a row of the table. */
static struct err shape_make(struct store *store, const char *columns, struct row_shape **out)
{
    struct row_shape *shape = ARENA_NEW(store->shapes_arena, struct row_shape);
    struct str name, rest = str_of(columns);
    TRY(arena_check(store->shapes_arena));
    for (int col = 3; rest.at != NULL; col++) {
        (void)str_cut(rest, ',', &name, &rest);
        INVARIANT(shape->n < COLUMNS_MAX);
        shape->at[shape->n++] = (struct shape_member){.name = name, .col = col};
    }
    qsort(shape->at, shape->n, sizeof shape->at[0], member_order);
    for (size_t i = 0; i < shape->n; i++) {
        struct shape_member *m = &shape->at[i];
        m->lead = arena_fmt(store->shapes_arena, "%c\"%.*s\":", i == 0 ? '{' : ',',
                            (int)m->name.len, m->name.at);
        TRY(arena_check(store->shapes_arena));
        m->lead_len = strlen(m->lead);
    }
    *out = shape;
    return OK;
}

static struct err value_print(struct stmt *q, int col, struct buf *text)
{
    switch (stmt_kind(q, col)) {
    case STMT_NULL:
        buf_put(text, "null", 4);
        return OK;
    case STMT_INT:
        buf_putc(text, '"');
        buf_puti(text, stmt_int(q, col));
        buf_putc(text, '"');
        return OK;
    case STMT_TEXT:
        break;
    }
    return jcs_text_print(stmt_peek(q, col), text);
}

/* The row's columns as an RFC 8785 object of texts. */
static struct err row_print(struct store *store, struct stmt *q, enum table table)
{
    struct buf *text = &store->text;
    struct row_shape **shape = &store->shapes[table];
    if (*shape == NULL)
        TRY(shape_make(store, defs[table].columns, shape));
    buf_clear(text);
    for (size_t i = 0; i < (*shape)->n; i++) {
        const struct shape_member *m = &(*shape)->at[i];
        buf_put(text, m->lead, m->lead_len);
        TRY(value_print(q, m->col, text));
    }
    buf_putc(text, '}');
    return buf_check(text);
}

static struct err row_hash(struct store *store, struct stmt *q, enum table table,
                           uint8_t out[SHA256_LEN])
{
    TRY(row_print(store, q, table));
    sha256(store->text.at, store->text.len, out);
    return OK;
}

struct err effect_note(struct tx *tx, enum table table, const char *id, int64_t version,
                       const uint8_t row_sha256[SHA256_LEN])
{
    struct effect *effects =
        arena_grow(tx->arena, tx->effects, tx->effects_n, &tx->effects_cap, sizeof *effects);
    ENSURE(effects != NULL, ERR_LIMIT, "the request needs more memory than one request may have");
    tx->effects = effects;
    struct effect *e = &effects[tx->effects_n++];
    *e = (struct effect){
        .table = defs[table].name, .id = arena_strdup(tx->arena, id), .version = version};
    hex_print(row_sha256, SHA256_LEN, e->row_sha256);
    return arena_check(tx->arena);
}

struct err effect_row(struct tx *tx, enum table table, const char *id)
{
    uint8_t hash[SHA256_LEN];
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_TABLES, 3 * (size_t)table);
    stmt_bind_text(q, 1, id);
    TRY(stmt_step(q, &row));
    ENSURE(row && stmt_int(q, 2) == tx_seq(tx), ERR_BUG, "an effect without its row");
    TRY(row_hash(tx->store, q, table, hash));
    return effect_note(tx, table, id, stmt_int(q, 1), hash);
}

static struct err bulk_hash(struct tx *tx, enum table table, struct stmt *q, int64_t n,
                            struct sha256 *sum)
{
    uint8_t hash[SHA256_LEN];
    bool row = true;
    int64_t seen = 0;
    for (;;) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        ENSURE(stmt_int(q, 2) == tx_seq(tx), ERR_BUG, "a bulk effect over another event's rows");
        TRY(row_hash(tx->store, q, table, hash));
        sha256_add(sum, hash, sizeof hash);
        seen++;
    }
    ENSURE(seen == n, ERR_BUG, "a bulk effect with fewer rows than it says");
    return OK;
}

struct err effect_bulk(struct tx *tx, enum table table, int64_t n)
{
    uint8_t hash[SHA256_LEN];
    struct sha256 sum;
    INVARIANT(defs[table].immutable);
    if (n == 0)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_TABLES, 3 * (size_t)table + 1);
    stmt_bind_int(q, 1, n);
    sha256_begin(&sum);
    struct err e = bulk_hash(tx, table, q, n, &sum);
    sha256_end(&sum, hash);
    TRY(e);
    struct bulk_effect *bulk =
        arena_grow(tx->arena, tx->bulk, tx->bulk_n, &tx->bulk_cap, sizeof *bulk);
    ENSURE(bulk != NULL, ERR_LIMIT, "the request needs more memory than one request may have");
    tx->bulk = bulk;
    struct bulk_effect *b = &bulk[tx->bulk_n++];
    *b = (struct bulk_effect){.table = defs[table].name, .count = n};
    hex_print(hash, sizeof hash, b->rows_sha256);
    return OK;
}

/* One row on a walk, whatever somebody made of it: text that is none has no hash that an event
 * could know, and an id longer than any of ours stands for itself as far as it fits. */
static struct err row_of_walk(struct store *store, struct stmt *q, enum table table,
                              char id[ID_BYTES_MAX], uint8_t hash[SHA256_LEN])
{
    struct str key = stmt_peek(q, 0);
    size_t len = key.len < ID_BYTES_MAX ? key.len : ID_BYTES_MAX - 1;
    if (len > 0)
        memcpy(id, key.at, len);
    id[len] = '\0';
    struct err e = row_hash(store, q, table, hash);
    if (e.kind != ERR_INPUT)
        return e;
    memset(hash, 0, SHA256_LEN);
    return OK;
}

struct err table_walk(struct tx *tx, enum table table, table_row_fn fn, void *arg)
{
    uint8_t hash[SHA256_LEN];
    char id[ID_BYTES_MAX];
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_TABLES, 3 * (size_t)table + 2);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(row_of_walk(tx->store, q, table, id, hash));
        TRY(fn(arg, id, stmt_int(q, 1), stmt_int(q, 2), hash));
    }
}
