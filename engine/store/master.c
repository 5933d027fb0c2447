/* Master data: load, list, put. A put reads the row first: what is the same is not written again,
 * so that loading the same files twice is no change. */
#include "engine/store/master.h"

#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

#define ENTITY_COLUMNS       "entity_id, name, functional_currency, zone, calendar, parent, version"
#define ACCOUNT_COLUMNS      "entity_id, account_id, name, class, currency, reconciled, version"
#define COUNTERPARTY_COLUMNS "counterparty_id, name, kind, version"
#define SOURCE_COLUMNS       "source_id, entity_id, account_id, side, mapping, version"

enum {
    ENTITY_LOAD,
    ENTITY_LIST,
    ENTITY_PUT,
    ACCOUNT_LOAD,
    ACCOUNT_LIST,
    ACCOUNT_PUT,
    COUNTERPARTY_LOAD,
    COUNTERPARTY_LIST,
    COUNTERPARTY_PUT,
    SOURCE_LOAD,
    SOURCE_LIST,
    SOURCE_PUT,
    MASTER_SQL_N
};

const struct db_sql master_sql[] = {
    [ENTITY_LOAD] = {"entity_load", "SELECT " ENTITY_COLUMNS " FROM entities WHERE entity_id = ?1"},
    [ENTITY_LIST] = {"entity_list", "SELECT " ENTITY_COLUMNS " FROM entities ORDER BY entity_id"},
    [ENTITY_PUT] = {"entity_put",
                    "INSERT INTO entities (" ENTITY_COLUMNS ", seq)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                    " ON CONFLICT (entity_id) DO UPDATE SET name = excluded.name,"
                    " functional_currency = excluded.functional_currency, zone = excluded.zone,"
                    " calendar = excluded.calendar, parent = excluded.parent,"
                    " version = excluded.version, seq = excluded.seq"},
    [ACCOUNT_LOAD] = {"account_load",
                      "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE entity_id = ?1"
                      " AND account_id = ?2"},
    [ACCOUNT_LIST] = {"account_list", "SELECT " ACCOUNT_COLUMNS " FROM accounts"
                                      " WHERE entity_id = ?1 ORDER BY account_id"},
    [ACCOUNT_PUT] = {"account_put", "INSERT INTO accounts (" ACCOUNT_COLUMNS ", seq, account_key)"
                                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                                    " ON CONFLICT (account_key) DO UPDATE SET name = excluded.name,"
                                    " class = excluded.class, currency = excluded.currency,"
                                    " reconciled = excluded.reconciled, version = excluded.version,"
                                    " seq = excluded.seq"},
    [COUNTERPARTY_LOAD] = {"counterparty_load", "SELECT " COUNTERPARTY_COLUMNS
                                                " FROM counterparties WHERE counterparty_id = ?1"},
    [COUNTERPARTY_LIST] = {"counterparty_list", "SELECT " COUNTERPARTY_COLUMNS
                                                " FROM counterparties ORDER BY counterparty_id"},
    [COUNTERPARTY_PUT] = {"counterparty_put",
                          "INSERT INTO counterparties (" COUNTERPARTY_COLUMNS ", seq)"
                          " VALUES (?1, ?2, ?3, ?4, ?5)"
                          " ON CONFLICT (counterparty_id) DO UPDATE SET name = excluded.name,"
                          " kind = excluded.kind, version = excluded.version, seq = excluded.seq"},
    [SOURCE_LOAD] = {"source_load", "SELECT " SOURCE_COLUMNS " FROM sources WHERE source_id = ?1"},
    [SOURCE_LIST] = {"source_list", "SELECT " SOURCE_COLUMNS " FROM sources ORDER BY source_id"},
    [SOURCE_PUT] = {"source_put",
                    "INSERT INTO sources (" SOURCE_COLUMNS ", seq)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                    " ON CONFLICT (source_id) DO UPDATE SET entity_id = excluded.entity_id,"
                    " account_id = excluded.account_id, side = excluded.side,"
                    " mapping = excluded.mapping, version = excluded.version, seq = excluded.seq"},
};
const size_t master_sql_n = MASTER_SQL_N;

/* ---- reading a row ---- */

static void entity_read(struct stmt *q, struct arena *arena, void *row)
{
    struct entity *e = row;
    *e = (struct entity){
        .entity_id = stmt_text(q, 0, arena),
        .name = stmt_text(q, 1, arena),
        .functional_currency = stmt_text(q, 2, arena),
        .zone = stmt_text(q, 3, arena),
        .calendar = stmt_text(q, 4, arena),
        .parent = stmt_text(q, 5, arena),
        .version = stmt_int(q, 6),
    };
}

