/* Private to engine/call: what RequireHuman writes. */
#ifndef ENGINE_CALL_ESCALATE_H
#define ENGINE_CALL_ESCALATE_H

#include "engine/call/call.h"

/* Opens the escalation bound to this call, or joins the open one with the same key, or, when the
 * call was an answer to an escalation, records the stage. Sets c->escalation_id and the pending
 * result; *event_type says what the call's event is. */
MUST_CHECK struct err escalate(struct call *c, struct tx *tx, const char **event_type);

#endif
