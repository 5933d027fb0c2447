/* Daily sums of what was confirmed without a human. */
#include "engine/store/limits.h"

#include "common/base/str.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum { DAY_ADD, SINCE };

const struct db_sql limits_sql[] = {
    [DAY_ADD] = {"auto_confirmed_add",
                 "INSERT INTO auto_confirmed (day_key, scope, key, day, currency, sum_minor, count,"
                 " version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7)"
                 " ON CONFLICT (day_key) DO UPDATE SET sum_minor = sum_minor + ?6,"
                 " count = count + 1, version = version + 1, seq = ?7"},
    [SINCE] = {"auto_confirmed_since",
               "SELECT currency, sum(sum_minor), sum(count) FROM auto_confirmed"
               " WHERE scope = ?1 AND key = ?2 AND day >= ?3 GROUP BY currency ORDER BY currency"},
};
const size_t limits_sql_n = sizeof limits_sql / sizeof limits_sql[0];

struct err auto_confirmed_add(struct tx *tx, const char *scope, const char *key,
                              struct money amount)
{
    char day[DATE_TEXT_MAX];
    date_print(instant_date_utc(tx->now_us), day);
    const char *day_key = arena_fmt(tx->arena, "%s|%s|%s|%s", scope, key, day, amount.cur);
    ENSURE(day_key != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LIMITS, DAY_ADD);
        stmt_bind_text(q, 1, day_key);
        stmt_bind_text(q, 2, scope);
        stmt_bind_text(q, 3, key);
        stmt_bind_text(q, 4, day);
        stmt_bind_text(q, 5, amount.cur);
        stmt_bind_int(q, 6, amount.minor);
        stmt_bind_int(q, 7, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_AUTO_CONFIRMED, day_key);
}

struct err auto_confirmed_since(struct tx *tx, const char *scope, const char *key, struct date from,
                                struct money *sums, size_t max, size_t *n, int64_t *count)
{
    char day[DATE_TEXT_MAX];
    date_print(from, day);
    *n = 0;
    *count = 0;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LIMITS, SINCE);
    stmt_bind_text(q, 1, scope);
    stmt_bind_text(q, 2, key);
    stmt_bind_text(q, 3, day);
    for (;;) {
        bool row;
        char currency[8] = "";
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        struct str cur = stmt_peek(q, 0);
        ENSURE(*n < max && cur.len == 3, ERR_LIMIT, "a limit's window holds too many currencies");
        for (size_t i = 0; i < cur.len; i++)
            currency[i] = cur.at[i];
        TRY(money_make(stmt_int(q, 1), currency, &sums[(*n)++]));
        *count += stmt_int(q, 2);
    }
}
