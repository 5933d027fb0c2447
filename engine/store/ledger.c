/* Balances of the ledger. */
#include "engine/store/ledger.h"

#include "engine/store/sql.h"
#include "engine/store/tables.h"

#define COLUMNS "entity_id, account_id, currency, date, balance_minor, version"

enum { BALANCE_LOAD, BALANCE_PUT, BALANCE_BEFORE, BALANCE_AFTER };

const struct db_sql ledger_sql[] = {
    [BALANCE_LOAD] = {"ledger_balance_load",
                      "SELECT " COLUMNS " FROM ledger_balances WHERE balance_key = ?1"},
    [BALANCE_PUT] = {"ledger_balance_put",
                     "INSERT INTO ledger_balances (" COLUMNS ", seq, balance_key)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                     " ON CONFLICT (balance_key) DO UPDATE SET"
                     " balance_minor = excluded.balance_minor, version = excluded.version,"
                     " seq = excluded.seq"},
    [BALANCE_BEFORE] = {"ledger_balance_before",
                        "SELECT " COLUMNS " FROM ledger_balances WHERE entity_id = ?1"
                        " AND account_id = ?2 AND currency = ?3 AND date <= ?4"
                        " ORDER BY date DESC LIMIT 1"},
    [BALANCE_AFTER] = {"ledger_balance_after",
                       "SELECT " COLUMNS " FROM ledger_balances WHERE entity_id = ?1"
                       " AND account_id = ?2 AND currency = ?3 AND date > ?4"
                       " ORDER BY date LIMIT 1"},
};
const size_t ledger_sql_n = sizeof ledger_sql / sizeof ledger_sql[0];

static struct err balance_read(struct stmt *q, struct arena *arena, struct ledger_balance *b)
{
    *b = (struct ledger_balance){.entity_id = stmt_text(q, 0, arena),
                                 .account_id = stmt_text(q, 1, arena),
                                 .version = stmt_int(q, 5)};
    const char *currency = stmt_text(q, 2, arena), *date = stmt_text(q, 3, arena);
    TRY(arena_check(arena));
    TRY(date_parse(date, &b->date));
    return money_make(stmt_int(q, 4), currency, &b->balance);
}

static const char *key_of(struct arena *arena, const struct ledger_balance *b)
{
    char day[DATE_TEXT_MAX];
    date_print(b->date, day);
    return arena_fmt(arena, "%s/%s/%s/%s", b->entity_id, b->account_id, b->balance.cur, day);
}

struct err ledger_balance_change(struct tx *tx, const struct ledger_balance *b, enum put *put,
                                 int64_t *version)
{
    struct ledger_balance was = {.version = 0};
    const char *key = key_of(tx->arena, b);
    bool row;
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LEDGER, BALANCE_LOAD);
    stmt_bind_text(q, 1, key);
    TRY(stmt_step(q, &row));
    if (row)
        TRY(balance_read(q, tx->arena, &was));
    const bool same = row && was.balance.minor == b->balance.minor;
    *put = same ? PUT_SAME : row ? PUT_CHANGED : PUT_ADDED;
    if (version != NULL)
        *version = same ? was.version : was.version + 1;
    return OK;
}

struct err ledger_balance_put(struct tx *tx, const struct ledger_balance *b, enum put *put)
{
    char day[DATE_TEXT_MAX];
    int64_t version;
    TRY(ledger_balance_change(tx, b, put, &version));
    if (*put == PUT_SAME)
        return OK;
    const char *key = key_of(tx->arena, b);
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    date_print(b->date, day);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LEDGER, BALANCE_PUT);
    stmt_bind_text(q, 1, b->entity_id);
    stmt_bind_text(q, 2, b->account_id);
    stmt_bind_text(q, 3, b->balance.cur);
    stmt_bind_text(q, 4, day);
    stmt_bind_int(q, 5, b->balance.minor);
    stmt_bind_int(q, 6, version);
    stmt_bind_int(q, 7, tx_seq(tx));
    stmt_bind_text(q, 8, key);
    TRY(stmt_run(q));
    return effect_row(tx, TABLE_LEDGER_BALANCES, key);
}

static struct err near_in(struct tx *tx, struct arena *arena, size_t query,
                          const char *const names[3], const char *day, bool *found,
                          struct ledger_balance *b)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LEDGER, query);
    for (int i = 0; i < 3; i++)
        stmt_bind_text(q, i + 1, names[i]);
    stmt_bind_text(q, 4, day);
    TRY(stmt_step(q, found));
    return *found ? balance_read(q, arena, b) : OK;
}

struct err ledger_balance_near(struct tx *tx, struct arena *arena, const char *entity_id,
                               const char *account_id, const char *currency, struct date day,
                               bool *found, struct ledger_balance *b)
{
    const char *const names[3] = {entity_id, account_id, currency};
    char text[DATE_TEXT_MAX];
    date_print(day, text);
    TRY(near_in(tx, arena, BALANCE_BEFORE, names, text, found, b));
    return *found ? OK : near_in(tx, arena, BALANCE_AFTER, names, text, found, b);
}
