/* The commands, in the order people meet them. Adding one: its file, its name here. */
#include "engine/cli/commands.h"

/* clang-format off */
const struct command *const commands[] = {
    &command_init,
    &command_seed,
    &command_ingest,
    &command_recon,
    &command_statement,
    &command_audit_verify,
    &command_audit_query,
    &command_audit_export,
    &command_policy_validate,
    &command_policy_explain,
    &command_validate,
    &command_status,
    &command_sweep,
    &command_docs,
    &command_serve,
    &command_call,
};
/* clang-format on */
const size_t commands_n = sizeof commands / sizeof commands[0];
