/* Private to engine/store: which exceptions stand, for all that count or list them. `e` is the
 * exception, `s` its state. */
#ifndef ENGINE_STORE_EXCEPTION_ROW_H
#define ENGINE_STORE_EXCEPTION_ROW_H

#include "common/base/str.h"
#include "engine/store/exceptions.h"

#define LATER                                                                                      \
    "EXISTS (SELECT 1 FROM exceptions later WHERE later.entry_id = e.entry_id"                     \
    " AND later.seq > e.seq)"
#define IN_NO_MATCH " NOT EXISTS (SELECT 1 FROM live_legs l WHERE l.entry_id = e.entry_id)"
#define JOIN_STATE  " LEFT JOIN exception_states s ON s.exception_id = e.exception_id"
#define IS_OPEN     " (s.state IS NULL OR s.state NOT IN ('RESOLVED', 'WRITTEN_OFF'))"
#define STANDS      IN_NO_MATCH " AND NOT " LATER " AND" IS_OPEN

/* Of a state that the engine wrote. */
enum exception_state exception_state_of(struct str name);

#endif
