/* Put before a daemon (LD_PRELOAD): a machine in trouble. Reads what is the matter from a file that
 * the test maps, too, so that it begins and ends without the daemon noticing anything else:
 *
 *     TROUBLE_FILE        the file, of one struct trouble
 *     TROUBLE_UNDER  the folder whose disk is meant
 *
 * Writes below the folder fail as on a full or read-only disk, syncs as on a broken one, and the
 * time of day is another one. Nothing else changes. */
/* Both kinds of names, open and open64, are asked for, by us and by SQLite. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 4096

/* tests/lib/trouble.py packs the same. */
struct trouble {
    volatile int32_t write_errno; /* of whatever changes a file: ENOSPC, EROFS */
    volatile int32_t sync_errno;  /* of fsync and fdatasync: EIO */
    volatile int64_t clock_ns;    /* added to the time of day */
    volatile int64_t refused;     /* counts what was refused, for the test */
};

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

/* POSIX lets dlsym give functions; ISO C does not. */
#pragma GCC diagnostic ignored "-Wpedantic"

/* What the call of this name would be without us. */
#define REAL(name)                                                                                 \
    __extension__({                                                                                \
        static __typeof__(name) *real;                                                             \
        if (real == NULL)                                                                          \
            real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                    \
        real;                                                                                      \
    })

static struct trouble nothing, *trouble = &nothing;
static const char *under;
static bool marked[FDS_MAX]; /* descriptors of files below the folder, open for writing */

__attribute__((constructor)) static void trouble_begin(void)
{
    const char *path = getenv("TROUBLE_FILE");
    int fd = path == NULL ? -1 : REAL(open64)(path, O_RDWR | O_CLOEXEC);
    under = getenv("TROUBLE_UNDER");
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *trouble, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        trouble = at;
    (void)close(fd);
}

static bool is_under(const char *path)
{
    return under != NULL && strncmp(path, under, strlen(under)) == 0;
}

/* Sets errno. */
static bool refused(int why)
{
    if (why == 0)
        return false;
    __atomic_add_fetch(&trouble->refused, 1, __ATOMIC_RELAXED);
    errno = why;
    return true;
}

static bool is_marked(int fd)
{
    return fd >= 0 && fd < FDS_MAX && marked[fd];
}

/* ---- opening ---- */

/* A full disk still gives a name; a read-only one gives nothing that may write. */
static bool open_refused(const char *path, int flags)
{
    const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;
    return writes && is_under(path) && trouble->write_errno == EROFS && refused(EROFS);
}

static int opened(int fd, const char *path, int flags)
{
    if (fd >= 0 && fd < FDS_MAX)
        marked[fd] = (flags & O_ACCMODE) != O_RDONLY && is_under(path);
    return fd;
}

int open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (open_refused(path, flags))
        return -1;
    return opened(REAL(open64)(path, flags, mode), path, flags);
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return open64(path, flags, mode);
}

int __open64_2(const char *path, int flags)
{
    return open64(path, flags);
}

int __open_2(const char *path, int flags)
{
    return open64(path, flags);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        marked[fd] = false;
    return REAL(close)(fd);
}

/* ---- changing ---- */

ssize_t write(int fd, const void *bytes, size_t n)
{
    return is_marked(fd) && refused(trouble->write_errno) ? -1 : REAL(write)(fd, bytes, n);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return is_marked(fd) && refused(trouble->write_errno) ? -1 : REAL(pwrite64)(fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return pwrite64(fd, bytes, n, at);
}

int ftruncate64(int fd, off64_t size)
{
    /* to a shorter file is possible on a full disk */
    const bool may_not = is_marked(fd) && trouble->write_errno == EROFS;
    return may_not && refused(EROFS) ? -1 : REAL(ftruncate64)(fd, size);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int fsync(int fd)
{
    return is_marked(fd) && refused(trouble->sync_errno) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return is_marked(fd) && refused(trouble->sync_errno) ? -1 : REAL(fdatasync)(fd);
}

static bool name_refused(const char *path)
{
    return is_under(path) && trouble->write_errno == EROFS && refused(EROFS);
}

int rename(const char *from, const char *to)
{
    return name_refused(to) ? -1 : REAL(rename)(from, to);
}

int link(const char *from, const char *to)
{
    return name_refused(to) ? -1 : REAL(link)(from, to);
}

int unlink(const char *path)
{
    return name_refused(path) ? -1 : REAL(unlink)(path);
}

/* ---- the time of day ---- */

int clock_gettime(clockid_t which, struct timespec *t)
{
    int rc = REAL(clock_gettime)(which, t);
    if (rc == 0 && which == CLOCK_REALTIME) {
        const int64_t ns = t->tv_sec * INT64_C(1000000000) + t->tv_nsec + trouble->clock_ns;
        t->tv_sec = ns / INT64_C(1000000000);
        t->tv_nsec = ns % INT64_C(1000000000);
    }
    return rc;
}
