/* A log's tree as it is served by tiles (C2SP tlog-tiles): the nodes that a proof wants, fetched as
 * they are asked for. What comes is believed by nobody: the proof made of it is checked. */
#ifndef WITNESS_TILES_H
#define WITNESS_TILES_H

#include "common/sys/fetch.h"
#include "common/sys/merkle.h"

#define TILES_KEPT 24 /* more than one proof can touch twice */

struct tile {
    unsigned level;
    uint64_t n;
    const uint8_t *hashes;
    size_t width;
};

struct tiles {
    struct arena *arena;
    const char *url;      /* below which tile/… is served */
    uint64_t size;        /* of the tree whose tiles are asked for */
    struct fetch_req via; /* how to fetch: time-outs, who gives up */
    struct tile kept[TILES_KEPT];
    size_t kept_n;
};

/* A merkle_node_fn; arg is a struct tiles. ERR_UPSTREAM: the log does not serve it. */
MUST_CHECK struct err tiles_node(void *arg, unsigned level, uint64_t index,
                                 struct merkle_hash *out);

#endif
