/* Reading what is settled on a day, and what is not. */
#include "engine/store/reconciling.h"

#include <string.h>

#include "engine/store/reconciling_sql.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { FLOWS, OPEN_SUMS, OPEN_ITEMS, DIFFERENCES, DIFFERENCES_EVERY, CURRENCIES };

/* The account's matches that have a leg behind the day, read once. */
#define STRADDLING                                                                                 \
    "straddling (match_id) AS MATERIALIZED"                                                        \
    " (SELECT r.match_id FROM entries e INDEXED BY entries_dated CROSS JOIN live_legs r"           \
    "   ON r.entry_id = e.entry_id WHERE" EITHER_SIDE " AND e.date > ?4 AND" ACCOUNT               \
    "  UNION SELECT p.match_id FROM" PARTS " e.date > ?4)"
/* The entries that can be open on the day: what nobody settled yet, and what stands with a leg
 * behind the day. All others, however many, are not looked at. */
#define OPEN                                                                                       \
    "WITH " STRADDLING ", open (entry_id) AS MATERIALIZED"                                         \
    " (SELECT entry_id FROM unsettled WHERE entity_id = ?1 AND account_id = ?2"                    \
    "  UNION SELECT l.entry_id FROM straddling d CROSS JOIN live_legs l ON l.match_id = "          \
    "d.match_id) "
#define OPEN_PIECES " FROM" PIECES_OF(OPEN_ENTRIES) OPEN_STANDS
#define OPEN_ENTRIES                                                                               \
    " open o CROSS JOIN entries e ON e.entry_id = o.entry_id" HELD " WHERE" IN_ACCOUNT
#define OPEN_STANDS                                                                                \
    " LEFT JOIN match_states s ON s.match_id = k.match_id"                                         \
    " LEFT JOIN straddling b ON b.match_id = k.match_id"                                           \
    " WHERE (s.state IS NOT 'CONFIRMED' OR b.match_id IS NOT NULL)"
#define STRADDLES " b.match_id IS NOT NULL"
#define EXCEPTION                                                                                  \
    " CASE WHEN k.match_id IS NULL THEN (SELECT x.exception_id FROM exceptions x"                  \
    " WHERE x.entry_id = k.entry_id ORDER BY x.seq DESC LIMIT 1) END AS exception_id"
#define CLASS                                                                                      \
    " CASE WHEN k.match_id IS NULL THEN (SELECT x.class FROM exceptions x"                         \
    " WHERE x.entry_id = k.entry_id ORDER BY x.seq DESC LIMIT 1) END AS class"
#define LAST_LEG                                                                                   \
    " (SELECT max(f.date) FROM entries f WHERE f.entry_id IN"                                      \
    "  (SELECT entry_id FROM live_legs WHERE match_id = k.match_id"                                \
    "   UNION SELECT entry_id FROM live_parts WHERE match_id = k.match_id))"

#define DIFFERENCE                                                                                 \
    " SELECT k.match_id, (SELECT match_type FROM matches WHERE match_id = k.match_id),"            \
    " max(k.counterparty), max(k.date),"                                                           \
    " sum(CASE WHEN k.side = 'bank' THEN k.minor ELSE -k.minor END) AS rest FROM"
#define SETTLED                                                                                    \
    " JOIN match_states s ON s.match_id = k.match_id WHERE s.state = 'CONFIRMED'"                  \
    " AND k.match_id NOT IN (SELECT match_id FROM straddling)"                                     \
    " GROUP BY k.match_id HAVING rest <> 0 ORDER BY 1"
#define UNEQUAL " FROM matches m INDEXED BY matches_unequal"
#define UNEQUAL_HERE                                                                               \
    " WHERE m.entity_id = ?1 AND m.account_id = ?2 AND m.difference_minor <> 0 AND e.date <= ?4"   \
    " AND" IN_ACCOUNT

