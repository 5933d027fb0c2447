/* The agent's HTTP server: which route, whose session, may this page ask, then a worker; and the
 * header fields that every reply carries. */
#ifndef AGENT_WEB_SERVER_H
#define AGENT_WEB_SERVER_H

#include <stdbool.h>

#include "agent/call/request.h"
#include "agent/web/live.h"
#include "common/sys/loop.h"

struct server;

struct server_options {
    struct loop *loop;
    const struct agent *agent;
    struct live *live;
    const char *db_path;
    int64_t (*clock_us)(void);
    /* What /healthz's neighbour says: NULL when all is well, else a sentence. Loop thread. */
    const char *(*not_ready)(void *ctx);
    void *ctx;
};

MUST_CHECK struct err server_new(const struct server_options *options, struct server **out);
/* The TLS files of the settings, when they name any: before server_listen, and again to take what
 * is in them now. */
MUST_CHECK struct err server_tls(struct server *server, int64_t now_s);
MUST_CHECK struct err server_listen(struct server *server, uint16_t *port);
/* Stops accepting; `done` once nothing is under way, or `within_ms` passed. */
MUST_CHECK struct err server_drain(struct server *server, uint32_t within_ms, loop_fn *done,
                                   void *ctx);
/* Ends the workers: what they have under way is answered, what still waits with 503. From then on
 * nobody tells `live`, which is freed next, then the server. NULL is taken. */
void server_stop(struct server *server);
void server_free(struct server *server);

size_t server_in_flight(const struct server *server);

#endif
