/* Files that were loaded, the rows that could not be read, and statements with their balances. */
#ifndef ENGINE_STORE_FILES_H
#define ENGINE_STORE_FILES_H

#include "common/base/civil.h"
#include "common/base/money.h"
#include "engine/store/store.h"

struct file_row {
    const char *file_id, *source_id, *name;
    const char *sha256; /* of the bytes, 64 hex digits */
    int64_t bytes_n;
    int64_t rows_n, loaded_n, duplicate_n, quarantined_n; /* the first is the sum of the others */
};

struct quarantine_row {
    const char *file_id;
    int64_t row_no, line_no; /* data rows and lines of the file, from 1 */
    const char *reason;      /* names row, column and value */
    struct str raw;          /* the row's bytes */
};

/* A file's id follows from its source and its bytes, so that loading again what a crash cut short
 * goes on where it stopped. */
const char *file_id_make(struct arena *arena, const char *source_id, const char *sha256);

/* ERR_MISSING when this file was not (completely) loaded from this source. */
MUST_CHECK struct err file_find(struct tx *tx, struct arena *arena, const char *source_id,
                                const char *sha256, struct file_row *file);
/* By its id; ERR_MISSING when there is none. */
MUST_CHECK struct err file_load(struct tx *tx, struct arena *arena, const char *file_id,
                                struct file_row *file);
/* Writes the row, or its next version after another try, and notes the effect. */
MUST_CHECK struct err file_put(struct tx *tx, const struct file_row *file);
/* Ordered by the event that loaded them, the newest first. */
MUST_CHECK struct err files_list(struct tx *tx, struct arena *arena, int64_t limit,
                                 struct file_row **rows, size_t *n);

/* Writes the row; *added is false when this row of this file is in quarantine already. The caller
 * notes the effect once for all of them: effect_bulk(tx, TABLE_QUARANTINE). */
MUST_CHECK struct err quarantine_insert(struct tx *tx, const struct quarantine_row *row,
                                        bool *added);
/* In the order of the file's rows, at most `limit`. */
MUST_CHECK struct err quarantine_list(struct tx *tx, struct arena *arena, const char *file_id,
                                      int64_t limit, struct quarantine_row **rows, size_t *n);

/* A statement of one account: BALANCED when opening + lines = closing. */
struct statement {
    const char *statement_id; /* NULL for a new one */
    const char *file_id, *source_id, *entity_id, *account_id;
    struct date from, to;
    struct money opening, closing, lines;
    bool balanced;
};

/* Judges `balanced`, writes the row and notes the effect. ERR_INPUT when the currencies differ. */
MUST_CHECK struct err statement_insert(struct tx *tx, struct statement *statement);
/* The statements of an account, the newest `to` first; at most 1000. */
MUST_CHECK struct err statements_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                      const char *account_id, struct statement **rows, size_t *n);
/* Is a statement of this account BROKEN, and has no later one that covers its days balanced? Then
 * nothing of the account is confirmed without a human. */
MUST_CHECK struct err statement_broken(struct tx *tx, const char *entity_id, const char *account_id,
                                       bool *broken);

#endif
