/* PATH.part, fsync, then its name. */
#include "engine/cli/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/disk.h"

struct err out_begin(struct arena *arena, const char *path, struct out_file *out)
{
    struct stat st;
    *out = (struct out_file){.path = path, .to = stdout};
    if (path != NULL) {
        if (stat(path, &st) == 0)
            return err_at(ERR_CONFLICT, path, "this file exists; it is not replaced");
        const char *part = arena_fmt(arena, "%s.%d.part", path, (int)getpid());
        TRY(arena_check(arena));
        const int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        out->part = fd < 0 ? NULL : part; /* it is there, whatever comes */
        out->to = fd < 0 ? NULL : fdopen(fd, "w");
        if (out->to == NULL) {
            struct err e =
                err_fmt(arena, ERR_STORE, path, "cannot write here: %s", strerror(errno));
            if (fd >= 0)
                (void)close(fd);
            return e;
        }
    }
    sha256_begin(&out->sum);
    return OK;
}

struct err out_put(struct out_file *out, const void *bytes, size_t len)
{
    sha256_add(&out->sum, bytes, len);
    out->bytes += (int64_t)len;
    if (fwrite(bytes, 1, len, out->to) != len)
        return err_at(ERR_STORE, out->path, "the output cannot be written whole");
    return OK;
}

struct err out_finish(struct out_file *out)
{
    uint8_t sum[SHA256_LEN];
    bool good = fflush(out->to) == 0;
    sha256_end(&out->sum, sum);
    hex_print(sum, sizeof sum, out->sha256);
    if (out->part == NULL)
        return good ? OK : err_new(ERR_STORE, "the output cannot be written whole");
    good = fsync(fileno(out->to)) == 0 && good;
    good = fclose(out->to) == 0 && good;
    out->to = NULL;
    if (!good)
        return err_at(ERR_STORE, out->path, "the output cannot be written whole");
    TRY(disk_name_new(out->part, out->path));
    out->part = NULL;
    return OK;
}

void out_drop(struct out_file *out)
{
    sha256_drop(&out->sum);
    if (out->part == NULL)
        return;
    if (out->to != NULL)
        fclose(out->to);
    unlink(out->part);
    out->part = NULL;
}
