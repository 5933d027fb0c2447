/* Presses of buttons in Slack, carried out after they were acknowledged: the person is asked of the
 * registry, the engine decides as ever, and a word goes back to that person alone. The message in
 * the channel changes with the book, by the outbox. Private to agent/notify. */
#ifndef AGENT_NOTIFY_CLICKS_H
#define AGENT_NOTIFY_CLICKS_H

#include "agent/notify/deliver.h"

/* The one that waits longest; *worked false: none. An error is the database's. */
MUST_CHECK struct err click_step(struct deliverer *w, struct arena *arena, bool *worked);

#endif
