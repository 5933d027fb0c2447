/* Private to agent/cli: what the agent, once it serves, can still reach. */
#ifndef AGENT_CLI_CONFINED_H
#define AGENT_CLI_CONFINED_H

#include "agent/cli/open.h"
#include "common/sys/confine.h"

/* Before there are threads: its data folder and its two keys; to connect to, the engine, the
 * identity provider, the model and where notices go. A setting that names another file or address
 * belongs into the plan here. */
MUST_CHECK struct err confine_agent(struct cli *cli);

#endif
