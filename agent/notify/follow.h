/* The engine's feed of escalations, followed by a cursor: what an event means to which channel
 * becomes rows of the outbox, in the transaction that moves the cursor. At the very first start
 * nothing of the past is told: the cursor begins at the head. */
#ifndef AGENT_NOTIFY_FOLLOW_H
#define AGENT_NOTIFY_FOLLOW_H

#include "agent/store/outbox.h"
#include "common/base/json.h"

struct follow {
    struct agent_db *db;
    bool slack, teams; /* which are configured */
    bool mail, push;
    int64_t tries; /* each delivery has */
    int64_t (*clock_us)(void);
    /* The page behind `after` (recon://feed/{after}), -1: where the log stands (recon://feed). */
    struct err (*page)(void *ctx, struct arena *arena, int64_t after, const struct json **page);
    /* The people (principal_ids) to tell of an event apart from the chat apps. Called before the
     * transaction; may ask the engine. */
    struct err (*people)(void *ctx, struct arena *arena, const char *escalation_id,
                         const char *event_type, const char ***out, size_t *n);
    void *ctx;
};

/* One page. *more: ask again at once. *queued: how many deliveries are new. */
MUST_CHECK struct err follow_step(const struct follow *f, struct arena *arena, bool *more,
                                  int64_t *queued);

#endif
