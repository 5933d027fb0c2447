/* A growing run of bytes with a ceiling. Once the ceiling or the heap says no it stays failed and
 * takes nothing more, so a writer may be asked once, at its end. Always NUL-terminated. */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

struct buf {
    char *at; /* owned; NULL until the first byte */
    size_t len, cap, len_max;
    bool failed;
};

void buf_init(struct buf *b, size_t len_max);
void buf_fini(struct buf *b);  /* frees the bytes; the buffer may be used again */
void buf_clear(struct buf *b); /* forgets the bytes and the failure, keeps the memory */

static inline void buf_fini_cleanup(struct buf *b)
{
    buf_fini(b);
}

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_puti(struct buf *b, int64_t n); /* its decimal digits */
void buf_putf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `len` more bytes and returns where they go (buf_grow then counts them), or NULL.
 */
char *buf_room(struct buf *b, size_t len);
void buf_grow(struct buf *b, size_t len);

/* Drops the first `len` bytes (len <= b->len). */
void buf_drop(struct buf *b, size_t len);

struct str buf_str(const struct buf *b);
const char *buf_text(const struct buf *b); /* never NULL */

/* OK, or ERR_LIMIT when something did not fit. */
MUST_CHECK struct err buf_check(const struct buf *b);

#endif
