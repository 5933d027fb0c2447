/* `ingest`: files of a declared source, or a folder of master data, into the book, as a call on the
 * spine in the name of the person at the keyboard. Says what was loaded, what was not and why. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "engine/cli/commands.h"
#include "engine/cli/run_call.h"

#define MASTER_FILE_MAX ((size_t)512 << 10) /* four of them fit into one request */
#define SEND_MAX        ((size_t)512 << 10) /* sent as bytes; a larger file is named by its path */

static const struct cli_option options[] = {
    {"source", "ID", "the source whose mapping reads the files"},
    {"master", "DIR",
     "load entities.csv, accounts.csv, counterparties.csv, balances.csv, sources.yaml"},
    {"opening", "AMOUNT", "the statement's opening balance, as a plain decimal"},
    {"closing", "AMOUNT", "the statement's closing balance"},
    {"from", "DATE", "the statement's first day; default: that of the rows"},
    {"to", "DATE", "the statement's last day; default: that of the rows"},
};

static const char *text_of(const struct json *o, const char *name)
{
    const char *text = json_get_text(o, name);
    return text == NULL ? "" : text;
}

static long long figure(const struct json *o, const char *name)
{
    int64_t n = 0;
    return json_int(json_get(o, name), &n) ? (long long)n : 0;
}

static bool is_true(const struct json *o, const char *name)
{
    const struct json *b = json_get(o, name);
    return b != NULL && b->type == JSON_TYPE_BOOL && b->truth;
}

/* ---- asking ---- */

/* A small file goes along as bytes, so that the engine needs no right to read it. */
static struct err file_args(struct cli *cli, const char *file, struct json *args)
{
    char absolute[PATH_MAX];
    struct stat st;
    if (realpath(file, absolute) == NULL || stat(absolute, &st) != 0)
        return err_at(ERR_MISSING, file, "there is no such file");
    if (!S_ISREG(st.st_mode))
        return err_at(ERR_INPUT, file, "not a regular file");
    if ((size_t)st.st_size > SEND_MAX) {
        json_put_text(cli->arena, args, "path", absolute);
        return OK;
    }
    struct str bytes;
    TRY(disk_read(cli->arena, absolute, SEND_MAX, &bytes));
    char *base64 = arena_alloc(cli->arena, BASE64_SIZE(bytes.len));
    ENSURE(base64 != NULL, ERR_LIMIT, "out of memory for the file");
    base64_print(bytes.at, bytes.len, base64);
    const char *slash = strrchr(absolute, '/');
    json_put_text(cli->arena, args, "name", slash == NULL ? absolute : slash + 1);
    json_put_text(cli->arena, args, "content_base64", base64);
    return OK;
}

static struct err file_ingest(struct cli *cli, const char *file, struct run_call *done)
{
    static const char *const passed[] = {"opening", "closing", "from", "to"};
    struct json *args = json_object_new(cli->arena);
    json_put_text(cli->arena, args, "source_id", cli_option(cli, "source"));
    TRY(file_args(cli, file, args));
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        const char *value = cli_option(cli, passed[i]);
        if (value != NULL)
            json_put_text(cli->arena, args, passed[i], value);
    }
    TRY(arena_check(cli->arena));
    return run_call(cli, "ingest_file", args, done);
}

static struct err master_ingest(struct cli *cli, const char *folder, struct run_call *done)
{
    static const struct {
        const char *file, *member;
    } parts[] = {{"entities.csv", "entities_csv"},
                 {"accounts.csv", "accounts_csv"},
                 {"counterparties.csv", "counterparties_csv"},
                 {"balances.csv", "balances_csv"},
                 {"sources.yaml", "sources_yaml"}};
    struct json *args = json_object_new(cli->arena);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *path = arena_fmt(cli->arena, "%s/%s", folder, parts[i].file);
        struct str bytes;
        struct err e = path == NULL ? arena_check(cli->arena)
                                    : disk_read(cli->arena, path, MASTER_FILE_MAX, &bytes);
        if (e.kind == ERR_MISSING)
            continue;
        TRY(e);
        if (!utf8_valid(bytes.at, bytes.len))
            return err_at(ERR_INPUT, path, "not UTF-8");
        json_put(cli->arena, args, parts[i].member, json_str_new(cli->arena, bytes));
    }
    TRY(arena_check(cli->arena));
    if (args->count == 0)
        return err_at(
            ERR_MISSING, folder,
            "no entities.csv, accounts.csv, counterparties.csv, balances.csv or sources.yaml "
            "here");
    return run_call(cli, "load_master", args, done);
}

/* ---- telling ---- */

static void refusal_tell(const struct run_call *done)
{
    const struct json *r = done->result;
    if (done->outcome == CALL_PENDING)
        printf("waits for a human: %s\n", text_of(r, "escalation_id"));
    else
        printf("denied: %s\n", text_of(r, "reason"));
    printf("  %s\n", text_of(r, "clause"));
}

static void lists_tell(const struct json *r)
{
    const struct json *totals = json_get(r, "totals"), *problems = json_get(r, "problems"),
                      *flagged = json_get(r, "flagged");
    for (size_t i = 0; totals != NULL && i < totals->count; i++)
        printf("  control total %s %s in %lld entries\n", text_of(totals->items[i], "sum"),
               text_of(totals->items[i], "currency"), figure(totals->items[i], "count"));
    for (size_t i = 0; problems != NULL && i < problems->count; i++)
        printf("  quarantined: %s\n", text_of(problems->items[i], "reason"));
    if (problems != NULL && figure(r, "quarantined") > (long long)problems->count)
        printf("  … and %lld more in quarantine\n",
               figure(r, "quarantined") - (long long)problems->count);
    for (size_t i = 0; flagged != NULL && i < flagged->count; i++)
        printf("  odd text kept as it is: row %lld, column \"%s\" (%s)\n",
               figure(flagged->items[i], "row"), text_of(flagged->items[i], "column"),
               text_of(flagged->items[i], "flags"));
}

