/* One object written member by member in the order of RFC 8785: either straight into its canonical
 * text, or by the same calls into a tree, so that what is hashed and what is shown cannot differ.
 * Calls out of order break an INVARIANT. There is no error to check until canon_done: the first
 * failure (a full buffer or arena, text that is not UTF-8, a number past ±2^53) is kept.
 *
 *     struct canon w;
 *     canon_into_text(&w, &buf);
 *     canon_obj(&w, CANON_ITEM);
 *     canon_text(&w, KEY("actor"), actor);
 *     canon_arr(&w, KEY("seats")); canon_text(&w, CANON_ITEM, "p-ana"); canon_end(&w);
 *     canon_end(&w);
 *     TRY(canon_done(&w)); */
#ifndef COMMON_BASE_CANON_H
#define COMMON_BASE_CANON_H

#include <string.h>

#include "common/base/buf.h"
#include "common/base/json.h"

#define CANON_DEPTH_MAX 8

/* Integers within ±2^53 are written by their digits; beyond, two of them may be one number. */
#define CANON_SAFE_MAX ((int64_t)1 << 53)

/* A member's name as it stands in the text: `"name":`. Names are of printable ASCII. */
#define KEY(name)  ((struct str){.at = "\"" name "\":", .len = sizeof("\"" name "\":") - 1})
#define CANON_ITEM ((struct str){.at = NULL, .len = 0}) /* of an array, or the whole */

struct canon {
    struct buf *out; /* NULL: a tree */
    struct arena *arena;
    struct json *root;
    struct err failed;
    unsigned depth; /* of what is open */
    struct canon_level {
        struct str last; /* the member before */
        bool array, any;
        struct json *node;
    } at[CANON_DEPTH_MAX];
};

void canon_into_text(struct canon *w, struct buf *out);
void canon_into_tree(struct canon *w, struct arena *arena); /* w->root, once it is done */

void canon_obj(struct canon *w, struct str key);
void canon_arr(struct canon *w, struct str key);
void canon_end(struct canon *w);
void canon_text(struct canon *w, struct str key, const char *text); /* NULL is null */
void canon_fact(struct canon *w, struct str key, const char *text); /* NULL is left out */
void canon_texts(struct canon *w, struct str key, const char *const *texts, size_t n);
void canon_int(struct canon *w, struct str key, int64_t n);
void canon_bool(struct canon *w, struct str key, bool truth);
/* Into text only: the member's name, and where the caller writes its canonical value. */
struct buf *canon_value(struct canon *w, struct str key);
void canon_fail(struct canon *w, struct err e);

MUST_CHECK struct err canon_done(struct canon *w);

/* One text as canonical JSON has it: in quotes, escaped. What was appended before ERR_INPUT (not
 * UTF-8) stays. */
MUST_CHECK struct err canon_text_print(struct str text, struct buf *out);

/* ---- plain text, eight bytes at a time; here for whoever reads it by the million ---- */

/* The first of the eight bytes is the lowest. */
static inline uint64_t canon_eight(const char *at)
{
    uint64_t w;
    memcpy(&w, at, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

/* How many bytes from `at` on stand for themselves: printable ASCII but the quote and the
 * backslash. */
static inline size_t canon_plain_run(const char *at, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    size_t n = 0;
    for (; len - n >= sizeof ones; n += sizeof ones) {
        const uint64_t w = canon_eight(at + n), quote = w ^ ones * '"', slash = w ^ ones * '\\';
        /* The top bit of a byte: it has one itself, is below a space, or became zero just now.
         * Exact up to the first of them; a borrow may mark more behind it. */
        const uint64_t odd = (w | (w - ones * ' ') | (quote - ones) | (slash - ones)) & tops;
        if (odd != 0)
            return n + (size_t)__builtin_ctzll(odd) / 8;
    }
    while (n < len && at[n] >= ' ' && (unsigned char)at[n] < 0x80 && at[n] != '"' && at[n] != '\\')
        n++;
    return n;
}

#endif
