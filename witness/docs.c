/* `docs`: reference pages printed from the program's own tables (tests/lint/docs_current.sh). */
#include <stdio.h>

#include "witness/commands.h"

#define PAGE_BYTES_MAX ((size_t)1 << 20)

static int run_docs(struct cli *cli)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    buf_init(&out, PAGE_BYTES_MAX);
    if (text_eq(cli->args[0], "config"))
        witness_settings_print(&out);
    else if (text_eq(cli->args[0], "man"))
        cli_print_man(cli->program, &out);
    else
        return cli_misuse(cli, "there is no such page: config or man");
    struct err e = buf_check(&out);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    fwrite(out.at, 1, out.len, stdout);
    return CLI_YES;
}

const struct command command_docs = {
    .name = "docs",
    .args = "config|man",
    .summary = "print a reference page: settings or the manual page",
    .help = "docs/WITNESS-CONFIG.md and docs/man/closegate-witness.1 are what this prints.",
    .args_min = 1,
    .args_max = 1,
    .no_config = true,
    .run = run_docs,
};
