/* Private to engine/cli: what the engine, once it serves, can still reach. */
#ifndef ENGINE_CLI_CONFINED_H
#define ENGINE_CLI_CONFINED_H

#include "common/sys/confine.h"
#include "engine/cli/cli.h"
#include "engine/store/log_signer.h"

/* Before there are threads, and before the book is read: data folder, socket, what SIGHUP reads
 * again, the folders of CLOSEGATE_INGEST_DIRS; to connect to, witnesses and the identity provider.
 * A setting that names another file or address belongs into the plan here. */
MUST_CHECK struct err confine_engine(struct cli *cli);

/* Before anything else: with a CLOSEGATE_KEY_DIR of its own, the process that holds the log's keys.
 * *signer NULL: there is none. */
MUST_CHECK struct err keys_apart(struct cli *cli, struct log_signer **signer);

#endif
