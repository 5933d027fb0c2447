/* Master data files: entities.csv, accounts.csv, counterparties.csv, balances.csv, sources.yaml.
 * Reading them, and checking what they say together with what the book has already. */
#ifndef ENGINE_INGEST_MASTER_H
#define ENGINE_INGEST_MASTER_H

#include "engine/ingest/mapping.h"
#include "engine/store/ledger.h"
#include "engine/store/master.h"

struct master {
    struct entity *entities;
    size_t entities_n;
    struct account *accounts;
    size_t accounts_n;
    struct counterparty *counterparties;
    size_t counterparties_n;
    struct ledger_balance *balances;
    size_t balances_n;
    struct mapping *mappings;
    size_t mappings_n;
};

/* Each fills its part. ERR_INPUT, `where` "entities.csv line 3"; twice the same id is one too. */
MUST_CHECK struct err master_read_entities(struct arena *arena, struct str csv,
                                           struct master *master);
MUST_CHECK struct err master_read_accounts(struct arena *arena, struct str csv,
                                           struct master *master);
MUST_CHECK struct err master_read_counterparties(struct arena *arena, struct str csv,
                                                 struct master *master);
MUST_CHECK struct err master_read_balances(struct arena *arena, struct str csv,
                                           struct master *master);
MUST_CHECK struct err master_read_sources(struct arena *arena, struct str yaml,
                                          struct master *master);

/* What several rows say together, with `book` (what is there already and is not in `master`):
 * zones that load, parents that exist and do not run in circles, entities of accounts and sources,
 * accounts of sources and of balances, which are kept in the account's currency. */
MUST_CHECK struct err master_check(struct arena *arena, const struct master *master,
                                   const struct master *book);

#endif
