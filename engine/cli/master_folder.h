/* Private to engine/cli: master data from a folder of files, or from an embedded one. */
#ifndef ENGINE_CLI_MASTER_FOLDER_H
#define ENGINE_CLI_MASTER_FOLDER_H

#include "common/sys/embed.h"
#include "engine/ingest/master.h"

/* entities.csv, accounts.csv, counterparties.csv, balances.csv and sources.yaml of `folder`; those
 * that are not there are left out. Checked together, as for an empty book. */
MUST_CHECK struct err master_folder_read(struct arena *arena, const char *folder,
                                         struct master *master);

/* The same from embedded files. */
MUST_CHECK struct err master_embedded_read(struct arena *arena, const struct embedded *files,
                                           size_t n, struct master *master);

/* An embedded file by name; NULL .at when there is none. */
struct str embedded_find(const struct embedded *files, size_t n, const char *name);

#endif
