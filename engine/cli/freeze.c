/* `freeze` and `thaw`: the kill switch. */
#include <stdio.h>

#include "engine/cli/admin.h"
#include "engine/cli/commands.h"

static const struct cli_option freeze_options[] = {
    {"actor", "ACTOR", "human:ID (the person and all their agents), llm:… or engine:…"},
    {"tool", "TOOL", "a tool"},
    {"kind", "KIND", "human, llm or engine"},
    {"all", NULL, "everything"},
    {"reason", "TEXT", "why; needed"},
};

static int run_freeze(struct cli *cli)
{
    static const char *const scopes[] = {"actor", "tool", "kind", "all"};
    struct json *args = json_object_new(cli->arena);
    size_t given = 0;
    for (size_t i = 0; i < 4; i++) {
        const char *value = cli_option(cli, scopes[i]);
        if (value == NULL)
            continue;
        given++;
        json_put_text(cli->arena, args, "scope", scopes[i]);
        if (!text_eq(scopes[i], "all"))
            json_put_text(cli->arena, args, "value", value);
    }
    if (given != 1)
        return cli_misuse(cli, "give one of --actor, --tool, --kind and --all");
    if (cli_option(cli, "reason") == NULL)
        return cli_misuse(cli, "--reason is missing");
    json_put_text(cli->arena, args, "reason", cli_option(cli, "reason"));
    return admin_submit(cli, "freeze", args);
}

const struct command command_freeze = {
    .name = "freeze",
    .args = "--actor A | --tool T | --kind K | --all, --reason TEXT",
    .summary = "the kill switch: what is frozen changes nothing until it is thawed",
    .help = "What a frozen actor asked for waits. No freeze of a tool, a kind or everything stops\n"
            "people from thawing it.\n" ADMIN_EXITS,
    .options = freeze_options,
    .options_n = sizeof freeze_options / sizeof freeze_options[0],
    .run = run_freeze,
};

/* ---- thaw ---- */

static void freeze_row(struct cli *cli, const struct json *f, const char **cells)
{
    const char *name = json_get_text(f, "name");
    cells[0] = admin_text(f, "freeze_id");
    cells[1] = arena_fmt(cli->arena, "%s %s", admin_text(f, "scope"),
                         name == NULL ? admin_text(f, "value") : name);
    cells[2] = admin_text(f, "frozen_at");
    cells[3] = admin_text(f, "frozen_by");
    cells[4] = admin_text(f, "reason");
}

static int freezes_told(struct cli *cli)
{
    static const struct column heads[] = {
        {"freeze", false}, {"what", false}, {"since", false}, {"by", false}, {"reason", false}};
    static const struct admin_list list = {.tool = "list_registry",
                                           .member = "freezes",
                                           .heads = heads,
                                           .heads_n = 5,
                                           .row = freeze_row,
                                           .none = "nothing is frozen"};
    return admin_list(cli, &list, json_object_new(cli->arena));
}

static int run_thaw(struct cli *cli)
{
    static const struct admin_call call = {
        .tool = "thaw",
        .parts = {{.member = "freeze_id"}, {.option = "rationale", .member = "rationale"}}};
    return cli->args_n == 0 ? freezes_told(cli) : admin_run(cli, &call, NULL);
}

const struct command command_thaw = {
    .name = "thaw",
    .args = "[FREEZE_ID]",
    .summary = "take a freeze back; without an id, list what is frozen",
    .help = "In prod another human confirms it.\n" ADMIN_EXITS,
    .args_max = 1,
    .options = admin_why,
    .options_n = 1,
    .run = run_thaw,
};
