/* Takes a book's schema forward: embedded files NNNN_name.sql, from 0001 without a gap, each in its
 * own transaction, recorded in schema_migrations(number, name, sha256, applied_at). A file that
 * landed never changes: a digest that differs from the recorded one is an error that names it.
 * Knows nothing of what is in the tables. */
#ifndef COMMON_SYS_MIGRATE_H
#define COMMON_SYS_MIGRATE_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/sys/embed.h"

struct migration {
    int number;
    const char *name;   /* "0001_book.sql" */
    const char *sha256; /* 64 hex digits, of the file's bytes */
};

struct migrate_report {
    struct migration *applied; /* now, in order; in the arena */
    size_t applied_n;
    int version; /* the number of the last one, now in force */
};

/* Applies what is missing on a DB_MIGRATOR connection. `applied_at` is written as it is given (this
 * module has no clock). When one fails, those before it stay and it left nothing. ERR_STORE: a
 * changed file, or a book written by a newer closegate; ERR_BUG: the files themselves are not in
 * order. */
MUST_CHECK struct err migrate_run(struct db *db, const struct embedded *files, size_t n,
                                  const char *applied_at, struct arena *arena,
                                  struct migrate_report *report);

/* The schema digest (db_schema_digest) a book has after all of `files`, computed in memory. */
MUST_CHECK struct err migrate_expected_digest(const struct embedded *files, size_t n, char hex[65]);

/* What `serve` asks at open, on any connection: every file applied, none changed, none unknown, and
 * the schema exactly as expected. ERR_STORE names the first difference. */
MUST_CHECK struct err migrate_check(struct db *db, const struct embedded *files, size_t n,
                                    struct arena *arena);

#endif
