/* What this process is, for the record: the executable's digest, and the settings'. */
#ifndef ENGINE_CLI_BINARY_H
#define ENGINE_CLI_BINARY_H

#include "common/base/arena.h"
#include "common/sys/config.h"

/* SHA-256 in hex of the running executable; "unknown" when it cannot be read. NULL: arena full. */
const char *binary_digest(struct arena *arena);

/* SHA-256 in hex of the settings in force (canonical JSON of what config_print_reference lists; no
 * secret is among them). */
const char *config_digest(struct arena *arena, const struct config *config);

#endif
