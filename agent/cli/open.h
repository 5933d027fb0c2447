/* What several commands open: agent.db, and the engine. */
#ifndef AGENT_CLI_OPEN_H
#define AGENT_CLI_OPEN_H

#include "agent/cli/commands.h"
#include "agent/mcpc/mcpc.h"
#include "agent/store/agent_db.h"

/* Makes or moves forward agent.db and opens it. ERR_MISSING names a data folder that is not there.
 */
MUST_CHECK struct err open_agent_db(struct cli *cli, struct agent_db **out);
/* How the engine is asked; texts are the settings'. */
struct mcpc_options open_engine_options(const struct cli *cli);

#endif
