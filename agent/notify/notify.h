/* The notifier: follows the engine's feed, sends what is due, carries out what was pressed in a
 * chat app; each on threads of its own. With nothing configured there is no notifier, no thread and
 * no work. docs/NOTIFICATIONS.md is for operators. */
#ifndef AGENT_NOTIFY_NOTIFY_H
#define AGENT_NOTIFY_NOTIFY_H

#include "agent/call/request.h"
#include "agent/store/outbox.h"
#include "common/sys/crypt_push.h"

struct notify;

struct notify_options {
    const struct agent *agent; /* config, engine, tell */
    const char *db_path;
    const char *push_key_path; /* made at the first start with push */
    int64_t (*clock_us)(void);
};

/* *out is NULL when nothing is configured. Everything in `options` must outlive it. */
MUST_CHECK struct err notify_start(const struct notify_options *options, struct notify **out);
/* Ends the threads; waits for what is under way, at most for as long as an exchange may take. Takes
 * NULL. notify_wake may still be called, until notify_free. */
void notify_stop(struct notify *n);
void notify_free(struct notify *n); /* takes NULL */

/* Something was queued or asked to be sent again: look now. Any thread; takes NULL. */
void notify_wake(struct notify *n);
/* The key browsers subscribe with; NULL: no push. */
const struct push_key *notify_push_key(const struct notify *n);

/* A delivery and the outbox's figures as people see them. */
struct json *delivery_json(struct arena *arena, const struct delivery *d);
struct json *outbox_counts_json(struct arena *arena, const struct outbox_counts *c);

/* POST /slack/actions, /slack/commands; /api/v1/link/slack, outbox, push */
extern const struct routes notify_routes;

#endif
