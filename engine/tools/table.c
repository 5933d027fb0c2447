/* Every tool, in the published order; administration behind it. */
#include "engine/tools/tool.h"

extern const struct tool tool_run_recon_pass, tool_propose_match, tool_query_audit,
    tool_investigate_exception, tool_list_pending_escalations, tool_bank_reconciliation,
    tool_generate_close_summary, tool_reject_match, tool_flag_exception, tool_escalate_match,
    tool_resolve_escalation, tool_resolve_escalations, tool_cancel_run, tool_resolve_exception,
    tool_assign_item, tool_comment_item, tool_attach_evidence, tool_set_delegation,
    tool_record_delivery, tool_confirm_match, tool_unmatch, tool_propose_rule, tool_retire_rule,
    tool_ingest_file, tool_load_master, tool_change_person, tool_link_identity, tool_grant_role,
    tool_change_client, tool_rotate_log_key, tool_freeze, tool_thaw, tool_propose_policy,
    tool_list_registry, tool_list_policies, tool_access_review, tool_sod_report,
    tool_acknowledge_clock, tool_record_export, tool_whois, tool_list_matches, tool_workspace_stats,
    tool_list_exceptions, tool_find_entries;

const struct tool *const tools[] = {
    &tool_run_recon_pass,
    &tool_propose_match,
    &tool_query_audit,
    &tool_list_exceptions,
    &tool_find_entries,
    &tool_investigate_exception,
    &tool_list_pending_escalations,
    &tool_list_matches,
    &tool_workspace_stats,
    &tool_bank_reconciliation,
    &tool_generate_close_summary,
    &tool_reject_match,
    &tool_flag_exception,
    &tool_escalate_match,
    &tool_resolve_escalation,
    &tool_resolve_escalations,
    &tool_cancel_run,
    &tool_resolve_exception,
    &tool_assign_item,
    &tool_comment_item,
    &tool_attach_evidence,
    &tool_set_delegation,
    &tool_record_delivery,
    &tool_whois,
    &tool_confirm_match,
    &tool_unmatch,
    &tool_propose_rule,
    &tool_retire_rule,
    &tool_ingest_file,
    &tool_load_master,
    &tool_change_person,
    &tool_link_identity,
    &tool_grant_role,
    &tool_change_client,
    &tool_rotate_log_key,
    &tool_freeze,
    &tool_thaw,
    &tool_propose_policy,
    &tool_list_registry,
    &tool_list_policies,
    &tool_access_review,
    &tool_sod_report,
    &tool_acknowledge_clock,
    &tool_record_export,
};
const size_t tools_n = sizeof tools / sizeof tools[0];

const struct tool *tool_find(const char *name)
{
    for (size_t i = 0; i < tools_n; i++) {
        if (text_eq(tools[i]->name, name))
            return tools[i];
    }
    return NULL;
}

enum tier tool_tier(const struct tool *tool, const struct policy *policy, bool prod)
{
    return prod && policy->policy_change_t3 && tool->action == ACTION_CHANGE_POLICY ? TIER_T3
                                                                                    : tool->tier;
}
