/* The worker threads. The loop thread hands each job to a thread that is free, in the order they
 * came; the thread works and hands it back. A thread has its own connection to agent.db and its own
 * client of the engine, made once. */
#ifndef AGENT_CALL_POOL_H
#define AGENT_CALL_POOL_H

#include <stddef.h>

#include "agent/mcpc/mcpc.h"
#include "agent/store/agent_db.h"
#include "common/sys/loop.h"

struct pool;

/* One worker's own things. */
struct worker_tools {
    struct agent_db *db;
    struct mcpc *mcpc;
};

struct pool_options {
    const char *name; /* of its ports; its own in the process, at most 32 bytes of [a-z0-9-] */
    size_t workers;
    size_t waiting_max; /* jobs that may wait for a thread */
    const char *db_path;
    struct mcpc_shared *engine;
    void (*work)(void *job, const struct worker_tools *tools); /* on a worker */
    void (*done)(void *job, void *ctx);                        /* on the loop thread */
    void *ctx;
};

/* `db_path` and `engine` must outlive the pool. */
MUST_CHECK struct err pool_start(struct loop *loop, const struct pool_options *options,
                                 struct pool **out);
/* Ends the threads once they are done with what they have; jobs that were not handed back are given
 * to `done` unworked. NULL is taken. */
void pool_stop(struct pool *pool);

/* ERR_LIMIT: too many wait already; the job is still the caller's. Loop thread. */
MUST_CHECK struct err pool_submit(struct pool *pool, void *job);

/* Jobs under way or waiting; of NULL none. */
size_t pool_in_flight(const struct pool *pool);

#endif
