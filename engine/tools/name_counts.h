/* Private to engine/tools: how many of each name; for a handful of names. */
#ifndef ENGINE_TOOLS_NAME_COUNTS_H
#define ENGINE_TOOLS_NAME_COUNTS_H

#include "common/base/json.h"

/* NULL: nothing counted yet. */
struct name_count {
    const char *name;
    int64_t count;
    struct name_count *next;
};

MUST_CHECK struct err name_count_add(struct arena *arena, struct name_count **list,
                                     struct str name);
struct json *name_counts_print(struct arena *arena, const struct name_count *list); /* {name: n} */

#endif
