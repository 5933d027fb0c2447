/* RFC 8785, the JSON Canonicalization Scheme: one tree, one text, so that it can be hashed. Members
 * are sorted by the UTF-16 code units of their keys, nothing is spaced, and numbers are written as
 * ECMAScript would: an integer within ±2^53 by its digits, anything else as the shortest text of
 * the nearest double. (Money and larger integers are strings, so nothing of ours rests on a
 * double.) */
#ifndef COMMON_SYS_JCS_H
#define COMMON_SYS_JCS_H

#include "common/base/buf.h"
#include "common/base/json.h"

/* Appends the canonical text. ERR_LIMIT when `out` is full, ERR_INPUT for a number beyond a
 * double's range or text that is not UTF-8, depth beyond JCS_DEPTH_MAX: ERR_LIMIT. */
#define JCS_DEPTH_MAX 64u
MUST_CHECK struct err jcs_print(const struct json *tree, struct buf *out);

/* One text as such a tree has it: in quotes, escaped. What was appended before ERR_INPUT stays. */
MUST_CHECK struct err jcs_text_print(struct str text, struct buf *out);

/* The same as jcs_print into the arena, NUL-terminated. */
MUST_CHECK struct err jcs_text(struct arena *arena, const struct json *tree, struct str *out);

#endif
