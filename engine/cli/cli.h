/* The engine's command line: its commands over common/sys/cli.h, and its settings. */
#ifndef ENGINE_CLI_CLI_H
#define ENGINE_CLI_CLI_H

#include "common/sys/cli.h"
#include "common/sys/config.h"

/* Every command, in the order of the list that --help prints. */
extern const struct command *const commands[];
extern const size_t commands_n;

extern const struct program engine_program;

/* NULL in a command that has no_config. */
static inline struct config *cli_config(const struct cli *cli)
{
    return cli->settings;
}

/* <data dir>/recon.db, and other files of the data folder. NULL when the arena is full. */
const char *cli_path(const struct cli *cli, const char *name);

#endif
