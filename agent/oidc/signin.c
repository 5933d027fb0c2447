/* Sessions by cookie, whichever way somebody signed in. */
#include "agent/oidc/signin.h"

#include <stdlib.h>
#include <string.h>

#include "agent/call/seals.h"
#include "agent/oidc/page.h"
#include "agent/oidc/signin_own.h"
#include "agent/store/people.h"
#include "common/sys/crypt.h"
#include "common/sys/log.h"

struct err signin_new(const struct agent_config *config, struct signin **out)
{
    CLEANUP(signin_free) struct signin *signin = calloc(1, sizeof *signin);
    ENSURE(signin != NULL, ERR_LIMIT, "no memory");
    signin->rate = rate_new(config->oidc.logins_per_minute);
    ENSURE(signin->rate != NULL, ERR_LIMIT, "no memory");
    if (config->auth_backend == AGENT_AUTH_OIDC)
        TRY(provider_new(config, NULL, NULL, &signin->provider));
    if (config->auth_backend == AGENT_AUTH_HEADER_TRUST && config->proxy_jwt.jwks != NULL) {
        signin->proxy_keys =
            jwks_cache_new(&(struct jwks_cache_opts){.url = config->proxy_jwt.jwks});
        ENSURE(signin->proxy_keys != NULL, ERR_LIMIT, "no memory");
    }
    *out = signin;
    signin = NULL;
    return OK;
}

void signin_free(struct signin *signin)
{
    if (signin == NULL)
        return;
    provider_free(signin->provider);
    jwks_cache_free(signin->proxy_keys);
    rate_free(signin->rate);
    free(signin);
}

static struct err check(struct signin *signin, struct arena *arena, int64_t now_us)
{
    const struct jws nobodys = {.alg = JOSE_RS256, .kid = "closegate-doctor"};
    struct jose_key key;
    if (signin->provider != NULL)
        return provider_ready(signin->provider, arena, now_us);
    if (signin->proxy_keys == NULL)
        return OK;
    struct err e = jwks_cache_find(signin->proxy_keys, &nobodys, now_us, &key);
    return e.kind == ERR_AUTH ? OK : e;
}

struct err signin_check(const struct agent_config *config, struct arena *arena, int64_t now_us)
{
    CLEANUP(signin_free) struct signin *signin = NULL;
    TRY(signin_new(config, &signin));
    struct err e = check(signin, arena, now_us);
    if (e.where != NULL) /* an address of the provider's, which goes with it */
        e.where = arena_strdup(arena, e.where);
    return e;
}

struct session_life signin_life(const struct agent_config *config, int64_t now_us)
{
    return (struct session_life){.now_us = now_us,
                                 .idle_us = config->session_idle_minutes * INT64_C(60000000),
                                 .whole_us = config->session_hours * INT64_C(3600000000)};
}

/* ---- whose session ---- */

static struct err cookie_session(struct request *r)
{
    const char *cookie = request_cookie(r, SIGNIN_COOKIE);
    const struct session_life life = signin_life(r->config, r->now_us);
    struct str id;
    if (cookie == NULL ||
        !unseal_text(r->agent->seals, r->arena, SEAL_SESSION, SIGNIN_COOKIE, cookie, &id) ||
        id.len != SESSION_ID_LEN)
        return arena_check(r->arena);
    return session_find(r->db, r->arena, (const uint8_t *)id.at, &life, &r->signed_in, &r->session);
}

static bool backend_is(const struct request *r, const char *backend)
{
    static const char *const names[] = {"oidc", "header-trust", "dev"};
    return strcmp(names[r->config->auth_backend], backend) == 0;
}

/* Behind a proxy the cookie alone is not enough: the proxy may have another person there by now. */
static struct err proxy_agrees(struct request *r)
{
    struct proxy_person person;
    if (!r->signed_in || r->config->auth_backend != AGENT_AUTH_HEADER_TRUST)
        return OK;
    TRY(proxy_person_read(r, &person));
    r->signed_in = text_eq(person.value, r->session.subject);
    return OK;
}

/* A page that asks by itself while nobody touches it says so: a window left open is not use. */
static bool unattended(const struct request *r)
{
    struct str value;
    return http_header(r->http, "X-Closegate-Unattended", &value) > 0;
}

struct err signin_find(struct request *r)
{
    TRY(cookie_session(r));
    /* A session of a backend that is no longer in force holds no longer. */
    r->signed_in = r->signed_in && backend_is(r, r->session.backend);
    TRY(proxy_agrees(r));
    if (!r->signed_in || r->looks_on || unattended(r))
        return OK;
    /* A session that cannot be touched ends earlier than it might; it is no reason to refuse. */
    struct err e = session_touch(r->db, &r->session, r->now_us);
    if (e.kind != ERR_NONE)
        log_warn("the use of a session is not kept", LOG_TEXT("request", r->id), LOG_ERR(e),
                 LOG_END);
    return OK;
}

/* ---- signing in ---- */

