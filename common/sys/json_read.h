/* JSON bytes from outside → the tree of common/base/json.h, by yajl's callbacks on a stack of our
 * own. Stricter than yajl: RFC 8259 to the letter, whole input valid UTF-8, no byte order mark, no
 * lone surrogate escapes, no twin keys (also when spelled with escapes), depth, size and node
 * ceilings. Numbers stay literal text. The tree may hold U+0000 in text; json_bind refuses it. */
#ifndef COMMON_SYS_JSON_READ_H
#define COMMON_SYS_JSON_READ_H

#include "common/base/json.h"

#define JSON_DEPTH_MAX 32u
#define JSON_BYTES_MAX ((size_t)1024 * 1024)
#define JSON_NODES_MAX ((size_t)200 * 1000)

/* 0 takes the default above. Depth counts open arrays and objects: `[[1]]` is 2. */
struct json_limits {
    unsigned depth_max;
    size_t bytes_max;
    size_t nodes_max;
};

/* `limits` may be NULL. ERR_INPUT: not JSON, `where` is "byte 17" (0-based) or, for twin keys, the
 * JSON pointer; ERR_LIMIT: a ceiling (or the arena's). *tree is untouched on error. */
MUST_CHECK struct err json_read(struct arena *arena, struct str bytes,
                                const struct json_limits *limits, struct json **tree);

#endif
