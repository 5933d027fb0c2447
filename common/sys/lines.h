/* Bytes that arrive in pieces, as lines: '\n' ends one, a '\r' before it is left out. A line past
 * the ceiling is skipped to its end and told. Pure; whoever reads the descriptor feeds it. */
#ifndef COMMON_SYS_LINES_H
#define COMMON_SYS_LINES_H

#include "common/base/buf.h"

struct lines {
    struct buf text;
    size_t at;       /* where the next line begins */
    size_t seen;     /* bytes behind `at` that hold no line end */
    size_t line_max; /* bytes of a line, without its end */
    bool skipping;   /* inside a line that is too long */
    bool failed;     /* the heap said no: lines are lost */
};

enum lines_step { LINES_NONE = 0, LINES_LINE, LINES_TOO_LONG };

void lines_init(struct lines *l, size_t line_max);
void lines_fini(struct lines *l);

/* Takes `n` bytes; then ask lines_next until it says none. */
void lines_put(struct lines *l, const char *bytes, size_t n);
/* *line stays valid until the next lines_put. */
enum lines_step lines_next(struct lines *l, struct str *line);
/* No more bytes come: what stands behind the last line end, if anything does. */
enum lines_step lines_last(struct lines *l, struct str *line);

#endif
