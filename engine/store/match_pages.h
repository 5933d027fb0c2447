/* Ids of matches, newest first, of one account at a time: what lists of matches are made from. What
 * is dense is walked by the account's index, what is rare by the tables that hold it. */
#ifndef ENGINE_STORE_MATCH_PAGES_H
#define ENGINE_STORE_MATCH_PAGES_H

#include "engine/store/matches.h"

struct match_page {
    const char *entity_id, *account_id;
    enum match_state state; /* MATCH_NONE and CONFIRMED: every one; the others only those that may
                               be it, so that whoever loads them looks again */
    const char *before, *from; /* ids: below the first (exclusive), not below the second */
    int64_t limit;
};
MUST_CHECK struct err match_page_ids(struct tx *tx, struct arena *arena,
                                     const struct match_page *page, const char ***ids, size_t *n);

/* The accounts of an entity that have matches, ordered. */
MUST_CHECK struct err match_accounts(struct tx *tx, struct arena *arena, const char *entity_id,
                                     const char ***accounts, size_t *n);

#endif
