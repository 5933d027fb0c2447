/* Stands before the libc calls by which the engine has files of its own: keys, exports, bundles,
 * locks (-Wl,--wrap=…: only what is linked into this program, which SQLite is not). A full disk is
 * what fails a write. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/torture_fault.h"

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

static bool refused(int why)
{
    if (!fault_due(FAULT_FILES))
        return false;
    errno = why;
    return true;
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return refused(EMFILE) ? -1 : __real_open64(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    return refused(EIO) ? -1 : __real_read(fd, bytes, n);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    return refused(ENOSPC) ? -1 : __real_write(fd, bytes, n);
}

/* Nobody here looks at what a power cut leaves. */
int __wrap_fsync(int fd)
{
    (void)fd;
    return refused(EIO) ? -1 : 0;
}

int __wrap_rename(const char *from, const char *to)
{
    return refused(EIO) ? -1 : __real_rename(from, to);
}

int __wrap_link(const char *from, const char *to)
{
    return refused(EIO) ? -1 : __real_link(from, to);
}

int __wrap_unlink(const char *path)
{
    return refused(EROFS) ? -1 : __real_unlink(path);
}
