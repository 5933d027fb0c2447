/* A browser's stream of one session. Private to agent/llm. */
#ifndef AGENT_LLM_FEED_H
#define AGENT_LLM_FEED_H

#include "agent/call/request.h"

/* A request's `stream`: stream_of is the session, a struct talk that is the person's. */
void feed_open(struct request *r, struct web_req *web);

#endif
