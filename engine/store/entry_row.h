/* Private to engine/store: an entry's row, as its readers select and read it. */
#ifndef ENGINE_STORE_ENTRY_ROW_H
#define ENGINE_STORE_ENTRY_ROW_H

#include "common/sys/db.h"
#include "engine/store/entries.h"

#define ENTRY_COLUMNS                                                                              \
    "e.entry_id, e.version, e.side, e.source_id, e.file_id, e.row_no, e.entity_id, e.account_id,"  \
    " e.date, e.value_date, e.amount_minor, e.currency, e.counterparty, e.memo, e.reference,"      \
    " e.group_key, e.journal_id, e.contra_account, e.contra, e.event_kind, e.reverses,"            \
    " e.raw_sha256"
/* Versions begin at 1, so what was never read again costs a look into an all but empty index. */
#define LATEST                                                                                     \
    " NOT EXISTS (SELECT 1 FROM entries n INDEXED BY entries_again WHERE n.entry_id = e.entry_id"  \
    " AND n.version > e.version AND n.version > 1)"

/* x is the latest exception of the entry. */
#define NO_LATER                                                                                   \
    " NOT EXISTS (SELECT 1 FROM exceptions y WHERE y.entry_id = x.entry_id AND y.seq > x.seq)"
/* A live leg of a match without a state row is proposed; of a confirmed one, confirmed. An
 * exception that has ended is none any more. */
#define STATE                                                                                      \
    " CASE WHEN l.entry_id IS NULL THEN"                                                           \
    "  CASE WHEN EXISTS (SELECT 1 FROM exceptions x WHERE x.entry_id = e.entry_id AND" NO_LATER    \
    "   AND NOT EXISTS (SELECT 1 FROM exception_states z WHERE z.exception_id = x.exception_id"    \
    "    AND z.state IN ('RESOLVED', 'WRITTEN_OFF')))"                                             \
    "   THEN 3 ELSE 0 END"                                                                         \
    " WHEN s.state = 'CONFIRMED' THEN 2 ELSE 1 END"

/* A row the engine wrote, for rows_read. What cannot be read back leaves the amount in no currency,
 * which entries_sound refuses. */
void entry_read(struct stmt *q, struct arena *arena, void *row);
MUST_CHECK struct err entries_sound(const struct entry *entries, size_t n);

#endif
