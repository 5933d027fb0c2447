/* What changed, told to the browsers that listen: GET /api/v1/events, server-sent events of topics
 * (agent/call/topic.h). A browser asks again for what it shows; it is told no content here. Telling
 * may happen on any thread; several changes within a moment become one event. */
#ifndef AGENT_WEB_LIVE_H
#define AGENT_WEB_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/sys/loop.h"
#include "common/sys/web.h"

struct live;

struct live_options {
    struct loop *loop;
    uint32_t heartbeat_ms; /* 0: 20 s */
    /* Whether a session holds still; asked for every stream with every heartbeat. Loop thread. */
    bool (*still)(void *ctx, const uint8_t *session);
    void *ctx;
};

MUST_CHECK struct err live_new(const struct live_options *options, struct live **out);
/* Ends every stream. Before the web server is freed. NULL is taken. */
void live_free(struct live *live);

/* Any thread. */
void live_tell(void *live, unsigned topics);

/* Whose stream: it ends with the session that it was opened with. */
struct live_who {
    const char *principal_id;
    const uint8_t *session; /* SESSION_ID_LEN */
};

/* Takes the request over as a stream. Loop thread. `pairs` are further header fields, such as a
 * cookie. */
void live_open(struct live *live, struct web_req *req, const struct live_who *who,
               const struct http_pair *pairs, size_t pairs_n);
/* Ends the streams of somebody whose session has ended; NULL: of everybody, for who it was is not
 * known. Who still has a session comes back. Any thread. */
void live_end_person(void *live, const char *principal_id);

/* Ends all of them, before draining. Loop thread. */
void live_end_all(struct live *live);

size_t live_streams(const struct live *live);

#endif
