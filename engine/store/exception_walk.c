/* Exceptions, one after the other. */
#include "engine/store/exception_walk.h"

#include <string.h>

#include "engine/store/exception_row.h"
#include "engine/store/sql.h"

enum { WALK_STANDING, WALK_ENDED };

#define ROW                                                                                        \
    "SELECT e.exception_id, e.entry_id, e.account_id, e.class, coalesce(s.state, 'OPEN'),"         \
    " a.assignee, n.counterparty, n.memo, n.reference, n.date, n.amount_minor, n.currency"         \
    " FROM exceptions e INDEXED BY exceptions_in"
#define ENTRY                                                                                      \
    " LEFT JOIN assignments a ON a.object = 'exception:' || e.exception_id"                        \
    " CROSS JOIN entries n ON n.entry_id = e.entry_id AND NOT EXISTS (SELECT 1 FROM entries m"     \
    " INDEXED BY entries_again WHERE m.entry_id = n.entry_id AND m.version > n.version"            \
    " AND m.version > 1)"

const struct db_sql exception_walk_sql[] = {
    [WALK_STANDING] = {"exceptions_standing",
                       ROW JOIN_STATE ENTRY " WHERE e.entity_id = ?1 AND" STANDS},
    [WALK_ENDED] = {"exceptions_ended",
                    ROW " CROSS JOIN exception_states s ON s.exception_id = e.exception_id" ENTRY
                        " WHERE e.entity_id = ?1 AND s.state IN ('RESOLVED', 'WRITTEN_OFF')"},
};
const size_t exception_walk_sql_n = sizeof exception_walk_sql / sizeof exception_walk_sql[0];

static struct err row_peek(struct stmt *q, struct exception_line *row)
{
    const struct str date = stmt_peek(q, 9), currency = stmt_peek(q, 11);
    char day[DATE_TEXT_MAX] = "", code[4] = "";
    *row = (struct exception_line){.exception_id = stmt_peek(q, 0),
                                   .entry_id = stmt_peek(q, 1),
                                   .account_id = stmt_peek(q, 2),
                                   .class_ = stmt_peek(q, 3),
                                   .state = exception_state_of(stmt_peek(q, 4)),
                                   .assignee = stmt_peek(q, 5),
                                   .counterparty = stmt_peek(q, 6),
                                   .memo = stmt_peek(q, 7),
                                   .reference = stmt_peek(q, 8)};
    if (date.at != NULL && date.len < sizeof day)
        memcpy(day, date.at, date.len);
    if (currency.at != NULL && currency.len < sizeof code)
        memcpy(code, currency.at, currency.len);
    ENSURE(row->exception_id.len > 0 && date_parse(day, &row->date).kind == ERR_NONE &&
               money_make(stmt_int(q, 10), code, &row->amount).kind == ERR_NONE,
           ERR_STORE, "an exception's row cannot be read back");
    return OK;
}

struct err exceptions_walk(struct tx *tx, const char *entity_id, bool ended, exception_line_fn fn,
                           void *arg)
{
    CLEANUP(stmt_reset)
    struct stmt *q = db_stmt(tx->db, SQL_EXCEPTION_WALK, ended ? WALK_ENDED : WALK_STANDING);
    stmt_bind_text(q, 1, entity_id);
    for (;;) {
        struct exception_line row;
        bool more;
        TRY(stmt_step(q, &more));
        if (!more)
            return OK;
        TRY(row_peek(q, &row));
        TRY(fn(arg, &row));
    }
}
