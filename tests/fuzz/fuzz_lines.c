/* Any bytes, cut anywhere, are the same lines and the same events. The first byte seeds the cuts.
 */
#include <stdint.h>
#include <stdlib.h>

#include "common/sys/sse_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t h, struct str text, int what)
{
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001B3);
    return (h ^ text.len ^ ((uint64_t)what << 32)) * UINT64_C(0x100000001B3);
}

static size_t cut(uint32_t *rng, size_t left)
{
    if (*rng == 0)
        return left;
    *rng = *rng * 1664525U + 1013904223U;
    size_t n = 1 + (*rng >> 24) % 16;
    return n < left ? n : left;
}

static uint64_t lines_mean(const char *bytes, size_t len, uint32_t rng)
{
    struct lines l;
    struct str line = {0};
    uint64_t h = 1;
    enum lines_step step;
    lines_init(&l, 64);
    for (size_t at = 0, n; at < len; at += n) {
        n = cut(&rng, len - at);
        lines_put(&l, bytes + at, n);
        while ((step = lines_next(&l, &line)) != LINES_NONE)
            h = mix(h, step == LINES_LINE ? line : (struct str){0}, (int)step);
    }
    step = lines_last(&l, &line);
    h = mix(h, step == LINES_LINE ? line : (struct str){0}, (int)step);
    lines_fini(&l);
    return h;
}

static uint64_t events_mean(const char *bytes, size_t len, uint32_t rng)
{
    struct sse_read r;
    struct str data = {0};
    uint64_t h = 1;
    sse_read_init(&r, 64);
    for (size_t at = 0, n; at < len; at += n) {
        n = cut(&rng, len - at);
        sse_read_put(&r, bytes + at, n);
        while (sse_read_next(&r, &data))
            h = mix(h, data, 1);
    }
    h = mix(h, str_of(r.id), (int)r.retry_ms);
    sse_read_fini(&r);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 100000)
        return 0;
    const char *bytes = (const char *)data + 1;
    const uint32_t rng = data[0] * 2654435761U + 1U;
    if (lines_mean(bytes, size - 1, 0) != lines_mean(bytes, size - 1, rng))
        abort();
    if (events_mean(bytes, size - 1, 0) != events_mean(bytes, size - 1, rng))
        abort();
    return 0;
}
