/* The rows that decisions write, as they were when they were last looked at: what a step changed is
 * the difference. The columns of each table and the hash over them are stated here once more from
 * docs/AUDIT.md; nothing of the engine is asked. Every row seen is kept as its version, its seq and
 * its hash; those that change, also as their text, so that a change can be shown with what was
 * there before. */
#ifndef TESTS_EVAL_BOOK_ROWS_H
#define TESTS_EVAL_BOOK_ROWS_H

#include "common/base/json.h"
#include "common/sys/crypt.h"
#include "common/sys/db.h"

enum { BOOK_TABLES_MAX = 48, BOOK_ROWS_SET = 1 };

struct book_rows;

/* A row as it stands now. Its texts are the arena's. */
struct book_row {
    size_t table;
    const char *id;
    int64_t rowid, version, seq;
    uint8_t sha256[SHA256_LEN];
    struct str text;   /* every column, RFC 8785, values as text */
    const char *brief; /* what is kept to be shown; NULL: the row never changes */
};

/* A row as it was seen. */
struct book_kept {
    uint8_t key[16], sha256[16];
    int64_t version, seq;
    char *brief;
    bool used;
};

/* One change of one row. */
struct book_change {
    const char *table, *id;
    const struct json *before, *after; /* objects of texts; before NULL: it is new */
    int64_t version, seq;              /* after; seq is the event's */
};

/* Prepares what it asks as statement table BOOK_ROWS_SET of `db`, which must outlive it. */
MUST_CHECK struct err book_rows_new(struct db *db, struct book_rows **rows);
void book_rows_free(struct book_rows *rows);

size_t book_tables_n(void);
const char *book_table_name(size_t table);
bool book_table_find(const char *name, size_t *table);

MUST_CHECK struct err book_row_load(struct book_rows *rows, struct arena *arena, size_t table,
                                    const char *id, bool *found, struct book_row *row);

/* At most `max` rows behind `rowid`, in order. */
MUST_CHECK struct err book_rows_after(struct book_rows *rows, struct arena *arena, size_t table,
                                      int64_t rowid, size_t max, struct book_row *list, size_t *n);

/* The largest rowid of each table, 0 for an empty one. */
MUST_CHECK struct err book_rows_ends(struct book_rows *rows, int64_t ends[BOOK_TABLES_MAX]);
MUST_CHECK struct err book_rows_count(struct book_rows *rows, size_t table, int64_t *n);

/* As seen before; NULL: never. Valid until the next book_keep. */
struct book_kept *book_kept(const struct book_rows *rows, size_t table, const char *id);
void book_keep(struct book_rows *rows, const struct book_row *row);
size_t book_kept_n(const struct book_rows *rows, size_t table);

/* What live matches hold of an entry, in minor units without sign; kept by whoever watches them. */
int64_t book_held(const struct book_rows *rows, const char *entry_id);
void book_hold(struct book_rows *rows, const char *entry_id, int64_t minor);

#endif
