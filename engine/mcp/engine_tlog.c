/* The log as a transparency log: GET /tlog/checkpoint and /tlog/tile/… (C2SP tlog-tiles), and
 * /tlog/keys, the chain of its keys, so that a witness or an auditor follows it by itself. Hashes
 * only, no event's text, and none that no signed head covers; so nobody has to say who they are. */
#include <string.h>

#include "common/sys/json_write.h"
#include "engine/mcp/engine_own.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/tlog_path.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"

#define PREFIX      "/tlog/"
#define ARENA_BYTES ((size_t)256 * 1024)
#define KEYS_BYTES  ((size_t)8 * 1024 * 1024)

enum tlog_what { TLOG_TILE = 0, TLOG_CHECKPOINT, TLOG_KEYS };

/* One request. */
struct tlog {
    struct web_req *web;
    struct arena *arena;
    enum tlog_what what;
    struct json *keys;
    struct tlog_tile tile;
    struct merkle_hash *hashes;
    struct tree_head head;
};

/* Whether the last signed head has all of the tile's leaves. */
static bool covered(const struct tlog *t)
{
    if (t->tile.level >= TREE_LEVEL_COUNT)
        return false;
    const uint64_t hashes = t->head.size >> 8 * t->tile.level;
    return t->tile.n <= hashes / TLOG_TILE_FULL &&
           t->tile.n * TLOG_TILE_FULL + t->tile.width <= hashes;
}

/* On a reader thread. */
static struct err look(struct tx *tx, void *arg)
{
    struct tlog *t = arg;
    if (t->what == TLOG_KEYS)
        return log_keys_chain(tx, t->arena, &t->keys);
    TRY(head_latest(tx, t->arena, &t->head));
    if (t->what == TLOG_CHECKPOINT)
        return head_cosigned(tx, t->arena, &t->head);
    ENSURE(covered(t), ERR_MISSING, "there is no such tile");
    t->hashes = ARENA_ARRAY(t->arena, TLOG_TILE_FULL, struct merkle_hash);
    ENSURE(t->hashes != NULL, ERR_LIMIT, "out of memory");
    return tree_tile(tx, t->tile.level, t->tile.n, t->tile.width, t->hashes);
}

static void say_checkpoint(struct tlog *t)
{
    web_reply(t->web, &(struct http_reply){.status = 200,
                                           .content_type = "text/plain; charset=utf-8",
                                           .body = t->head.note.at,
                                           .body_len = t->head.note.len});
}

/* What a tile holds never changes, not even a partial one's. */
static void say_tile(struct tlog *t)
{
    static const struct http_pair keep = {"Cache-Control", "public, max-age=31536000, immutable"};
    web_reply(t->web, &(struct http_reply){.status = 200,
                                           .content_type = "application/octet-stream",
                                           .pairs = &keep,
                                           .pairs_n = 1,
                                           .body = (const char *)t->hashes,
                                           .body_len = t->tile.width * MERKLE_HASH_LEN});
}

static void say_keys(struct tlog *t)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, LOG_KEY_CHAIN_BYTES_MAX);
    jw_tree(&w, NULL, t->keys);
    if (jw_done(&w, &text).kind != ERR_NONE) {
        web_refuse(t->web, 503, "the log's keys cannot be told");
        return;
    }
    web_reply(t->web, &(struct http_reply){.status = 200,
                                           .content_type = "application/json",
                                           .body = text.at,
                                           .body_len = text.len});
}

static void say(struct tlog *t)
{
    switch (t->what) {
    case TLOG_KEYS:
        say_keys(t);
        break;
    case TLOG_CHECKPOINT:
        say_checkpoint(t);
        break;
    case TLOG_TILE:
        say_tile(t);
        break;
    }
}

static void on_look(struct err e, void *arg)
{
    struct tlog *t = arg;
    struct arena *arena = t->arena;
    if (e.kind == ERR_MISSING)
        web_refuse(t->web, 404,
                   t->what == TLOG_CHECKPOINT ? "no head of the log is signed yet"
                                              : "there is no such tile, or no head covers it yet");
    else if (e.kind != ERR_NONE)
        web_refuse(t->web, 503, "the log cannot be read at the moment");
    else
        say(t);
    arena_free(arena); /* t lives in it */
}

static bool path_parse(struct str path, struct tlog *t)
{
    static const char tile[] = PREFIX "tile/";
    t->what = str_is(path, PREFIX "checkpoint") ? TLOG_CHECKPOINT
              : str_is(path, PREFIX "keys")     ? TLOG_KEYS
                                                : TLOG_TILE;
    if (t->what != TLOG_TILE)
        return true;
    const size_t n = sizeof tile - 1;
    return path.len > n && memcmp(path.at, tile, n) == 0 &&
           tlog_path_parse((struct str){path.at + n, path.len - n}, &t->tile);
}

void engine_tlog(struct mcp *mcp, struct web_req *web)
{
    struct tlog asked = {.web = web};
    if (!path_parse(web_http(web)->path, &asked)) {
        web_refuse(web, 404, "there is no such tile");
        return;
    }
    struct arena *arena = arena_new(asked.what == TLOG_KEYS ? KEYS_BYTES : ARENA_BYTES);
    struct tlog *t = arena == NULL ? NULL : ARENA_NEW(arena, struct tlog);
    if (t == NULL) {
        arena_free(arena);
        web_refuse(web, 503, "no memory for this request");
        return;
    }
    *t = asked;
    t->arena = arena;
    const struct engine_host *h = mcp->host->ctx;
    const struct netaddr *from = &web_peer(web)->addr;
    const struct asker whoever = asker_of_bytes(LANE_MACHINES, from->byte, sizeof from->byte);
    struct err e = spine_read_for(h->options.spine, whoever, arena, look, on_look, t);
    if (e.kind != ERR_NONE)
        on_look(e, t);
}
