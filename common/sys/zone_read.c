/* Reads a zone's TZif file. The name becomes a path, so its grammar is checked before anything
 * else. */
#include "common/sys/zone_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONE_DIR "/usr/share/zoneinfo"

enum { ZONE_NAME_MAX = 64, ZONE_FILE_MAX = 64 * 1024 };

/* Parts of letters, digits, '_', '+' and '-', separated by single slashes. No point: so no "..". */
static bool name_valid(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t len = name == NULL ? 0 : strlen(name);
    if (len < 1 || len > ZONE_NAME_MAX || strspn(name, allowed) != len)
        return false;
    return name[0] != '/' && name[len - 1] != '/' && strstr(name, "//") == NULL;
}

/* All of the file into `bytes`, which has room for one byte more than a zone may have. */
static struct err file_read(int fd, const char *path, unsigned char *bytes, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_at(ERR_MISSING, path, "there is no such time zone");
    *len = 0;
    while (*len <= ZONE_FILE_MAX) {
        ssize_t n = read(fd, bytes + *len, ZONE_FILE_MAX + 1 - *len);
        if (n == 0)
            return OK;
        if (n < 0 && errno != EINTR)
            return err_at(ERR_STORE, path, "the time zone cannot be read");
        *len += n < 0 ? 0 : (size_t)n;
    }
    return err_at(ERR_STORE, path, "the file is too long for a time zone");
}

struct err zone_load(const char *iana_name, struct arena *arena, struct zone *zone)
{
    ENSURE(name_valid(iana_name), ERR_INPUT, "not the name of a time zone");
    const char *path = arena_fmt(arena, ZONE_DIR "/%s", iana_name);
    unsigned char bytes[ZONE_FILE_MAX + 1];
    ENSURE(path != NULL, ERR_LIMIT, "no room for the zone");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_at(ERR_MISSING, path, "there is no such time zone");
    if (fd < 0)
        return err_at(ERR_STORE, path, "the time zone cannot be read");
    size_t len = 0;
    struct err e = file_read(fd, path, bytes, &len);
    close(fd);
    TRY(e);
    return err_in(zone_parse(bytes, len, arena, zone), path);
}
