/* Differences: what matches leave over whose sides do not agree, and the account it goes to. The
 * ledger has it to book yet: closegate posts nothing by itself. Signed bank side less book side. */
#ifndef ENGINE_STORE_DIFFERENCES_H
#define ENGINE_STORE_DIFFERENCES_H

#include "common/base/money.h"
#include "engine/store/matches.h"
#include "engine/store/store.h"

/* For match_insert: keeps where the match's difference goes. Nothing when it has none, or names no
 * account. Notes no effect: the caller does (TABLE_MATCH_DIFFERENCES), row or bulk, whenever
 * match_names_difference. */
MUST_CHECK struct err difference_insert(struct tx *tx, const struct match *m);
bool match_names_difference(const struct match *m);

/* A difference that a confirmed match left. */
struct difference {
    const char *match_id;
    const char *entity_id, *account_id; /* the account that is reconciled */
    const char *difference_account;     /* NULL: nobody named one */
    struct money amount;                /* bank less book, never 0 */
    const char *match_type;             /* tolerance_fee, manual … */
    const char *confirmed_by;           /* actor id */
    const char *confirmed_at;           /* UTC, RFC 3339 */
    int64_t seq;                        /* of the event that confirmed it */
};

/* Of confirmed matches in an account or (account NULL) an entity, ordered by match id, from behind
 * `after` (NULL: from the first). */
MUST_CHECK struct err differences_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                       const char *account_id, const char *after, int64_t limit,
                                       struct difference **rows, size_t *n);

/* The same, added up: what the ledger has to book between two accounts. */
struct difference_sum {
    const char *account_id, *difference_account; /* NULL: nobody named one */
    struct money amount;                         /* may be 0 */
    int64_t count;
};
/* Ordered by account, difference account (none first), currency. ERR_LIMIT when a sum does not fit.
 */
MUST_CHECK struct err differences_sum(struct tx *tx, struct arena *arena, const char *entity_id,
                                      struct difference_sum **sums, size_t *n);

#endif
