/* The lock of a book: an flock, because the kernel gives it back when its holder dies, and the pid
 * in the file, because a person wants to know who it is. */
#include "common/sys/book_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/arena.h"

struct book_lock {
    int fd;
};

static const char *lock_path(const char *path, struct arena *arena)
{
    size_t len = strlen(path);
    if (len > 3 && strcmp(path + len - 3, ".db") == 0)
        len -= 3;
    return len > 4000 ? NULL : arena_fmt(arena, "%.*s.lock", (int)len, path);
}

static struct err held(int fd, const char *where, struct arena *arena)
{
    char pid[24] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n < 0 ? 0 : n] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    if (pid[0] == '\0')
        return err_at(ERR_CONFLICT, where, "another process holds this book");
    return err_fmt(arena, ERR_CONFLICT, where, "another process holds this book: pid %s", pid);
}

/* A full disk, one that is read-only, a folder that is another's: whoever starts us should know. */
static struct err cannot(struct arena *arena, const char *where, const char *what)
{
    return err_fmt(arena, ERR_STORE, where, "cannot %s the lock file: %s", what,
                   strerrordesc_np(errno));
}

static struct err write_pid(int fd, const char *where, struct arena *arena)
{
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len)
        return cannot(arena, where, "write");
    return OK;
}

struct err book_lock(const char *path, struct arena *arena, struct book_lock **lock)
{
    *lock = NULL;
    const char *where = lock_path(path, arena);
    ENSURE(where != NULL, ERR_LIMIT, "the path of the book is too long");
    int fd = open(where, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cannot(arena, where, "make");
    struct err e = OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        e = errno == EWOULDBLOCK ? held(fd, where, arena) : cannot(arena, where, "lock");
    else
        e = write_pid(fd, where, arena);
    struct book_lock *made = e.kind == ERR_NONE ? malloc(sizeof *made) : NULL;
    if (made == NULL) {
        close(fd);
        return e.kind != ERR_NONE ? e : err_at(ERR_STORE, where, "out of memory");
    }
    made->fd = fd;
    *lock = made;
    return OK;
}

void book_unlock(struct book_lock *lock)
{
    if (lock == NULL)
        return;
    /* Emptied while still ours; should that fail, the next holder overwrites it. */
    if (ftruncate(lock->fd, 0) != 0)
        errno = 0;
    close(lock->fd);
    free(lock);
}
