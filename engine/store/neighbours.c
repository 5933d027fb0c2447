/* Entries near an entry. */
#include "engine/store/neighbours.h"

#include "engine/store/entry_row.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { JOURNAL_LINES, SIMILAR };

const struct db_sql neighbours_sql[] = {
    [JOURNAL_LINES] = {"entry_journal_lines",
                       "SELECT " ENTRY_COLUMNS " FROM entries e INDEXED BY entries_journal"
                       " WHERE e.entity_id = ?1 AND e.journal_id = ?2 AND" LATEST
                       " ORDER BY e.account_id, e.entry_id LIMIT ?3"},
    /* Among the last that were loaded, so that no account is too large to be looked at. */
    [SIMILAR] = {"entry_similar",
                 "SELECT " ENTRY_COLUMNS " FROM entries e WHERE e.rowid IN"
                 " (SELECT rowid FROM entries WHERE entity_id = ?1 AND account_id = ?2"
                 " AND side = ?3 ORDER BY rowid DESC LIMIT ?4)"
                 " AND e.entry_id <> ?5 AND e.date BETWEEN ?6 AND ?7"
                 " AND (e.amount_minor IN (?8, -?8) OR e.counterparty = ?9) AND" LATEST
                 " ORDER BY e.amount_minor IN (?8, -?8) DESC, e.date, e.entry_id LIMIT ?10"},
};
const size_t neighbours_sql_n = sizeof neighbours_sql / sizeof neighbours_sql[0];

struct err entries_of_journal(struct tx *tx, struct arena *arena, const struct entry *of,
                              int64_t limit, struct entry **entries, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_NEIGHBOURS, JOURNAL_LINES);
    void *all;
    stmt_bind_text(q, 1, of->entity_id);
    stmt_bind_text(q, 2, of->journal_id);
    stmt_bind_int(q, 3, limit);
    TRY(rows_read(q, arena, sizeof **entries, entry_read, &all, n));
    *entries = all;
    return entries_sound(*entries, *n);
}

struct err entries_similar(struct tx *tx, struct arena *arena, const struct entry *of,
                           const struct similar *how, struct entry **entries, size_t *n)
{
    char from[DATE_TEXT_MAX], to[DATE_TEXT_MAX];
    void *all;
    date_print((struct date){.days = of->date.days - how->days}, from);
    date_print((struct date){.days = of->date.days + how->days}, to);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_NEIGHBOURS, SIMILAR);
    stmt_bind_text(q, 1, of->entity_id);
    stmt_bind_text(q, 2, of->account_id);
    stmt_bind_text(q, 3, side_name(how->side));
    stmt_bind_int(q, 4, SIMILAR_AMONG);
    stmt_bind_text(q, 5, of->entry_id);
    stmt_bind_text(q, 6, from);
    stmt_bind_text(q, 7, to);
    stmt_bind_int(q, 8, of->amount.minor);
    stmt_bind_text(q, 9, of->counterparty);
    stmt_bind_int(q, 10, how->limit);
    TRY(rows_read(q, arena, sizeof **entries, entry_read, &all, n));
    *entries = all;
    return entries_sound(*entries, *n);
}
