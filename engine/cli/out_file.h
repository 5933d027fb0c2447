/* A command's large result: standard output, or a file that appears whole, on the disk, or not at
 * all, and never in another's place. Counts and hashes what goes through. */
#ifndef ENGINE_CLI_OUT_FILE_H
#define ENGINE_CLI_OUT_FILE_H

#include <stdio.h>

#include "common/base/arena.h"
#include "common/sys/crypt.h"

struct out_file {
    const char *path, *part; /* NULL: standard output */
    FILE *to;
    struct sha256 sum;
    int64_t bytes;
    char sha256[SHA256_HEX_SIZE]; /* once finished */
};

/* `path` NULL: standard output. ERR_CONFLICT when the file exists. */
MUST_CHECK struct err out_begin(struct arena *arena, const char *path, struct out_file *out);
MUST_CHECK struct err out_put(struct out_file *out, const void *bytes, size_t len);
/* Durable under its name when it returns. */
MUST_CHECK struct err out_finish(struct out_file *out);
/* Leaves nothing behind; nothing to do after out_finish. */
void out_drop(struct out_file *out);

static inline void out_drop_cleanup(struct out_file *out)
{
    out_drop(out);
}

#endif
