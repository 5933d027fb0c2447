/* From a node's place to its tile, and from the tile's hashes to the node. */
#include "witness/tiles.h"

#include <string.h>

#include "common/sys/witness_ask.h"

#define TILE_WIDTH 256

static struct err tile_get(struct tiles *t, unsigned level, uint64_t n, size_t width,
                           struct fetch_reply *reply)
{
    CLEANUP(buf_fini) struct buf url;
    struct fetch_req req = t->via;
    buf_init(&url, 4096);
    buf_puts(&url, t->url);
    tile_path_print(level, n, width, &url);
    TRY(buf_check(&url));
    req.method = "GET";
    req.url = buf_text(&url);
    req.reply_max = (size_t)TILE_WIDTH * MERKLE_HASH_LEN;
    return fetch(t->arena, &req, reply);
}

/* A part of a tile may be gone once the tile is full. */
static struct err tile_fetch(struct tiles *t, unsigned level, uint64_t n, size_t width,
                             const uint8_t **hashes)
{
    struct fetch_reply reply;
    TRY(tile_get(t, level, n, width, &reply));
    if (reply.status == 404 && width < TILE_WIDTH)
        TRY(tile_get(t, level, n, TILE_WIDTH, &reply));
    ENSURE(reply.status == 200, ERR_UPSTREAM, "the log does not serve a tile of its tree");
    ENSURE(reply.body.len == width * MERKLE_HASH_LEN ||
               reply.body.len == (size_t)TILE_WIDTH * MERKLE_HASH_LEN,
           ERR_UPSTREAM, "a tile is not as long as it should be");
    *hashes = (const uint8_t *)reply.body.at;
    return OK;
}

static struct err tile_of(struct tiles *t, unsigned level, uint64_t n, const struct tile **out)
{
    for (size_t i = 0; i < t->kept_n; i++) {
        if (t->kept[i].level == level && t->kept[i].n == n) {
            *out = &t->kept[i];
            return OK;
        }
    }
    const uint64_t hashes = 8 * level >= 64 ? 0 : t->size >> (8 * level);
    const uint64_t left = hashes > n * TILE_WIDTH ? hashes - n * TILE_WIDTH : 0;
    struct tile *tile = &t->kept[t->kept_n == TILES_KEPT ? TILES_KEPT - 1 : t->kept_n];
    *tile = (struct tile){
        .level = level, .n = n, .width = left > TILE_WIDTH ? TILE_WIDTH : (size_t)left};
    ENSURE(tile->width > 0, ERR_BUG, "a node behind the end of the tree");
    TRY(tile_fetch(t, level, n, tile->width, &tile->hashes));
    if (t->kept_n < TILES_KEPT)
        t->kept_n++;
    *out = tile;
    return OK;
}

/* The root over `count` hashes, a power of two. */
static void fold(const uint8_t *hashes, size_t count, struct merkle_hash *out)
{
    struct merkle_hash at[TILE_WIDTH];
    memcpy(at, hashes, count * MERKLE_HASH_LEN);
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++)
            merkle_node(&at[2 * i], &at[2 * i + 1], &at[i]);
    }
    *out = at[0];
}

struct err tiles_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
    struct tiles *t = arg;
    const unsigned within = level % 8;
    const uint64_t first = index << within;
    const size_t offset = (size_t)(first % TILE_WIDTH), count = (size_t)1 << within;
    const struct tile *tile;
    TRY(tile_of(t, level / 8, first / TILE_WIDTH, &tile));
    ENSURE(offset + count <= tile->width, ERR_BUG, "a node behind the end of a tile");
    fold(tile->hashes + offset * MERKLE_HASH_LEN, count, out);
    return OK;
}
