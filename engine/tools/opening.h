/* Private to engine/tools and engine/call: a call that waits for a human is bound and written down,
 * or joins the one that waits already. */
#ifndef ENGINE_TOOLS_OPENING_H
#define ENGINE_TOOLS_OPENING_H

#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

/* Opens the escalation bound to this planned and judged call (c->verdict is the ruling that is
 * quoted), or finds the open one with the same key. One that nobody can confirm any more, because
 * its time is up or another policy is in force, ends here and a new one is opened. The caller
 * appends the event ESCALATION_PENDING. */
MUST_CHECK struct err escalation_ask(struct call *c, struct tx *tx, struct escalation *e);

/* Whoever asks stands beside it, and stays beside the object's version for good; `asked` is the ask
 * that let them: on whose lent seat they spoke is noted, too. */
MUST_CHECK struct err escalation_join(struct call *c, struct tx *tx, const struct escalation *e,
                                      enum party_role role, const struct ask *asked);

#endif
