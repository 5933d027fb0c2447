/* Following what changes in the engine: subscriptions/listen on a connection of its own, on a
 * thread of its own, again and again until it is told to stop. A stream may break and an engine may
 * restart at any time, and what changed meanwhile is not told: therefore MCPC_CATCH_UP comes first
 * on every connection, and whoever follows then reads what they care about. */
#ifndef AGENT_MCPC_LISTEN_H
#define AGENT_MCPC_LISTEN_H

#include "agent/mcpc/mcpc.h"

enum mcpc_news_kind {
    /* Connected (again) and subscribed: you may have missed anything. Whatever changes after this
     * call began is told. */
    MCPC_CATCH_UP = 0,
    MCPC_UPDATED, /* `uri` changed */
    MCPC_TOOLS,   /* tools/list changed: another policy or registry */
    MCPC_TASK,    /* `task` as tasks/get answers it */
    MCPC_LOST,    /* the stream ended; it will be tried again. Once per loss */
};

struct mcpc_news {
    enum mcpc_news_kind kind;
    const char *uri;
    const struct json *task;
    struct err why; /* of MCPC_LOST */
};

struct mcpc_listen {
    struct mcpc_actor actor; /* as whom: they hear what they may see */
    const char *const *uris; /* "recon://escalations" … (docs/MCP.md, "What changed") */
    size_t uris_n;
    const char *const *tasks; /* task ids */
    size_t tasks_n;
    bool tools;
    /* On the listening thread; may make calls, with an mcpc of that thread. While it works nothing
     * more is read: after a long time the engine lets go, and the next call is a MCPC_CATCH_UP. */
    void (*on_news)(void *ctx, const struct mcpc_news *news);
    /* Asked about once a second, from the listening thread: true ends mcpc_listen. */
    bool (*stop)(void *ctx);
    void *ctx;
    uint32_t silence_ms;   /* 0: 70 s. The engine breathes every 20 s: after this it is gone */
    uint32_t pause_max_ms; /* 0: 10 s. Between attempts: from 200 ms, doubled, jittered, up to it */
};

/* Blocks until stop says so. A server that does not know subscriptions/listen (2025-11-25) is
 * followed by the stream of a session. OK when stopped; an error only for what no repetition mends:
 * ERR_INPUT for options that make no sense, ERR_LIMIT without memory. */
MUST_CHECK struct err mcpc_listen(struct mcpc_shared *shared, const struct mcpc_listen *options);

#endif
