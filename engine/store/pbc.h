/* What an auditor asks for, as questions to the book: each is one statement whose text goes into
 * the evidence bundle beside its rows, so that the reader can ask it again (docs/PBC.md). All are
 * about a range of events, and answer the same however far the book has gone on since: from the log
 * itself, from rows that never change, or by taking later changes into account. */
#ifndef ENGINE_STORE_PBC_H
#define ENGINE_STORE_PBC_H

#include "engine/store/store.h"

enum pbc_query {
    /* files of the bundle */
    PBC_POPULATION = 0, /* of the control ?5: its events' numbers */
    PBC_DEAD_LETTERS,
    PBC_SWEEPER_RUNS,
    PBC_EXCEPTIONS,
    PBC_FX_RATES,
    PBC_INGESTION,
    PBC_OVERRIDES,
    PBC_ACTORS_USED,
    PBC_POLICY_EVENTS,
    PBC_REGISTRY_EVENTS,
    PBC_ENGINE_STARTS,
    PBC_REFUSED,
    /* a transaction's parts, by ?5 */
    PBC_MATCH,
    PBC_MATCH_LEGS,
    PBC_ESCALATION,
    PBC_DELIVERIES,
    PBC_HISTORY_OF_MATCH,
    PBC_HISTORY_OF_ESCALATION,
    PBC_HISTORY_OF_OBJECT,
    /* the book itself */
    PBC_SCHEMA,
    PBC_TYPES, /* events by type, and the book's own totals to tie them to */
    PBC_HASH,
    PBC_EVENT,
    PBC_LOG,
    PBC_LAST,
    PBC_QUERIES
};

/* The statement, for the bundle. */
const char *pbc_text(enum pbc_query query);

/* What is not expected to be in the log: what it means, and the statement that lists it. Ended by
 * NULLs. */
struct pbc_claim {
    const char *statement, *query;
};
extern const struct pbc_claim pbc_unexpected[];

/* Numbers of the statements' parameters. */
struct pbc_ask {
    int64_t first, last;  /* ?1, ?2: events, both inclusive */
    const char *entities; /* ?3: a JSON array; NULL: all of the book */
    const char *until;    /* ?4: the period's last day */
    const char *id;       /* ?5: of what is asked about */
};

struct pbc_cell {
    const char *column;
    bool is_null, is_number;
    int64_t number;
    struct str text; /* also of a number; until the callback returns */
};

typedef struct err pbc_row_fn(void *arg, const struct pbc_cell *cells, size_t n);
/* Calls `fn` for each row, in the statement's order. `columns` (may be NULL) is called once before,
 * with the columns alone. */
MUST_CHECK struct err pbc_ask(struct tx *tx, enum pbc_query query, const struct pbc_ask *ask,
                              pbc_row_fn *columns, pbc_row_fn *fn, void *arg);

/* An event of the range, in order. `shown` is false when it is not of the entities asked for: then
 * only its hash may be told. */
struct pbc_event {
    int64_t seq;
    struct str event, hash_prev, hash_self; /* until the callback returns */
    bool shown;
};
typedef struct err pbc_event_fn(void *arg, const struct pbc_event *event);
/* ERR_STORE when a number is missing: a bundle with a hole would look complete. */
MUST_CHECK struct err pbc_log(struct tx *tx, const struct pbc_ask *ask, pbc_event_fn *fn,
                              void *arg);

/* The last event below `before` that tells of more than starts and exports; 0: none. Bundles end
 * there, so that making one does not change the next. */
MUST_CHECK struct err pbc_last(struct tx *tx, int64_t before, int64_t *seq);

#endif
