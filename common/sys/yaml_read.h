/* YAML for configuration (policy.yaml, mappings) → the tree of common/base/json.h, every node with
 * its line and column. A strict subset, so that nobody is surprised: one document, UTF-8, no
 * anchors, aliases, tags, merge keys or complex keys; twin keys refused with both lines; depth <=
 * 32, 1 MiB. Plain (unquoted) scalars: true, false, null and plain numbers (10000, -3, 0.30) are
 * typed; a plain word, id or date (2026-03-31) is text; what YAML versions read differently (yes,
 * no, on, off, y, n, ~, an empty value, 010, 0o10, 0x1F, 1e3, .5, 5., .inf, 1:30, +1, 1_000, True)
 * is an error that says what to write. */
#ifndef COMMON_SYS_YAML_READ_H
#define COMMON_SYS_YAML_READ_H

#include "common/base/json.h"

#define YAML_DEPTH_MAX 32u
#define YAML_BYTES_MAX ((size_t)1024 * 1024)

/* ERR_INPUT with `where` "12:5" (line:column, 1-based); ERR_LIMIT for a ceiling. An empty file is
 * an error. *tree is untouched on error. */
MUST_CHECK struct err yaml_read(struct arena *arena, struct str bytes, struct json **tree);

#endif
