/* Master data: entities, their charts of accounts, counterparties, and sources of files with their
 * mapping. Changed only by a call that the gate let through; a put that changes nothing writes
 * nothing. */
#ifndef ENGINE_STORE_MASTER_H
#define ENGINE_STORE_MASTER_H

#include "engine/store/entries.h"
#include "engine/store/store.h"

struct entity {
    const char *entity_id, *name;
    const char *functional_currency; /* ISO 4217 */
    const char *zone;                /* IANA */
    const char *calendar;            /* common/base/calendar.h */
    const char *parent;              /* entity_id, or NULL */
    int64_t version;
};

struct account {
    const char *entity_id, *account_id, *name;
    const char *class_;   /* cash, receivable, expense …: what policy rules name */
    const char *currency; /* ISO 4217 when the account is kept in one; else NULL */
    bool reconciled;
    int64_t version;
};

struct counterparty {
    const char *counterparty_id, *name;
    const char *kind; /* customer, vendor, bank, processor, intercompany, other */
    int64_t version;
};

struct source_def {
    const char *source_id, *entity_id;
    const char *account_id; /* NULL: the file names the account of each line */
    enum side side;
    const char *mapping; /* RFC 8785 JSON, engine/ingest/mapping.h */
    int64_t version;
};

/* ERR_MISSING, naming it, when there is none. */
MUST_CHECK struct err entity_load(struct tx *tx, struct arena *arena, const char *entity_id,
                                  struct entity *entity);
MUST_CHECK struct err account_load(struct tx *tx, struct arena *arena, const char *entity_id,
                                   const char *account_id, struct account *account);
MUST_CHECK struct err counterparty_load(struct tx *tx, struct arena *arena, const char *id,
                                        struct counterparty *counterparty);
MUST_CHECK struct err source_load(struct tx *tx, struct arena *arena, const char *source_id,
                                  struct source_def *source);

/* All, ordered by id. */
MUST_CHECK struct err entities_list(struct tx *tx, struct arena *arena, struct entity **rows,
                                    size_t *n);
/* Of one entity. */
MUST_CHECK struct err accounts_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                    struct account **rows, size_t *n);
MUST_CHECK struct err counterparties_list(struct tx *tx, struct arena *arena,
                                          struct counterparty **rows, size_t *n);
MUST_CHECK struct err sources_list(struct tx *tx, struct arena *arena, struct source_def **rows,
                                   size_t *n);

enum put { PUT_SAME = 0, PUT_ADDED, PUT_CHANGED };
/* What a put of this row would do. *version, when not NULL, is what the row would carry. */
MUST_CHECK struct err entity_change(struct tx *tx, const struct entity *entity, enum put *put,
                                    int64_t *version);
MUST_CHECK struct err account_change(struct tx *tx, const struct account *account, enum put *put,
                                     int64_t *version);
MUST_CHECK struct err counterparty_change(struct tx *tx, const struct counterparty *counterparty,
                                          enum put *put, int64_t *version);
MUST_CHECK struct err source_change(struct tx *tx, const struct source_def *source, enum put *put,
                                    int64_t *version);
/* Adds the row, or brings it up to date with the next version, and notes the effect; `version` of
 * the argument is not looked at. */
MUST_CHECK struct err entity_put(struct tx *tx, const struct entity *entity, enum put *put);
MUST_CHECK struct err account_put(struct tx *tx, const struct account *account, enum put *put);
MUST_CHECK struct err counterparty_put(struct tx *tx, const struct counterparty *counterparty,
                                       enum put *put);
MUST_CHECK struct err source_put(struct tx *tx, const struct source_def *source, enum put *put);

#endif
