/* `outbox list|show|retry`: what was to be told to whom, and what became of it. Works beside a
 * running agent and without one: what is queued again leaves when the agent next looks. */
#include "agent/cli/open.h"
#include "agent/notify/notify.h"

#define ROWS_MAX 1000

static const struct cli_option list_options[] = {
    {.name = "state",
     .value = "STATE",
     .help = "only QUEUED, SENDING, SENT, DEAD_LETTER or CANCELLED"},
};

static bool state_known(const char *state)
{
    static const char *const states[] = {"QUEUED", "SENDING", "SENT", "DEAD_LETTER", "CANCELLED"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (text_eq(states[i], state))
            return true;
    }
    return state == NULL;
}

static int run_list(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    const char *state = cli_option(cli, "state");
    struct json *o = json_object_new(cli->arena), *list = json_array_new(cli->arena);
    struct outbox_counts counts;
    struct delivery *rows = NULL;
    size_t n = 0;
    if (!state_known(state))
        return cli_misuse(cli, "--state is QUEUED, SENDING, SENT, DEAD_LETTER or CANCELLED");
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = outbox_count(db, &counts);
    if (e.kind == ERR_NONE)
        e = outbox_list(db, cli->arena, state, 0, ROWS_MAX, &rows, &n);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    for (size_t i = 0; i < n; i++)
        json_push(cli->arena, list, delivery_json(cli->arena, &rows[i]));
    json_put(cli->arena, o, "counts", outbox_counts_json(cli->arena, &counts));
    json_put(cli->arena, o, "deliveries", list);
    cli_print(cli, o);
    return CLI_YES;
}

static int print_one(struct cli *cli, struct agent_db *db)
{
    struct delivery d;
    bool found = false;
    struct err e = outbox_find(db, cli->arena, cli->args[0], &found, &d);
    if (e.kind == ERR_NONE && !found)
        e = err_at(ERR_MISSING, cli->args[0], "there is no such delivery");
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    cli_print(cli, delivery_json(cli->arena, &d));
    return CLI_YES;
}

static int run_show(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct err e = open_agent_db(cli, &db);
    return e.kind == ERR_NONE ? print_one(cli, db) : cli_fail(cli, e);
}

static int run_retry(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = outbox_retry(db, cli->arena, cli->args[0], cli_config(cli)->notify.attempts,
                         cli_clock_us());
    if (e.kind == ERR_CONFLICT) {
        (void)cli_fail(cli, e);
        return CLI_NO;
    }
    return e.kind == ERR_NONE ? print_one(cli, db) : cli_fail(cli, e);
}

const struct command command_outbox_list = {
    .name = "outbox list",
    .args = "",
    .summary = "what was to be told to whom, the newest first",
    .options = list_options,
    .options_n = sizeof list_options / sizeof list_options[0],
    .run = run_list,
};

const struct command command_outbox_show = {
    .name = "outbox show",
    .args = "DELIVERY",
    .summary = "one delivery: its attempts and what went wrong",
    .args_min = 1,
    .args_max = 1,
    .run = run_show,
};

const struct command command_outbox_retry = {
    .name = "outbox retry",
    .args = "DELIVERY",
    .summary = "send a dead letter again",
    .help =
        "Gives a dead letter as many tries as CLOSEGATE_NOTIFY_ATTEMPTS says. Exits with 2 when\n"
        "the delivery is no dead letter.",
    .args_min = 1,
    .args_max = 1,
    .run = run_retry,
};
