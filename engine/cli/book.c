/* Opening the book to read. */
#include "engine/cli/book.h"

#include <errno.h>
#include <sys/stat.h>

struct err book_find(struct cli *cli, const char **path)
{
    struct stat st;
    *path = cli_path(cli, "recon.db");
    TRY(arena_check(cli->arena));
    if (stat(*path, &st) == 0)
        return OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return err_fmt(cli->arena, ERR_MISSING, NULL,
                       "there is no book in %s: run closegate-engine init, or say --data-dir",
                       cli_config(cli)->data_dir);
    return err_at(ERR_STORE, *path, "cannot reach this file");
}

struct err book_err(struct cli *cli, struct err e)
{
    if (e.kind == ERR_NONE)
        return OK;
    const char *where = e.where == NULL ? NULL : arena_strdup(cli->arena, e.where);
    const char *msg = arena_strdup(cli->arena, e.msg == NULL ? err_kind_name(e.kind) : e.msg);
    ENSURE(msg != NULL, ERR_LIMIT, "the command needs more memory than one may have");
    return err_at(e.kind, where, msg);
}

struct err book_open(struct cli *cli, struct book *book)
{
    const char *path;
    *book = (struct book){0};
    TRY(book_find(cli, &path));
    TRY(store_open(path, STORE_READER, cli->arena, &book->store));
    return tx_read_begin(book->store, cli->arena, cli_clock_us(), &book->tx);
}

void book_close(struct book *book)
{
    if (book->store == NULL)
        return;
    if (book->tx.db != NULL)
        tx_read_end(&book->tx);
    store_close(book->store);
    book->store = NULL;
}
