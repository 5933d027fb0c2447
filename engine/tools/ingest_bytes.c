/* A file's bytes. */
#include "engine/tools/ingest_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/str.h"
#include "engine/ingest/csv_source.h"

#define PIECE   ((size_t)256 << 10)
#define CHANGED "the file changed while it was read"

static struct err piece_read(int fd, void *to, size_t len, size_t *n)
{
    ssize_t got;
    do {
        got = read(fd, to, len);
    } while (got < 0 && errno == EINTR);
    ENSURE(got >= 0, ERR_STORE, "the file cannot be read");
    *n = (size_t)got;
    return OK;
}

static struct err file_check(struct ingest_bytes *b)
{
    struct stat st;
    ENSURE(fstat(b->fd, &st) == 0 && S_ISREG(st.st_mode), ERR_INPUT, "not a regular file");
    ENSURE(st.st_uid == geteuid() || (st.st_mode & S_IROTH) != 0, ERR_AUTH,
           "the file is another user's, and not for everybody to read: the engine does not lend "
           "its own rights");
    ENSURE(st.st_size >= 0 && (size_t)st.st_size <= INGEST_PATH_MAX, ERR_LIMIT,
           "the file is larger than 16 GiB");
    b->changed = st.st_mtim;
    return OK;
}

/* Once through the file, for its digest and its length. */
static struct err file_digest(struct ingest_bytes *b)
{
    uint8_t hash[SHA256_LEN];
    struct sha256 sum;
    struct err e;
    size_t n = 0;
    char *piece = malloc(PIECE);
    ENSURE(piece != NULL, ERR_LIMIT, "out of memory for the file");
    sha256_begin(&sum);
    do {
        e = piece_read(b->fd, piece, PIECE, &n);
        sha256_add(&sum, piece, n);
        b->len += n;
    } while (e.kind == ERR_NONE && n > 0);
    sha256_end(&sum, hash);
    hex_print(hash, sizeof hash, b->sha256);
    free(piece);
    return e;
}

struct err ingest_bytes_open(struct ingest_bytes *b, const char *path)
{
    *b = (struct ingest_bytes){.fd = -1};
    ENSURE(path[0] == '/', ERR_INPUT, "expected an absolute path");
    b->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ENSURE(b->fd >= 0 || errno != EACCES, ERR_INPUT,
           "the engine may not read the file: put it into the data folder, or into one of "
           "CLOSEGATE_INGEST_DIRS");
    ENSURE(b->fd >= 0, errno == ENOENT ? ERR_MISSING : ERR_INPUT, "the file cannot be opened");
    TRY(file_check(b));
    return file_digest(b);
}

struct err ingest_bytes_decode(struct ingest_bytes *b, const char *base64)
{
    *b = (struct ingest_bytes){.fd = -1};
    struct str text = str_of(base64);
    size_t cap = text.len / 4 * 3 + 3;
    ENSURE(cap <= INGEST_FILE_MAX + 3, ERR_LIMIT, "the file is larger than 64 MiB");
    b->at = malloc(cap);
    ENSURE(b->at != NULL, ERR_LIMIT, "out of memory for the file");
    if (!base64_parse(text, b->at, cap, &b->len))
        return err_at(ERR_INPUT, "/content_base64", "expected base64");
    sha256_hex(b->at, b->len, b->sha256);
    return OK;
}

void ingest_bytes_close(struct ingest_bytes *b)
{
    if (b->fd >= 0)
        (void)close(b->fd);
    if (b->reading)
        sha256_drop(&b->again);
    free(b->at);
    *b = (struct ingest_bytes){.fd = -1};
}

struct err ingest_bytes_rewind(struct ingest_bytes *b)
{
    if (b->fd < 0)
        return OK;
    ENSURE(lseek(b->fd, 0, SEEK_SET) == 0, ERR_STORE, "the file cannot be read again");
    if (b->reading)
        sha256_drop(&b->again);
    sha256_begin(&b->again);
    b->reading = true;
    return OK;
}

struct err ingest_bytes_same(const struct ingest_bytes *b)
{
    struct stat st;
    if (b->fd < 0)
        return OK;
    ENSURE(fstat(b->fd, &st) == 0, ERR_STORE, "the file cannot be read again");
    ENSURE((size_t)st.st_size == b->len && st.st_mtim.tv_sec == b->changed.tv_sec &&
               st.st_mtim.tv_nsec == b->changed.tv_nsec,
           ERR_CONFLICT, CHANGED);
    return OK;
}

/* A file's digest names it in the book, so its rows must be of those very bytes. */
static struct err file_end(struct ingest_bytes *b)
{
    uint8_t hash[SHA256_LEN];
    char hex[SHA256_HEX_SIZE];
    if (!b->reading)
        return OK;
    sha256_end(&b->again, hash);
    b->reading = false;
    hex_print(hash, sizeof hash, hex);
    ENSURE(strcmp(hex, b->sha256) == 0, ERR_CONFLICT, CHANGED);
    return OK;
}

struct err ingest_bytes_fill(void *arg, char *to, size_t len, size_t *n)
{
    struct ingest_bytes *b = arg;
    TRY(piece_read(b->fd, to, len, n));
    if (*n == 0)
        return file_end(b);
    sha256_add(&b->again, to, *n);
    return OK;
}
