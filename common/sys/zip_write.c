/* minizip on a file that we opened: it never replaces one, and nobody else may read it. */
#include "common/sys/zip_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <minizip/zip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/civil.h"

/* Named, so that they cannot drift. Level 3 takes less than half the time of zlib's own 6; logs
 * come out a fifth larger. */
enum { LEVEL = 3, MEMORY = 8 };

/* "version made by" 2.0 of MS-DOS: no mode bits, which would be this system's. */
enum { MADE_BY = 20 };

struct zip_writer {
    const char *path;
    FILE *file; /* minizip's from zipOpen on; it closes it */
    int fd;     /* a second handle on it, for fsync */
    zipFile zip;
    uLong dos_time;
    bool finished;
};

bool zip_name_good(const char *name)
{
    size_t len = strlen(name), part = 0;
    if (len == 0 || len > ZIP_NAME_MAX)
        return false;
    for (size_t i = 0; i <= len; i++) {
        const char c = name[i];
        if (c == '/' || c == '\0') {
            if (part == 0 || (part == 1 && name[i - 1] == '.') ||
                (part == 2 && name[i - 1] == '.' && name[i - 2] == '.'))
                return false;
            part = 0;
            continue;
        }
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' &&
            c != '_' && c != '-')
            return false;
        part++;
    }
    return true;
}

/* APPNOTE 4.4.6: seconds / 2, minutes, hours; day, month, year - 1980. */
static uLong dos_time(int64_t us)
{
    static const struct ymd first = {1980, 1, 1}, last = {2107, 12, 31};
    struct ymd d = date_ymd(instant_date_utc(us));
    int64_t second = (us - date_begin_utc(instant_date_utc(us))) / US_PER_SECOND;
    if (d.year < first.year) {
        d = first;
        second = 0;
    } else if (d.year > last.year) {
        d = last;
        second = 86398;
    }
    return (uLong)(d.year - first.year) << 25 | (uLong)d.month << 21 | (uLong)d.day << 16 |
           (uLong)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2);
}

static voidpf file_given(voidpf opaque, const void *name, int mode)
{
    (void)name, (void)mode;
    return opaque;
}

static struct err file_open(struct zip_writer *z)
{
    const int fd = open(z->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_at(ERR_CONFLICT, z->path, "this file exists; it is not replaced");
    if (fd < 0)
        return err_at(ERR_STORE, z->path, "cannot write here");
    z->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    z->file = fdopen(fd, "w+b");
    if (z->file == NULL) {
        close(fd);
        unlink(z->path);
    }
    ENSURE(z->fd >= 0 && z->file != NULL, ERR_STORE, "the file cannot be opened");
    return OK;
}

struct err zip_writer_new(const char *path, int64_t time_us, struct zip_writer **out)
{
    zlib_filefunc64_def funcs;
    struct zip_writer *z = calloc(1, sizeof *z);
    ENSURE(z != NULL, ERR_LIMIT, "out of memory");
    *z = (struct zip_writer){.path = path, .fd = -1, .dos_time = dos_time(time_us)};
    struct err e = file_open(z);
    if (e.kind != ERR_NONE) {
        z->finished = z->file == NULL; /* then no file of ours is there */
        zip_writer_free(z);
        return e;
    }
    fill_fopen64_filefunc(&funcs);
    funcs.zopen64_file = file_given;
    funcs.opaque = z->file;
    z->zip = zipOpen2_64(path, APPEND_STATUS_CREATE, NULL, &funcs);
    if (z->zip == NULL) {
        z->file = NULL; /* minizip has closed it */
        zip_writer_free(z);
        return err_at(ERR_LIMIT, path, "the archive cannot be begun");
    }
    *out = z;
    return OK;
}

void zip_writer_free(struct zip_writer *z)
{
    if (z == NULL)
        return;
    if (z->zip != NULL)
        (void)zipClose(z->zip, NULL);
    else if (z->file != NULL)
        fclose(z->file);
    if (z->fd >= 0)
        close(z->fd);
    if (!z->finished)
        unlink(z->path);
    free(z);
}

struct err zip_entry_begin(struct zip_writer *z, const char *name, bool large)
{
    const zip_fileinfo info = {.dosDate = z->dos_time};
    if (!zip_name_good(name))
        return err_at(ERR_BUG, name, "not a name of an archive's entry");
    if (zipOpenNewFileInZip4_64(z->zip, name, &info, NULL, 0, NULL, 0, NULL, Z_DEFLATED, LEVEL, 0,
                                -MAX_WBITS, MEMORY, Z_DEFAULT_STRATEGY, NULL, 0, MADE_BY, 0,
                                large) != ZIP_OK)
        return err_at(ERR_STORE, z->path, "the archive cannot be written");
    return OK;
}

struct err zip_put(struct zip_writer *z, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        const unsigned some = len > INT_MAX ? INT_MAX : (unsigned)len;
        if (zipWriteInFileInZip(z->zip, at, some) != ZIP_OK)
            return err_at(ERR_STORE, z->path, "the archive cannot be written");
        at += some;
        len -= some;
    }
    return OK;
}

struct err zip_entry_end(struct zip_writer *z)
{
    if (zipCloseFileInZip(z->zip) != ZIP_OK)
        return err_at(ERR_STORE, z->path, "the archive cannot be written");
    return OK;
}

struct err zip_writer_finish(struct zip_writer *z)
{
    const bool good = zipClose(z->zip, NULL) == ZIP_OK;
    z->zip = NULL;
    z->file = NULL;
    if (!good || fsync(z->fd) != 0)
        return err_at(ERR_STORE, z->path, "the archive cannot be written whole");
    z->finished = true;
    return OK;
}