const struct db_sql reconciling_sql[] = {
    [FLOWS] = {"reconciling_flows",
               "SELECT e.side, sum(e.date <= ?4),"
               " sum(CASE WHEN e.date <= ?4 THEN e.amount_minor ELSE 0 END),"
               " sum(CASE WHEN e.side = 'bank' AND e.date > ?5 AND e.date <= ?6"
               "          OR e.side <> 'bank' AND e.date > ?7 AND e.date <= ?8"
               "     THEN e.amount_minor ELSE 0 END),"
               " min(e.date) FROM entries e INDEXED BY entries_dated WHERE" ACCOUNT
               " GROUP BY e.side"},
    [OPEN_SUMS] = {"reconciling_sums", OPEN
                   "SELECT k.side = 'bank', k.minor < 0, k.match_id IS NOT NULL AND s.state IS NULL"
                   " AND NOT (" STRADDLES ")," CLASS ", count(*), sum(k.minor)" OPEN_PIECES
                   " GROUP BY 1, 2, 3, 4"},
    /* Behind ?5 bank, ?6 date, ?7 entry and ?8 match; ?9 how many. */
    [OPEN_ITEMS] = {"reconciling_items", OPEN
                    "SELECT k.entry_id, k.match_id, s.state IS 'CONFIRMED'," EXCEPTION "," CLASS
                    ", CASE WHEN" STRADDLES " THEN" LAST_LEG " END, k.minor,"
                    " (SELECT z.state FROM exception_states z WHERE z.exception_id ="
                    "  CASE WHEN k.match_id IS NULL THEN (SELECT x.exception_id FROM exceptions x"
                    "   WHERE x.entry_id = k.entry_id ORDER BY x.seq DESC LIMIT 1) END)" OPEN_PIECES
                    " AND (k.side = 'bank', k.date, k.entry_id,"
                    " coalesce(k.match_id, '')) > (?5, ?6, ?7, ?8)"
                    " ORDER BY k.side = 'bank', k.date, k.entry_id, coalesce(k.match_id, '')"
                    " LIMIT ?9"},
    [DIFFERENCES] = {"reconciling_differences",
                     "WITH " STRADDLING DIFFERENCE " (SELECT" PIECE
                     " e.amount_minor AS minor, m.match_id" UNEQUAL
                     "  JOIN live_legs l ON l.match_id = m.match_id"
                     "  JOIN entries e ON e.entry_id = l.entry_id" UNEQUAL_HERE " AND" ENTIRE
                     "  UNION ALL SELECT" PIECE " p.minor, m.match_id" UNEQUAL
                     "  JOIN live_parts p ON p.match_id = m.match_id"
                     "  JOIN entries e ON e.entry_id = p.entry_id" UNEQUAL_HERE ") k" SETTLED},
    [DIFFERENCES_EVERY] = {"reconciling_differences_every",
                           "WITH " STRADDLING DIFFERENCE PIECES SETTLED},
    [CURRENCIES] = {"reconciling_currencies",
                    "WITH RECURSIVE next (currency) AS (SELECT min(currency) FROM entries"
                    " INDEXED BY entries_dated WHERE entity_id = ?1 AND account_id = ?2"
                    " UNION ALL SELECT (SELECT min(e.currency) FROM entries e INDEXED BY"
                    " entries_dated WHERE e.entity_id = ?1 AND e.account_id = ?2"
                    " AND e.currency > n.currency) FROM next n WHERE n.currency IS NOT NULL)"
                    " SELECT currency FROM next WHERE currency IS NOT NULL LIMIT 32"},
};
const size_t reconciling_sql_n = sizeof reconciling_sql / sizeof reconciling_sql[0];

/* `day` is kept by the caller until the statement is reset. */
static struct stmt *statement_of(struct tx *tx, size_t number, const struct reconciling *of,
                                 char day[DATE_TEXT_MAX])
{
    struct stmt *q = db_stmt(tx->db, SQL_RECONCILING, number);
    date_print(of->day, day);
    stmt_bind_text(q, 1, of->entity_id);
    stmt_bind_text(q, 2, of->account_id);
    stmt_bind_text(q, 3, of->currency);
    stmt_bind_text(q, 4, day);
    return q;
}

static struct err date_of(struct stmt *q, int col, struct date *date)
{
    struct str text = stmt_peek(q, col);
    char day[DATE_TEXT_MAX];
    ENSURE(text.len < sizeof day, ERR_STORE, "a date in the book is none");
    memcpy(day, text.at, text.len);
    day[text.len] = '\0';
    return date_parse(day, date);
}

/* One side of entries; the books' may be of a ledger and of a subledger. */
static struct err flow_add(struct stmt *q, struct reconciling_flow *f)
{
    const int64_t n = stmt_int(q, 1);
    struct date first;
    TRY(date_of(q, 4, &first));
    ENSURE(!__builtin_add_overflow(f->ever_minor, stmt_int(q, 2), &f->ever_minor) &&
               !__builtin_add_overflow(f->range_minor, stmt_int(q, 3), &f->range_minor),
           ERR_LIMIT, "a sum does not fit");
    if (n > 0 && (!f->has_first || first.days < f->first.days))
        f->first = first;
    f->has_first |= n > 0;
    f->ever_n += n;
    return OK;
}

struct err reconciling_flows(struct tx *tx, const struct reconciling *of,
                             const struct reconciling_range ranges[2],
                             struct reconciling_flow flows[2])
{
    char day[DATE_TEXT_MAX], days[4][DATE_TEXT_MAX];
    CLEANUP(stmt_reset) struct stmt *q = statement_of(tx, FLOWS, of, day);
    const struct date bounds[4] = {ranges[1].after, ranges[1].until, ranges[0].after,
                                   ranges[0].until};
    for (int i = 0; i < 4; i++) {
        date_print(bounds[i], days[i]);
        stmt_bind_text(q, 5 + i, days[i]);
    }
    flows[0] = flows[1] = (struct reconciling_flow){.ever_n = 0};
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(flow_add(q, &flows[str_is(stmt_peek(q, 0), "bank")]));
    }
}

