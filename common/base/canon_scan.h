/* Is a text canonical JSON (RFC 8785)? One pass over its bytes, without a tree: members in order
 * and none twice, nothing spaced, every escape the shortest, integers by their digits. For texts
 * that are checked by the million, the audit log's events.
 *
 * It says yes only of what json_read would read and jcs_print would print to the same bytes. What
 * it is not sure of is the tree's to decide: numbers that are no integer within ±2^53, names that
 * are not plain ASCII, nests deeper than CANON_SCAN_DEPTH, texts beyond CANON_SCAN_BYTES. */
#ifndef COMMON_BASE_CANON_SCAN_H
#define COMMON_BASE_CANON_SCAN_H

#include "common/base/str.h"

#define CANON_SCAN_DEPTH 32u
#define CANON_SCAN_BYTES ((size_t)1900000) /* fewer than a million values fit */

/* A member of the outermost object that the caller wants to see on the way. */
struct canon_find {
    struct str name;  /* plain ASCII; an array of these is in the order of the names */
    struct str value; /* out: as it is written, a text with its quotes; .at NULL: not there */
};

/* False: not canonical, or not sure; then the values found mean nothing. */
bool canon_surely(struct str text, struct canon_find *finds, size_t n);

/* The same, and where its scalars stand: texts with their quotes, numbers, true, false, null. */
struct canon_spot {
    uint32_t from, to; /* offsets */
};
struct canon_spots {
    struct canon_spot *at;
    size_t n, max; /* n counts on beyond max, where nothing is written */
};
bool canon_surely_spots(struct str text, struct canon_find *finds, size_t n,
                        struct canon_spots *spots);

/* How long the scalar is that begins at `at`; 0 when none does that canon_surely would pass. What
 * may follow a scalar is the caller's to ask. */
size_t canon_scalar(const char *at, const char *end);

/* Whether `value` is a quoted text that stands for itself (no escape in it): *text is what is
 * between the quotes. Of a value that canon_surely found. */
bool canon_plain(struct str value, struct str *text);

/* Whether it is an integer: *n is. Of a value that canon_surely found. */
bool canon_integer(struct str value, int64_t *n);

#endif
