/* Signing out: here, then at the provider (RP-Initiated Logout 1.0), and when the provider says so
 * (Back-Channel Logout 1.0). */
#include <string.h>

#include "agent/call/seals.h"
#include "agent/oidc/login_own.h"
#include "agent/oidc/page.h"
#include "agent/oidc/signin_own.h"
#include "agent/store/once.h"
#include "common/base/form.h"
#include "common/sys/log.h"

static struct err end_session(struct request *r)
{
    TRY(agent_db_begin(r->db));
    return agent_db_end(r->db, session_end(r->db, r->session.id, "signed out", r->now_us));
}

/* Where the browser goes to sign out at the provider too; NULL: nowhere. */
static const char *provider_logout(struct request *r, const struct session *s)
{
    struct oidc_metadata meta;
    struct str hint;
    CLEANUP(buf_fini) struct buf url;
    buf_init(&url, (size_t)32 * 1024);
    if (r->config->auth_backend != AGENT_AUTH_OIDC ||
        provider_metadata(r->agent->signin->provider, r->arena, r->now_us, &meta).kind !=
            ERR_NONE ||
        meta.end_session_endpoint == NULL ||
        !unseal_bytes(r->agent->seals, r->arena, SEAL_ID_TOKEN, LOGIN_HINT_SEAL, s->id_token,
                      &hint))
        return NULL;
    buf_puts(&url, meta.end_session_endpoint);
    if (strchr(meta.end_session_endpoint, '?') == NULL)
        buf_putc(&url, '?');
    form_put(&url, "id_token_hint", str_dup(r->arena, hint));
    form_put(&url, "client_id", r->config->oidc.client_id);
    form_put(&url, "post_logout_redirect_uri",
             arena_fmt(r->arena, "%s/auth/logout", r->config->workspace_url));
    return url.failed ? NULL : arena_strdup(r->arena, buf_text(&url));
}

struct err post_logout(struct request *r)
{
    struct json *o = json_object_new(r->arena);
    TRY(end_session(r));
    r->agent->hang_up(r->agent->tell_ctx, r->session.principal_id);
    reply_cookie(r, SIGNIN_COOKIE, "", 0);
    const char *redirect = provider_logout(r, &r->session);
    json_put_bool(r->arena, o, "signed_in", false);
    if (r->config->auth_backend != AGENT_AUTH_DEV)
        json_put_text(r->arena, o, "redirect", redirect == NULL ? "/auth/logout" : redirect);
    log_info("signed out", LOG_TEXT("request", r->id), LOG_TEXT("actor", r->session.actor),
             LOG_END);
    reply_json(r, 200, o);
    return OK;
}

/* Where the provider sends the browser back to; it changes nothing. */
struct err get_logged_out(struct request *r)
{
    page_reply(r, &(struct page){.status = 200,
                                 .title = "You are signed out",
                                 .lines = {"Close this window, or sign in again."},
                                 .link = "Sign in"});
    return OK;
}

/* ---- when the provider says so ---- */

static struct err read_logout(struct request *r, struct oidc_metadata *meta, struct logout_token *t)
{
    struct provider *provider = r->agent->signin->provider;
    const char *text;
    struct jws jws;
    TRY(form_get(r->arena, r->http->body, "logout_token", &text));
    ENSURE(text != NULL, ERR_INPUT, "there is no logout_token");
    TRY(provider_metadata(provider, r->arena, r->now_us, meta));
    TRY(jws_parse_foreign(r->arena, str_of(text), &jws));
    TRY(provider_verify(provider, meta, &jws, r->now_us));
    return logout_token_read(r->arena, jws.payload, jws.typ, meta->issuer,
                             r->config->oidc.client_id, r->now_us / 1000000, r->config->oidc.skew_s,
                             t);
}

static struct err end_all(struct request *r, const struct oidc_metadata *meta,
                          const struct logout_token *t, int64_t *n)
{
    bool first = false;
    TRY(once_use(r->db, "logout", str_of(t->jti), t->until_s * 1000000, r->now_us, &first));
    ENSURE(first, ERR_AUTH, "this logout token came before");
    return sessions_end_of(r->db, meta->issuer, t->sub, t->sid, "the provider", r->now_us, n);
}

static struct err logout(struct request *r)
{
    struct oidc_metadata meta;
    struct logout_token t;
    int64_t n = 0;
    TRY(read_logout(r, &meta, &t));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, end_all(r, &meta, &t, &n)));
    if (n > 0)
        r->agent->hang_up(r->agent->tell_ctx, NULL);
    log_info("the provider ended sessions", LOG_TEXT("request", r->id), LOG_INT("sessions", n),
             LOG_END);
    return OK;
}

/* 2.7, 2.8: 200, or 400 with {"error": "invalid_request"}; when it is our fault, 503. */
struct err post_backchannel_logout(struct request *r)
{
    if (r->config->auth_backend != AGENT_AUTH_OIDC)
        return err_new(ERR_MISSING, "there is no such address");
    /* Not counted as sign-ins are: a provider may end many sessions at once, and asks only once. */
    struct err e = logout(r);
    if (e.kind == ERR_NONE) {
        reply_text(r, 200, "application/json", STR("{}"));
        return OK;
    }
    log_warn("a logout token was refused", LOG_TEXT("request", r->id),
             LOG_TEXT("peer", r->peer->text), LOG_ERR(e), LOG_END);
    if (e.kind == ERR_AUTH || e.kind == ERR_INPUT) {
        reply_error(r, 400, "invalid_request", e.msg, NULL);
        return OK;
    }
    return e;
}