static void statement_tell(const struct json *s)
{
    if (s == NULL)
        return;
    printf("  statement %s to %s: opening %s + lines %s, closing %s %s: %s\n", text_of(s, "from"),
           text_of(s, "to"), text_of(s, "opening"), text_of(s, "lines"), text_of(s, "closing"),
           text_of(s, "currency"), text_of(s, "status"));
    if (strcmp(text_of(s, "status"), "BROKEN") == 0)
        printf("  the statement does not add up: nothing of this account is confirmed without a "
               "human until one does\n");
    if (json_get_text(s, "gap") != NULL)
        printf(
            "  GAP: %s: nothing of this account is confirmed without a human until the statement "
            "between them is loaded\n",
            json_get_text(s, "gap"));
}

static void file_tell(const char *file, const struct run_call *done)
{
    const struct json *r = done->result;
    if (done->outcome != CALL_OK) {
        printf("%s: ", file);
        refusal_tell(done);
        return;
    }
    if (is_true(r, "already_loaded")) {
        printf("%s: the book has this very file already (%s); nothing changed\n", file,
               text_of(r, "file_id"));
        printf("  then: ");
    } else {
        printf("%s: ", file);
    }
    printf("%lld rows = %lld loaded + %lld duplicates + %lld quarantined", figure(r, "rows"),
           figure(r, "loaded"), figure(r, "duplicates"), figure(r, "quarantined"));
    if (figure(r, "skipped") > 0)
        printf("; %lld skipped", figure(r, "skipped"));
    if (figure(r, "resumed") > 0)
        printf("; %lld of them were there from an earlier load", figure(r, "resumed"));
    printf("\n");
    lists_tell(r);
    statement_tell(json_get(r, "statement"));
}

static void master_tell(const struct run_call *done)
{
    static const char *const parts[] = {"entities", "accounts", "counterparties", "balances",
                                        "sources"};
    if (done->outcome != CALL_OK) {
        refusal_tell(done);
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const struct json *c = json_get(done->result, parts[i]);
        printf("%-15s %lld added, %lld changed, %lld as they were\n", parts[i], figure(c, "added"),
               figure(c, "changed"), figure(c, "same"));
    }
}

/* ---- the command ---- */

static int exit_of(const struct run_call *done)
{
    const char *status = json_get_text(json_get(done->result, "statement"), "status");
    bool broken = text_eq(status, "BROKEN");
    bool good = done->outcome != CALL_DENIED && figure(done->result, "quarantined") == 0;
    return good && !broken ? CLI_YES : CLI_NO;
}

static int run_master(struct cli *cli)
{
    struct run_call done;
    struct err e = master_ingest(cli, cli_option(cli, "master"), &done);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (cli->json)
        cli_print(cli, done.result);
    else
        master_tell(&done);
    return exit_of(&done);
}

static int run_files(struct cli *cli)
{
    struct json *results = json_array_new(cli->arena);
    int code = CLI_YES;
    for (size_t i = 0; i < cli->args_n; i++) {
        struct run_call done;
        if (isatty(STDERR_FILENO))
            (void)fprintf(stderr, "loading %s (%zu of %zu)\n", cli->args[i], i + 1, cli->args_n);
        struct err e = file_ingest(cli, cli->args[i], &done);
        if (e.kind != ERR_NONE) {
            e.where = e.where == NULL ? cli->args[i] : e.where;
            return cli_fail(cli, e);
        }
        json_push(cli->arena, results, done.result);
        if (!cli->json)
            file_tell(cli->args[i], &done);
        code = code == CLI_YES ? exit_of(&done) : code;
    }
    if (cli->json)
        cli_print(cli, results->count == 1 ? results->items[0] : results);
    return code;
}

static int run_ingest(struct cli *cli)
{
    bool statement = cli_option(cli, "opening") != NULL || cli_option(cli, "closing") != NULL;
    if (cli_option(cli, "master") != NULL)
        return cli->args_n > 0 || cli_option(cli, "source") != NULL
                   ? cli_misuse(cli, "--master takes no files and no --source")
                   : run_master(cli);
    if (cli_option(cli, "source") == NULL || cli->args_n == 0)
        return cli_misuse(cli, "give --source ID and files, or --master DIR");
    if (statement && cli->args_n > 1)
        return cli_misuse(cli, "a statement's balances are of one file");
    return run_files(cli);
}

const struct command command_ingest = {
    .name = "ingest",
    .args = "[FILE…]",
    .summary = "load files of a source, or master data, into the book",
    .help =
        "ingest --source ID FILE… reads each file by the mapping of its source (docs/INGEST.md).\n"
        "Rows that cannot be read for certain are quarantined with their reason; the same file\n"
        "twice changes nothing. ingest --master DIR loads entities, accounts, counterparties and\n"
        "sources, all or nothing.\n"
        "0: everything is in the book; 2: something was quarantined, does not add up or was\n"
        "denied; 1: could not.",
    .args_min = 0,
    .args_max = 1000,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_ingest,
};
