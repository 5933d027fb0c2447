/* One delivery after the other leaves the outbox, on one channel's thread. What a delivery is and
 * how it leaves is `deliver`'s business; this counts, waits and gives up. */
#ifndef AGENT_NOTIFY_SEND_H
#define AGENT_NOTIFY_SEND_H

#include "agent/store/outbox.h"

enum send_end {
    SEND_LATER = 0, /* it failed, and may work another time */
    SEND_UNSURE,    /* it failed, and may have arrived all the same */
    SEND_DONE,
    SEND_NEVER, /* it failed, and will again: a dead letter at once */
    SEND_WAIT,  /* not tried: something it needs is not there yet */
    SEND_DROP,  /* nothing to tell any more */
};

struct send_result {
    enum send_end end;
    const char *why;         /* NULL for SEND_DONE; in the arena, or static */
    const char *external_id; /* SEND_DONE: the other side's name for it; NULL: none */
    int64_t retry_after_s;   /* SEND_LATER: at least so long; 0: not said */
};

struct sender {
    const char *channel;
    struct agent_db *db;
    int64_t backoff_ms;
    int64_t (*clock_us)(void);
    struct send_result (*deliver)(void *ctx, struct arena *arena, const struct delivery *d);
    void *ctx;
};

/* The next delivery that is due; *worked false: none was. An error is the database's. */
MUST_CHECK struct err send_step(const struct sender *s, struct arena *arena, bool *worked);

#endif
