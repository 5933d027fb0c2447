/* GET /auth/fresh?escalation=…&decision=…: somebody shows once more who they are, for one decision.
 * The provider signs an ID token whose nonce is made of the escalation's digest and the decision
 * (proto/approval_nonce.h); the engine verifies it itself, so our word is not what counts. */
#include <string.h>

#include "agent/call/fresh_token.h"
#include "agent/oidc/login_own.h"
#include "agent/oidc/page.h"
#include "agent/oidc/signin_own.h"
#include "agent/store/once.h"
#include "common/base/form.h"
#include "common/sys/crypt.h"
#include "common/sys/log.h"
#include "proto/approval_nonce.h"

#define FRESH_LIFE_S 600

static const char *session_mark(struct request *r)
{
    char *hex = arena_alloc(r->arena, SHA256_HEX_SIZE);
    if (hex != NULL)
        sha256_hex(r->session.id, sizeof r->session.id, hex);
    return hex;
}

struct asked {
    const char *escalation_id, *decision, *digest, *back;
};

static struct err read_query(struct request *r, struct asked *a)
{
    const struct str query = r->http->query;
    TRY(form_get(r->arena, query, "escalation", &a->escalation_id));
    TRY(form_get(r->arena, query, "decision", &a->decision));
    TRY(form_get(r->arena, query, "digest", &a->digest));
    TRY(form_get(r->arena, query, "return", &a->back));
    a->back = flow_back(a->back);
    ENSURE(a->decision != NULL &&
               (strcmp(a->decision, "confirm") == 0 || strcmp(a->decision, "reject") == 0),
           ERR_INPUT, "a fresh login is for a decision: confirm or reject");
    const size_t len = a->escalation_id == NULL ? 0 : strlen(a->escalation_id);
    ENSURE(len > 0 && len <= 64 &&
               strspn(a->escalation_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789-_.") == len,
           ERR_INPUT, "a fresh login is for one escalation");
    return OK;
}

/* The digest as the engine has it now; what the person saw, when told, must be the same. */
static struct err digest_of(struct request *r, struct asked *a)
{
    const struct json *escalation;
    TRY(request_read(r, arena_fmt(r->arena, "recon://escalations/%s", a->escalation_id),
                     &escalation));
    const char *digest = json_get_text(escalation, "digest");
    ENSURE(digest != NULL, ERR_MISSING, "there is no such escalation");
    ENSURE(a->digest == NULL || strcmp(a->digest, digest) == 0, ERR_CONFLICT,
           "what is to be decided has changed since you looked at it: look again first");
    a->digest = digest;
    return OK;
}

static struct err send(struct request *r, struct asked *a)
{
    char nonce[APPROVAL_NONCE_SIZE];
    TRY(digest_of(r, a));
    TRY(approval_nonce(a->digest, a->decision, nonce));
    struct flow flow = {.nonce = arena_strdup(r->arena, nonce),
                        .back = a->back,
                        .session = session_mark(r),
                        .escalation_id = a->escalation_id,
                        .decision = a->decision,
                        .digest = a->digest};
    TRY(arena_check(r->arena));
    return login_send(r, &flow);
}

/* In dev there is nobody to log in with; so that the rest can be tried, a click is a login. */
static struct err dev_fresh(struct request *r, const struct asked *a)
{
    struct session s = r->session;
    s.auth_time = r->now_us / 1000000;
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, session_refresh(r->db, &s)));
    reply_redirect(r, a->back);
    return OK;
}

static struct err fresh(struct request *r)
{
    struct asked a = {0};
    TRY(read_query(r, &a));
    if (!r->signed_in) {
        CLEANUP(buf_fini) struct buf url;
        buf_init(&url, 8192);
        buf_puts(&url, "/auth/login?");
        form_put(&url, "return", a.back);
        TRY(buf_check(&url));
        reply_redirect(r, arena_strdup(r->arena, buf_text(&url)));
        return OK;
    }
    if (r->config->auth_backend == AGENT_AUTH_DEV)
        return dev_fresh(r, &a);
    ENSURE(r->config->auth_backend == AGENT_AUTH_OIDC, ERR_AUTH,
           "you are signed in by a proxy, which closegate cannot ask for a fresh login: sign out "
           "and in again there");
    return send(r, &a);
}

struct err get_fresh(struct request *r)
{
    if (!signin_may_try(r))
        return OK;
    struct err e = fresh(r);
    if (e.kind != ERR_NONE)
        page_reply(r, &(struct page){.status = e.kind == ERR_CONFLICT ? 409 : 403,
                                     .title = "No fresh login",
                                     .lines = {e.msg},
                                     .href = "/",
                                     .link = "Back to the workspace"});
    return OK;
}

/* ---- back from the provider ---- */

static struct err keep(struct request *r, const struct session *s, const struct fresh_login *f)
{
    TRY(session_refresh(r->db, s));
    return fresh_put(r->db, s->id, f, r->now_us);
}

struct err fresh_finish(struct request *r, const struct login *login)
{
    const struct flow *flow = &login->flow;
    const int64_t now_s = r->now_us / 1000000;
    struct session s = r->session;
    ENSURE(r->signed_in && text_eq(flow->session, session_mark(r)), ERR_AUTH,
           "your session ended in between: sign in, then decide again");
    ENSURE(text_eq(s.issuer, login->token.iss) && text_eq(s.subject, login->token.sub), ERR_AUTH,
           "somebody else logged in at the identity provider");
    const int64_t until_s =
        login->token.exp < now_s + FRESH_LIFE_S ? login->token.exp : now_s + FRESH_LIFE_S;
    struct fresh_login f = {.escalation_id = flow->escalation_id,
                            .decision = flow->decision,
                            .digest = flow->digest,
                            .until_us = until_s * 1000000};
    s.auth_time = login->token.auth_time;
    s.acr = login->token.acr;
    TRY(seal_bytes(r->agent->seals, r->arena, SEAL_ID_TOKEN, LOGIN_HINT_SEAL,
                   str_of(login->id_token), &s.id_token));
    TRY(seal_bytes(r->agent->seals, r->arena, SEAL_ID_TOKEN, flow->digest, str_of(login->id_token),
                   &f.id_token));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, keep(r, &s, &f)));
    log_info("logged in afresh", LOG_TEXT("request", r->id), LOG_TEXT("actor", s.actor),
             LOG_TEXT("escalation", flow->escalation_id), LOG_TEXT("decision", flow->decision),
             LOG_END);
    reply_redirect(r, flow->back);
    return OK;
}
