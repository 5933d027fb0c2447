/* Private to engine/tools: what an act on a match does to the escalation that waits for it. */
#ifndef ENGINE_TOOLS_SETTLE_H
#define ENGINE_TOOLS_SETTLE_H

#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

/* Settles the open confirm_match escalation of the match, if there is one, and appends its event,
 * which the call's own event then names as its cause. */
MUST_CHECK struct err settle_direct(struct call *c, struct tx *tx, const char *match_id,
                                    enum escalation_state state);

/* The same for an open escalation of another tool about the match. */
MUST_CHECK struct err settle_tool(struct call *c, struct tx *tx, const char *tool,
                                  const char *match_id, enum escalation_state state);

/* Moves an escalation on and appends ESCALATION_<state> with the call's actor. */
MUST_CHECK struct err settle_move(struct call *c, struct tx *tx, struct escalation *e,
                                  enum escalation_state state);

/* What a denied caller may know: {status, reason, clause, pointer, …}. */
struct json *refusal_print(struct call *c, const char *status);

/* What anybody who asked may read of it: {status, escalation_id, state, …}. */
struct json *settled_outcome(struct arena *arena, const struct escalation *e);

#endif
