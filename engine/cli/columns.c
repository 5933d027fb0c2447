/* Measuring in characters, not bytes; the last left-aligned column is not padded. */
#include "engine/cli/columns.h"

#include <string.h>

#include "common/base/str.h"

static size_t width_of(const char *text)
{
    size_t n = 0, len = strlen(text);
    for (size_t at = 0; at < len; n++) {
        uint32_t cp;
        size_t step = utf8_next(text + at, len - at, &cp);
        at += step == 0 ? 1 : step;
    }
    return n;
}

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x2028 && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

const char *plain_text(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text == NULL ? "" : text);
    size_t len = copy == NULL ? 0 : strlen(copy), out = 0;
    for (size_t at = 0; at < len;) {
        uint32_t cp;
        size_t step = utf8_next(copy + at, len - at, &cp);
        if (step == 0 || is_control(cp)) {
            copy[out++] = '?';
            at += step == 0 ? 1 : step;
            continue;
        }
        memmove(copy + out, copy + at, step);
        out += step;
        at += step;
    }
    if (copy != NULL)
        copy[out] = '\0';
    return copy == NULL ? "" : copy;
}

struct err columns_add(struct columns *c, const char *text)
{
    const char **cells = arena_grow(c->arena, c->cells, c->cells_n, &c->cells_cap, sizeof *cells);
    ENSURE(cells != NULL, ERR_LIMIT, "out of memory");
    c->cells = cells;
    c->cells[c->cells_n++] = text_empty(text) ? "-" : plain_text(c->arena, text);
    return arena_check(c->arena);
}

static void pad(FILE *to, size_t n)
{
    for (; n > 0; n--)
        fputc(' ', to);
}

static void line(const struct columns *c, const size_t *widths, const char *const *cells,
                 const char *indent, FILE *to)
{
    fputs(indent, to);
    for (size_t i = 0; i < c->columns_n; i++) {
        size_t gap = widths[i] - width_of(cells[i]);
        if (i > 0)
            fputs("  ", to);
        pad(to, c->columns[i].right ? gap : 0);
        fputs(cells[i], to);
        pad(to, c->columns[i].right || i + 1 == c->columns_n ? 0 : gap);
    }
    fputc('\n', to);
}

void columns_print(const struct columns *c, const char *indent, FILE *to)
{
    size_t widths[COLUMNS_MAX];
    const char *heads[COLUMNS_MAX];
    for (size_t i = 0; i < c->columns_n; i++) {
        heads[i] = c->columns[i].head;
        widths[i] = width_of(heads[i]);
    }
    for (size_t i = 0; i < c->cells_n; i++) {
        size_t width = width_of(c->cells[i]), *widest = &widths[i % c->columns_n];
        *widest = width > *widest ? width : *widest;
    }
    line(c, widths, heads, indent, to);
    for (size_t i = 0; i + c->columns_n <= c->cells_n; i += c->columns_n)
        line(c, widths, &c->cells[i], indent, to);
}

#define LINE_MAX_WIDTH 100

void text_wrap(struct arena *arena, const char *indent, const char *text, FILE *to)
{
    const char *rest = plain_text(arena, text);
    size_t used = 0;
    while (*rest != '\0') {
        const size_t len = strcspn(rest, " ");
        char *word = arena_fmt(arena, "%.*s", (int)len, rest);
        const size_t width = word == NULL ? 0 : width_of(word);
        if (used > 0 && used + 1 + width > LINE_MAX_WIDTH) {
            fputc('\n', to);
            used = 0;
        }
        fputs(used == 0 ? indent : " ", to);
        fputs(word == NULL ? "" : word, to);
        used += width + (used == 0 ? strlen(indent) : 1);
        rest += len + strspn(rest + len, " ");
    }
    fputc('\n', to);
}
