/* The agent's program: its settings, and the row of each command; each ends its own file. */
#ifndef AGENT_CLI_COMMANDS_H
#define AGENT_CLI_COMMANDS_H

#include "common/sys/agent_config.h"
#include "common/sys/cli.h"

extern const struct program agent_program;

extern const struct command command_serve;
extern const struct command command_ask;
extern const struct command command_run;
extern const struct command command_run_list;
extern const struct command command_run_show;
extern const struct command command_run_cancel;
extern const struct command command_status;
extern const struct command command_doctor;
extern const struct command command_docs;
extern const struct command command_session_list;
extern const struct command command_session_end;
extern const struct command command_outbox_list;
extern const struct command command_outbox_show;
extern const struct command command_outbox_retry;
extern const struct command command_traces_list;
extern const struct command command_traces_show;
extern const struct command command_traces_export;
extern const struct command command_traces_forget;

/* NULL in a command that has no_config. */
static inline const struct agent_config *cli_config(const struct cli *cli)
{
    return cli->settings;
}

/* <agent data dir>/agent.db, and other files of that folder. */
const char *cli_path(const struct cli *cli, const char *name);

#endif
