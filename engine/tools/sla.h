/* Private to engine/tools: by when an answer was promised, as today's policy counts it: in hours,
 * or in hours of business days of the entity's calendar and zone (escalation.clock). What concerns
 * no entity in particular counts hours. One of these lives for one call and remembers the entities
 * it has met. */
#ifndef ENGINE_TOOLS_SLA_H
#define ENGINE_TOOLS_SLA_H

#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

struct sla_place;

struct sla {
    struct call *c;
    struct tx *tx;
    struct sla_place *places;
};

/* When `hours` have passed since it was made. */
MUST_CHECK struct err sla_due(struct sla *s, const struct escalation *e, int64_t hours,
                              int64_t *due_us);

/* The text of the last instant since which `hours` have passed by now: what was made then or before
 * is due. An empty entity: none. */
MUST_CHECK struct err sla_until(struct sla *s, struct str entity_id, int64_t hours,
                                const char **until);

/* The same for the policy's sla_hours, remembered. */
MUST_CHECK struct err sla_late(struct sla *s, struct str entity_id, const char **until);

#endif
