/* Private to engine/store: an event as the canonical text that is hashed. docs/AUDIT.md describes
 * every member. */
#ifndef ENGINE_STORE_AUDIT_EVENT_H
#define ENGINE_STORE_AUDIT_EVENT_H

#include "engine/store/audit.h"

/* The version of this binary's build, in every event. */
#define CLOSEGATE_BUILD "closegate " CLOSEGATE_VERSION

/* Appends the text with the effects noted so far; absent facts are left out. */
MUST_CHECK struct err event_print(struct tx *tx, const struct event *event,
                                  const struct chain_head *at, struct buf *text);

#endif
