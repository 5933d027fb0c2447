/* Addresses of a transparency log's tiles (C2SP tlog-tiles): tile/<L>/<N>[.p/<W>], N in groups of
 * three digits of which all but the last begin with "x". Pure. */
#ifndef ENGINE_MCP_TLOG_PATH_H
#define ENGINE_MCP_TLOG_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

#define TLOG_LEVEL_MAX 63
#define TLOG_TILE_FULL 256

struct tlog_tile {
    unsigned level;
    uint64_t n;
    unsigned width; /* 1 to 255 of a partial tile, or TLOG_TILE_FULL */
};

/* `path` is what stands behind "tile/". False unless it is spelled in the one way there is; tiles
 * of entries are none of ours. */
bool tlog_path_parse(struct str path, struct tlog_tile *tile);

#endif
