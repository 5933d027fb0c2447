/* Deliveries that are to leave, and how far the engine's feed was followed. Both move in one
 * transaction, so a crash loses no notice and queues none twice. A delivery is taken (SENDING,
 * counted) before the wire is touched and settled after; what a crash leaves SENDING is queued
 * again and marked unsure, because nobody knows whether it arrived: towards the outside a notice
 * arrives at least once.
 *
 *   QUEUED → SENDING → SENT | QUEUED (later) | DEAD_LETTER;  QUEUED → CANCELLED;
 *   DEAD_LETTER → QUEUED (a person says so) */
#ifndef AGENT_STORE_OUTBOX_H
#define AGENT_STORE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"

struct delivery {
    const char *delivery_id;
    const char *channel;   /* "slack", "teams", "email", "push" */
    const char *recipient; /* "" or a principal_id */
    const char *escalation_id;
    const char *kind; /* "notice", "reminder", "update" */
    int64_t seq;
    const char *event_type;
    const char *state;
    int64_t attempts, tries_left, unsure;
    int64_t next_us;
    const char *last_error, *external_id; /* NULL: none */
    int64_t report_no;
    int64_t created_us, updated_us;
};

/* ---- the feed; in a transaction of the caller's but for cursor_find ---- */

MUST_CHECK struct err cursor_find(struct agent_db *db, bool *found, int64_t *next_seq);
MUST_CHECK struct err cursor_set(struct agent_db *db, int64_t next_seq, int64_t now_us);

/* Queues it, unless the same event was queued to the same recipient already (*added false). Fills
 * delivery_id. `tries_left`, `next_us` and what comes above them are the caller's. */
MUST_CHECK struct err outbox_add(struct agent_db *db, struct arena *arena, struct delivery *d,
                                 int64_t now_us, bool *added);
/* What still waits about an escalation need not be told any more; of one channel and kind, NULL for
 * any. */
MUST_CHECK struct err outbox_cancel(struct agent_db *db, const char *escalation_id,
                                    const char *channel, const char *kind, const char *why,
                                    int64_t now_us);

/* ---- sending; each takes its own transaction ---- */

/* Whatever of this channel was under way when the process died is queued again. At start. */
MUST_CHECK struct err outbox_recover(struct agent_db *db, const char *channel, int64_t now_us,
                                     int64_t *n);
/* The delivery that is due first, now SENDING and its attempt counted; *found false: none. One
 * whose tries are used up is not given but is a dead letter from then on. */
MUST_CHECK struct err outbox_take(struct agent_db *db, struct arena *arena, const char *channel,
                                  int64_t now_us, bool *found, struct delivery *d);
MUST_CHECK struct err outbox_sent(struct agent_db *db, const struct delivery *d,
                                  const char *external_id, int64_t now_us);
/* Again at `next_us`, or a dead letter when no try is left or `for_good`. */
struct outbox_failure {
    const char *why;
    bool for_good;
    bool unsure; /* it may have arrived all the same */
    int64_t next_us;
};
MUST_CHECK struct err outbox_failed(struct agent_db *db, const struct delivery *d,
                                    const struct outbox_failure *f, int64_t now_us);
/* It was not tried after all (the engine did not answer, a message it rests on is not out yet). */
MUST_CHECK struct err outbox_postpone(struct agent_db *db, const struct delivery *d,
                                      const char *why, int64_t next_us, int64_t now_us);
/* Nothing to tell any more. */
MUST_CHECK struct err outbox_drop(struct agent_db *db, const struct delivery *d, const char *why,
                                  int64_t now_us);

/* The message an update is about. */
struct outbox_message {
    const char *external_id; /* of the last notice that left; NULL: none is known to have */
    bool coming;             /* a notice is still to leave */
    bool maybe;              /* none is known to have left, but one may have */
};
MUST_CHECK struct err outbox_message_of(struct agent_db *db, struct arena *arena,
                                        const char *escalation_id, const char *channel,
                                        struct outbox_message *out);
/* When the channel's next delivery is due; INT64_MAX: none waits. */
MUST_CHECK struct err outbox_next_due(struct agent_db *db, const char *channel, int64_t *next_us);

/* ---- what the engine is to hear ---- */

MUST_CHECK struct err outbox_to_report(struct agent_db *db, struct arena *arena, size_t max,
                                       struct delivery **out, size_t *n);
MUST_CHECK struct err outbox_reported(struct agent_db *db, const struct delivery *d);

/* ---- for people ---- */

struct outbox_counts {
    int64_t queued, sending, sent, dead, cancelled;
    int64_t oldest_us; /* the oldest that waits; 0: none */
};
MUST_CHECK struct err outbox_count(struct agent_db *db, struct outbox_counts *out);
/* The newest first; `state` NULL: any; before_us 0: from the newest. */
MUST_CHECK struct err outbox_list(struct agent_db *db, struct arena *arena, const char *state,
                                  int64_t before_us, size_t max, struct delivery **out, size_t *n);
MUST_CHECK struct err outbox_find(struct agent_db *db, struct arena *arena, const char *delivery_id,
                                  bool *found, struct delivery *d);
/* Queues a dead letter again with `tries` more. ERR_MISSING: no such delivery. ERR_CONFLICT: it is
 * no dead letter. */
MUST_CHECK struct err outbox_retry(struct agent_db *db, struct arena *arena,
                                   const char *delivery_id, int64_t tries, int64_t now_us);
/* Rows that are over and untouched since before_us go. */
MUST_CHECK struct err outbox_forget(struct agent_db *db, int64_t before_us, int64_t *n);

#endif
