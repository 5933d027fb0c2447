/* Private to engine/tools: what an act on a match does to the escalation that waits for it. */
#ifndef ENGINE_TOOLS_SETTLE_H
#define ENGINE_TOOLS_SETTLE_H

#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

/* Settles every open escalation about the object and appends its event, the last of which the
 * call's own event names as its cause: one that waits for this very tool is APPROVED by a human,
 * whatever `state` says, and STALE by anybody else; one that waits for a confirmation becomes
 * `state`; any other is STALE, since the object is not what it was asked about. */
MUST_CHECK struct err settle_direct(struct call *c, struct tx *tx, const char *object_id,
                                    enum escalation_state state);

/* Moves an escalation on and appends ESCALATION_<state> with the call's actor. */
MUST_CHECK struct err settle_move(struct call *c, struct tx *tx, struct escalation *e,
                                  enum escalation_state state);

/* The same in the engine's own name, without the caller's words: nobody decided this. */
MUST_CHECK struct err settle_by_engine(struct call *c, struct tx *tx, struct escalation *e,
                                       enum escalation_state state, const struct json *detail);

/* Appends an event about the escalation with the call's actor; `from` is the state before. */
MUST_CHECK struct err settle_event(struct call *c, struct tx *tx, const struct escalation *e,
                                   const char *type, const char *from);

/* What a denied caller may know: {status, reason, clause, pointer, …}. */
struct json *refusal_print(struct call *c, const char *status);

/* What anybody who asked may read of it: {status, escalation_id, state, …}. */
struct json *settled_outcome(struct arena *arena, const struct escalation *e);

#endif
