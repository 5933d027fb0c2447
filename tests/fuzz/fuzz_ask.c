/* gate_input from anybody: what is read as an ask is printed so that it reads the same again, and
 * the gate decides it the same way. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/invariant.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/gate/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool printed(struct arena *arena, const struct ask *ask, struct str *text)
{
    const struct json *tree = ask_print(arena, ask);
    return arena_check(arena).kind == ERR_NONE && jcs_text(arena, tree, text).kind == ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    const struct str text = {(const char *)data, size};
    struct ask ask, again;
    struct json *tree;
    struct str one, two;
    if (json_read(arena, text, NULL, &tree).kind != ERR_NONE ||
        ask_read(arena, tree, &ask).kind != ERR_NONE || !printed(arena, &ask, &one))
        return 0;
    struct err e = json_read(arena, one, NULL, &tree);
    INVARIANT(e.kind == ERR_NONE);
    e = ask_read(arena, tree, &again);
    INVARIANT(e.kind == ERR_NONE);
    INVARIANT(printed(arena, &again, &two) && str_eq(one, two));
    return 0;
}
