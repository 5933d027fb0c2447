/* Totals of entries by state. What there is comes from an index in one walk, how it stands is asked
 * of what is not settled only: most of a book's entries are confirmed and done with. */
#include <string.h>

#include "engine/store/entries.h"
#include "engine/store/entry_row.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { ENTRY_SUMS, ENTRY_OPENS, ENTRY_PARTS };

const struct db_sql entry_totals_sql[] = {
    /* sum() of integers that overflow is an error of the step, never a rounded number. */
    [ENTRY_SUMS] = {"entry_sums",
                    "SELECT e.account_id, e.side, e.currency, 2, count(*), sum(e.amount_minor)"
                    " FROM entries e INDEXED BY entries_dated WHERE e.entity_id = ?1 AND" LATEST
                    " GROUP BY e.account_id, e.side, e.currency"
                    " ORDER BY e.account_id, e.side, e.currency"},
    /* An entry is found by its id: an index by account would be walked once for each. */
    [ENTRY_OPENS] = {"entry_opens",
                     "SELECT e.account_id, e.side, e.currency," STATE " AS stand, count(*),"
                     " sum(e.amount_minor) FROM unsettled u"
                     " CROSS JOIN entries e ON e.entry_id = u.entry_id"
                     " AND +e.entity_id = u.entity_id AND +e.account_id = u.account_id"
                     " LEFT JOIN live_legs l ON l.entry_id = e.entry_id"
                     " LEFT JOIN match_states s ON s.match_id = l.match_id"
                     " WHERE u.entity_id = ?1 AND" LATEST
                     " GROUP BY e.account_id, e.side, e.currency, stand"},
    /* Each part: where its entry's whole amount was counted, and where the part belongs. */
    [ENTRY_PARTS] = {"entry_parts", "SELECT e.account_id, e.side, e.currency," STATE ", 0, p.minor,"
                                    " CASE WHEN o.state = 'CONFIRMED' THEN 2 ELSE 1 END"
                                    " FROM live_parts p JOIN entries e ON e.entry_id = p.entry_id"
                                    " LEFT JOIN live_legs l ON l.entry_id = e.entry_id"
                                    " LEFT JOIN match_states s ON s.match_id = l.match_id"
                                    " LEFT JOIN match_states o ON o.match_id = p.match_id"
                                    " WHERE p.entity_id = ?1 AND" LATEST},
};
const size_t entry_totals_sql_n = sizeof entry_totals_sql / sizeof entry_totals_sql[0];

struct totals_row {
    const char *account_id;
    enum side side;
    char currency[4];
    enum entry_state state;
    int64_t count, sum_minor;
};

static void totals_read(struct stmt *q, struct arena *arena, void *row)
{
    struct totals_row *r = row;
    struct str cur = stmt_peek(q, 2);
    r->account_id = stmt_text(q, 0, arena);
    (void)side_find(stmt_text(q, 1, arena), &r->side);
    memcpy(r->currency, cur.at, cur.len < 3 ? cur.len : 3);
    r->state = (enum entry_state)stmt_int(q, 3);
    r->count = stmt_int(q, 4);
    r->sum_minor = stmt_int(q, 5);
}

static bool totals_of(const struct entry_totals *t, const struct totals_row *r)
{
    return t->side == r->side && text_eq(t->account_id, r->account_id) &&
           memcmp(t->currency, r->currency, sizeof t->currency) == 0;
}

struct part_row {
    struct totals_row counted; /* where its entry's whole amount was added; the sum is the part's */
    enum entry_state stands;   /* its own match */
};

static void part_read(struct stmt *q, struct arena *arena, void *row)
{
    struct part_row *r = row;
    totals_read(q, arena, &r->counted);
    r->stands = (enum entry_state)stmt_int(q, 6);
}

static struct err part_move(const struct part_row *r, struct entry_totals *totals, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t *sums = totals[i].sum_minor, minor = r->counted.sum_minor;
        if (!totals_of(&totals[i], &r->counted))
            continue;
        ENSURE(!__builtin_sub_overflow(sums[r->counted.state], minor, &sums[r->counted.state]) &&
                   !__builtin_add_overflow(sums[r->stands], minor, &sums[r->stands]),
               ERR_LIMIT, "a sum of entries does not fit");
        return OK;
    }
    return err_new(ERR_STORE, "a part of an entry that is not there");
}

/* A part is summed where its own match stands; its entry was summed with its whole amount. */
static struct err parts_move(struct tx *tx, const char *entity_id, struct entry_totals *totals,
                             size_t n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRY_TOTALS, ENTRY_PARTS);
    size_t rows_n;
    void *all;
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, tx->arena, sizeof(struct part_row), part_read, &all, &rows_n));
    for (size_t i = 0; i < rows_n; i++)
        TRY(part_move((const struct part_row *)all + i, totals, n));
    return OK;
}

/* Everything counts as confirmed until it is found among what is not settled. */
static struct err sums_read(struct tx *tx, struct arena *arena, const char *entity_id,
                            struct entry_totals **totals, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRY_TOTALS, ENTRY_SUMS);
    void *all;
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, arena, sizeof(struct totals_row), totals_read, &all, n));
    const struct totals_row *rows = all;
    struct entry_totals *t = *totals = ARENA_ARRAY(arena, *n + 1, struct entry_totals);
    ENSURE(t != NULL, ERR_LIMIT, "out of memory for totals");
    for (size_t i = 0; i < *n; i++) {
        t[i] = (struct entry_totals){.account_id = rows[i].account_id, .side = rows[i].side};
        memcpy(t[i].currency, rows[i].currency, sizeof rows[i].currency);
        t[i].count[ENTRY_CONFIRMED] = rows[i].count;
        t[i].sum_minor[ENTRY_CONFIRMED] = rows[i].sum_minor;
    }
    return OK;
}

static struct err open_move(const struct totals_row *r, struct entry_totals *totals, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t *sums = totals[i].sum_minor, *counts = totals[i].count;
        if (!totals_of(&totals[i], r))
            continue;
        ENSURE(!__builtin_sub_overflow(sums[ENTRY_CONFIRMED], r->sum_minor, &sums[ENTRY_CONFIRMED]),
               ERR_LIMIT, "a sum of entries does not fit");
        counts[ENTRY_CONFIRMED] -= r->count;
        counts[r->state] = r->count;
        sums[r->state] = r->sum_minor;
        return OK;
    }
    return err_new(ERR_STORE, "an open entry that is not there; run audit verify --book");
}

static struct err opens_move(struct tx *tx, const char *entity_id, struct entry_totals *totals,
                             size_t n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ENTRY_TOTALS, ENTRY_OPENS);
    size_t rows_n;
    void *all;
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, tx->arena, sizeof(struct totals_row), totals_read, &all, &rows_n));
    const struct totals_row *rows = all;
    for (size_t i = 0; i < rows_n; i++) {
        if (rows[i].state != ENTRY_CONFIRMED)
            TRY(open_move(&rows[i], totals, n));
    }
    return OK;
}

struct err entries_totals(struct tx *tx, struct arena *arena, const char *entity_id,
                          struct entry_totals **totals, size_t *n)
{
    TRY(sums_read(tx, arena, entity_id, totals, n));
    TRY(opens_move(tx, entity_id, *totals, *n));
    return parts_move(tx, entity_id, *totals, *n);
}
