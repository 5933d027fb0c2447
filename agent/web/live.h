/* What changed, told to the browsers that listen: GET /api/v1/events, server-sent events of topics
 * (agent/call/topic.h). A browser asks again for what it shows; it is told no content here. Telling
 * may happen on any thread; several changes within a moment become one event. */
#ifndef AGENT_WEB_LIVE_H
#define AGENT_WEB_LIVE_H

#include "common/sys/loop.h"
#include "common/sys/web.h"

struct live;

MUST_CHECK struct err live_new(struct loop *loop, struct live **out);
/* Ends every stream. Before the web server is freed. NULL is taken. */
void live_free(struct live *live);

/* Any thread. */
void live_tell(void *live, unsigned topics);

/* Takes the request over, as a stream of the person's; ended by live_end_person. Loop thread.
 * `pairs` are further header fields, such as a cookie. */
void live_open(struct live *live, struct web_req *req, const char *principal_id,
               const struct http_pair *pairs, size_t pairs_n);
/* Streams of somebody who signed out: they come back and are told so. Any thread. */
void live_end_person(struct live *live, const char *principal_id);

/* Ends all of them, before draining. Loop thread. */
void live_end_all(struct live *live);

size_t live_streams(const struct live *live);

#endif
