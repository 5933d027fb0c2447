/* A text as it is read: digits and letters of other shapes as the plain ones, spaces, dashes, dots
 * and slashes of every kind as one of each, nothing invisible. Each byte knows where it came from,
 * so that what is found can be covered in the text itself. */
#ifndef AGENT_LLM_PLAIN_H
#define AGENT_LLM_PLAIN_H

#include "common/base/str.h"

struct plain {
    struct str text; /* what was read */
    char *at;        /* `n` bytes without NUL, one follows; characters that are not read as ASCII
                        keep theirs */
    uint32_t *from;  /* of each byte: where its character begins in `text` */
    size_t n;
};

#define PLAIN_MAX ((size_t)16 * 1024 * 1024)

/* ERR_LIMIT: beyond PLAIN_MAX, or no memory. Valid until `text` goes. */
MUST_CHECK struct err plain_init(struct plain *p, struct str text);
void plain_fini(struct plain *p);

static inline void plain_fini_cleanup(struct plain *p)
{
    plain_fini(p);
}

/* Whether something was read over just before byte `at`, or plain characters and such of another
 * shape meet there: what is joined may also be apart. */
bool plain_seam(const struct plain *p, size_t at);

/* Where in the text the character ends that was read as byte `at`. */
size_t plain_end(const struct plain *p, size_t at);

/* How many digits stand from `at` on. */
size_t plain_digits(const struct plain *p, size_t at);

/* The length of the day that stands at `at`, 2026-03-04, 04.03.2026 or 3/4/2026; 0 when none does.
 */
size_t plain_date(const struct plain *p, size_t at);

static inline bool plain_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* a to z for a letter of ASCII in either case, else 0 */
static inline char plain_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c >= 'a' && c <= 'z' ? c : '\0';
}

static inline bool plain_alnum(char c)
{
    return plain_digit(c) || plain_letter(c) != '\0';
}

#endif
