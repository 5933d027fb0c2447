/* How the files of one source are read, as declared in sources.yaml: delimiter, columns, date
 * format, decimal mark, sign, contra side. Nothing is guessed: what the mapping does not say is
 * refused or quarantined. docs/INGEST.md is these tables in words. The mapping lives in the book in
 * its canonical form (sources.mapping). */
#ifndef ENGINE_INGEST_MAPPING_H
#define ENGINE_INGEST_MAPPING_H

#include "common/base/json.h"
#include "engine/store/entries.h"

enum mapping_sign { MAPPING_AS_IS = 0, MAPPING_INVERTED };
/* What a minus means where a column already says the direction (debit, credit, direction). */
enum mapping_minus { MINUS_REFUSED = 0, MINUS_REVERSES, MINUS_REPEATS };
enum mapping_grouping { GROUPING_THREES = 0, GROUPING_INDIAN };
enum mapping_order { OLDEST_FIRST = 0, NEWEST_FIRST };

/* A row that is no entry: a total, an opening balance line. `column` says one of the three. */
struct mapping_skip {
    const char *column, *is, *starts;
    bool empty;
};

struct mapping_file {
    unsigned encoding;     /* enum csv_encoding */
    const char *delimiter; /* one character, or "tab" */
    const char *quote;     /* one character; "" for none */
    bool header;           /* the first row names the columns; else they are "1", "2" … */
    bool ragged;           /* rows may be shorter or longer than the header */
    int64_t skip_rows;     /* lines before the header */
    struct mapping_skip *skip_when;
    size_t skip_when_n;
};

struct mapping_direction {
    const char *column;
    const char **credit, **debit; /* the words that say it, byte for byte */
    size_t credit_n, debit_n;
};

/* Names of columns; NULL when the file has none such. */
struct mapping_columns {
    const char *id, *date, *value_date;
    const char *amount, *debit, *credit;
    struct mapping_direction *direction;
    const char *currency, *counterparty, *reference, *group_key, *journal_id, *contra_account;
    const char *event_kind, *reverses, *account, *balance;
    const struct json *memo; /* a name, or several that are joined by a space */
};

struct mapping_statement {
    unsigned order; /* enum mapping_order: how the balance column runs */
};

struct mapping {
    const char *id, *entity;
    const char *account; /* NULL when columns.account names it */
    unsigned side;       /* enum side */
    struct mapping_file file;
    struct mapping_columns columns;
    const char *currency; /* of every row, when no column says it; NULL: the account's */
    const char *date_format;
    int64_t year_pivot; /* two-digit years below it are 20YY; -1 when not stated */
    const char *decimal, *thousands, *symbol;
    unsigned grouping, sign, minus, contra; /* enum mapping_grouping … enum contra */
    bool parentheses_negative, trailing_minus;
    const char **id_from; /* columns whose content makes the id */
    size_t id_from_n;
    struct mapping_statement *statement;
};

/* sources.yaml → the mappings, each checked in itself. ERR_INPUT with line:column and pointer. */
MUST_CHECK struct err mappings_read(struct arena *arena, struct str yaml, struct mapping **mappings,
                                    size_t *n);

/* The canonical text that the book keeps, and back. */
MUST_CHECK struct err mapping_print(struct arena *arena, const struct mapping *mapping,
                                    struct str *jcs);
MUST_CHECK struct err mapping_parse(struct arena *arena, struct str jcs, struct mapping *mapping);

/* The columns that memo is joined from. */
#define MAPPING_MEMO_MAX 8u
size_t mapping_memo_columns(const struct mapping *mapping, struct str columns[MAPPING_MEMO_MAX]);

#endif
