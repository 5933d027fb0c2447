/* The commands, in the order people meet them. Adding one: its file, its name here. */
#include "engine/cli/commands.h"

const struct command *const commands[] = {
    &command_serve,
    &command_call,
};
const size_t commands_n = sizeof commands / sizeof commands[0];
