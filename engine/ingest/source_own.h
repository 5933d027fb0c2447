/* Between the files of the CSV source only: its columns, and one row on its way to an entry. */
#ifndef ENGINE_INGEST_SOURCE_OWN_H
#define ENGINE_INGEST_SOURCE_OWN_H

#include "common/sys/csv_read.h"
#include "engine/ingest/csv_source.h"

#define ID_FROM_MAX  16u
#define SKIP_MAX     32u
#define ENTRY_ID_MAX 200u /* bytes of an id in a file */
#define ID_HASH_LEN  12u  /* bytes of the hash that stands for a row without an id */

enum column {
    COL_ID,
    COL_DATE,
    COL_VALUE_DATE,
    COL_AMOUNT,
    COL_DEBIT,
    COL_CREDIT,
    COL_DIRECTION,
    COL_CURRENCY,
    COL_COUNTERPARTY,
    COL_REFERENCE,
    COL_GROUP_KEY,
    COL_JOURNAL_ID,
    COL_CONTRA_ACCOUNT,
    COL_EVENT_KIND,
    COL_REVERSES,
    COL_ACCOUNT,
    COL_BALANCE,
    COL_MEMO,
    COL_ID_FROM = COL_MEMO + (int)MAPPING_MEMO_MAX,
    COL_SKIP = COL_ID_FROM + (int)ID_FROM_MAX,
    COL_COUNT = COL_SKIP + (int)SKIP_MAX,
};

struct source_column {
    const char *name; /* as the mapping spells it; NULL when it names none */
    size_t index;
};

/* How often a content has been seen in this file, for ids made from content. */
struct seen_slot {
    uint8_t hash[ID_HASH_LEN];
    uint32_t count; /* 0: the slot is free */
};
struct seen {
    struct seen_slot *slots;
    size_t cap, used;
};
/* The next occurrence, from 1. */
MUST_CHECK struct err seen_count(struct seen *seen, const uint8_t hash[ID_HASH_LEN],
                                 uint32_t *count);

struct csv_source {
    const struct mapping *m;
    struct csv_reader *reader;
    const struct account **accounts; /* by id */
    size_t accounts_n;
    const struct account *account; /* of every row; NULL when rows name theirs */
    struct source_column columns[COL_COUNT];
    size_t memo_n;
    int64_t row_no;
    struct seen seen;
};

struct reading_row {
    struct csv_source *source;
    struct arena *arena;
    const struct csv_row *csv;
    struct source_row *out;
};

/* The text of a column without the blanks around it; empty when the mapping has no such column, or
 * the row ends before it (ragged files). */
struct str row_field(const struct reading_row *r, int column);

/* Fills out->entry from a row that CSV had no fault with. False: out says why it is quarantined. */
bool row_entry(struct reading_row *r);

/* Makes the row a quarantined one. `column` -1: the row as a whole; `value` NULL: none to show. */
bool row_refuse(struct reading_row *r, int column, const char *value, const char *complaint);

/* The flags that a text earns. */
unsigned text_flags(struct str text);
/* The text in quotes, shortened, what cannot be shown as \x1b: for a reason. */
const char *text_quoted(struct arena *arena, struct str text);

#endif
