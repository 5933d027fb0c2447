/* `audit consistency`: the proof that a later head only appends to an earlier one. */
#include "common/verify/consistency.h"

#include "common/sys/note.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/store/tree.h"

/* Any sizes will do: which of them were signed is whoever checks' business. */
static struct err proof_make(struct cli *cli, struct consistency *c)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    struct tree_head head;
    TRY(book_open(cli, &book));
    TRY(book_err(cli, head_latest(&book.tx, cli->arena, &head)));
    if (c->to == 0)
        c->to = head.size;
    ENSURE(c->to <= head.size, ERR_MISSING, "no signed head has so many events");
    ENSURE(c->from <= c->to, ERR_INPUT, "OLD is more than NEW");
    return book_err(cli, merkle_consistency(c->from, c->to, tree_node, &book.tx, &c->proof));
}

static int run_consistency(struct cli *cli)
{
    struct consistency c = {.from = 0};
    if (!note_number_parse(str_of(cli->args[0]), &c.from) || c.from == 0)
        return cli_misuse(cli, "OLD is a number of events");
    if (cli->args_n > 1 && (!note_number_parse(str_of(cli->args[1]), &c.to) || c.to == 0))
        return cli_misuse(cli, "NEW is a number of events");
    struct err e = proof_make(cli, &c);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    cli_print(cli, consistency_print(cli->arena, &c));
    return CLI_YES;
}

const struct command command_audit_consistency = {
    .name = "audit consistency",
    .args = "OLD [NEW]",
    .summary = "print the proof that the log of NEW events begins with that of OLD",
    .help = "OLD and NEW are sizes, as two checkpoints say them; NEW is the last signed head's\n"
            "unless given. closegate-verify consistency checks it with both checkpoints.",
    .args_min = 1,
    .args_max = 2,
    .run = run_consistency,
};
