/* The book as a command reads it: a snapshot of its own, beside a running engine or none. */
#ifndef ENGINE_CLI_BOOK_H
#define ENGINE_CLI_BOOK_H

#include "engine/cli/cli.h"
#include "engine/store/store.h"

struct book {
    struct store *store;
    struct tx tx; /* allocates in the command's arena */
};

/* ERR_MISSING, saying what to do, when the data folder has no book. */
MUST_CHECK struct err book_open(struct cli *cli, struct book *book);
void book_close(struct book *book);

static inline void book_close_cleanup(struct book *book)
{
    book_close(book);
}

/* The error in words that outlive the book: the store's own texts end with it. */
MUST_CHECK struct err book_err(struct cli *cli, struct err e);

/* The path of the data folder's book; ERR_MISSING when there is none. */
MUST_CHECK struct err book_find(struct cli *cli, const char **path);

#endif
