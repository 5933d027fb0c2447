/* Entries: ledger lines as their source wrote them. Written once in bulk by an ingestion's chunk
 * and never changed; what became of a line (proposed, confirmed, exception) follows from live_legs,
 * match_states and exceptions. Also what the gate asks about the legs of a match: the accounts of
 * their journals (DESIGN §4). */
#ifndef ENGINE_STORE_ENTRIES_H
#define ENGINE_STORE_ENTRIES_H

#include "common/base/civil.h"
#include "common/base/money.h"
#include "engine/gate/ask.h"
#include "engine/store/store.h"

enum side { SIDE_BANK = 0, SIDE_GL, SIDE_SUBLEDGER };

/* Where an entry's other side is found. */
enum contra {
    CONTRA_JOURNAL = 0, /* the lines of the same entity with the same journal_id */
    CONTRA_ACCOUNT,     /* contra_account */
    CONTRA_NONE,        /* the source has none: a bank statement */
};

/* Texts are NULL when the source says nothing. The amount is positive when it raises the account
 * from the company's view. */
struct entry {
    const char *entry_id; /* "<source>:<id>" */
    int64_t version;      /* from 1; a later reading of the same line is a new version */
    enum side side;
    enum contra contra;
    const char *source_id, *file_id;
    int64_t row_no; /* of the file's data rows, from 1 */
    const char *entity_id, *account_id;
    struct date date, value_date;
    bool has_value_date;
    struct money amount;
    const char *counterparty, *memo, *reference;
    const char *group_key, *journal_id, *contra_account, *event_kind;
    const char *reverses;   /* the entry_id this one takes back */
    const char *raw_sha256; /* of the row's bytes, 64 hex digits */
};

const char *side_name(enum side side); /* "bank", "gl", "subledger" */
bool side_find(const char *name, enum side *side);
const char *contra_name(enum contra contra); /* "journal", "account", "none" */
bool contra_find(const char *name, enum contra *contra);

/* The same line: everything the source said but where it said it (file, row, bytes). *differs, when
 * not NULL, names the first field that is not the same. */
bool entry_same(const struct entry *a, const struct entry *b, const char **differs);

/* Writes a new entry of the event under way. The caller notes the effect once for all of them:
 * effect_bulk(tx, TABLE_ENTRIES). */
MUST_CHECK struct err entry_insert(struct tx *tx, const struct entry *entry);
/* The same, but what the book has already (this id and version) is left as it is: *added is false.
 */
MUST_CHECK struct err entry_insert_new(struct tx *tx, const struct entry *entry, bool *added);

/* The latest version. ERR_MISSING when there is none. */
MUST_CHECK struct err entry_load(struct tx *tx, struct arena *arena, const char *entry_id,
                                 struct entry *entry);
/* Every version, the first one first; none when there is no such entry. */
MUST_CHECK struct err entry_versions(struct tx *tx, struct arena *arena, const char *entry_id,
                                     struct entry **entries, size_t *n);
/* All of `ids`, in their order; ERR_MISSING names the first that is not there. */
MUST_CHECK struct err entries_load(struct tx *tx, struct arena *arena, const char *const *ids,
                                   size_t n, struct entry **entries);
/* One open entry of an account, as a pass reads it: the texts are the
 * statement's own, each with its NUL behind it, and gone with the next row. */
struct open_entry {
    int64_t version;
    enum side side;
    struct date date;
    struct money amount;
    struct str entry_id, counterparty, memo, reference, group_key, reverses; /* .at NULL: none */
};
typedef struct err (*open_entry_fn)(void *arg, const struct open_entry *entry);

/* Every entry of the account, both sides, that no live match holds, whole or in part, and that is
 * not settled otherwise (exceptions.h): what a pass matches. What is left of an entry held in part
 * is for people (docs/adr/0006). By side, then as they were loaded. */
MUST_CHECK struct err entries_unmatched(struct tx *tx, const char *entity_id,
                                        const char *account_id, open_entry_fn fn, void *arg);

/* What the gate is told about the accounts of a match with these legs: every leg's own account
 * (reconciled), and each account of its journal or its contra account, once. A contra side that the
 * book does not name is one account without an id. */
MUST_CHECK struct err entries_accounts(struct tx *tx, struct arena *arena, const struct entry *legs,
                                       size_t n, struct ask_account **accounts, size_t *accounts_n);
/* The distinct event kinds of the legs. */
MUST_CHECK struct err entries_events(struct arena *arena, const struct entry *legs, size_t n,
                                     const char ***events, size_t *events_n);

enum entry_state {
    ENTRY_UNMATCHED = 0,
    ENTRY_PROPOSED,
    ENTRY_CONFIRMED,
    ENTRY_EXCEPTION,
    ENTRY_STATES
};
const char *entry_state_name(enum entry_state state); /* "unmatched" … */
/* Of one entry. ERR_MISSING when there is none. *match_id is the live match that took it, or took
 * the last part of it; NULL while something is left to match. */
MUST_CHECK struct err entry_state(struct tx *tx, struct arena *arena, const char *entry_id,
                                  enum entry_state *state, const char **match_id);

/* The latest versions of one account, side and currency, by state. An entry is counted once: held
 * in part, it is open; used up by parts, where the match that took the last stands. Its amount is
 * summed by parts, each where its own match stands, the rest as open: counts and sums over the
 * states are those of all entries, to the cent. */
struct entry_totals {
    const char *account_id;
    enum side side;
    char currency[4];
    int64_t count[ENTRY_STATES];
    int64_t sum_minor[ENTRY_STATES];
};
/* Ordered by account, side, currency. ERR_LIMIT when a sum does not fit. */
MUST_CHECK struct err entries_totals(struct tx *tx, struct arena *arena, const char *entity_id,
                                     struct entry_totals **totals, size_t *n);

#endif
