/* gate_input in one pass, from anybody: it never looks past the end, and what it takes is canonical
 * text that the tree is made of and ask_read takes, fact for fact. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/invariant.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/gate/ask_skim.h"
#include "tests/gate/same_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is behind the ask is somebody else's. */
static void skim(struct arena *arena, struct str text)
{
    struct json_skim s = json_skim_of(text);
    struct ask skimmed, read;
    struct json *tree;
    if (!ask_skim(arena, &s, &skimmed)) {
        INVARIANT(s.at == text.at && s.end == text.at + text.len);
        return;
    }
    INVARIANT(s.at > text.at && s.at <= s.end);
    const struct str taken = {.at = text.at, .len = (size_t)(s.at - text.at)};
    INVARIANT(json_read(arena, taken, NULL, &tree).kind == ERR_NONE);
    INVARIANT(ask_read(arena, tree, &read).kind == ERR_NONE);
    INVARIANT(same_ask(&skimmed, &read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    const struct str raw = {(const char *)data, size};
    struct str canonical;
    struct json *tree;
    skim(arena, raw);
    if (json_read(arena, raw, NULL, &tree).kind == ERR_NONE &&
        jcs_text(arena, tree, &canonical).kind == ERR_NONE)
        skim(arena, canonical);
    return 0;
}
