/* `docs`: reference pages printed from the program's own tables, so that a page in docs/ is either
 * current or fails the test that compares them (tests/lint/docs_current.sh). */
#include <stdio.h>

#include "engine/cli/commands.h"
#include "engine/cli/docs_own.h"
#include "engine/fsm/machines.h"

#define PAGE_BYTES_MAX ((size_t)4 << 20)

static struct err docs_config(struct cli *cli, struct buf *out)
{
    (void)cli;
    config_print_reference(out);
    return OK;
}

static struct err docs_man(struct cli *cli, struct buf *out)
{
    cli_print_man(cli->program, out);
    return OK;
}

static struct err docs_fsm(struct cli *cli, struct buf *out)
{
    (void)cli;
    buf_puts(out, "# State machines\n\nWhat is not a row cannot happen. The tier is the least that "
                  "the act behind the event has; `engine` rows are the engine's own.\n");
    for (size_t i = 0; i < fsm_machines_n; i++) {
        buf_putc(out, '\n');
        fsm_print(fsm_machines[i], out);
    }
    return OK;
}

static const struct {
    const char *name;
    struct err (*print)(struct cli *cli, struct buf *out);
} pages[] = {
    {"tools", docs_tools},
    {"config", docs_config},
    {"fsm", docs_fsm},
    {"man", docs_man},
};

static struct err page(struct cli *cli, struct buf *out, bool *known)
{
    *known = false;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (!text_eq(pages[i].name, cli->args[0]))
            continue;
        *known = true;
        TRY(pages[i].print(cli, out));
        return buf_check(out);
    }
    return OK;
}

static int run_docs(struct cli *cli)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    bool known;
    buf_init(&out, PAGE_BYTES_MAX);
    struct err e = page(cli, &out, &known);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (!known)
        return cli_misuse(cli, "there is no such page: tools, config, fsm or man");
    fwrite(out.at, 1, out.len, stdout);
    return CLI_YES;
}

const struct command command_docs = {
    .name = "docs",
    .args = "tools|config|fsm|man",
    .summary = "print a reference page: tools, settings, state machines, the manual page",
    .help = "docs/TOOLS.md, docs/CONFIG.md, docs/fsm.md and docs/man/closegate-engine.1 are what\n"
            "this prints.",
    .args_min = 1,
    .args_max = 1,
    .no_config = true,
    .run = run_docs,
};
