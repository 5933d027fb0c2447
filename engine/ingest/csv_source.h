/* A CSV file's rows as entries, by the mapping of its source. A row that cannot be read for certain
 * comes out with the reason and its bytes, so that it can be quarantined; none is dropped and none
 * is guessed at. Knows nothing of the book: whether a row is new there is asked later. */
#ifndef ENGINE_INGEST_CSV_SOURCE_H
#define ENGINE_INGEST_CSV_SOURCE_H

#include "common/sys/csv_read.h"
#include "engine/ingest/mapping.h"
#include "engine/store/master.h"

#define INGEST_FILE_MAX ((size_t)64 * 1024 * 1024) /* in memory */
#define INGEST_PATH_MAX ((size_t)16 << 30)         /* on the disk */

enum source_row_kind {
    SOURCE_END = 0,
    SOURCE_ENTRY,
    SOURCE_QUARANTINE,
    SOURCE_SKIPPED, /* by a rule of the mapping, or without any content */
};

/* Odd things in a row's text: kept as they came, and told. */
enum source_flag {
    FLAG_FORMULA = 1u << 0, /* a text that a spreadsheet would run: = + - @ TAB CR in front */
    FLAG_CONTROL = 1u << 1, /* control characters other than TAB and line ends */
    FLAG_BIDI = 1u << 2,    /* characters that turn the direction of writing */
    FLAG_HIDDEN = 1u << 3,  /* zero-width characters */
};
#define SOURCE_FLAGS 4

struct source_row {
    enum source_row_kind kind;
    int64_t row_no, line_no; /* data rows (skipped ones too) and lines of the file, from 1 */
    struct entry entry;      /* SOURCE_ENTRY: file_id and version are the caller's to set */
    const char *reason;      /* SOURCE_QUARANTINE: row, column, value and what is wrong */
    struct str raw;          /* the row's bytes, until the next row */
    unsigned flags;          /* enum source_flag */
    const char *flag_column; /* the first column with a flag; NULL when none */
    bool has_balance;
    struct money balance; /* of the balance column, signed like the amount */
};

struct csv_source;

/* Starts reading. `accounts` are the chart of the mapping's entity; mapping, accounts and bytes
 * must outlive the source. What is wrong with the file as a whole is told here (ERR_INPUT): no
 * header, a mapped column that is missing (the message names the columns there are), an account
 * that the chart does not have, a currency that nothing states. `arena` is for that error. */
MUST_CHECK struct err csv_source_open(struct arena *arena, const void *bytes, size_t len,
                                      const struct mapping *mapping, const struct account *accounts,
                                      size_t accounts_n, struct csv_source **source);
/* The same of a file that is read as its rows are (csv_open_stream). */
MUST_CHECK struct err csv_source_open_stream(struct arena *arena, csv_fill_fn fill, void *fill_arg,
                                             const struct mapping *mapping,
                                             const struct account *accounts, size_t accounts_n,
                                             struct csv_source **source);
void csv_source_close(struct csv_source *source); /* takes NULL */
CLEANUP_DEFINE(struct csv_source *, csv_source_close)

/* The next row; its texts live in `arena`, but for `raw`. Fails for lack of
 * memory, or as csv_next does. */
MUST_CHECK struct err csv_source_next(struct csv_source *source, struct arena *arena,
                                      struct source_row *row);

/* "formula", "control", "bidi", "hidden" of one flag. */
const char *source_flag_name(unsigned flag);

#endif
