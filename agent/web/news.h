/* What changed in the engine, for the browsers that listen: a thread follows it as the agent's own
 * service and tells the topics. It also notices first when the engine goes and when it is back. */
#ifndef AGENT_WEB_NEWS_H
#define AGENT_WEB_NEWS_H

#include "agent/call/request.h"

struct news;

/* `agent` (engine, tell) must outlive it. */
MUST_CHECK struct err news_start(const struct agent *agent, struct news **out);
/* Waits about a second. NULL is taken. */
void news_stop(struct news *news);

#endif
