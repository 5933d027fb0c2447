/* An evidence bundle of any bytes is checked or refused: the archive's directory, its manifest, its
 * proof; and any line of its log becomes a line of a population, or none. */
#include <stdio.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/verify/bundle.h"
#include "common/verify/population.h"

#define VKEY "closegate/book_1+561494aa+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void archive(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)256 << 20);
    char *copy = arena_dup(arena, (const char *)data, size);
    FILE *from = fmemopen(copy, size, "rb");
    struct trust trust;
    struct report report;
    trust_init(&trust, arena);
    report_init(&report, arena, "fuzz");
    (void)trust_give(&trust, VKEY).kind;
    if (from == NULL)
        return;
    (void)bundle_check(arena, from, size, &trust, &report).kind;
    /* The one key that is believed signed none of this. */
    INVARIANT(!report_good(&report));
    fclose(from);
}

static void line(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    CLEANUP(buf_fini) struct buf out;
    static const uint8_t hash[32];
    const struct str event = {arena_dup(arena, (const char *)data, size), size};
    struct population_row row;
    buf_init(&out, 16u << 20);
    if (population_read(arena, event, &row).kind == ERR_NONE && row.control != NULL) {
        INVARIANT(control_good(row.control));
        (void)population_line(arena, &row, 1, hash, &out).kind;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 262144)
        return 0;
    archive(data, size);
    line(data, size);
    return 0;
}
