/* Private to agent/inbox: the handlers of its table, and what they share. */
#ifndef AGENT_INBOX_INBOX_OWN_H
#define AGENT_INBOX_INBOX_OWN_H

#include "agent/inbox/inbox.h"

request_fn get_events;
request_fn get_escalations, get_escalation, post_decision, post_decisions;
request_fn post_tool, get_resource;

/* Ids are ours to put into an address: letters, digits, and what entry ids may hold of "-_.:". */
bool id_is_plain(struct str id);

#endif
