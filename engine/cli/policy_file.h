/* The policy as it lies on the disk, bound to the book's entities. */
#ifndef ENGINE_CLI_POLICY_FILE_H
#define ENGINE_CLI_POLICY_FILE_H

#include "engine/gate/policy.h"
#include "engine/store/store.h"

#define POLICY_BYTES_MAX ((size_t)1024 * 1024)

/* Reads and checks the file at `path`. With `book`, overrides that name no currency get their
 * entity's, and one for an unknown entity is an error; NULL leaves them open. `text` (may be NULL)
 * gets the bytes. Errors are placed as `path: line:column pointer`. */
MUST_CHECK struct err policy_file_load(struct arena *arena, const char *path, struct tx *book,
                                       struct policy **policy, struct str *text);

#endif
