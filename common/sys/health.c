/* The detail is for operators: it says where an intruder would find less in the way. */
#include "common/sys/health.h"

#include <inttypes.h>

#include "common/sys/confine.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/sys/web_metrics.h"

#define ARENA_BYTES ((size_t)64 * 1024)
#define BODY_MAX    ((size_t)16 * 1024)

static void say(struct web_req *req, const char *body, size_t len)
{
    const struct http_reply reply = {
        .status = 200, .content_type = "application/json", .body = body, .body_len = len};
    web_reply(req, &reply);
}

static void detail(struct web_req *req)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_BYTES);
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    jw_init(&w, BODY_MAX);
    jw_obj(&w);
    jw_text(&w, "status", "ok");
    jw_tree(&w, "confinement", arena == NULL ? NULL : confine_json(arena));
    jw_end(&w);
    if (jw_done(&w, &body).kind == ERR_NONE)
        say(req, body.at, body.len);
    else
        web_refuse(req, 500, "out of memory");
}

void health_reply(struct web_req *req, const struct setting_networks *peers)
{
    static const char ok[] = "{\"status\":\"ok\"}\n";
    if (peers != NULL && str_is(web_http(req)->query, "detail") && web_metrics_allowed(peers, req))
        detail(req);
    else
        say(req, ok, sizeof ok - 1);
}

const struct json *health_confinement(struct arena *arena, struct str body)
{
    struct json *tree;
    if (json_read(arena, body, NULL, &tree).kind != ERR_NONE)
        return NULL;
    const struct json *found = json_get(tree, "confinement");
    return json_is(found, JSON_TYPE_OBJECT) ? found : NULL;
}

static bool is_true(const struct json *o, const char *name)
{
    const struct json *b = json_get(o, name);
    return json_is(b, JSON_TYPE_BOOL) && b->truth;
}

const char *health_told(struct arena *arena, const struct json *confinement)
{
    const char *lacking = json_get_text(confinement, "lacking");
    int64_t abi = 0, signer = 0;
    const char *keys =
        is_true(confinement, "keys_locked") ? "in locked memory" : "not in locked memory";
    if (json_int(json_get(confinement, "signer"), &signer))
        keys = arena_fmt(arena, "held by process %" PRId64, signer);
    (void)json_int(json_get(confinement, "landlock"), &abi);
    if (!is_true(confinement, "whole") && !text_empty(lacking))
        lacking = arena_fmt(arena, "; lacking: %s", lacking);
    else
        lacking = "";
    return arena_fmt(arena, "Landlock %" PRId64 "%s, seccomp %s, capabilities %s, keys %s%s", abi,
                     is_true(confinement, "ports") ? " with ports" : " without ports",
                     is_true(confinement, "seccomp") ? "on" : "off",
                     is_true(confinement, "capabilities") ? "kept" : "none", keys, lacking);
}
