/* What is odd about a text, and how it is shown in a reason. */
#include "engine/ingest/source_own.h"

#include <string.h>

#include "common/base/buf.h"

#define QUOTED_MAX 60 /* bytes of a value that a reason shows */

static bool is_control(uint32_t cp)
{
    return (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || (cp >= 0x7F && cp <= 0x9F);
}

static bool is_bidi(uint32_t cp)
{
    return cp == 0x061C || cp == 0x200E || cp == 0x200F || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static bool is_hidden(uint32_t cp)
{
    return cp == 0x00AD || (cp >= 0x200B && cp <= 0x200D) || cp == 0x2060 || cp == 0xFEFF;
}

static unsigned character_flags(uint32_t cp)
{
    return (is_control(cp) ? (unsigned)FLAG_CONTROL : 0) | (is_bidi(cp) ? (unsigned)FLAG_BIDI : 0) |
           (is_hidden(cp) ? (unsigned)FLAG_HIDDEN : 0);
}

unsigned text_flags(struct str text)
{
    unsigned flags = 0;
    if (text.len > 0 && strchr("=+-@\t\r", text.at[0]) != NULL)
        flags |= FLAG_FORMULA;
    for (size_t i = 0; i < text.len;) {
        uint32_t cp;
        size_t n = utf8_next(text.at + i, text.len - i, &cp);
        if (n == 0)
            return flags | FLAG_CONTROL;
        flags |= character_flags(cp);
        i += n;
    }
    return flags;
}

const char *text_quoted(struct arena *arena, struct str text)
{
    struct buf b;
    buf_init(&b, 16 * QUOTED_MAX);
    buf_putc(&b, '"');
    size_t i = 0;
    while (i < text.len && i < QUOTED_MAX) {
        uint32_t cp;
        size_t n = utf8_next(text.at + i, text.len - i, &cp);
        bool plain = n > 0 && cp >= 0x20 && character_flags(cp) == 0;
        if (plain)
            buf_put(&b, text.at + i, n);
        else if (n > 1)
            buf_putf(&b, "\\u%04x", (unsigned)cp);
        else
            buf_putf(&b, "\\x%02x", (unsigned)(unsigned char)text.at[i]);
        i += n == 0 ? 1 : n;
    }
    buf_puts(&b, i < text.len ? "…\"" : "\"");
    const char *quoted = arena_dup(arena, buf_text(&b), b.len);
    buf_fini(&b);
    return quoted;
}

const char *source_flag_name(unsigned flag)
{
    switch (flag) {
    case FLAG_FORMULA:
        return "formula";
    case FLAG_CONTROL:
        return "control";
    case FLAG_BIDI:
        return "bidi";
    case FLAG_HIDDEN:
        return "hidden";
    default:
        return "unknown";
    }
}
