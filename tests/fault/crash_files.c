/* What stands before the libc calls that make, write and rename the files of the log's keys, so
 * that they are on the tape, too (-Wl,--wrap=…: only what is linked into this program, which SQLite
 * is not). A sync costs nothing. */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/crash_tape.h"

#define FDS_MAX 1024

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

/* A descriptor that is recorded. */
enum fd_kind { FD_OTHER = 0, FD_FILE, FD_FOLDER };
static struct {
    enum fd_kind kind;
    int number;
    int64_t at;
} fds[FDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(int fd, enum fd_kind kind, int number)
{
    if (fd < 0 || fd >= FDS_MAX)
        return;
    pthread_mutex_lock(&lock);
    fds[fd].kind = kind;
    fds[fd].number = number;
    fds[fd].at = 0;
    pthread_mutex_unlock(&lock);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    int fd = __real_open64(path, flags, mode);
    if (fd < 0)
        return fd;
    if (tape_is_folder(path)) {
        note(fd, FD_FOLDER, -1);
        return fd;
    }
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    const int number = writes ? tape_file(path, (flags & O_CREAT) != 0) : -1;
    note(fd, number < 0 ? FD_OTHER : FD_FILE, number);
    return fd;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    ssize_t done = __real_write(fd, bytes, n);
    if (done <= 0 || fd >= FDS_MAX)
        return done;
    pthread_mutex_lock(&lock);
    const int number = fds[fd].kind == FD_FILE ? fds[fd].number : -1;
    const int64_t at = fds[fd].at;
    fds[fd].at += done;
    pthread_mutex_unlock(&lock);
    tape_write(number, at, bytes, (size_t)done);
    return done;
}

int __wrap_fsync(int fd)
{
    pthread_mutex_lock(&lock);
    const bool known = fd >= 0 && fd < FDS_MAX;
    const enum fd_kind kind = known ? fds[fd].kind : FD_OTHER;
    const int number = known ? fds[fd].number : -1;
    pthread_mutex_unlock(&lock);
    if (kind == FD_FILE)
        tape_sync(number);
    else if (kind == FD_FOLDER)
        tape_sync_folder();
    return 0;
}

int __wrap_close(int fd)
{
    note(fd, FD_OTHER, -1);
    return __real_close(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    int rc = __real_rename(from, to);
    if (rc == 0)
        tape_rename(from, to);
    return rc;
}

int __wrap_link(const char *from, const char *to)
{
    int rc = __real_link(from, to);
    if (rc == 0)
        tape_link(from, to);
    return rc;
}

int __wrap_unlink(const char *path)
{
    int rc = __real_unlink(path);
    if (rc == 0)
        tape_unlink(path);
    return rc;
}
