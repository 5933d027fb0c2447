/* Private to engine/store: an account's entries as whole pieces or the parts that matches hold of
 * them. ?1 entity, ?2 account, ?3 currency, ?4 the day until which entries are seen. */
#ifndef ENGINE_STORE_RECONCILING_SQL_H
#define ENGINE_STORE_RECONCILING_SQL_H

#include "engine/store/entry_row.h"
#include "engine/store/sql.h"

#define ACCOUNT " e.entity_id = ?1 AND e.account_id = ?2 AND e.currency = ?3 AND" LATEST
/* The same of an entry found by its id: no index of the account is to be walked for it. */
#define IN_ACCOUNT " +e.entity_id = ?1 AND +e.account_id = ?2 AND +e.currency = ?3 AND" LATEST
/* Named one by one, the days behind them are found in the index. */
#define EITHER_SIDE " e.side IN ('bank', 'gl', 'subledger')"
#define ENTIRE      " NOT EXISTS (SELECT 1 FROM live_parts w WHERE w.entry_id = e.entry_id)"
#define PARTS                                                                                      \
    " live_parts p INDEXED BY live_parts_in CROSS JOIN entries e ON e.entry_id = p.entry_id"       \
    " WHERE p.entity_id = ?1 AND" IN_ACCOUNT " AND"
#define PIECE " e.entry_id, e.side, e.date, e.counterparty,"
/* Each entry that `from` finds until the day, whole; or each part of it that a match holds, and
 * what is left. */
#define PIECES_OF(from)                                                                            \
    " (SELECT" PIECE " e.amount_minor AS minor, l.match_id FROM" from                              \
    "   AND e.date <= ?4 AND" ENTIRE "  UNION ALL SELECT" PIECE " p.minor, p.match_id FROM" PARTS  \
    " e.date <= ?4  UNION ALL SELECT" PIECE " e.amount_minor - t.minor, NULL FROM"                 \
    "   (SELECT entry_id, sum(minor) AS minor FROM live_parts INDEXED BY live_parts_in"            \
    "    WHERE entity_id = ?1 GROUP BY entry_id) t CROSS JOIN entries e"                           \
    "   ON e.entry_id = t.entry_id"                                                                \
    "   WHERE e.date <= ?4 AND t.minor <> e.amount_minor AND" IN_ACCOUNT ") k"
#define HELD " LEFT JOIN live_legs l ON l.entry_id = e.entry_id"
/* All of the account's history. */
#define PIECES                                                                                     \
    PIECES_OF(" entries e INDEXED BY entries_dated" HELD " WHERE" EITHER_SIDE " AND" ACCOUNT)

#endif