static void account_read(struct stmt *q, struct arena *arena, void *row)
{
    struct account *a = row;
    *a = (struct account){
        .entity_id = stmt_text(q, 0, arena),
        .account_id = stmt_text(q, 1, arena),
        .name = stmt_text(q, 2, arena),
        .class_ = stmt_text(q, 3, arena),
        .currency = stmt_text(q, 4, arena),
        .reconciled = stmt_bool(q, 5),
        .version = stmt_int(q, 6),
    };
}

static void counterparty_read(struct stmt *q, struct arena *arena, void *row)
{
    struct counterparty *c = row;
    *c = (struct counterparty){
        .counterparty_id = stmt_text(q, 0, arena),
        .name = stmt_text(q, 1, arena),
        .kind = stmt_text(q, 2, arena),
        .version = stmt_int(q, 3),
    };
}

static void source_read(struct stmt *q, struct arena *arena, void *row)
{
    struct source_def *s = row;
    *s = (struct source_def){
        .source_id = stmt_text(q, 0, arena),
        .entity_id = stmt_text(q, 1, arena),
        .account_id = stmt_text(q, 2, arena),
        .mapping = stmt_text(q, 4, arena),
        .version = stmt_int(q, 5),
    };
    if (!side_find(stmt_text(q, 3, arena), &s->side))
        s->side = SIDE_SUBLEDGER;
}

/* ---- one ---- */

static struct err found(struct stmt *q, struct arena *arena, const char *what, const char *id)
{
    bool row;
    TRY(stmt_step(q, &row));
    return row ? OK : err_fmt(arena, ERR_MISSING, id, "there is no %s \"%s\"", what, id);
}

struct err entity_load(struct tx *tx, struct arena *arena, const char *entity_id,
                       struct entity *entity)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, ENTITY_LOAD);
    stmt_bind_text(q, 1, entity_id);
    TRY(found(q, arena, "entity", entity_id));
    entity_read(q, arena, entity);
    return arena_check(arena);
}

struct err account_load(struct tx *tx, struct arena *arena, const char *entity_id,
                        const char *account_id, struct account *account)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, ACCOUNT_LOAD);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    bool row;
    TRY(stmt_step(q, &row));
    if (!row)
        return err_fmt(arena, ERR_MISSING, account_id, "the chart of \"%s\" has no account \"%s\"",
                       entity_id, account_id);
    account_read(q, arena, account);
    return arena_check(arena);
}

struct err counterparty_load(struct tx *tx, struct arena *arena, const char *id,
                             struct counterparty *counterparty)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, COUNTERPARTY_LOAD);
    stmt_bind_text(q, 1, id);
    TRY(found(q, arena, "counterparty", id));
    counterparty_read(q, arena, counterparty);
    return arena_check(arena);
}

struct err source_load(struct tx *tx, struct arena *arena, const char *source_id,
                       struct source_def *source)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, SOURCE_LOAD);
    stmt_bind_text(q, 1, source_id);
    TRY(found(q, arena, "source", source_id));
    source_read(q, arena, source);
    return arena_check(arena);
}

/* ---- all ---- */

struct err entities_list(struct tx *tx, struct arena *arena, struct entity **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, ENTITY_LIST);
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, entity_read, &all, n));
    *rows = all;
    return OK;
}

struct err accounts_list(struct tx *tx, struct arena *arena, const char *entity_id,
                         struct account **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, ACCOUNT_LIST);
    void *all;
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, arena, sizeof **rows, account_read, &all, n));
    *rows = all;
    return OK;
}

struct err counterparties_list(struct tx *tx, struct arena *arena, struct counterparty **rows,
                               size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, COUNTERPARTY_LIST);
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, counterparty_read, &all, n));
    *rows = all;
    return OK;
}

struct err sources_list(struct tx *tx, struct arena *arena, struct source_def **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, SOURCE_LIST);
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, source_read, &all, n));
    *rows = all;
    return OK;
}

/* ---- put ---- */

/* What a put will do, from what a load of the same row said: *version is the row's next. */
static struct err put_plan(struct err loaded, bool same, int64_t version_was, enum put *put,
                           int64_t *version)
{
    if (loaded.kind == ERR_MISSING) {
        *put = PUT_ADDED;
        *version = 1;
        return OK;
    }
    TRY(loaded);
    *put = same ? PUT_SAME : PUT_CHANGED;
    *version = same ? version_was : version_was + 1;
    return OK;
}

struct err entity_change(struct tx *tx, const struct entity *entity, enum put *put,
                         int64_t *version)
{
    struct entity was = {.version = 0};
    struct err loaded = entity_load(tx, tx->arena, entity->entity_id, &was);
    bool same = text_eq(was.name, entity->name) && text_eq(was.zone, entity->zone) &&
                text_eq(was.functional_currency, entity->functional_currency) &&
                text_eq(was.calendar, entity->calendar) && text_eq(was.parent, entity->parent);
    int64_t next = 0;
    TRY(put_plan(loaded, same, was.version, put, &next));
    if (version != NULL)
        *version = next;
    return OK;
}

