/* CSV as banks and ledgers really write it, row by row, over libcsv. Nothing is lost and nothing is
 * guessed: a row that cannot be read comes out too, with its reason, its line and its bytes, so
 * that it can be quarantined, and reading goes on behind it.
 *
 * Rows: a quote opens a field only at its start; inside, line ends are text and a doubled quote is
 * one. LF, CR LF and CR end a row. Empty lines are skipped. White space is kept. A faulty row
 * reaches as far as its quotes do, so that text inside a quoted field is not taken for rows; but a
 * quote that never closes costs its own line only, and the rest of the file is read on. Time is
 * linear in the bytes. */
#ifndef COMMON_SYS_CSV_READ_H
#define COMMON_SYS_CSV_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/str.h"

enum csv_encoding {
    CSV_UTF8 = 0,     /* a byte order mark is dropped */
    CSV_UTF16,        /* wants a byte order mark */
    CSV_WINDOWS_1252, /* the five bytes it leaves undefined are faults of their row */
};

#define CSV_FIELD_MAX   (64u << 10) /* bytes, as UTF-8 */
#define CSV_ROW_MAX     (1u << 20)  /* bytes, as UTF-8 */
#define CSV_COLUMNS_MAX 256u

struct csv_options {
    char delimiter;    /* 0: a comma. Else TAB or ASCII punctuation, not the quote */
    char quote;        /* 0: a double quote */
    bool no_quotes;    /* quote characters are text */
    bool no_header;    /* the first row is data */
    bool ragged;       /* rows may have another number of fields than the header */
    size_t skip_lines; /* physical lines before the header (a bank's preamble) */
    enum csv_encoding encoding;
};

enum csv_fault {
    CSV_FINE = 0,
    CSV_OPEN_QUOTE,   /* a quote is opened and never closed */
    CSV_STRAY_QUOTE,  /* a quote inside a field that does not start with one */
    CSV_AFTER_QUOTE,  /* text between a closing quote and the delimiter */
    CSV_BAD_ENCODING, /* not valid in the declared encoding */
    CSV_NUL,          /* a NUL byte */
    CSV_FIELD_TOO_LONG,
    CSV_ROW_TOO_LONG,
    CSV_TOO_MANY_COLUMNS, /* more than CSV_COLUMNS_MAX */
    CSV_WIDTH,            /* not as many fields as the header */
};

/* Everything is valid until the next csv_next or csv_close. */
struct csv_row {
    const struct str *fields; /* each also ends in NUL; NULL for a faulty row */
    size_t n;                 /* of fields; for CSV_WIDTH how many there were */
    size_t line;              /* of the row's first byte in the file, from 1 */
    struct str raw;           /* the row without its line end. In UTF-8 (what was not valid stays
                                 not valid and distinct), for a UTF-8 file exactly its bytes */
    enum csv_fault fault;
    const char *reason; /* the fault in words; NULL when fine */
};

struct csv_reader;

/* Starts reading; `bytes` must stay until csv_close. The header row is read here: ERR_INPUT when it
 * is missing or faulty (the place is "line N", in `arena`), when the byte order mark contradicts
 * the encoding, or when the options contradict each other. */
MUST_CHECK struct err csv_open(const void *bytes, size_t len, const struct csv_options *options,
                               struct arena *arena, struct csv_reader **reader);

/* The same from a file that is read as its rows are asked for; `fill` and `arg` must stay until
 * csv_close. Fills `to` with at most `len` of the next bytes; *n 0 at the end. UTF-8 is held a
 * window at a time: a row, and what an open quote makes of it, may be CSV_WINDOW_MAX long; another
 * encoding is read and decoded whole, and may be as long. */
typedef struct err (*csv_fill_fn)(void *arg, char *to, size_t len, size_t *n);
#define CSV_WINDOW_MAX ((size_t)64 << 20)
MUST_CHECK struct err csv_open_stream(csv_fill_fn fill, void *arg,
                                      const struct csv_options *options, struct arena *arena,
                                      struct csv_reader **reader);
void csv_close(struct csv_reader *reader); /* takes NULL */
CLEANUP_DEFINE(struct csv_reader *, csv_close)

/* The header's names, trimmed of blanks; n is 0 without a header. Valid until csv_close. */
const struct str *csv_header(const struct csv_reader *reader, size_t *n);
/* The index of the column called `name` (byte for byte). ERR_INPUT: none, or several. */
MUST_CHECK struct err csv_column(const struct csv_reader *reader, const char *name, size_t *index);

/* The next row, fine or faulty; *more is false at the end. Fails for lack of memory, when `fill`
 * does, or past CSV_WINDOW_MAX (ERR_LIMIT). */
MUST_CHECK struct err csv_next(struct csv_reader *reader, struct csv_row *row, bool *more);

#endif
