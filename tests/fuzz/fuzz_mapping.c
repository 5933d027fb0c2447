/* sources.yaml from anybody: a mapping or an error, and what was read prints and reads back to the
 * same canonical text. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/ingest/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct arena *arena, const struct mapping *m)
{
    struct mapping again;
    struct str jcs, twice;
    if (mapping_print(arena, m, &jcs).kind != ERR_NONE)
        return;
    struct err e = mapping_parse(arena, jcs, &again);
    if (e.kind == ERR_LIMIT)
        return;
    if (e.kind != ERR_NONE || mapping_print(arena, &again, &twice).kind != ERR_NONE ||
        !str_eq(jcs, twice))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    struct mapping *mappings;
    size_t n = 0;
    if (mappings_read(arena, (struct str){(const char *)data, size}, &mappings, &n).kind !=
        ERR_NONE)
        return 0;
    for (size_t i = 0; i < n; i++)
        round_trip(arena, &mappings[i]);
    return 0;
}