/* The address the request comes from: the one that the last trusted proxy saw. */
static struct netaddr address_of(const struct request *r)
{
    const struct setting_networks *trusted = &r->config->trusted_proxies;
    struct str list, last;
    struct netaddr addr;
    bool ours = false;
    for (size_t i = 0; i < trusted->n; i++)
        ours = ours || netblock_has(&trusted->items[i], &r->peer->addr);
    if (!ours || http_header(r->http, "X-Forwarded-For", &list) != 1)
        return r->peer->addr;
    for (last = list; str_cut(last, ',', &list, &last);)
        continue;
    return netaddr_parse(str_trim(last), &addr).kind == ERR_NONE ? addr : r->peer->addr;
}

bool signin_may_try(struct request *r)
{
    const struct netaddr addr = address_of(r);
    if (rate_take(r->agent->signin->rate, &addr, r->now_us))
        return true;
    reply_pair(r, "Retry-After", "60");
    page_reply(r, &(struct page){.status = 429,
                                 .title = "Too many sign-ins",
                                 .lines = {"Too many sign-ins came from your address. Wait a "
                                           "minute, then try again."}});
    return false;
}

static struct err keep(struct request *r, struct session *s, const struct contact *c)
{
    if (r->signed_in) /* nobody keeps using the id of before */
        TRY(session_end(r->db, r->session.id, "signed in anew", r->now_us));
    /* not used for as long as one may last at all: it holds no longer */
    TRY(sessions_forget(r->db, r->now_us - signin_life(r->config, r->now_us).whole_us, NULL));
    TRY(session_add(r->db, r->arena, s));
    return contact_put(r->db, c);
}

struct err signin_begin(struct request *r, struct session *s, const char *email)
{
    const char *cookie;
    const struct contact c = {.principal_id = s->principal_id,
                              .actor = s->actor,
                              .name = s->name,
                              .email = email,
                              .updated_us = r->now_us};
    s->created_us = s->seen_us = r->now_us;
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, keep(r, s, &c)));
    if (r->signed_in)
        r->agent->hang_up(r->agent->tell_ctx, r->session.principal_id);
    TRY(seal_text(r->agent->seals, r->arena, SEAL_SESSION, SIGNIN_COOKIE,
                  (struct str){(const char *)s->id, sizeof s->id}, &cookie));
    reply_cookie(r, SIGNIN_COOKIE, cookie, -1);
    r->session = *s;
    r->signed_in = true;
    log_info("signed in", LOG_TEXT("request", r->id), LOG_TEXT("actor", s->actor),
             LOG_TEXT("backend", s->backend), LOG_TEXT("peer", r->peer->text), LOG_END);
    return arena_check(r->arena);
}

static void page_of_stranger(struct request *r, const struct session *s, const char *kind)
{
    const char *issuer = text_empty(s->issuer) ? ""
                                               : arena_fmt(r->arena, " --issuer %s",
                                                           page_shell_word(r->arena, s->issuer));
    page_reply(r, &(struct page){
                      .status = 403,
                      .title = "closegate does not know you yet",
                      .lines = {"You have shown who you are, but nobody in closegate's registry is "
                                "linked to this identity.",
                                "An administrator links it to a person with this command:"},
                      .code = arena_fmt(r->arena,
                                        "closegate-engine actor link PERSON --kind %s%s --subject "
                                        "%s",
                                        kind, issuer, page_shell_word(r->arena, s->subject))});
}

struct err signin_enter(struct request *r, struct session *s, const char *kind, const char *email,
                        const char *back)
{
    struct known_person known;
    const char *issuer = text_empty(s->issuer) ? NULL : s->issuer;
    struct err e = signin_whois(r, kind, issuer, s->subject, &known);
    if (e.kind != ERR_NONE)
        log_warn("a sign-in failed", LOG_TEXT("request", r->id), LOG_TEXT("issuer", s->issuer),
                 LOG_TEXT("subject", s->subject), LOG_ERR(e), LOG_END);
    if (e.kind == ERR_MISSING) {
        page_of_stranger(r, s, kind);
        return OK;
    }
    TRY(e);
    s->actor = known.actor;
    s->principal_id = known.principal_id;
    s->name = known.name;
    TRY(signin_begin(r, s, email));
    reply_redirect(r, back);
    return OK;
}

static const struct route rows[] = {
    {HTTP_GET, "/api/v1/session", 0, NEEDS_NOTHING, get_session},
    {HTTP_POST, "/api/v1/logout", 1024, NEEDS_SESSION | NEEDS_CSRF | NO_ENGINE, post_logout},
    {HTTP_POST, "/api/v1/session/dev", 1024, NEEDS_CSRF, post_session_dev},
    {HTTP_GET, "/auth/login", 0, NEEDS_NOTHING, get_login},
    {HTTP_GET, "/auth/callback", 0, NEEDS_NOTHING, get_callback},
    {HTTP_GET, "/auth/fresh", 0, NEEDS_NOTHING, get_fresh},
    {HTTP_GET, "/auth/logout", 0, NO_ENGINE, get_logged_out},
    {HTTP_GET, "/auth/page.css", 0, NO_ENGINE, get_page_css},
    {HTTP_POST, "/auth/backchannel-logout", 32768, NEEDS_NOTHING, post_backchannel_logout},
};
const struct routes signin_routes = {rows, sizeof rows / sizeof rows[0]};

struct err signin_offer(struct request *r, struct json *session)
{
    if (r->config->auth_backend == AGENT_AUTH_DEV)
        dev_offer(r, session);
    else
        json_put_text(r->arena, session, "login_url", "/auth/login");
    return OK;
}
