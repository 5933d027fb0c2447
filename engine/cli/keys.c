/* `keys`: the keys that sign the log's heads. Their public side is the book's, so list and export
 * read the book; the private side never leaves the data folder. */
#include <inttypes.h>
#include <stdio.h>

#include "common/sys/book_lock.h"
#include "engine/call/boot.h"
#include "engine/cli/admin.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/store/log_keys.h"

/* ---- keys init ---- */

static struct err first_key(struct cli *cli, struct store *store, struct log_keys *keys)
{
    struct err e = log_keys_use(keys, store, cli->arena);
    ENSURE(e.kind != ERR_NONE, ERR_CONFLICT,
           "the book has a log key already; keys rotate gives it another");
    return e.kind == ERR_MISSING ? book_first_key(store, keys, cli_clock_us, cli->arena) : e;
}

static struct err init_on(struct cli *cli, const char *book)
{
    CLEANUP(book_unlock) struct book_lock *lock = NULL;
    CLEANUP(log_keys_free) struct log_keys *keys = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    TRY(book_lock(book, cli->arena, &lock));
    TRY(store_open(book, STORE_WRITER, cli->arena, &store));
    TRY(log_keys_open(cli_config(cli)->key_dir, &keys));
    return book_err(cli, first_key(cli, store, keys));
}

static struct err list_read(struct cli *cli, struct log_key_event **rows, size_t *n)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(cli, &book));
    return book_err(cli, log_keys_list(&book.tx, cli->arena, rows, n));
}

static const char *id_of(struct cli *cli, const struct note_key *key)
{
    char id[2 * NOTE_ID_LEN + 1];
    hex_print(key->id, NOTE_ID_LEN, id);
    return arena_strdup(cli->arena, id);
}

static int current_told(struct cli *cli)
{
    struct log_key_event *rows;
    size_t n;
    struct err e = list_read(cli, &rows, &n);
    if (e.kind == ERR_NONE && n == 0)
        e = err_new(ERR_MISSING, "the book has no log key: run closegate-engine keys init");
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    const struct note_key *key = &rows[n - 1].statement.new_key;
    const char *vkey = note_key_print(cli->arena, key);
    if (!cli->json) {
        printf("%s\n", vkey == NULL ? "" : vkey);
        return CLI_YES;
    }
    struct json *o = json_object_new(cli->arena);
    json_put_text(cli->arena, o, "key_id", id_of(cli, key));
    json_put_text(cli->arena, o, "vkey", vkey);
    json_put_int(cli->arena, o, "from_size", rows[n - 1].seq);
    cli_print(cli, o);
    return CLI_YES;
}

static int run_init(struct cli *cli)
{
    const char *book;
    struct err e = book_find(cli, &book);
    if (e.kind == ERR_NONE)
        e = init_on(cli, book);
    if (e.kind != ERR_NONE) {
        int code = cli_fail(cli, e);
        return e.kind == ERR_CONFLICT ? CLI_NO : code;
    }
    return current_told(cli);
}

const struct command command_keys_init = {
    .name = "keys init",
    .args = "",
    .summary = "give a book from before there were any its first log key",
    .help =
        "Makes log.key in the data folder (mode 0600) unless it is there, and records its public\n"
        "side; prints the vkey that verifiers are given. init and seed do this by themselves.\n"
        "No engine may be running. Exit 2: the book has a key already.",
    .run = run_init,
};

/* ---- keys rotate ---- */

static const struct cli_option rotate_options[] = {
    {"wipe-old", NULL, "overwrite and remove the old private key instead of keeping it aside"},
    {"rationale", "TEXT", "why"},
};

static int run_rotate(struct cli *cli)
{
    struct json *args = json_object_new(cli->arena);
    if (cli_option(cli, "wipe-old") != NULL)
        json_put_bool(cli->arena, args, "wipe_old", true);
    json_put_known(cli->arena, args, "rationale", cli_option(cli, "rationale"));
    return admin_submit(cli, "rotate_log_key", args);
}

