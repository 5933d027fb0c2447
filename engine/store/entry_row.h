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

/* A row the engine wrote, for rows_read. What cannot be read back leaves the amount in no currency,
 * which entries_sound refuses. */
void entry_read(struct stmt *q, struct arena *arena, void *row);
MUST_CHECK struct err entries_sound(const struct entry *entries, size_t n);

#endif
