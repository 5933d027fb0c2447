/* Private to engine/tools: recon://rules. */
#ifndef ENGINE_TOOLS_RULES_RESOURCE_H
#define ENGINE_TOOLS_RULES_RESOURCE_H

#include "engine/tools/tool.h"

MUST_CHECK struct err rules_read(struct call *c, struct tx *tx, const char *id);

#endif