const struct command command_keys_rotate = {
    .name = "keys rotate",
    .args = "",
    .summary = "sign the log with a new key from now on",
    .help =
        "The engine makes the key; old and new key both sign the event that says so. The old\n"
        "private key is kept as log.key.<id>.retired. Who verifies by the old vkey goes on with\n"
        "the chain (keys export --chain). In prod another human confirms it.\n" ADMIN_EXITS,
    .options = rotate_options,
    .options_n = sizeof rotate_options / sizeof rotate_options[0],
    .run = run_rotate,
};

/* ---- keys list ---- */

static struct err rows_add(struct cli *cli, const struct log_key_event *rows, size_t n,
                           struct columns *table)
{
    for (size_t i = 0; i < n; i++) {
        TRY(columns_add(table, id_of(cli, &rows[i].statement.new_key)));
        TRY(columns_add(table, arena_fmt(cli->arena, "%" PRId64, rows[i].seq)));
        TRY(columns_add(table, i + 1 == n
                                   ? "signs now"
                                   : arena_fmt(cli->arena, "%" PRId64, rows[i + 1].seq - 1)));
        TRY(columns_add(table, note_key_print(cli->arena, &rows[i].statement.new_key)));
    }
    return arena_check(cli->arena);
}

static struct err list_json(struct cli *cli, const struct log_key_event *rows, size_t n)
{
    struct json *list = json_array_new(cli->arena);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(cli->arena);
        json_put_text(cli->arena, o, "key_id", id_of(cli, &rows[i].statement.new_key));
        json_put_text(cli->arena, o, "vkey",
                      note_key_print(cli->arena, &rows[i].statement.new_key));
        json_put_int(cli->arena, o, "from_size", rows[i].seq);
        if (i + 1 < n)
            json_put_int(cli->arena, o, "until_size", rows[i + 1].seq - 1);
        json_push(cli->arena, list, o);
    }
    TRY(arena_check(cli->arena));
    cli_print(cli, list);
    return OK;
}

static int run_list(struct cli *cli)
{
    static const struct column heads[] = {
        {"key", false}, {"from size", true}, {"until", true}, {"vkey", false}};
    struct columns table = {.arena = cli->arena, .columns = heads, .columns_n = 4};
    struct log_key_event *rows;
    size_t n;
    struct err e = list_read(cli, &rows, &n);
    if (e.kind == ERR_NONE)
        e = cli->json ? list_json(cli, rows, n) : rows_add(cli, rows, n, &table);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (!cli->json && n == 0)
        printf("the book has no log key\n");
    else if (!cli->json)
        columns_print(&table, "", stdout);
    return CLI_YES;
}

const struct command command_keys_list = {
    .name = "keys list",
    .args = "",
    .summary = "the log's keys, and which sizes of it each signs",
    .help = "Read from the book's own KEY_ROTATED events, each checked.",
    .run = run_list,
};

/* ---- keys export ---- */

static const struct cli_option export_options[] = {
    {"chain", NULL, "every key's signed statement, for verifiers that were given an earlier key"},
};

static struct err chain_read(struct cli *cli, struct json **chain)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(cli, &book));
    return book_err(cli, log_keys_chain(&book.tx, cli->arena, chain));
}

static int chain_told(struct cli *cli)
{
    struct json *chain;
    struct err e = chain_read(cli, &chain);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    cli_print(cli, chain);
    return CLI_YES;
}

static int run_export(struct cli *cli)
{
    return cli_option(cli, "chain") == NULL ? current_told(cli) : chain_told(cli);
}

const struct command command_keys_export = {
    .name = "keys export",
    .args = "",
    .summary = "the key that signs the log now, as verifiers are given it (vkey)",
    .help =
        "Give it to verifiers by another way than the log: a verifier never takes it from there.",
    .options = export_options,
    .options_n = 1,
    .run = run_export,
};
