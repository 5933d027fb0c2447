/* The tables whose rows are bound to events: which columns a row's hash covers and how a row is
 * found. row_sha256 = SHA-256 over the RFC 8785 object {column: value}, every value as text, NULL
 * as null, blobs as upper-case hex under the name hex(column). `audit verify --book` walks this
 * list; a table that is not on it is the engine's own bookkeeping. */
#ifndef ENGINE_STORE_TABLES_H
#define ENGINE_STORE_TABLES_H

#include "engine/store/store.h"

enum table {
    TABLE_POLICIES,
    TABLE_PRINCIPALS,
    TABLE_IDENTITIES,
    TABLE_CLIENTS,
    TABLE_ROLES,
    TABLE_FREEZES,
    TABLE_ENTITIES,
    TABLE_ACCOUNTS,
    TABLE_COUNTERPARTIES,
    TABLE_SOURCES,
    TABLE_FILES,
    TABLE_ENTRIES,
    TABLE_QUARANTINE,
    TABLE_STATEMENTS,
    TABLE_MATCHES,
    TABLE_MATCH_STATES,
    TABLE_MATCH_DIFFERENCES,
    TABLE_MATCHING_RULES,
    TABLE_EXCEPTIONS,
    TABLE_EXCEPTION_STATES,
    TABLE_EXCEPTION_FLAGS,
    TABLE_ASSIGNMENTS,
    TABLE_COMMENTS,
    TABLE_EVIDENCE,
    TABLE_WRITTEN_OFF,
    TABLE_AUTO_CONFIRMED,
    TABLE_ESCALATIONS,
    TABLE_ESCALATION_PARTIES,
    TABLE_ASKERS,
    TABLE_ESCALATION_SEATS,
    TABLE_ESCALATION_ADDRESSEES,
    TABLE_ESCALATION_NOTES,
    TABLE_ESCALATION_MARKS,
    TABLE_DELIVERIES,
    TABLE_DELEGATIONS,
    TABLE_WORKFLOW_RUNS,
    TABLE_LEDGER_BALANCES,
    TABLE_COUNT,
};

const char *table_name(enum table table);
/* Rows never change once written, so that one hash may stand for many (bulk_effect). */
bool table_immutable(enum table table);

/* Notes that the event under way wrote this row: reads it back and keeps its hash. Call after the
 * write and before audit_append. ERR_BUG when there is no such row or its seq is not the event's.
 */
MUST_CHECK struct err effect_row(struct tx *tx, enum table table, const char *id);

/* The same for a row that is written later, before the group commits: its hash as it will be. */
MUST_CHECK struct err effect_note(struct tx *tx, enum table table, const char *id, int64_t version,
                                  const uint8_t row_sha256[32]);

/* The last `n` rows of an immutable table, all written by the event under way, as one bulk effect.
 * Once per table and event, after all of them are written; nothing when n is 0. */
MUST_CHECK struct err effect_bulk(struct tx *tx, enum table table, int64_t n);

/* Calls `fn` for every row of the table in the order written: its id, version, seq and hash. */
typedef struct err (*table_row_fn)(void *arg, const char *id, int64_t version, int64_t seq,
                                   const uint8_t row_sha256[32]);
MUST_CHECK struct err table_walk(struct tx *tx, enum table table, table_row_fn fn, void *arg);

#endif
