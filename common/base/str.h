/* Text that is not ours: a slice of somebody's bytes, and the checks text needs at the edge.
 * A struct str does not own its bytes and need not end in NUL. */
#ifndef COMMON_BASE_STR_H
#define COMMON_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

struct str {
    const char *at;
    size_t len;
};

#define STR(lit) ((struct str){.at = (lit), .len = sizeof(lit) - 1})

struct str str_of(const char *text); /* of a NUL-terminated text; NULL gives the empty slice */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *text);
bool str_is_nocase(struct str a, const char *text); /* ASCII letters only, as HTTP wants it */
struct str str_trim(struct str s);                  /* without SP and HTAB at both ends */

/* Cuts `s` at the first `sep`: the part before, and *rest the part after. False and all of `s` when
 * there is no `sep`. */
bool str_cut(struct str s, char sep, struct str *before, struct str *rest);

/* A NUL-terminated copy; NULL when the arena is full. */
char *str_dup(struct arena *arena, struct str s);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool utf8_valid(const char *bytes, size_t len);
/* How many bytes from the first on are; `len` when all of them. */
size_t utf8_valid_len(const char *bytes, size_t len);

/* The length in bytes of the character that starts at `bytes` (1 to 4), its code point in *cp; 0
 * when the bytes are not valid UTF-8 or `len` is 0. */
size_t utf8_next(const char *bytes, size_t len, uint32_t *cp);

/* Equal texts, both may be NULL (NULL equals only NULL). */
bool text_eq(const char *a, const char *b);

/* NULL or "" */
bool text_empty(const char *a);

/* Nothing in it that a person could read: NULL, "", or white space, controls and invisible
 * characters only. */
bool text_blank(const char *a);

/* Compares in a time that depends on `len` only. */
bool bytes_eq_ct(const void *a, const void *b, size_t len);

/* Lower-case hex of `len` bytes and a NUL: `out` holds 2 * len + 1. */
void hex_print(const void *bytes, size_t len, char *out);
/* The bytes of exactly 2 * len hex digits (either case) that end the text; false otherwise. */
bool hex_parse(const char *text, void *out, size_t len);

#endif
