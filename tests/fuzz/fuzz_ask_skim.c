/* gate_input in one pass, from anybody: it never looks past the end, and what it makes of canonical
 * text the gate decides as what the tree says. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/invariant.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/gate/ask_skim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool printed(struct arena *arena, const struct ask *ask, struct str *text)
{
    const struct json *tree = ask_print(arena, ask);
    return arena_check(arena).kind == ERR_NONE && jcs_text(arena, tree, text).kind == ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    const struct str raw = {(const char *)data, size};
    struct json_skim any = json_skim_of(raw);
    struct ask skimmed, read;
    struct str canonical, one, two;
    struct json *tree;
    if (ask_skim(arena, &any, &skimmed))
        INVARIANT(any.at <= any.end);
    if (json_read(arena, raw, NULL, &tree).kind != ERR_NONE ||
        jcs_text(arena, tree, &canonical).kind != ERR_NONE)
        return 0;
    struct json_skim s = json_skim_of(canonical);
    if (!ask_skim(arena, &s, &skimmed) || ask_read(arena, tree, &read).kind != ERR_NONE)
        return 0;
    INVARIANT(s.at == s.end);
    INVARIANT(printed(arena, &skimmed, &one) && printed(arena, &read, &two) && str_eq(one, two));
    return 0;
}
