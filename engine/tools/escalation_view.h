/* Private to engine/tools: an escalation as people and agents read it. */
#ifndef ENGINE_TOOLS_ESCALATION_VIEW_H
#define ENGINE_TOOLS_ESCALATION_VIEW_H

#include "engine/store/escalation_life.h"
#include "engine/store/registry.h"
#include "engine/tools/sla.h"

/* What the list shows of each: the ruling, the bound facts, times, questions and answers, to whose
 * attention, and whether the caller asked for it. `bound` is e->bound, read or
 * raw. */
MUST_CHECK struct err escalation_view(struct sla *sla, const struct escalation *e,
                                      const struct json *bound, struct json **out);

/* What a list shows of it in two lines, and what deciding several needs: the ruling, the digest, by
 * when, and of what is bound the first counterparty that a leg has (or else the first memo) and the
 * bank's amount with its sign when one entry of the bank is bound. Asks the book for nothing. */
MUST_CHECK struct err escalation_brief(struct sla *sla, const struct escalation *e,
                                       struct json **out);

/* Beside what the list shows: who stands around it and on whose seats, reminders, deliveries. */
MUST_CHECK struct err escalation_view_life(struct call *c, struct tx *tx,
                                           const struct escalation *e, struct json *o);

/* "human:ben" or a principal's id: somebody active. ERR_INPUT at `where` for anything else. */
MUST_CHECK struct err person_parse(struct call *c, struct tx *tx, const char *text,
                                   const char *where, struct person *person);

/* "human:ben", a principal's id, "role:controller" or the bare name of a role that the policy
 * grants something to. ERR_INPUT at `where` for anything else. */
MUST_CHECK struct err addressee_parse(struct call *c, struct tx *tx, const char *text,
                                      const char *where, struct addressee *to);

#endif
