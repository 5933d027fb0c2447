/* The handlers of notify_routes. Private to agent/notify. */
#ifndef AGENT_NOTIFY_NOTIFY_OWN_H
#define AGENT_NOTIFY_NOTIFY_OWN_H

#include "agent/notify/notify.h"

request_fn post_slack_actions, post_slack_commands;
request_fn get_link_slack, post_link_slack;
request_fn get_outbox, post_outbox_retry;
request_fn get_push, post_push, post_push_remove;

#endif
