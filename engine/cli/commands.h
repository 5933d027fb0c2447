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
extern const struct command command_mcp_stdio;
extern const struct command command_audit_replay;
extern const struct command command_audit_verify;
extern const struct command command_audit_query;
extern const struct command command_audit_export;
extern const struct command command_audit_prove;
extern const struct command command_audit_checkpoint;
extern const struct command command_audit_consistency;
extern const struct command command_audit_evidence_export;
extern const struct command command_policy_validate;
extern const struct command command_policy_explain;
extern const struct command command_policy_prove;
extern const struct command command_policy_test;
extern const struct command command_policy_diff;
extern const struct command command_validate;
extern const struct command command_status;
extern const struct command command_sweep;
extern const struct command command_clock_ack;
extern const struct command command_docs;
extern const struct command command_statement;

/* administration */
extern const struct command command_policy_propose;
extern const struct command command_policy_approve;
extern const struct command command_policy_reject;
extern const struct command command_policy_list;
extern const struct command command_policy_show;
extern const struct command command_actor_add;
extern const struct command command_actor_rename;
extern const struct command command_actor_disable;
extern const struct command command_actor_enable;
extern const struct command command_actor_link;
extern const struct command command_actor_unlink;
extern const struct command command_actor_list;
extern const struct command command_actor_show;
extern const struct command command_role_grant;
extern const struct command command_role_revoke;
extern const struct command command_role_list;
extern const struct command command_client_add;
extern const struct command command_client_rotate_key;
extern const struct command command_client_set_access;
extern const struct command command_client_disable;
extern const struct command command_client_enable;
extern const struct command command_client_list;
extern const struct command command_keys_init;
extern const struct command command_keys_rotate;
extern const struct command command_keys_list;
extern const struct command command_keys_export;
extern const struct command command_freeze;
extern const struct command command_thaw;
extern const struct command command_escalation_list;
extern const struct command command_escalation_show;
extern const struct command command_escalation_confirm;
extern const struct command command_escalation_reject;
extern const struct command command_access_review;
extern const struct command command_sod_report;

#endif
