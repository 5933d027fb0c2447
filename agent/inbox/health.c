/* How everything is, for whoever asks why nothing moves: the engine, its chain, our own sessions.
 * What became of notices is the notifier's to say (GET outbox). */
#include "agent/inbox/inbox_own.h"

static void put_known_instant(struct arena *arena, struct json *o, const char *key, int64_t us)
{
    if (us != 0)
        json_put_instant(arena, o, key, us);
}

static struct json *engine_json(struct request *r)
{
    struct json *o = json_object_new(r->arena);
    struct mcpc_health health;
    mcpc_health(r->agent->engine, &health);
    json_put_bool(r->arena, o, "reachable", health.reachable);
    put_known_instant(r->arena, o, "since", health.since_us);
    put_known_instant(r->arena, o, "heard", health.heard_us);
    json_put_text(r->arena, o, "url", r->config->engine_url);
    json_put_text(r->arena, o, "version", health.version);
    json_put_text(r->arena, o, "protocol", health.protocol);
    if (health.why[0] != '\0')
        json_put_text(r->arena, o, "why", health.why);
    return o;
}

struct err get_health(struct request *r)
{
    struct json *o = json_object_new(r->arena), *agent = json_object_new(r->arena);
    const struct json *verify = NULL;
    struct err e = request_read(r, "recon://verify", &verify);
    put_known_instant(r->arena, agent, "started", r->agent->started_us);
    put_known_instant(r->arena, agent, "now", r->now_us);
    json_put(r->arena, o, "agent", agent);
    json_put(r->arena, o, "engine", engine_json(r)); /* after it was asked */
    json_put(r->arena, o, "chain", e.kind == ERR_NONE ? verify : json_null_new(r->arena));
    if (e.kind != ERR_NONE)
        json_put_text(r->arena, o, "trouble", e.msg);
    reply_json(r, 200, o);
    return OK;
}
