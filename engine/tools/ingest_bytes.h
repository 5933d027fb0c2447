/* Private to engine/tools: the bytes of a file that is loaded, from the disk or from a request.
 * What lies on the disk is read piece by piece, twice: for its digest, and for its rows. */
#ifndef ENGINE_TOOLS_INGEST_BYTES_H
#define ENGINE_TOOLS_INGEST_BYTES_H

#include <stdbool.h>
#include <time.h>

#include "common/base/err.h"
#include "common/sys/crypt.h"

struct ingest_bytes {
    int fd;                  /* -1: all of them are at `at` */
    unsigned char *at;       /* owned */
    size_t len;              /* of the whole file */
    struct timespec changed; /* when the file was, last, before its digest was taken */
    char sha256[SHA256_HEX_SIZE];
    struct sha256 again; /* of what was read the second time */
    bool reading;
};

/* Opens the file and takes its digest. ERR_AUTH for another user's that not everybody may read. On
 * an error, too, the bytes are the caller's to close. */
MUST_CHECK struct err ingest_bytes_open(struct ingest_bytes *b, const char *path);
/* The same of a request's base64. */
MUST_CHECK struct err ingest_bytes_decode(struct ingest_bytes *b, const char *base64);
void ingest_bytes_close(struct ingest_bytes *b);

/* From the start again. */
MUST_CHECK struct err ingest_bytes_rewind(struct ingest_bytes *b);
/* The next at most `len` bytes (csv_fill_fn; `arg` is the bytes); *n 0 at the end. ERR_CONFLICT at
 * the end of a file that is not the one its digest was taken of. */
MUST_CHECK struct err ingest_bytes_fill(void *arg, char *to, size_t len, size_t *n);

/* ERR_CONFLICT when the file was written to since its digest was taken: asked before what was read
 * of it is used, so that nothing of another file is. */
MUST_CHECK struct err ingest_bytes_same(const struct ingest_bytes *b);

#endif
