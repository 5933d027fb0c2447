/* Any bytes: refused with a line and column, or read into a tree that JSON can carry unchanged,
 * every node of it with a place. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/invariant.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/yaml_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void places_are_known(const struct json *node)
{
    INVARIANT(node->line > 0 && node->column > 0);
    for (size_t i = 0; node->type == JSON_TYPE_ARRAY && i < node->count; i++)
        places_are_known(node->items[i]);
    for (size_t i = 0; node->type == JSON_TYPE_OBJECT && i < node->count; i++) {
        INVARIANT(node->members[i].line > 0 && node->members[i].column > 0);
        places_are_known(node->members[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 30);
    CLEANUP(jw_fini) struct jw w;
    struct json *tree = NULL, *again = NULL;
    struct str body, bytes = {.at = (const char *)data, .len = size};
    struct json_limits limits = {.bytes_max = 64 << 20, .nodes_max = 1 << 20};
    jw_init(&w, 64 << 20);
    struct err e = yaml_read(arena, bytes, &tree);
    INVARIANT((e.kind == ERR_NONE) == (tree != NULL));
    if (tree == NULL) {
        INVARIANT(e.where != NULL || e.kind == ERR_LIMIT);
        return 0;
    }
    places_are_known(tree);
    jw_tree(&w, NULL, tree);
    INVARIANT(jw_done(&w, &body).kind == ERR_NONE);
    INVARIANT(json_read(arena, body, &limits, &again).kind == ERR_NONE);
    INVARIANT(json_equal(tree, again));
    return 0;
}
