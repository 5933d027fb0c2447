/* One buffer; what was taken is dropped with the next bytes. */
#include "common/sys/lines.h"

#include <string.h>

#define PIECE_MAX ((size_t)1 << 20) /* a put may hold as much beyond a whole line */

void lines_init(struct lines *l, size_t line_max)
{
    *l = (struct lines){.line_max = line_max};
    buf_init(&l->text, line_max + PIECE_MAX);
}

void lines_fini(struct lines *l)
{
    buf_fini(&l->text);
}

void lines_put(struct lines *l, const char *bytes, size_t n)
{
    buf_drop(&l->text, l->at);
    l->at = 0;
    if (l->skipping) {
        const char *end = memchr(bytes, '\n', n);
        const size_t skip = end == NULL ? n : (size_t)(end - bytes);
        bytes += skip; /* the end itself is kept: it says the line is over */
        n -= skip;
    }
    buf_put(&l->text, bytes, n);
    if (l->text.failed) {
        buf_clear(&l->text);
        l->failed = true;
    }
}

static enum lines_step step_of(struct lines *l, struct str *line)
{
    const bool skipped = l->skipping || line->len > l->line_max;
    l->skipping = false;
    if (skipped)
        return LINES_TOO_LONG;
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return LINES_LINE;
}

enum lines_step lines_next(struct lines *l, struct str *line)
{
    const char *from = buf_text(&l->text) + l->at;
    const size_t left = l->text.len - l->at;
    const char *end = memchr(from + l->seen, '\n', left - l->seen);
    if (end != NULL) {
        *line = (struct str){from, (size_t)(end - from)};
        l->at += line->len + 1;
        l->seen = 0;
        return step_of(l, line);
    }
    l->seen = left;
    if (left > l->line_max) {
        l->skipping = true;
        l->at = l->text.len;
        l->seen = 0;
    }
    return LINES_NONE;
}

enum lines_step lines_last(struct lines *l, struct str *line)
{
    *line = (struct str){buf_text(&l->text) + l->at, l->text.len - l->at};
    l->at = l->text.len;
    l->seen = 0;
    return line->len == 0 && !l->skipping ? LINES_NONE : step_of(l, line);
}
