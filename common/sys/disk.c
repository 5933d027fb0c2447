/* Files that must survive a power cut: written aside, synced, then named without replacing. */
#include "common/sys/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct err disk_sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    ENSURE(len < sizeof folder - 1, ERR_LIMIT, "the path is too long");
    memcpy(folder, path, len);
    folder[len] = '\0';
    const char *name = slash == NULL ? "." : len == 0 ? "/" : folder;
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_at(ERR_STORE, path, "cannot open the folder of this file");
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok ? OK : err_at(ERR_STORE, path, "cannot sync the folder of this file");
}

struct err disk_name_new(const char *part, const char *path)
{
    if (link(part, path) != 0)
        return errno == EEXIST ? err_at(ERR_CONFLICT, path, "this file exists already")
                               : err_at(ERR_STORE, path, "cannot name this file");
    if (unlink(part) != 0)
        return err_at(ERR_STORE, part, "cannot remove the unfinished name of a finished file");
    return disk_sync_folder_of(path);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* What a person can do something about, instead of `otherwise`; by errno. */
static const char *reason(const char *otherwise)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return "the disk is full; this file was not written";
    return errno == EROFS ? "the disk is read-only; this file was not written" : otherwise;
}

/* The bytes of a file-to-be, on the disk, under its unfinished name. */
static struct err part_write(const char *path, const void *bytes, size_t len, unsigned mode,
                             char part[PATH_MAX])
{
    int n = snprintf(part, PATH_MAX, "%s.part", path);
    ENSURE(n > 0 && n < PATH_MAX, ERR_LIMIT, "the path is too long");
    /* A left-over of a crash holds nothing anybody relies on. */
    if (unlink(part) != 0 && errno != ENOENT)
        return err_at(ERR_STORE, path, "cannot remove an unfinished file in the way");
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0)
        return err_at(ERR_STORE, path, reason("cannot make this file"));
    bool ok = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
    const char *why = ok ? "cannot write this file" : reason("cannot write this file");
    ok = close(fd) == 0 && ok;
    if (!ok)
        unlink(part);
    return ok ? OK : err_at(ERR_STORE, path, why);
}

struct err disk_write_new(const char *path, const void *bytes, size_t len, unsigned mode)
{
    char part[PATH_MAX];
    struct stat st;
    if (lstat(path, &st) == 0)
        return err_at(ERR_CONFLICT, path, "this file exists already");
    TRY(part_write(path, bytes, len, mode, part));
    struct err e = disk_name_new(part, path);
    if (e.kind != ERR_NONE)
        unlink(part);
    return e;
}

struct err disk_write_over(const char *path, const void *bytes, size_t len, unsigned mode)
{
    char part[PATH_MAX];
    TRY(part_write(path, bytes, len, mode, part));
    if (rename(part, path) != 0) {
        unlink(part);
        return err_at(ERR_STORE, path, "cannot name this file");
    }
    return disk_sync_folder_of(path);
}

static struct err read_all(struct arena *arena, int fd, const char *path, size_t len,
                           struct str *bytes)
{
    char *at = arena_alloc(arena, len + 1);
    size_t got = 0;
    TRY(arena_check(arena));
    while (got <= len) { /* one byte more than told: a file that grows meanwhile shows */
        char past;
        ssize_t n = got < len ? read(fd, at + got, len - got) : read(fd, &past, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_at(ERR_STORE, path, "cannot read this file");
        if (n == 0)
            break;
        got += (size_t)n;
    }
    if (got != len)
        return err_at(ERR_CONFLICT, path, "this file changed while it was read");
    *bytes = (struct str){at, len};
    return OK;
}

struct err disk_read(struct arena *arena, const char *path, size_t len_max, struct str *bytes)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (fd < 0)
        return errno == ENOENT ? err_at(ERR_MISSING, path, "there is no such file")
                               : err_at(ERR_STORE, path, "cannot open this file");
    struct err e = OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        e = err_at(ERR_INPUT, path, "this is no regular file");
    else if ((uintmax_t)st.st_size > len_max)
        e = err_at(ERR_LIMIT, path, "this file is too large");
    else
        e = read_all(arena, fd, path, (size_t)st.st_size, bytes);
    close(fd);
    return e;
}
