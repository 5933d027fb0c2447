/* The commands, in the order people meet them. Adding one: its file, its name here. */
#include "engine/cli/commands.h"

const struct command *const commands[] = {
    &command_init, &command_seed, &command_recon, &command_serve, &command_call,
};
const size_t commands_n = sizeof commands / sizeof commands[0];
