/* The row of each command; each ends its own file. */
#ifndef ENGINE_CLI_COMMANDS_H
#define ENGINE_CLI_COMMANDS_H

#include "engine/cli/cli.h"

extern const struct command command_init;
extern const struct command command_seed;
extern const struct command command_ingest;
extern const struct command command_recon;
extern const struct command command_serve;
extern const struct command command_call;
extern const struct command command_audit_verify;
extern const struct command command_audit_query;
extern const struct command command_audit_export;
extern const struct command command_policy_validate;
extern const struct command command_policy_explain;
extern const struct command command_validate;
extern const struct command command_status;
extern const struct command command_sweep;
extern const struct command command_docs;
extern const struct command command_statement;

#endif
