/* The engine's program: its commands in the order people meet them, its settings. Adding a command:
 * its file, its name here. */
#include "common/sys/trust.h"
#include "engine/cli/commands.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif

/* clang-format off */
const struct command *const commands[] = {
    &command_init,
    &command_seed,
    &command_ingest,
    &command_recon,
    &command_statement,
    &command_audit_verify,
    &command_audit_replay,
    &command_audit_query,
    &command_audit_export,
    &command_audit_prove,
    &command_audit_checkpoint,
    &command_audit_consistency,
    &command_audit_evidence_export,
    &command_policy_validate,
    &command_policy_explain,
    &command_policy_test,
    &command_policy_diff,
    &command_policy_prove,
    &command_policy_propose,
    &command_policy_approve,
    &command_policy_reject,
    &command_policy_list,
    &command_policy_show,
    &command_validate,
    &command_status,
    &command_sweep,
    &command_actor_add,
    &command_actor_rename,
    &command_actor_disable,
    &command_actor_enable,
    &command_actor_link,
    &command_actor_unlink,
    &command_actor_list,
    &command_actor_show,
    &command_role_grant,
    &command_role_revoke,
    &command_role_list,
    &command_client_add,
    &command_client_rotate_key,
    &command_client_set_access,
    &command_client_disable,
    &command_client_enable,
    &command_client_list,
    &command_keys_init,
    &command_keys_rotate,
    &command_keys_list,
    &command_keys_export,
    &command_freeze,
    &command_thaw,
    &command_escalation_list,
    &command_escalation_show,
    &command_escalation_confirm,
    &command_escalation_reject,
    &command_access_review,
    &command_sod_report,
    &command_clock_ack,
    &command_docs,
    &command_serve,
    &command_call,
    &command_mcp_stdio,
};
/* clang-format on */
const size_t commands_n = sizeof commands / sizeof commands[0];

static struct err load(struct arena *arena, const char *file, const char *const *env,
                       void **settings)
{
    struct config *config = ARENA_NEW(arena, struct config);
    TRY(arena_check(arena));
    *settings = config;
    TRY(config_load(arena, file, env, config));
    return trust_load(arena, config->ca_file);
}

const struct program engine_program = {
    .name = "closegate-engine",
    .version = CLOSEGATE_VERSION,
    .purpose = "a policy gate, an audit log and an MCP server before the general ledger",
    .description = "Reconciles bank and ledger entries, lets policy decide what may be confirmed "
                   "and what a human decides, and records every decision in an append-only, "
                   "hash-chained log in the same transaction as its effect.",
    .environment = "CLOSEGATE_ENV, CLOSEGATE_DATA_DIR, CLOSEGATE_POLICY and the others of "
                   "docs/CONFIG.md\n(closegate-engine docs config).",
    .files = ".TP\n\\fIrecon.db\\fR\nThe book of record, in the data folder.\n"
             ".TP\n\\fIpolicy.yaml\\fR\nThe policy; docs/POLICY.md has every key.\n",
    .data_dir = "CLOSEGATE_DATA_DIR",
    .commands = commands,
    .commands_n = sizeof commands / sizeof commands[0],
    .load = load,
};

const char *cli_path(const struct cli *cli, const char *name)
{
    return arena_fmt(cli->arena, "%s/%s", cli_config(cli)->data_dir, name);
}
