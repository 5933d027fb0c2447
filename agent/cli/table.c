/* The commands, in the order people meet them; one of two words before the one it begins with.
 * Adding one: its file, its name here. */
#include "agent/cli/commands.h"
#include "common/sys/trust.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif

static const struct command *const commands[] = {
    &command_serve,         &command_ask,         &command_run_list,    &command_run_show,
    &command_run_cancel,    &command_run,         &command_status,      &command_doctor,
    &command_session_list,  &command_session_end, &command_outbox_list, &command_outbox_show,
    &command_outbox_retry,  &command_traces_list, &command_traces_show, &command_traces_export,
    &command_traces_forget, &command_docs,
};

static struct err load(struct arena *arena, const char *file, const char *const *env,
                       void **settings)
{
    struct agent_config *config = ARENA_NEW(arena, struct agent_config);
    TRY(arena_check(arena));
    *settings = config;
    TRY(agent_config_load(arena, file, env, config));
    return trust_load(arena, config->ca_file);
}

const struct program agent_program = {
    .name = "closegate-agent",
    .version = CLOSEGATE_VERSION,
    .purpose = "the workspace where people decide what policy reserves for them",
    .description = "Serves the workspace to browsers, signs people in, and brings what they decide "
                   "to closegate-engine, which judges and records it. Tells people in Slack, "
                   "Teams, by mail and push what waits for them.",
    .environment = "CLOSEGATE_ENV, CLOSEGATE_AGENT_LISTEN, CLOSEGATE_ENGINE_URL and the others of "
                   "docs/AGENT-CONFIG.md\n(closegate-agent docs config).",
    .files = ".TP\n\\fIagent.db\\fR\nSessions and deliveries, in the agent's data folder; no "
             "evidence.\n.TP\n\\fIworkspace.key\\fR, \\fInotifier.key\\fR\nThe keys with which the "
             "agent shows the engine who it is; closegate\\-engine init makes them.\n",
    .data_dir = "CLOSEGATE_AGENT_DATA_DIR",
    .commands = commands,
    .commands_n = sizeof commands / sizeof commands[0],
    .load = load,
};

const char *cli_path(const struct cli *cli, const char *name)
{
    return arena_fmt(cli->arena, "%s/%s", cli_config(cli)->data_dir, name);
}
