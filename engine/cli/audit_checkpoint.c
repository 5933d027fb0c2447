/* `audit checkpoint`: the signed head, for somebody to keep: whoever has it knows later whether the
 * log was cut short or written anew. */
#include <stdio.h>

#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/store/tree.h"

static struct err head_find(struct cli *cli, uint64_t size, struct tree_head *head)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(cli, &book));
    struct err e = size == 0 ? head_latest(&book.tx, cli->arena, head)
                             : head_of(&book.tx, cli->arena, size, head);
    if (e.kind == ERR_NONE)
        e = head_cosigned(&book.tx, cli->arena, head);
    return book_err(cli, e);
}

static void told(const struct cli *cli, const struct tree_head *head)
{
    char hex[2 * MERKLE_HASH_LEN + 1];
    if (!cli->json) {
        printf("%.*s", (int)head->note.len, head->note.at);
        return;
    }
    struct json *o = json_object_new(cli->arena);
    hex_print(head->root.at, sizeof head->root.at, hex);
    json_put_int(cli->arena, o, "size", (int64_t)head->size);
    json_put_text(cli->arena, o, "root", hex);
    json_put(cli->arena, o, "checkpoint", json_str_new(cli->arena, head->note));
    cli_print(cli, o);
}

static int run_checkpoint(struct cli *cli)
{
    const char *text = cli_option(cli, "size");
    struct tree_head head;
    uint64_t size = 0;
    if (text != NULL && (!note_number_parse(str_of(text), &size) || size == 0))
        return cli_misuse(cli, "--size is a number of events");
    struct err e = head_find(cli, size, &head);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    told(cli, &head);
    return CLI_YES;
}

static const struct cli_option options[] = {
    {"size", "N", "the one of exactly N events; default: the last one"},
};

const struct command command_audit_checkpoint = {
    .name = "audit checkpoint",
    .args = "",
    .summary = "print the log's signed head (C2SP tlog-checkpoint)",
    .help =
        "With the cosignatures of witnesses, when there are any. Keep it outside of this host:\n"
        "audit verify --against FILE then tells whether the log still begins with what was\n"
        "signed. 1: no head of this size was signed.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_checkpoint,
};
