/* Private to agent/llm: handlers of its table that stand in a file of their own. */
#ifndef AGENT_LLM_ROUTES_OWN_H
#define AGENT_LLM_ROUTES_OWN_H

#include "agent/llm/llm_own.h"

request_fn get_chat, get_tools, post_tool_accept;
MUST_CHECK struct err export_talk(struct request *r, struct talk *talk);

#endif