static void sum_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct reconciling_sum *)row = (struct reconciling_sum){.bank = stmt_bool(q, 0),
                                                              .negative = stmt_bool(q, 1),
                                                              .proposed = stmt_bool(q, 2),
                                                              .class_ = stmt_text(q, 3, arena),
                                                              .count = stmt_int(q, 4),
                                                              .sum_minor = stmt_int(q, 5)};
}

struct err reconciling_sums(struct tx *tx, struct arena *arena, const struct reconciling *of,
                            struct reconciling_sum **sums, size_t *n)
{
    char day[DATE_TEXT_MAX];
    CLEANUP(stmt_reset) struct stmt *q = statement_of(tx, OPEN_SUMS, of, day);
    void *all;
    TRY(rows_read(q, arena, sizeof **sums, sum_read, &all, n));
    *sums = all;
    return OK;
}

static struct err item_read(struct tx *tx, struct stmt *q, struct arena *arena,
                            struct reconciling_item *item)
{
    const char *entry_id = stmt_text(q, 0, arena);
    TRY(arena_check(arena));
    *item = (struct reconciling_item){.match_id = stmt_text(q, 1, arena),
                                      .exception_id = stmt_text(q, 3, arena),
                                      .class_ = stmt_text(q, 4, arena),
                                      .straddles = !stmt_is_null(q, 5),
                                      .minor = stmt_int(q, 6),
                                      .exception_state = stmt_text(q, 7, arena)};
    if (item->match_id != NULL)
        item->stand = stmt_bool(q, 2) ? RECONCILING_LATER : RECONCILING_PROPOSED;
    if (item->exception_id != NULL && item->exception_state == NULL)
        item->exception_state = "OPEN";
    if (item->straddles)
        TRY(date_of(q, 5, &item->later));
    return entry_load(tx, arena, entry_id, &item->entry);
}

struct err reconciling_items(struct tx *tx, struct arena *arena, const struct reconciling *of,
                             const struct reconciling_after *after, int64_t limit,
                             struct reconciling_item **items, size_t *n)
{
    char day[DATE_TEXT_MAX], date[DATE_TEXT_MAX] = "";
    struct reconciling_item *list = ARENA_ARRAY(arena, (size_t)limit, struct reconciling_item);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = statement_of(tx, OPEN_ITEMS, of, day);
    if (after->entry_id[0] != '\0')
        date_print(after->date, date);
    stmt_bind_bool(q, 5, after->bank);
    stmt_bind_text(q, 6, date);
    stmt_bind_text(q, 7, after->entry_id);
    stmt_bind_text(q, 8, after->match_id);
    stmt_bind_int(q, 9, limit);
    for (*n = 0; *n < (size_t)limit; (*n)++) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(item_read(tx, q, arena, &list[*n]));
    }
    *items = list;
    return OK;
}

/* A day that cannot be read back is refused by the caller's check of all rows. */
static void difference_read(struct stmt *q, struct arena *arena, void *row)
{
    struct reconciling_difference *d = row;
    *d = (struct reconciling_difference){.match_id = stmt_text(q, 0, arena),
                                         .match_type = stmt_text(q, 1, arena),
                                         .counterparty = stmt_text(q, 2, arena),
                                         .minor = stmt_int(q, 4)};
    if (date_of(q, 3, &d->date).kind != ERR_NONE)
        d->match_id = NULL;
}

struct err reconciling_differences(struct tx *tx, struct arena *arena, const struct reconciling *of,
                                   bool every, struct reconciling_difference **rows, size_t *n)
{
    char day[DATE_TEXT_MAX];
    CLEANUP(stmt_reset)
    struct stmt *q = statement_of(tx, every ? DIFFERENCES_EVERY : DIFFERENCES, of, day);
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, difference_read, &all, n));
    *rows = all;
    for (size_t i = 0; i < *n; i++)
        ENSURE((*rows)[i].match_id != NULL, ERR_STORE, "a date in the book is none");
    return OK;
}

static void currency_read(struct stmt *q, struct arena *arena, void *row)
{
    *(const char **)row = stmt_text(q, 0, arena);
}

struct err reconciling_currencies(struct tx *tx, struct arena *arena, const char *entity_id,
                                  const char *account_id, const char ***currencies, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RECONCILING, CURRENCIES);
    void *all;
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, account_id);
    TRY(rows_read(q, arena, sizeof **currencies, currency_read, &all, n));
    *currencies = all;
    return OK;
}
