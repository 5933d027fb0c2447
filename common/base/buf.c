/* Growing bytes with a ceiling and a sticky failure. */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"

void buf_init(struct buf *b, size_t len_max)
{
    *b = (struct buf){.len_max = len_max};
}

void buf_fini(struct buf *b)
{
    free(b->at);
    *b = (struct buf){.len_max = b->len_max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->at != NULL)
        b->at[0] = '\0';
}

char *buf_room(struct buf *b, size_t len)
{
    if (b->failed || len > b->len_max - b->len) {
        b->failed = true;
        return NULL;
    }
    size_t need = b->len + len + 1;
    if (need > b->cap) {
        size_t cap = b->cap < 256 ? 256 : b->cap;
        while (cap < need && cap <= SIZE_MAX / 2)
            cap *= 2;
        char *at = cap < need ? NULL : realloc(b->at, cap);
        if (at == NULL) {
            b->failed = true;
            return NULL;
        }
        b->at = at;
        b->cap = cap;
    }
    return b->at + b->len;
}

void buf_grow(struct buf *b, size_t len)
{
    INVARIANT(b->at != NULL && b->len + len < b->cap);
    b->len += len;
    b->at[b->len] = '\0';
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    bool fits = !b->failed && len <= b->len_max - b->len && len < b->cap - b->len;
    char *room = fits ? b->at + b->len : buf_room(b, len);
    if (room == NULL)
        return;
    if (len > 0)
        memcpy(room, bytes, len);
    b->len += len;
    b->at[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_puti(struct buf *b, int64_t n)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (n < 0)
        text[--at] = '-';
    buf_put(b, text + at, sizeof text - at);
}

void buf_putf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *room = n < 0 ? NULL : buf_room(b, (size_t)n);
    if (room == NULL) {
        b->failed = true;
    } else {
        (void)vsnprintf(room, (size_t)n + 1, fmt, ap);
        buf_grow(b, (size_t)n);
    }
    va_end(ap);
}

void buf_drop(struct buf *b, size_t len)
{
    INVARIANT(len <= b->len);
    if (len == 0)
        return;
    memmove(b->at, b->at + len, b->len - len);
    b->len -= len;
    b->at[b->len] = '\0';
}

struct str buf_str(const struct buf *b)
{
    return (struct str){.at = b->at, .len = b->len};
}

const char *buf_text(const struct buf *b)
{
    return b->at == NULL ? "" : b->at;
}

struct err buf_check(const struct buf *b)
{
    ENSURE(!b->failed, ERR_LIMIT,
           "the result is larger than its ceiling, or there is no memory for it");
    return OK;
}
