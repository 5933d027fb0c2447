/* Private to engine/cli: what the engine, once it serves, can still reach. */
#ifndef ENGINE_CLI_CONFINED_H
#define ENGINE_CLI_CONFINED_H

#include "common/sys/confine.h"
#include "engine/cli/cli.h"

/* Before there are threads, and before the book is read: data folder, socket, what SIGHUP reads
 * again, the folders of CLOSEGATE_INGEST_DIRS; to connect to, witnesses and the identity provider.
 * A setting that names another file or address belongs into the plan here. */
MUST_CHECK struct err confine_engine(struct cli *cli);

#endif
