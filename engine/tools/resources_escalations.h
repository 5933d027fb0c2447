/* Private to engine/tools: recon://escalations/{id}. */
#ifndef ENGINE_TOOLS_RESOURCES_ESCALATIONS_H
#define ENGINE_TOOLS_RESOURCES_ESCALATIONS_H

#include "engine/tools/tool.h"

/* One escalation, open or settled, with its whole life. */
MUST_CHECK struct err escalation_read_one(struct call *c, struct tx *tx, const char *id);

#endif
