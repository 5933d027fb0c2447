/* Sessions by cookie, and the dev backend's three people. */
#include "agent/oidc/signin.h"

#include <string.h>

#include "agent/oidc/signin_own.h"
#include "agent/store/people.h"
#include "common/sys/crypt.h"

struct session_life signin_life(const struct request *r)
{
    return (struct session_life){.now_us = r->now_us,
                                 .idle_us = r->config->session_idle_minutes * INT64_C(60000000),
                                 .whole_us = r->config->session_hours * INT64_C(3600000000)};
}

struct err signin_find(struct request *r)
{
    const char *cookie = request_cookie(r, SIGNIN_COOKIE);
    const struct session_life life = signin_life(r);
    uint8_t id[SESSION_ID_LEN];
    size_t n;
    if (cookie == NULL || !base64url_parse(str_of(cookie), id, sizeof id, &n) || n != sizeof id)
        return OK;
    TRY(session_find(r->db, r->arena, id, &life, &r->signed_in, &r->session));
    if (r->signed_in)
        TRY(session_touch(r->db, &r->session, r->now_us));
    return OK;
}

static struct err keep(struct request *r, struct session *s, const struct contact *c)
{
    TRY(session_add(r->db, r->arena, s));
    return contact_put(r->db, c);
}

struct err signin_begin(struct request *r, struct session *s, const char *email)
{
    char cookie[BASE64_SIZE(SESSION_ID_LEN)];
    const struct contact c = {.principal_id = s->principal_id,
                              .actor = s->actor,
                              .name = s->name,
                              .email = email,
                              .updated_us = r->now_us};
    s->created_us = s->seen_us = r->now_us;
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, keep(r, s, &c)));
    base64url_print(s->id, sizeof s->id, cookie);
    reply_cookie(r, SIGNIN_COOKIE, arena_strdup(r->arena, cookie), -1);
    r->session = *s;
    r->signed_in = true;
    return arena_check(r->arena);
}

static struct err end_session(struct request *r)
{
    TRY(agent_db_begin(r->db));
    return agent_db_end(r->db, session_end(r->db, r->session.id, "signed out", r->now_us));
}

static struct err post_logout(struct request *r)
{
    struct json *o = json_object_new(r->arena);
    TRY(end_session(r));
    reply_cookie(r, SIGNIN_COOKIE, "", 0);
    json_put_bool(r->arena, o, "signed_in", false);
    reply_json(r, 200, o);
    return OK;
}

static const struct route rows[] = {
    {HTTP_GET, "/api/v1/session", 0, NEEDS_NOTHING, get_session},
    {HTTP_POST, "/api/v1/logout", 1024, NEEDS_SESSION | NEEDS_CSRF, post_logout},
    {HTTP_POST, "/api/v1/session/dev", 1024, NEEDS_CSRF, post_session_dev},
};
const struct routes signin_routes = {rows, sizeof rows / sizeof rows[0]};

struct err signin_offer(struct request *r, struct json *session)
{
    if (r->config->auth_backend == AGENT_AUTH_DEV)
        dev_offer(r, session);
    return OK;
}
