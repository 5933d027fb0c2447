/* Private to agent/inbox: the handlers of its table, and what they share. */
#ifndef AGENT_INBOX_INBOX_OWN_H
#define AGENT_INBOX_INBOX_OWN_H

#include "agent/inbox/inbox.h"

request_fn get_events;
request_fn get_escalations, get_escalation, post_decision, post_decisions;
request_fn post_tool, get_resource;
request_fn get_audit, get_audit_event, get_audit_export;
request_fn get_audit_keys, get_audit_checkpoint, get_audit_consistency;
request_fn get_policy, get_matches, get_stats, get_health;
request_fn get_filters, put_filter, delete_filter;

/* Ids are ours to put into an address: letters, digits, and what entry ids may hold of "-_.:". */
bool id_is_plain(struct str id);

#endif
