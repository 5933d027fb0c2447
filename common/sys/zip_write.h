/* Writing a ZIP archive (PKWARE APPNOTE 6.3, Deflate) entry by entry, over minizip. What it writes
 * follows from what it is given alone: one time for every entry, one way to compress, no names of
 * users or systems. Memory does not grow with the entries' bytes. */
#ifndef COMMON_SYS_ZIP_WRITE_H
#define COMMON_SYS_ZIP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct zip_writer;

/* A new file at `path` (mode 0600; ERR_CONFLICT when there is one). Every entry says `time_us`, cut
 * to the even seconds from 1980 to 2107 that the format knows. `path` must outlive the writer. */
MUST_CHECK struct err zip_writer_new(const char *path, int64_t time_us, struct zip_writer **z);
/* Closes and removes the file, unless zip_writer_finish was good. Takes NULL. */
void zip_writer_free(struct zip_writer *z);

/* Names are relative, of A-Z a-z 0-9 . _ - and /, at most ZIP_NAME_MAX bytes; the caller gives each
 * once. `large`: may pass 4 GiB, and is written so that it can (Zip64). */
#define ZIP_NAME_MAX 200
MUST_CHECK struct err zip_entry_begin(struct zip_writer *z, const char *name, bool large);
MUST_CHECK struct err zip_put(struct zip_writer *z, const void *bytes, size_t len);
MUST_CHECK struct err zip_entry_end(struct zip_writer *z);

/* The directory, then the disk: the file is whole and durable (not yet its name). */
MUST_CHECK struct err zip_writer_finish(struct zip_writer *z);

/* Whether an entry may be called so: what both sides of an archive go by. No path out of the folder
 * it is unpacked in, nothing absolute, no empty part, no "." or "..". */
bool zip_name_good(const char *name);

#endif
