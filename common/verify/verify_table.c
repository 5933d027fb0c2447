/* The program: a command is one file and one row. */
#include "common/verify/verify.h"

static const struct command *const commands[] = {
    &command_receipt,     &command_log,    &command_checkpoint,
    &command_consistency, &command_bundle, &command_docs,
};

const struct program verify_program = {
    .name = "closegate-verify",
    .version = CLOSEGATE_VERSION,
    .purpose = "check evidence from a closegate book, without the book",
    .description =
        "Checks receipts, exported logs and checkpoints with nothing but the log's public key. It "
        "opens no network connection and no database, and writes nothing. Whom to believe is said "
        "on the command line alone: what is checked has no say in it.",
    .commands = commands,
    .commands_n = sizeof commands / sizeof commands[0],
};
