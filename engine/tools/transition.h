/* Private to engine/tools and engine/call: the only way a match, an escalation or an exception
 * changes its state. What the machine's table has no row for does not happen, whatever the gate
 * said. */
#ifndef ENGINE_TOOLS_TRANSITION_H
#define ENGINE_TOOLS_TRANSITION_H

#include "engine/fsm/approval.h"
#include "engine/fsm/exception.h"
#include "engine/fsm/match.h"
#include "engine/store/escalations.h"
#include "engine/store/exceptions.h"
#include "engine/store/matches.h"
#include "engine/tools/tool.h"

/* ERR_CONFLICT when there is no such transition, or the match has moved on in the meantime. What is
 * matched is no exception any more: those of the entries that the match takes whole end with its
 * confirmation, and at the latest when it is taken back. */
MUST_CHECK struct err transition_match(struct call *c, struct tx *tx, struct match *m,
                                       enum match_event event);

/* To `state`, decided by the call's actor with its rationale; `result` as escalation_move has it.
 */
MUST_CHECK struct err transition_escalation(struct call *c, struct tx *tx, struct escalation *e,
                                            enum escalation_state state, const char *result);

/* `outcome` says how it ended, NULL while it does not. ERR_CONFLICT as above. */
MUST_CHECK struct err transition_exception(struct call *c, struct tx *tx, struct exception_row *x,
                                           enum exception_event event, const char *outcome);

/* What was asked back is answered: it waits again, where it stood. */
MUST_CHECK struct err transition_answered(struct call *c, struct tx *tx, struct escalation *e,
                                          bool staged);

#endif
