/* Which revision the server speaks. 2026-07-28 is asked first (server/discover); only an answer
 * that says "I do not know that" makes it a server of 2025-11-25 or before, never silence, a
 * refusal of the caller or a failure. A legacy session belongs to one actor, so another actor gets
 * another. */
#include <string.h>

#include "agent/mcpc/mcpc_own.h"
#include "proto/jsonrpc.h"

#define HELLO_BYTES ((size_t)4 * 1024 * 1024)

static bool lists(const struct json *array, const char *text)
{
    for (size_t i = 0; json_is(array, JSON_TYPE_ARRAY) && i < array->count; i++)
        if (text_eq(json_text(array->items[i]), text))
            return true;
    return false;
}

/* The request was understood as HTTP, and not as MCP of this revision. */
static bool is_stranger(const struct heard *heard)
{
    const int status = heard->status, code = heard->answer.code;
    if (status == 200)
        return code == JSONRPC_METHOD_NOT_FOUND || code == JSONRPC_INVALID_PARAMS ||
               code == JSONRPC_INVALID_REQUEST || code == MCP_UNSUPPORTED_VERSION;
    return (status == 400 && code != MCP_HEADER_MISMATCH && code != MCP_MISSING_CAPABILITY) ||
           status == 404 || status == 405 || status == 406;
}

static struct err discover(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                           uint32_t timeout_ms)
{
    const struct ask ask = {.actor = actor, .method = "server/discover", .era = MCPC_MODERN};
    struct heard heard;
    struct err e = wire_once(m, arena, &ask, timeout_ms, &heard);
    if (e.kind != ERR_NONE && !is_stranger(&heard))
        return e;
    const struct json *result = heard.answer.result;
    const bool modern =
        e.kind == ERR_NONE && lists(json_get(result, "supportedVersions"), MCP_MODERN);
    const struct json *info =
        json_get(json_get(result, "_meta"), "io.modelcontextprotocol/serverInfo");
    shared_learn(m->shared, modern ? MCPC_MODERN : MCPC_LEGACY, json_get_text(info, "version"));
    return OK;
}

/* ---- legacy ---- */

static bool keep(char *to, size_t size, const char *text)
{
    const size_t n = text == NULL ? 0 : strlen(text);
    if (n >= size)
        return false;
    if (n > 0)
        memcpy(to, text, n);
    to[n] = '\0';
    return true;
}

static struct err session_take(struct mcpc *m, const struct mcpc_actor *actor,
                               const struct heard *heard)
{
    static const char *const known[] = {MCP_LEGACY, "2025-06-18", "2025-03-26"};
    const char *version = json_get_text(heard->answer.result, "protocolVersion");
    bool ok = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        ok = ok || text_eq(version, known[i]);
    ENSURE(ok, ERR_UPSTREAM, "the engine speaks no revision of MCP that we know");
    ENSURE(keep(m->session, sizeof m->session, heard->session) &&
               keep(m->session_version, sizeof m->session_version, version) &&
               keep(m->session_sub, sizeof m->session_sub, actor->sub),
           ERR_UPSTREAM, "the engine's session has a name that is too long");
    m->session_comebacks = shared_comebacks(m->shared);
    m->has_session = true;
    shared_learn(m->shared, MCPC_LEGACY,
                 json_text(json_pointer_get(heard->answer.result, "/serverInfo/version")));
    return OK;
}

static struct err initialize(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                             uint32_t timeout_ms)
{
    struct ask ask = {.actor = actor, .method = "initialize", .era = MCPC_LEGACY};
    struct heard heard;
    hello_forget(m);
    TRY(wire_once(m, arena, &ask, timeout_ms, &heard));
    TRY(session_take(m, actor, &heard));
    ask.method = "notifications/initialized";
    ask.notification = true;
    struct err e = wire_once(m, arena, &ask, timeout_ms, &heard);
    if (e.kind != ERR_NONE)
        hello_forget(m);
    return e;
}

void hello_forget(struct mcpc *m)
{
    m->has_session = false;
    m->session[0] = m->session_version[0] = m->session_sub[0] = '\0';
}

/* ---- */

/* An error is brought out of the arena that it was made in. */
static struct err hello_in(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                           uint32_t timeout_ms, enum mcpc_era *era)
{
    if (shared_era(m->shared) == MCPC_ERA_UNKNOWN)
        TRY(discover(m, arena, actor, timeout_ms));
    *era = shared_era(m->shared);
    if (*era == MCPC_ERA_UNKNOWN) /* it went away and came back meanwhile */
        return err_new(ERR_UPSTREAM, "the engine has only just come back");
    if (*era == MCPC_MODERN || (m->has_session && text_eq(m->session_sub, actor->sub) &&
                                m->session_comebacks == shared_comebacks(m->shared)))
        return OK;
    return initialize(m, arena, actor, timeout_ms);
}

struct err hello(struct mcpc *m, struct arena *arena, const struct mcpc_actor *actor,
                 uint32_t timeout_ms, enum mcpc_era *era)
{
    if (shared_era(m->shared) == MCPC_MODERN) {
        *era = MCPC_MODERN;
        return OK;
    }
    CLEANUP(arena_free) struct arena *own = arena_new(HELLO_BYTES);
    ENSURE(own != NULL, ERR_LIMIT, "out of memory");
    struct err e = hello_in(m, own, actor, timeout_ms, era);
    if (e.kind != ERR_NONE) {
        const char *msg = arena_strdup(arena, e.msg);
        e.msg = msg != NULL ? msg : "the engine could not be asked what it speaks";
        e.where = e.where == NULL ? NULL : arena_strdup(arena, e.where);
    }
    return e;
}
