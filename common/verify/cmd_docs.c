/* `docs`: the manual page, printed from the command table, so that it is current or fails a test.
 */
#include <stdio.h>

#include "common/verify/verify.h"

#define PAGE_BYTES_MAX ((size_t)1 << 20)

static int run_docs(struct cli *cli)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, PAGE_BYTES_MAX);
    if (!text_eq(cli->args[0], "man"))
        return cli_misuse(cli, "there is one page: man");
    cli_print_man(cli->program, &out);
    struct err e = buf_check(&out);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    printf("%s", buf_text(&out));
    return CLI_YES;
}

const struct command command_docs = {
    .name = "docs",
    .args = "PAGE",
    .summary = "print a reference page: man",
    .args_min = 1,
    .args_max = 1,
    .no_config = true,
    .run = run_docs,
};
