/* Reading a ZIP archive that somebody else made, over minizip: bounded, and strict about what an
 * archive of ours can be. Refused: names that zip_name_good refuses, a name twice, encryption, any
 * method but Deflate and none, more entries or bytes than allowed, an entry that is longer or
 * shorter than it says or has anything behind its end, a checksum that does not fit. */
#ifndef COMMON_SYS_ZIP_READ_H
#define COMMON_SYS_ZIP_READ_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/str.h"

struct zip_reader;

struct zip_limits {
    size_t entries_max;
    uint64_t entry_bytes_max, bytes_max; /* unpacked: of one, of all */
};

struct zip_entry {
    const char *name;       /* in the arena of zip_reader_new */
    uint64_t size;          /* unpacked, as the directory says it */
    uint64_t place, number; /* from here on the reader's own */
    uint32_t crc32;
    bool deflated;
};

/* `from` stays the caller's and must outlive the reader. ERR_INPUT for what is no such archive,
 * ERR_LIMIT past a limit. The directory is read whole and checked here. */
MUST_CHECK struct err zip_reader_new(struct arena *arena, FILE *from,
                                     const struct zip_limits *limits, struct zip_reader **z);
void zip_reader_free(struct zip_reader *z); /* takes NULL */
CLEANUP_DEFINE(struct zip_reader *, zip_reader_free)

/* In the order of the directory. */
size_t zip_entries_n(const struct zip_reader *z);
const struct zip_entry *zip_entry_at(const struct zip_reader *z, size_t i);
const struct zip_entry *zip_entry_find(const struct zip_reader *z, const char *name); /* or NULL */

/* Gives the entry's bytes piece by piece, in order. */
typedef struct err zip_piece_fn(void *arg, struct str piece);
MUST_CHECK struct err zip_entry_read(struct zip_reader *z, const struct zip_entry *entry,
                                     zip_piece_fn *fn, void *arg);

/* A whole entry, with a NUL behind it; ERR_LIMIT past `len_max`. */
MUST_CHECK struct err zip_entry_text(struct zip_reader *z, struct arena *arena,
                                     const struct zip_entry *entry, size_t len_max,
                                     struct str *bytes);

#endif
