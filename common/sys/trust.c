/* Checked when it is named, so that a mistake is told at the start and not at the first login. */
#include "common/sys/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/crypt.h"

#define SETTING   "CLOSEGATE_CA_FILE"
#define BYTES_MAX ((size_t)1024 * 1024)

static char *trusted;

const char *trust_file(void)
{
    return trusted;
}

static struct err whole_file(struct arena *arena, const char *path, struct str *out)
{
    char *bytes = arena_alloc(arena, BYTES_MAX + 1);
    size_t len = 0;
    ENSURE(bytes != NULL, ERR_LIMIT, "out of memory");
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && len <= BYTES_MAX) {
        n = read(fd, bytes + len, BYTES_MAX + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    const int why = errno;
    if (fd >= 0)
        (void)close(fd);
    if (n < 0)
        return err_fmt(arena, ERR_INPUT, SETTING, "%s cannot be read: %s", path, strerror(why));
    if (len > BYTES_MAX)
        return err_fmt(arena, ERR_INPUT, SETTING, "%s is larger than 1 MiB", path);
    *out = (struct str){bytes, len};
    return OK;
}

struct err trust_load(struct arena *arena, const char *path)
{
    struct str pem;
    char *copy = NULL;
    if (!text_empty(path)) {
        TRY(whole_file(arena, path, &pem));
        if (!certificates_only(pem))
            return err_fmt(arena, ERR_INPUT, SETTING,
                           "%s is not certificates in PEM, and only that", path);
        copy = strdup(path);
        ENSURE(copy != NULL, ERR_LIMIT, "no memory");
    }
    free(trusted);
    trusted = copy;
    return OK;
}
