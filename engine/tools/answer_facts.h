/* What an answer to an escalation adds to the facts of the call it is bound to. */
#ifndef ENGINE_TOOLS_ANSWER_FACTS_H
#define ENGINE_TOOLS_ANSWER_FACTS_H

#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

/* Registry, policy, master data, thaw: what the command line is for. */
bool is_administration(enum action action);

/* Who asked: of an administrative act they are its proposers and, when another than this human is
 * still of this company, its first human (approvers_n). Whoever of them is frozen makes it wait. */
MUST_CHECK struct err answer_facts(struct call *c, struct tx *tx, const struct escalation *e);

/* On the command line only administration is answered: anything else is judged as T2, which no
 * policy allows there. `action` is the bound call's. */
void answer_channel(struct call *c, enum action action);

/* Of a planned resolve_escalation: what is not as it was bound any more, as an array of {pointer,
 * was, now}; NULL when nothing is, or nothing was compared. */
const struct json *answer_difference(const struct call *c);

#endif
