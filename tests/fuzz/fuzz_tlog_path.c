/* Whatever stands behind /tlog/tile/: what is read is within its bounds. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/invariant.h"
#include "engine/mcp/tlog_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str path = {(const char *)data, size};
    struct tlog_tile t;
    if (tlog_path_parse(path, &t))
        INVARIANT(t.level <= TLOG_LEVEL_MAX && t.width >= 1 && t.width <= TLOG_TILE_FULL &&
                  t.n < UINT64_C(1000000000000000000));
    return 0;
}
