/* Private to engine/store: an account's entries as whole pieces or the parts that matches hold of
 * them. ?1 entity, ?2 account, ?3 currency, ?4 the day until which entries are seen. */
#ifndef ENGINE_STORE_RECONCILING_SQL_H
#define ENGINE_STORE_RECONCILING_SQL_H

#include "engine/store/sql.h"

#define ACCOUNT                                                                                    \
    " e.entity_id = ?1 AND e.account_id = ?2 AND e.currency = ?3 AND NOT EXISTS"                   \
    " (SELECT 1 FROM entries n WHERE n.entry_id = e.entry_id AND n.version > e.version)"
#define ENTIRE " NOT EXISTS (SELECT 1 FROM live_parts w WHERE w.entry_id = e.entry_id)"
#define PARTS                                                                                      \
    " live_parts p INDEXED BY live_parts_in JOIN entries e ON e.entry_id = p.entry_id"             \
    " WHERE p.entity_id = ?1 AND"
#define PIECE " e.entry_id, e.side, e.date, e.counterparty,"
/* Every entry until the day, whole; or each part of it that a match holds, and what is left. */
#define PIECES                                                                                     \
    " (SELECT" PIECE " e.amount_minor AS minor, l.match_id FROM entries e INDEXED BY entries_of"   \
    "   LEFT JOIN live_legs l ON l.entry_id = e.entry_id"                                          \
    "   WHERE e.date <= ?4 AND" ACCOUNT " AND" ENTIRE "  UNION ALL SELECT" PIECE                   \
    " p.minor, p.match_id FROM" PARTS " e.date <= ?4 AND" ACCOUNT "  UNION ALL SELECT" PIECE       \
    " e.amount_minor - t.minor, NULL FROM"                                                         \
    "   (SELECT entry_id, sum(minor) AS minor FROM live_parts INDEXED BY live_parts_in"            \
    "    WHERE entity_id = ?1 GROUP BY entry_id) t JOIN entries e ON e.entry_id = t.entry_id"      \
    "   WHERE e.date <= ?4 AND t.minor <> e.amount_minor AND" ACCOUNT ") k"

#endif
