/* `run list|show|cancel`: batches, from agent.db alone. */
#include "agent/cli/run_told.h"

#define RUNS_SHOWN 100

static int run_list(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct json *list = json_array_new(cli->arena);
    struct agent_run *runs;
    size_t n = 0;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = runs_list(db, cli->arena, RUNS_SHOWN, &runs, &n);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    for (size_t i = 0; i < n; i++)
        json_push(cli->arena, list, run_told_json(cli->arena, &runs[i]));
    cli_print(cli, list);
    return CLI_YES;
}

static struct err print_one(struct cli *cli, struct agent_db *db)
{
    struct agent_run run;
    struct run_item *items;
    struct json *o = json_object_new(cli->arena);
    size_t n;
    TRY(err_in(run_load(db, cli->arena, cli->args[0], &run), cli->args[0]));
    TRY(run_items(db, cli->arena, run.run_id, &items, &n));
    json_put(cli->arena, o, "run", run_told_json(cli->arena, &run));
    json_put(cli->arena, o, "items", run_told_items(cli->arena, items, n));
    TRY(arena_check(cli->arena));
    cli_print(cli, o);
    return OK;
}

static int run_show(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = print_one(cli, db);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

static struct err cancel(struct cli *cli, struct agent_db *db)
{
    struct agent_run run;
    TRY(err_in(run_load(db, cli->arena, cli->args[0], &run), cli->args[0]));
    TRY(agent_db_begin(db));
    return agent_db_end(db, run_move(db, cli->arena, &run, RUN_EVENT_CANCEL, NULL, cli_clock_us()));
}

static int run_cancel(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = cancel(cli, db);
    if (e.kind == ERR_NONE)
        return CLI_YES;
    (void)cli_fail(cli, e);
    return e.kind == ERR_CONFLICT ? CLI_NO : CLI_UNKNOWN;
}

const struct command command_run_list = {
    .name = "run list",
    .args = "",
    .summary = "what run worked on, the newest first",
    .run = run_list,
};

const struct command command_run_show = {
    .name = "run show",
    .args = "RUN",
    .summary = "one run with its items: the conversation of each, and what it came to",
    .args_min = 1,
    .args_max = 1,
    .run = run_show,
};

const struct command command_run_cancel = {
    .name = "run cancel",
    .args = "RUN",
    .summary = "end a run that has items left; what is done stays",
    .help = "A process that works on it stops before its next item. Exits with 2 when the run has\n"
            "ended already.",
    .args_min = 1,
    .args_max = 1,
    .run = run_cancel,
};
