/* UTF-16 and Windows-1252 into UTF-8, by table: iconv would load modules at run time, which a
 * confined or static process cannot, and stops at the first bad byte of a file instead of its row.
 */
#include "common/sys/text_decode.h"

#include <stdint.h>

/* Also for surrogates, which come out as what utf8_valid refuses. */
static size_t put_utf8(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

static uint32_t unit_at(const unsigned char *p, bool big_endian)
{
    return big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* The character at `p` (`left` bytes, at least 2); returns how many bytes it took. */
static size_t utf16_next(const unsigned char *p, size_t left, bool big_endian, uint32_t *cp)
{
    *cp = unit_at(p, big_endian);
    if ((*cp & 0xFC00) != 0xD800 || left < 4)
        return 2;
    uint32_t low = unit_at(p + 2, big_endian);
    if ((low & 0xFC00) != 0xDC00)
        return 2;
    *cp = 0x10000 + ((*cp & 0x3FF) << 10) + (low & 0x3FF);
    return 4;
}

void text_from_utf16(const void *bytes, size_t len, bool big_endian, struct buf *out)
{
    const unsigned char *p = bytes;
    char *start = len > SIZE_MAX / 2 ? NULL : buf_room(out, len / 2 * 3 + 1);
    if (start == NULL) {
        out->failed = true;
        return;
    }
    char *to = start;
    size_t i = 0;
    while (i + 1 < len) {
        uint32_t cp;
        i += utf16_next(p + i, len - i, big_endian, &cp);
        to += put_utf8(cp, to);
    }
    if (i < len)
        *to++ = (char)0xFF;
    buf_grow(out, (size_t)(to - start));
}

/* 0x80 to 0x9F; 0 is undefined. The rest of the page is Latin-1. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

void text_from_windows_1252(const void *bytes, size_t len, struct buf *out)
{
    const unsigned char *p = bytes;
    char *start = len > SIZE_MAX / 3 ? NULL : buf_room(out, len * 3);
    if (start == NULL) {
        out->failed = true;
        return;
    }
    char *to = start;
    for (size_t i = 0; i < len; i++) {
        uint32_t cp = p[i] >= 0x80 && p[i] < 0xA0 ? windows_1252[p[i] - 0x80] : p[i];
        if (cp == 0 && p[i] != 0)
            *to++ = (char)p[i];
        else
            to += put_utf8(cp, to);
    }
    buf_grow(out, (size_t)(to - start));
}
