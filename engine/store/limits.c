/* Daily sums of what was confirmed without a human, and of what was written off. */
#include "engine/store/limits.h"

#include "common/base/str.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum { CONFIRMED_ADD, CONFIRMED_SINCE, WRITTEN_OFF_ADD, WRITTEN_OFF_SINCE };

#define DAY_ADD(table)                                                                             \
    {                                                                                              \
        table "_add", "INSERT INTO " table " (day_key, scope, key, day, currency, sum_minor,"      \
                      " count, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7)"            \
                      " ON CONFLICT (day_key) DO UPDATE SET sum_minor = sum_minor + ?6,"           \
                      " count = count + 1, version = version + 1, seq = ?7"                        \
    }
#define SINCE(table)                                                                               \
    {                                                                                              \
        table "_since", "SELECT currency, sum(sum_minor), sum(count) FROM " table                  \
                        " WHERE scope = ?1 AND key = ?2 AND day >= ?3 GROUP BY currency"           \
                        " ORDER BY currency"                                                       \
    }
const struct db_sql limits_sql[] = {
    [CONFIRMED_ADD] = DAY_ADD("auto_confirmed"),
    [CONFIRMED_SINCE] = SINCE("auto_confirmed"),
    [WRITTEN_OFF_ADD] = DAY_ADD("written_off"),
    [WRITTEN_OFF_SINCE] = SINCE("written_off"),
};
const size_t limits_sql_n = sizeof limits_sql / sizeof limits_sql[0];

static struct err day_add(struct tx *tx, enum table table, const char *scope, const char *key,
                          struct money amount)
{
    char day[DATE_TEXT_MAX];
    date_print(instant_date_utc(tx->now_us), day);
    const char *day_key = arena_fmt(tx->arena, "%s|%s|%s|%s", scope, key, day, amount.cur);
    ENSURE(day_key != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset)
        struct stmt *q = db_stmt(tx->db, SQL_LIMITS,
                                 table == TABLE_WRITTEN_OFF ? WRITTEN_OFF_ADD : CONFIRMED_ADD);
        stmt_bind_text(q, 1, day_key);
        stmt_bind_text(q, 2, scope);
        stmt_bind_text(q, 3, key);
        stmt_bind_text(q, 4, day);
        stmt_bind_text(q, 5, amount.cur);
        stmt_bind_int(q, 6, amount.minor);
        stmt_bind_int(q, 7, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, table, day_key);
}

struct err auto_confirmed_add(struct tx *tx, const char *scope, const char *key,
                              struct money amount)
{
    return day_add(tx, TABLE_AUTO_CONFIRMED, scope, key, amount);
}

struct err written_off_add(struct tx *tx, const char *scope, const char *key, struct money amount)
{
    return day_add(tx, TABLE_WRITTEN_OFF, scope, key, amount);
}

/* `q` is bound and the caller's. */
static struct err sums_read(struct stmt *q, struct money *sums, size_t max, size_t *n,
                            int64_t *count)
{
    *n = 0;
    *count = 0;
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

static void window_bind(struct stmt *q, const char *scope, const char *key, struct date from)
{
    char day[DATE_TEXT_MAX];
    date_print(from, day);
    stmt_bind_text(q, 1, scope);
    stmt_bind_text(q, 2, key);
    stmt_bind_text(q, 3, day);
}

struct err auto_confirmed_since(struct tx *tx, const char *scope, const char *key, struct date from,
                                struct money *sums, size_t max, size_t *n, int64_t *count)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LIMITS, CONFIRMED_SINCE);
    window_bind(q, scope, key, from);
    return sums_read(q, sums, max, n, count);
}

struct err written_off_since(struct tx *tx, const char *scope, const char *key, struct date from,
                             struct money *sums, size_t max, size_t *n)
{
    int64_t count;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_LIMITS, WRITTEN_OFF_SINCE);
    window_bind(q, scope, key, from);
    return sums_read(q, sums, max, n, &count);
}
