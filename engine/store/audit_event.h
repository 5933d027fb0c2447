/* Private to engine/store: an event as the JSON tree whose canonical text is hashed. docs/AUDIT.md
 * describes every member. */
#ifndef ENGINE_STORE_AUDIT_EVENT_H
#define ENGINE_STORE_AUDIT_EVENT_H

#include "engine/store/audit.h"

/* The version of this binary's build, in every event. */
#define CLOSEGATE_BUILD "closegate " CLOSEGATE_VERSION

/* Members in no particular order (JCS sorts); absent facts are left out. Check the arena after. */
struct json *event_print(struct tx *tx, const struct event *event, const struct chain_head *at);

#endif
