/* Whom to tell of an escalation apart from the chat apps: who is asked for by name or role, and for
 * a reminder everybody who has a role in its entity, but nobody who asked for it, and nobody whom
 * Slack reaches. Private to agent/notify. */
#ifndef AGENT_NOTIFY_PEOPLE_H
#define AGENT_NOTIFY_PEOPLE_H

#include "agent/notify/deliver.h"

/* As struct follow's people; `ctx` is a struct deliverer. */
MUST_CHECK struct err people_to_tell(void *ctx, struct arena *arena, const char *escalation_id,
                                     const char *event_type, const char ***out, size_t *n);

#endif
