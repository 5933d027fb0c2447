/* Private to engine/tools: engine:auto-confirm asks the gate about the matcher's proposals. */
#ifndef ENGINE_TOOLS_AUTO_CONFIRM_H
#define ENGINE_TOOLS_AUTO_CONFIRM_H

#include "engine/tools/tool.h"

struct confirm_counts {
    int64_t before; /* steps of the job until now: its progress goes on from there */
    int64_t confirmed, waiting, denied;
};

/* Asks about every proposal of the account that was not asked about under the call's policy yet, in
 * the order they were made. Errors live in the call's arena. */
MUST_CHECK struct err auto_confirm(struct call *c, struct job_port *port, const char *entity_id,
                                   const char *account_id, struct confirm_counts *counts);

#endif
