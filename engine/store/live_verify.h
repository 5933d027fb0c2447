/* Private to engine/store: live_legs and live_parts derived again from the matches. */
#ifndef ENGINE_STORE_LIVE_VERIFY_H
#define ENGINE_STORE_LIVE_VERIFY_H

#include "engine/store/store.h"

struct live_finding {
    const char *table;    /* NULL: both say what the matches say, no more, no less */
    const char *entry_id; /* NULL: rows that no match accounts for */
    const char *problem;
};

MUST_CHECK struct err live_verify(struct tx *tx, struct arena *arena, struct live_finding *finding);

#endif
