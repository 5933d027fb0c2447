/* One character at a time: what stands for it, and whether that still fits. */
#include "common/sys/inert.h"

#include <stdio.h>
#include <string.h>

#include "common/base/unseen.h"

#define ELLIPSIS  "\xe2\x80\xa6"
#define GLYPH_MAX 16
#define BYTES_MAX ((size_t)256 * 1024)

static const char *slack_entity(uint32_t cp)
{
    return cp == '&' ? "&amp;" : cp == '<' ? "&lt;" : cp == '>' ? "&gt;" : NULL;
}

/* What is sent for one character; `from` are its `n` bytes. */
static void glyph(enum inert_for place, uint32_t cp, const char *from, size_t n,
                  char out[GLYPH_MAX])
{
    const char *entity = place == INERT_SLACK ? slack_entity(cp) : NULL;
    if (cp < 0x20 || cp == 0x7f) /* Unicode has a picture of each: U+2400 … U+2421 */
        (void)snprintf(out, GLYPH_MAX, "\xe2\x90%c", (char)(cp == 0x7f ? 0xa1 : 0x80 + cp));
    else if (unseen(cp))
        (void)snprintf(out, GLYPH_MAX, "[U+%04X]", cp);
    else if (entity != NULL)
        (void)snprintf(out, GLYPH_MAX, "%s", entity);
    else if (place == INERT_MARKDOWN && cp < 0x80 && strchr("\\`*_{}[]()<>#+-!|~", (int)cp) != NULL)
        (void)snprintf(out, GLYPH_MAX, "\\%c", (char)cp);
    else
        (void)snprintf(out, GLYPH_MAX, "%.*s", (int)n, from);
}

/* UTF-16 units: a character of four bytes is a pair. */
static size_t units(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        n += (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
    }
    return n;
}

/* The next character of the text behind `at`, made inert; its bytes there. */
static size_t next_glyph(enum inert_for place, struct str text, size_t at, char out[GLYPH_MAX])
{
    uint32_t cp = 0;
    const size_t n = utf8_next(text.at + at, text.len - at, &cp);
    if (n == 0)
        glyph(place, 0xfffd, "\xef\xbf\xbd", 3, out);
    else
        glyph(place, cp, text.at + at, n, out);
    return n == 0 ? 1 : n;
}

static void line_put(struct buf *out, enum inert_for place, struct str text, size_t max)
{
    char one[GLYPH_MAX];
    size_t used = 0, fits = 0; /* bytes of `out` that leave room for the ellipsis */
    for (size_t at = 0; at < text.len;) {
        const size_t n = next_glyph(place, text, at, one);
        used += units(one);
        if (used > max) {
            out->len = fits; /* back to where the ellipsis fits */
            buf_puts(out, ELLIPSIS);
            return;
        }
        buf_puts(out, one);
        if (used < max)
            fits = out->len;
        at += n;
    }
}

void inert_text(struct buf *out, struct str text)
{
    char one[GLYPH_MAX];
    for (size_t at = 0; at < text.len;) {
        const char c = text.at[at];
        if (c == '\n' || c == '\t') {
            buf_putc(out, c);
            at++;
            continue;
        }
        at += next_glyph(INERT_PLAIN, text, at, one);
        buf_puts(out, one);
    }
}

const char *inert_line(struct arena *arena, enum inert_for place, const char *text, size_t max)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, BYTES_MAX);
    line_put(&out, place, str_of(text), max);
    return buf_check(&out).kind == ERR_NONE ? str_dup(arena, buf_str(&out)) : NULL;
}
