/* Small things about files that must survive a power cut. */
#ifndef COMMON_SYS_DISK_H
#define COMMON_SYS_DISK_H

#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/str.h"

/* A whole regular file into the arena, with a NUL behind it. ERR_MISSING when there is none,
 * ERR_LIMIT past `len_max`, ERR_INPUT for what is no regular file. `path` is the error's place. */
MUST_CHECK struct err disk_read(struct arena *arena, const char *path, size_t len_max,
                                struct str *bytes);

/* Makes a file's name durable: fsync of the folder that holds `path`. */
MUST_CHECK struct err disk_sync_folder_of(const char *path);

/* Writes a new file of mode `mode` whole or not at all: ERR_CONFLICT when `path` exists, ERR_STORE
 * when the disk fails (then there is no file). Durable, name included, when it returns. */
MUST_CHECK struct err disk_write_new(const char *path, const void *bytes, size_t len,
                                     unsigned mode);

/* The same, in the place of what is there: readers, and whoever comes after a power cut, see the
 * old file or the new one, whole. */
MUST_CHECK struct err disk_write_over(const char *path, const void *bytes, size_t len,
                                      unsigned mode);

/* Gives a finished file its name: `part` becomes `path`, never replacing one (ERR_CONFLICT),
 * durably. */
MUST_CHECK struct err disk_name_new(const char *part, const char *path);

#endif
