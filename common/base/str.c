/* Slices, UTF-8 and hex. Nothing here knows a locale. */
#include "common/base/str.h"

#include <string.h>

struct str str_of(const char *text)
{
    return (struct str){.at = text, .len = text == NULL ? 0 : strlen(text)};
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_is_nocase(struct str a, const char *text)
{
    size_t len = strlen(text);
    if (a.len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (ascii_lower(a.at[i]) != ascii_lower(text[i]))
            return false;
    }
    return true;
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool str_cut(struct str s, char sep, struct str *before, struct str *rest)
{
    const char *p = s.len == 0 ? NULL : memchr(s.at, sep, s.len);
    if (p == NULL) {
        *before = s;
        *rest = (struct str){.at = NULL, .len = 0};
        return false;
    }
    size_t n = (size_t)(p - s.at);
    *before = (struct str){.at = s.at, .len = n};
    *rest = (struct str){.at = p + 1, .len = s.len - n - 1};
    return true;
}

char *str_dup(struct arena *arena, struct str s)
{
    return arena_dup(arena, s.at, s.len);
}

/* The lead byte's length, the bits it carries, and the smallest code point that needs that length.
 */
static size_t utf8_lead(unsigned char c, uint32_t *bits, uint32_t *least)
{
    if (c >= 0xC2 && c <= 0xDF) {
        *bits = c & 0x1Fu;
        *least = 0x80;
        return 2;
    }
    if (c >= 0xE0 && c <= 0xEF) {
        *bits = c & 0x0Fu;
        *least = 0x800;
        return 3;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        *bits = c & 0x07u;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t utf8_next(const char *bytes, size_t len, uint32_t *cp)
{
    if (len == 0)
        return 0;
    unsigned char c = (unsigned char)bytes[0];
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    uint32_t value = 0, least = 0;
    size_t n = utf8_lead(c, &value, &least);
    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        unsigned char t = (unsigned char)bytes[i];
        if ((t & 0xC0) != 0x80)
            return 0;
        value = (value << 6) | (t & 0x3Fu);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *cp = value;
    return n;
}

/* How many bytes of ASCII come first, a word at a time: most text is that and nothing else. */
static size_t ascii_run(const char *bytes, size_t len)
{
    size_t i = 0;
    uint64_t word;
    while (i + sizeof word <= len) {
        memcpy(&word, bytes + i, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
        i += sizeof word;
    }
    while (i < len && (unsigned char)bytes[i] < 0x80)
        i++;
    return i;
}

size_t utf8_valid_len(const char *bytes, size_t len)
{
    size_t i = ascii_run(bytes, len);
    while (i < len) {
        uint32_t cp;
        size_t n = utf8_next(bytes + i, len - i, &cp);
        if (n == 0)
            return i;
        i += n;
        i += ascii_run(bytes + i, len - i);
    }
    return len;
}

bool utf8_valid(const char *bytes, size_t len)
{
    return utf8_valid_len(bytes, len) == len;
}

bool text_eq(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_empty(const char *a)
{
    return a == NULL || a[0] == '\0';
}

static bool is_blank(uint32_t cp)
{
    return cp <= ' ' || (cp >= 0x7F && cp <= 0xA0) || cp == 0xAD || cp == 0x115F || cp == 0x1160 ||
           cp == 0x1680 || cp == 0x180E || (cp >= 0x2000 && cp <= 0x200F) ||
           (cp >= 0x2028 && cp <= 0x202F) || (cp >= 0x205F && cp <= 0x206F) || cp == 0x2800 ||
           cp == 0x3000 || cp == 0x3164 || cp == 0xFEFF || cp == 0xFFA0;
}

bool text_blank(const char *a)
{
    struct str rest = str_of(a);
    while (rest.len > 0) {
        uint32_t cp;
        size_t step = utf8_next(rest.at, rest.len, &cp);
        if (step == 0 || !is_blank(cp))
            return false;
        rest.at += step;
        rest.len -= step;
    }
    return true;
}

bool bytes_eq_ct(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;
    unsigned char diff = 0;
    for (size_t i = 0; i < len; i++)
        diff = (unsigned char)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

void hex_print(const void *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_parse(const char *text, void *out, size_t len)
{
    unsigned char *p = out;
    for (size_t i = 0; i < len; i++) {
        int hi = hex_digit(text[2 * i]);
        int lo = hi < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (lo < 0)
            return false;
        p[i] = (unsigned char)(hi * 16 + lo);
    }
    return text[2 * len] == '\0';
}
