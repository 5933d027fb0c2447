/* A broken byte travels as two marks, its upper and its lower four bits. A lone surrogate travels
 * as the three bytes UTF-8 would have for it, so that both kinds are put together at one place. */
#include "agent/llm/mend.h"

#include <string.h>

#define MARK_UPPER 0xfdd0u
#define MARK_LOWER 0xfde0u
#define MARK_LAST  0xfdefu
#define FFFD       "\xef\xbf\xbd"
#define ESCAPE_LEN ((size_t)6) /* \uXXXX */

/* ---- an event becomes JSON ---- */

static void put_mark(struct buf *out, unsigned char byte)
{
    const unsigned char upper = (unsigned char)(0x90 + (byte >> 4)),
                        lower = (unsigned char)(0xa0 + (byte & 15));
    const unsigned char marks[] = {0xef, 0xb7, upper, 0xef, 0xb7, lower};
    buf_put(out, marks, sizeof marks);
}

static bool is_mark(uint32_t cp)
{
    return cp >= MARK_UPPER && cp <= MARK_LAST;
}

/* The unit of a \uXXXX at the start of `s`. */
static bool escape_unit(struct str s, uint32_t *unit)
{
    unsigned char bytes[2];
    char digits[5] = {0};
    if (s.len < ESCAPE_LEN || s.at[0] != '\\' || s.at[1] != 'u')
        return false;
    memcpy(digits, s.at + 2, 4);
    if (!hex_parse(digits, bytes, sizeof bytes))
        return false;
    *unit = (uint32_t)bytes[0] << 8 | bytes[1];
    return true;
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* What starts with a backslash; how many bytes it was. */
static size_t put_escape(struct str s, struct buf *out)
{
    uint32_t unit, next;
    if (!escape_unit(s, &unit)) {
        buf_put(out, s.at, 1);
        if (s.len < 2 || (s.at[1] & 0x80) != 0)
            return 1;
        buf_put(out, s.at + 1, 1);
        return 2;
    }
    if (is_high(unit) && escape_unit((struct str){s.at + ESCAPE_LEN, s.len - ESCAPE_LEN}, &next) &&
        is_low(next)) {
        buf_put(out, s.at, 2 * ESCAPE_LEN);
        return 2 * ESCAPE_LEN;
    }
    if (is_high(unit) || is_low(unit)) {
        put_mark(out, 0xed);
        put_mark(out, (unsigned char)(0x80 | ((unit >> 6) & 0x3f)));
        put_mark(out, (unsigned char)(0x80 | (unit & 0x3f)));
    } else if (is_mark(unit)) {
        buf_puts(out, FFFD);
    } else {
        buf_put(out, s.at, ESCAPE_LEN);
    }
    return ESCAPE_LEN;
}

void mend_event(struct str event, struct buf *out)
{
    for (size_t at = 0; at < event.len;) {
        const struct str rest = {event.at + at, event.len - at};
        uint32_t cp = 0;
        const size_t n = utf8_next(rest.at, rest.len, &cp);
        if (n == 0) {
            put_mark(out, (unsigned char)rest.at[0]);
            at += 1;
        } else if (cp == '\\') {
            at += put_escape(rest, out);
        } else {
            buf_put(out, is_mark(cp) ? FFFD : rest.at, is_mark(cp) ? strlen(FFFD) : n);
            at += n;
        }
    }
}

/* ---- marks become characters ---- */

static void drop(struct mend *m, size_t n)
{
    memmove(m->held, m->held + n, m->n - n);
    m->n -= n;
}

/* Whether what is held may still become a character; a surrogate counts as one. */
static bool may_become(const unsigned char *b, size_t n)
{
    const size_t want = b[0] >= 0xc2 && b[0] <= 0xdf   ? 2
                        : b[0] >= 0xe0 && b[0] <= 0xef ? 3
                        : b[0] >= 0xf0 && b[0] <= 0xf4 ? 4
                                                       : 0;
    if (n >= want)
        return false;
    if (n > 1 && ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xf0 && b[1] < 0x90) ||
                  (b[0] == 0xf4 && b[1] > 0x8f)))
        return false;
    for (size_t i = 1; i < n; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

static uint32_t surrogate(const unsigned char *b, size_t n)
{
    return n >= 3 && b[0] == 0xed && (b[1] & 0xe0) == 0xa0 && (b[2] & 0xc0) == 0x80
               ? 0xd000u | (uint32_t)(b[1] & 0x3f) << 6 | (uint32_t)(b[2] & 0x3f)
               : 0;
}

static void put_pair(uint32_t high, uint32_t low, struct buf *out)
{
    const uint32_t cp = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    const unsigned char bytes[] = {
        (unsigned char)(0xf0 | cp >> 18), (unsigned char)(0x80 | ((cp >> 12) & 0x3f)),
        (unsigned char)(0x80 | ((cp >> 6) & 0x3f)), (unsigned char)(0x80 | (cp & 0x3f))};
    buf_put(out, bytes, sizeof bytes);
}

/* A high surrogate is held: false while its other half may still come. */
static bool settle_pair(struct mend *m, uint32_t high, struct buf *out)
{
    const unsigned char *rest = m->held + 3;
    const size_t n = m->n - 3;
    const uint32_t low = surrogate(rest, n);
    if (is_low(low)) {
        put_pair(high, low, out);
        drop(m, 6);
        return true;
    }
    if (n == 0 || (n < 3 && rest[0] == 0xed && (n < 2 || (rest[1] & 0xf0) == 0xb0)))
        return false;
    buf_puts(out, FFFD);
    drop(m, 3);
    return true;
}

/* Takes one character (or one that is none) from what is held; false: it must wait. */
static bool settle(struct mend *m, struct buf *out)
{
    uint32_t cp = 0;
    if (m->n == 0)
        return false;
    const size_t n = utf8_next((const char *)m->held, m->n, &cp);
    const uint32_t half = surrogate(m->held, m->n);
    if (is_high(half))
        return settle_pair(m, half, out);
    if (n == 0 && !is_low(half) && may_become(m->held, m->n))
        return false;
    if (n > 0 && cp != 0)
        buf_put(out, m->held, n);
    else
        buf_puts(out, FFFD);
    drop(m, n > 0 ? n : is_low(half) ? 3 : 1);
    return true;
}

static void take_byte(struct mend *m, unsigned char byte, struct buf *out)
{
    m->held[m->n++] = byte; /* at most 5 are ever held: half a pair and two bytes of the other */
    while (settle(m, out))
        continue;
}

void mend_put(struct mend *m, struct str piece, struct buf *out)
{
    unsigned char byte = 0;
    for (size_t at = 0, n; at < piece.len; at += n) {
        uint32_t cp = 0;
        n = utf8_next(piece.at + at, piece.len - at, &cp);
        if (n == 0)
            return; /* not of a mended event */
        if (cp >= MARK_UPPER && cp < MARK_LOWER) {
            byte = (unsigned char)((cp - MARK_UPPER) << 4);
        } else if (is_mark(cp)) {
            take_byte(m, (unsigned char)(byte | (cp - MARK_LOWER)), out);
        } else if (m->n == 0 && cp != 0) {
            buf_put(out, piece.at + at, n);
        } else {
            for (size_t i = 0; i < n; i++)
                take_byte(m, (unsigned char)piece.at[at + i], out);
        }
    }
}

void mend_end(struct mend *m, struct buf *out)
{
    if (m->n > 0)
        buf_puts(out, FFFD);
    m->n = 0;
}
