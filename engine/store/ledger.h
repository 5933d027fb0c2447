/* Balances of the ledger that somebody vouches for: an account's balance at the end of a day, as a
 * trial balance shows it. Master data, changed only by a call that the gate let through. The books'
 * balance at any other day is this one and the entries between. */
#ifndef ENGINE_STORE_LEDGER_H
#define ENGINE_STORE_LEDGER_H

#include "engine/store/master.h"

struct ledger_balance {
    const char *entity_id, *account_id;
    struct date date; /* at the end of this day */
    struct money balance;
    int64_t version;
};

MUST_CHECK struct err ledger_balance_change(struct tx *tx, const struct ledger_balance *b,
                                            enum put *put, int64_t *version);
/* Adds the row or its next version and notes the effect. */
MUST_CHECK struct err ledger_balance_put(struct tx *tx, const struct ledger_balance *b,
                                         enum put *put);

/* The last balance on or before `day`, else the first after it. *found false: there is none. */
MUST_CHECK struct err ledger_balance_near(struct tx *tx, struct arena *arena, const char *entity_id,
                                          const char *account_id, const char *currency,
                                          struct date day, bool *found, struct ledger_balance *b);

#endif