struct err entity_put(struct tx *tx, const struct entity *entity, enum put *put)
{
    int64_t version;
    TRY(entity_change(tx, entity, put, &version));
    if (*put == PUT_SAME)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, ENTITY_PUT);
    stmt_bind_text(q, 1, entity->entity_id);
    stmt_bind_text(q, 2, entity->name);
    stmt_bind_text(q, 3, entity->functional_currency);
    stmt_bind_text(q, 4, entity->zone);
    stmt_bind_text(q, 5, entity->calendar);
    stmt_bind_text(q, 6, entity->parent);
    stmt_bind_int(q, 7, version);
    stmt_bind_int(q, 8, tx_seq(tx));
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_ENTITIES, entity->entity_id);
}

struct err account_change(struct tx *tx, const struct account *account, enum put *put,
                          int64_t *version)
{
    struct account was = {.version = 0};
    struct err loaded = account_load(tx, tx->arena, account->entity_id, account->account_id, &was);
    bool same = text_eq(was.name, account->name) && text_eq(was.class_, account->class_) &&
                text_eq(was.currency, account->currency) && was.reconciled == account->reconciled;
    int64_t next = 0;
    TRY(put_plan(loaded, same, was.version, put, &next));
    if (version != NULL)
        *version = next;
    return OK;
}

struct err account_put(struct tx *tx, const struct account *account, enum put *put)
{
    int64_t version;
    TRY(account_change(tx, account, put, &version));
    if (*put == PUT_SAME)
        return OK;
    const char *key = arena_fmt(tx->arena, "%s/%s", account->entity_id, account->account_id);
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, ACCOUNT_PUT);
    stmt_bind_text(q, 1, account->entity_id);
    stmt_bind_text(q, 2, account->account_id);
    stmt_bind_text(q, 3, account->name);
    stmt_bind_text(q, 4, account->class_);
    stmt_bind_text(q, 5, account->currency);
    stmt_bind_bool(q, 6, account->reconciled);
    stmt_bind_int(q, 7, version);
    stmt_bind_int(q, 8, tx_seq(tx));
    stmt_bind_text(q, 9, key);
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_ACCOUNTS, key);
}

struct err counterparty_change(struct tx *tx, const struct counterparty *counterparty,
                               enum put *put, int64_t *version)
{
    struct counterparty was = {.version = 0};
    struct err loaded = counterparty_load(tx, tx->arena, counterparty->counterparty_id, &was);
    bool same = text_eq(was.name, counterparty->name) && text_eq(was.kind, counterparty->kind);
    int64_t next = 0;
    TRY(put_plan(loaded, same, was.version, put, &next));
    if (version != NULL)
        *version = next;
    return OK;
}

struct err counterparty_put(struct tx *tx, const struct counterparty *counterparty, enum put *put)
{
    int64_t version;
    TRY(counterparty_change(tx, counterparty, put, &version));
    if (*put == PUT_SAME)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, COUNTERPARTY_PUT);
    stmt_bind_text(q, 1, counterparty->counterparty_id);
    stmt_bind_text(q, 2, counterparty->name);
    stmt_bind_text(q, 3, counterparty->kind);
    stmt_bind_int(q, 4, version);
    stmt_bind_int(q, 5, tx_seq(tx));
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_COUNTERPARTIES, counterparty->counterparty_id);
}

struct err source_change(struct tx *tx, const struct source_def *source, enum put *put,
                         int64_t *version)
{
    struct source_def was = {.version = 0};
    struct err loaded = source_load(tx, tx->arena, source->source_id, &was);
    bool same = text_eq(was.entity_id, source->entity_id) && was.side == source->side &&
                text_eq(was.account_id, source->account_id) &&
                text_eq(was.mapping, source->mapping);
    int64_t next = 0;
    TRY(put_plan(loaded, same, was.version, put, &next));
    if (version != NULL)
        *version = next;
    return OK;
}

struct err source_put(struct tx *tx, const struct source_def *source, enum put *put)
{
    int64_t version;
    TRY(source_change(tx, source, put, &version));
    if (*put == PUT_SAME)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_MASTER, SOURCE_PUT);
    stmt_bind_text(q, 1, source->source_id);
    stmt_bind_text(q, 2, source->entity_id);
    stmt_bind_text(q, 3, source->account_id);
    stmt_bind_text(q, 4, side_name(source->side));
    stmt_bind_text(q, 5, source->mapping);
    stmt_bind_int(q, 6, version);
    stmt_bind_int(q, 7, tx_seq(tx));
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_SOURCES, source->source_id);
}
