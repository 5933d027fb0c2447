/* Private to engine/tools: recon://runs and recon://runs/{id}, and how a run is shown. */
#ifndef ENGINE_TOOLS_RUNS_RESOURCE_H
#define ENGINE_TOOLS_RUNS_RESOURCE_H

#include "engine/store/runs.h"
#include "engine/tools/tool.h"

MUST_CHECK struct err runs_read(struct call *c, struct tx *tx, const char *id);
MUST_CHECK struct err run_read_one(struct call *c, struct tx *tx, const char *id);

#endif
