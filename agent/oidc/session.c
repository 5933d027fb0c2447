/* GET session: who is signed in, what the engine says they may do, and how the engine is. It
 * answers also to whoever is not signed in, and while the engine is not there. */
#include "agent/oidc/signin_own.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif

static void put_engine(struct request *r, struct json *o)
{
    struct mcpc_health health;
    struct json *engine = json_object_new(r->arena);
    mcpc_health(r->agent->engine, &health);
    json_put_bool(r->arena, engine, "reachable", health.reachable);
    if (health.since_us != 0)
        json_put_instant(r->arena, engine, "since", health.since_us);
    if (health.why[0] != '\0')
        json_put_text(r->arena, engine, "why", health.why);
    if (health.version[0] != '\0')
        json_put_text(r->arena, engine, "version", health.version);
    json_put(r->arena, o, "engine", engine);
}

/* Who it is comes from our session; what they may do, from the engine, when it is there. */
static struct err put_person(struct request *r, struct json *o)
{
    struct json *person = json_object_new(r->arena);
    const struct json *me = NULL;
    struct err e = request_read(r, "recon://me", &me);
    json_put_text(r->arena, person, "name", r->session.name);
    json_put_text(r->arena, person, "actor", r->session.actor);
    json_put_text(r->arena, person, "principal_id", r->session.principal_id);
    json_put(r->arena, o, "person", person);
    json_put(r->arena, o, "me", e.kind == ERR_NONE ? me : json_null_new(r->arena));
    json_put_text(r->arena, o, "csrf", r->session.csrf);
    if (r->session.auth_time > 0)
        json_put_instant(r->arena, o, "auth_time", r->session.auth_time * 1000000);
    json_put_instant(r->arena, o, "expires_at",
                     r->session.created_us + r->config->session_hours * INT64_C(3600000000));
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING && e.kind != ERR_UPSTREAM &&
        e.kind != ERR_UNKNOWN)
        json_put_text(r->arena, o, "trouble", e.msg);
    return OK;
}

struct err get_session(struct request *r)
{
    static const char *const backends[] = {"oidc", "header-trust", "dev"};
    struct json *o = json_object_new(r->arena);
    json_put_bool(r->arena, o, "signed_in", r->signed_in);
    json_put_text(r->arena, o, "env", r->config->env == CONFIG_PROD ? "prod" : "dev");
    json_put_text(r->arena, o, "backend", backends[r->config->auth_backend]);
    json_put_text(r->arena, o, "version", CLOSEGATE_VERSION);
    if (r->signed_in)
        TRY(put_person(r, o));
    TRY(signin_offer(r, o));
    put_engine(r, o);
    reply_json(r, 200, o);
    return OK;
}
