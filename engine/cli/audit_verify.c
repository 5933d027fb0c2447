/* `audit verify`: does the chain hold, and with --book, is every row what its event wrote? It reads
 * the file itself, beside a running engine or without one. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/store/audit.h"

static void put(struct cli *cli, struct json *o, const char *key, const char *text)
{
    if (text != NULL)
        json_put_text(cli->arena, o, key, text);
}

static void report_json(struct cli *cli, const struct audit_report *r, bool book)
{
    static const char *const words[] = {"intact", "broken", "unknown"};
    struct json *o = json_object_new(cli->arena);
    json_put_text(cli->arena, o, "result", words[r->kind]);
    json_put_int(cli->arena, o, "events", r->events);
    put(cli, o, "book_id", r->book_id);
    put(cli, o, "head", r->events > 0 ? r->head : NULL);
    put(cli, o, "first_utc", r->first_utc);
    put(cli, o, "last_utc", r->last_utc);
    if (book)
        json_put_int(cli->arena, o, "rows", r->rows);
    if (r->bad_seq != 0)
        json_put_int(cli->arena, o, "bad_seq", r->bad_seq);
    put(cli, o, "table", r->table);
    put(cli, o, "row", r->row);
    put(cli, o, "problem", r->problem);
    cli_print(cli, o);
}

static void intact_print(const struct audit_report *r, bool book)
{
    printf("intact: %" PRId64 " events of %s, %s to %s\n", r->events, r->book_id, r->first_utc,
           r->last_utc);
    printf("  head %s\n", r->head);
    if (book)
        printf("  %" PRId64 " rows of the book are as their events wrote them\n", r->rows);
    else
        printf("  the chain only; --book compares the book's rows with it too\n");
}

static void broken_print(struct cli *cli, const struct audit_report *r)
{
    printf("broken");
    if (r->bad_seq != 0)
        printf(" at event %" PRId64, r->bad_seq);
    printf(": %s\n", plain_text(cli->arena, r->problem));
    if (r->table != NULL)
        printf("  table %s%s%s\n", r->table, r->row == NULL ? "" : ", row ",
               plain_text(cli->arena, r->row));
    if (r->events > 0)
        printf("  %" PRId64 " events are good, the last of %s, hash %s\n", r->events, r->last_utc,
               r->head);
}

static int told(struct cli *cli, const struct audit_report *r, bool book)
{
    if (cli->json)
        report_json(cli, r, book);
    else if (r->kind == AUDIT_INTACT)
        intact_print(r, book);
    else
        broken_print(cli, r);
    return r->kind == AUDIT_INTACT ? CLI_YES : CLI_NO;
}

static int run_verify(struct cli *cli)
{
    const bool book = cli_option(cli, "book") != NULL;
    struct audit_report report = {.kind = AUDIT_UNREADABLE};
    const char *path;
    struct err e = book_find(cli, &path);
    if (e.kind == ERR_NONE)
        e = audit_verify_file(path, book, cli->arena, &report);
    if (e.kind == ERR_NONE)
        return told(cli, &report, book);
    report.kind = AUDIT_UNREADABLE;
    report.problem = e.msg;
    if (cli->json)
        report_json(cli, &report, book);
    return cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"book", NULL, "compare every row of the book with the event that wrote it, too"},
};

const struct command command_audit_verify = {
    .name = "audit verify",
    .args = "",
    .summary = "check the audit log's hash chain, and the book against it",
    .help = "Reads the file itself and believes nothing else; a running engine is not disturbed.\n"
            "0: intact; 2: broken, and where; 1: could not tell (no book, no permission).",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_verify,
};
