/* `session list|end`: who is signed in, and ending that, for whoever runs the machine. */
#include <stdio.h>

#include "agent/cli/open.h"
#include "agent/store/sessions.h"

#define SESSIONS_MAX 1000

static struct session_life life_of(const struct cli *cli)
{
    const struct agent_config *config = cli_config(cli);
    return (struct session_life){.now_us = cli_clock_us(),
                                 .idle_us = config->session_idle_minutes * INT64_C(60000000),
                                 .whole_us = config->session_hours * INT64_C(3600000000)};
}

static struct json *session_json(struct arena *arena, const struct session *s)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "name", s->name);
    json_put_text(arena, o, "actor", s->actor);
    json_put_text(arena, o, "principal_id", s->principal_id);
    json_put_text(arena, o, "backend", s->backend);
    json_put_instant(arena, o, "since", s->created_us);
    json_put_instant(arena, o, "seen", s->seen_us);
    return o;
}

static int run_list(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    const struct session_life life = life_of(cli);
    struct session *rows = NULL;
    size_t n = 0;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = sessions_list(db, cli->arena, &life, SESSIONS_MAX, &rows, &n);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    struct json *list = json_array_new(cli->arena);
    for (size_t i = 0; i < n; i++)
        json_push(cli->arena, list, session_json(cli->arena, &rows[i]));
    cli_print(cli, list);
    return CLI_YES;
}

static int run_end(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    int64_t n = 0;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = agent_db_begin(db);
    if (e.kind == ERR_NONE)
        e = agent_db_end(db, sessions_end_person(db, cli->args[0], "operator", cli_clock_us(), &n));
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    fprintf(stderr, "%lld ended\n", (long long)n);
    return n > 0 ? CLI_YES : CLI_NO;
}

const struct command command_session_list = {
    .name = "session list",
    .args = "",
    .summary = "who is signed in",
    .run = run_list,
};

const struct command command_session_end = {
    .name = "session end",
    .args = "PRINCIPAL",
    .summary = "end every session of a person",
    .help = "PRINCIPAL is the prn_… that session list shows. Disabling somebody for good is the\n"
            "engine's: closegate-engine actor disable.",
    .args_min = 1,
    .args_max = 1,
    .run = run_end,
};
