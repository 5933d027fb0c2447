/* A log's lines from a file, in pieces. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/lines.h"
#include "common/verify/log_check.h"

#define PIECE ((size_t)256 * 1024)

/* Hands over what is there; false when no more is wanted. */
static bool hand_over(struct lines *lines, bool last, uint64_t *number, log_line_fn *line, void *to)
{
    struct str text;
    for (;;) {
        enum lines_step step = lines_next(lines, &text);
        if (step == LINES_NONE && last)
            step = lines_last(lines, &text);
        if (step == LINES_NONE)
            return true;
        if (step == LINES_TOO_LONG)
            text = (struct str){NULL, 0};
        if (!line(to, ++*number, text))
            return false;
    }
}

static struct err read_all(int fd, const char *path, struct lines *lines, char *piece,
                           log_line_fn *line, void *to)
{
    uint64_t number = 0;
    for (;;) {
        ssize_t n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_at(ERR_STORE, path, "cannot read this file");
        if (n > 0)
            lines_put(lines, piece, (size_t)n);
        ENSURE(!lines->failed, ERR_LIMIT, "out of memory");
        if (!hand_over(lines, n == 0, &number, line, to) || n == 0)
            return OK;
    }
}

struct err log_file_lines(void *arg, log_line_fn *line, void *to)
{
    const char *path = arg;
    CLEANUP(arena_free) struct arena *arena = arena_new(2 * PIECE);
    struct lines lines;
    char *piece = arena == NULL ? NULL : arena_alloc(arena, PIECE);
    ENSURE(piece != NULL, ERR_LIMIT, "out of memory");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_at(errno == ENOENT ? ERR_MISSING : ERR_STORE, path,
                      errno == ENOENT ? "there is no such file" : "cannot open this file");
    lines_init(&lines, LOG_LINE_MAX);
    struct err e = read_all(fd, path, &lines, piece, line, to);
    lines_fini(&lines);
    close(fd);
    return e;
}
