/* `docs`: reference pages printed from the program's own tables (tests/lint/docs_current.sh). */
#include <stdio.h>

#include "agent/cli/commands.h"
#include "agent/fsm/agent_session.h"
#include "agent/inbox/shapes.h"
#include "agent/llm/chat_shapes.h"

#define PAGE_BYTES_MAX ((size_t)4 << 20)

static void print_fsm(struct buf *out)
{
    buf_puts(out,
             "# The agent's state machines\n\nWhat is not a row cannot happen. The engine's are "
             "in [fsm.md](fsm.md).\n\n");
    fsm_print(&fsm_agent_session, out);
}

static void print_types(struct buf *out)
{
    static const struct shape_list *const lists[] = {&inbox_shapes, &chat_shapes};
    shapes_print_types(out, lists, sizeof lists / sizeof lists[0]);
}

static int run_docs(struct cli *cli)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    buf_init(&out, PAGE_BYTES_MAX);
    if (text_eq(cli->args[0], "config"))
        agent_config_print_reference(&out);
    else if (text_eq(cli->args[0], "fsm"))
        print_fsm(&out);
    else if (text_eq(cli->args[0], "man"))
        cli_print_man(cli->program, &out);
    else if (text_eq(cli->args[0], "types"))
        print_types(&out);
    else
        return cli_misuse(cli, "there is no such page: config, fsm, man or types");
    struct err e = buf_check(&out);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    fwrite(out.at, 1, out.len, stdout);
    return CLI_YES;
}

const struct command command_docs = {
    .name = "docs",
    .args = "config|fsm|man|types",
    .summary =
        "print a reference page: settings, state machines, the manual page, the workspace's types",
    .help = "docs/AGENT-CONFIG.md, docs/fsm-agent.md and docs/man/closegate-agent.1 are what this\n"
            "prints, and ui-static/src/api/types.gen.ts.",
    .args_min = 1,
    .args_max = 1,
    .no_config = true,
    .run = run_docs,
};
