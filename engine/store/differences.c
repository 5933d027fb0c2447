/* Differences of matches: kept with the proposal, listed once it is confirmed. */
#include "engine/store/differences.h"

#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { DIFFERENCE_INSERT, DIFFERENCES_LIST, DIFFERENCES_SUM };

/* Driven from the few matches that leave anything over. */
#define STANDING                                                                                   \
    " FROM matches m INDEXED BY matches_unequal"                                                   \
    " CROSS JOIN match_states s ON s.match_id = m.match_id"                                        \
    " LEFT JOIN match_differences d ON d.match_id = m.match_id"                                    \
    " WHERE m.entity_id = ?1 AND m.difference_minor <> 0 AND s.state = 'CONFIRMED'"

const struct db_sql differences_sql[] = {
    [DIFFERENCE_INSERT] = {"difference_insert",
                           "INSERT INTO match_differences (match_id, account_id, currency,"
                           " amount_minor, seq) VALUES (?1, ?2, ?3, ?4, ?5)"},
    [DIFFERENCES_LIST] =
        {"differences_list",
         "SELECT m.match_id, m.entity_id, m.account_id, d.account_id, m.difference_minor,"
         " m.currency, m.match_type, s.actor,"
         " (SELECT a.timestamp_utc FROM audit_events a WHERE a.seq = s.seq), s.seq" STANDING
         " AND (?2 IS NULL OR m.account_id = ?2) AND m.match_id > ?3 ORDER BY m.match_id LIMIT ?4"},
    /* sum() of integers that overflow is an error of the step, never a rounded number. */
    [DIFFERENCES_SUM] = {"differences_sum",
                         "SELECT m.account_id, d.account_id, sum(m.difference_minor), m.currency,"
                         " count(*)" STANDING " GROUP BY 1, 2, 4 ORDER BY 1, 2, 4"},
};
const size_t differences_sql_n = sizeof differences_sql / sizeof differences_sql[0];

bool match_names_difference(const struct match *m)
{
    return m->difference_minor != 0 && m->difference_account != NULL;
}

struct err difference_insert(struct tx *tx, const struct match *m)
{
    if (!match_names_difference(m))
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_DIFFERENCES, DIFFERENCE_INSERT);
    stmt_bind_text(q, 1, m->match_id);
    stmt_bind_text(q, 2, m->difference_account);
    stmt_bind_text(q, 3, m->amount.cur);
    stmt_bind_int(q, 4, m->difference_minor);
    stmt_bind_int(q, 5, tx_seq(tx));
    return stmt_run(q);
}

/* A currency that is none leaves an amount in no currency, which money_sound refuses. */
static struct money money_read(struct stmt *q, struct arena *arena, int minor, int cur)
{
    struct money m;
    if (money_make(stmt_int(q, minor), stmt_text(q, cur, arena), &m).kind != ERR_NONE)
        m = (struct money){.minor = 0};
    return m;
}

static struct err money_sound(struct money m)
{
    ENSURE(m.cur[0] != '\0', ERR_STORE, "a match has an amount that cannot be read");
    return OK;
}

static void difference_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct difference *)row = (struct difference){
        .match_id = stmt_text(q, 0, arena),
        .entity_id = stmt_text(q, 1, arena),
        .account_id = stmt_text(q, 2, arena),
        .difference_account = stmt_text(q, 3, arena),
        .amount = money_read(q, arena, 4, 5),
        .match_type = stmt_text(q, 6, arena),
        .confirmed_by = stmt_text(q, 7, arena),
        .confirmed_at = stmt_text(q, 8, arena),
        .seq = stmt_int(q, 9),
    };
}

struct err differences_list(struct tx *tx, struct arena *arena, const char *entity_id,
                            const char *account_id, const char *after, int64_t limit,
                            struct difference **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_DIFFERENCES, DIFFERENCES_LIST);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    stmt_bind_text(q, 3, after == NULL ? "" : after);
    stmt_bind_int(q, 4, limit);
    TRY(rows_read(q, arena, sizeof **rows, difference_read, &all, n));
    *rows = all;
    for (size_t i = 0; i < *n; i++)
        TRY(money_sound((*rows)[i].amount));
    return OK;
}

static void sum_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct difference_sum *)row = (struct difference_sum){
        .account_id = stmt_text(q, 0, arena),
        .difference_account = stmt_text(q, 1, arena),
        .amount = money_read(q, arena, 2, 3),
        .count = stmt_int(q, 4),
    };
}

struct err differences_sum(struct tx *tx, struct arena *arena, const char *entity_id,
                           struct difference_sum **sums, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_DIFFERENCES, DIFFERENCES_SUM);
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, arena, sizeof **sums, sum_read, &all, n));
    *sums = all;
    for (size_t i = 0; i < *n; i++)
        TRY(money_sound((*sums)[i].amount));
    return OK;
}
