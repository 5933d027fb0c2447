/* The program and its commands; each ends its own file. */
#ifndef WITNESS_COMMANDS_H
#define WITNESS_COMMANDS_H

#include "common/sys/cli.h"
#include "witness/settings.h"

extern const struct command command_init;
extern const struct command command_key;
extern const struct command command_serve;
extern const struct command command_docs;

extern const struct program witness_program;

static inline struct witness_settings *cli_settings(const struct cli *cli)
{
    return cli->settings;
}

#endif
