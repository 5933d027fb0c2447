/* GET /auth/login and /auth/callback: to the provider and back. What went wrong is told on a page,
 * in a sentence; the log has the rest. */
#include "agent/oidc/flow.h"
#include "agent/oidc/login_own.h"
#include "agent/oidc/page.h"
#include "agent/oidc/signin_own.h"
#include "agent/store/once.h"
#include "common/base/form.h"
#include "common/sys/log.h"
#include "proto/oidc_claims.h"
#include "proto/oidc_token.h"

#include <string.h>

#define COOKIES_MAX 8

static int64_t now_s(const struct request *r)
{
    return r->now_us / 1000000;
}

/* ---- to the provider ---- */

/* Logins that were begun and never finished leave cookies; before there are too many they go. */
static void sweep_cookies(struct request *r)
{
    size_t n = 0;
    struct str rest, pair, name, value;
    if (http_header(r->http, "Cookie", &rest) != 1)
        return;
    const char *gone[COOKIES_MAX];
    for (bool more = rest.len > 0; more;) {
        more = str_cut(rest, ';', &pair, &rest);
        if (!str_cut(str_trim(pair), '=', &name, &value) || name.len <= strlen(FLOW_COOKIE) ||
            memcmp(name.at, FLOW_COOKIE, strlen(FLOW_COOKIE)) != 0)
            continue;
        if (n < COOKIES_MAX)
            gone[n++] = str_dup(r->arena, name);
    }
    for (size_t i = 0; n == COOKIES_MAX && i < n && gone[i] != NULL; i++)
        reply_cookie(r, gone[i], "", 0);
}

struct err login_send(struct request *r, struct flow *flow)
{
    struct provider *provider = r->agent->signin->provider;
    struct oidc_metadata meta;
    const char *value, *url;
    struct err e = provider_metadata(provider, r->arena, r->now_us, &meta);
    if (e.kind != ERR_NONE) {
        page_failure(r, e);
        return OK;
    }
    flow->begun_s = now_s(r);
    TRY(flow_begin(r->arena, flow));
    TRY(flow_url(r->arena, flow, &r->config->oidc, &meta, provider_redirect_uri(provider), &url));
    TRY(flow_seal(r->arena, r->agent->seals, flow, &value));
    sweep_cookies(r);
    reply_cookie(r, flow_cookie(r->arena, flow->state), value, FLOW_LIFE_S);
    reply_redirect(r, url);
    return OK;
}

struct err get_login(struct request *r)
{
    const char *back;
    TRY(form_get(r->arena, r->http->query, "return", &back));
    back = flow_back(back);
    if (r->config->auth_backend == AGENT_AUTH_DEV) { /* its page offers the people */
        reply_redirect(r, back);
        return OK;
    }
    if (!signin_may_try(r))
        return OK;
    if (r->config->auth_backend == AGENT_AUTH_HEADER_TRUST)
        return proxy_login(r, back);
    struct flow flow = {.back = back};
    return login_send(r, &flow);
}

/* ---- and back ---- */

/* The code becomes an ID token that is believed: signature, then every claim. */
static struct err prove(struct request *r, const struct oidc_metadata *meta, struct login *login,
                        const char *code)
{
    struct provider *provider = r->agent->signin->provider;
    const struct oidc_config *o = &r->config->oidc;
    const struct flow *flow = &login->flow;
    struct token_answer answer;
    struct jws jws;
    TRY(provider_exchange(provider, r->arena, meta, code, flow->verifier, &answer));
    TRY(jws_parse_foreign(r->arena, str_of(answer.id_token), &jws));
    TRY(provider_verify(provider, meta, &jws, r->now_us));
    TRY(id_token_read(r->arena, jws.payload, &login->token));
    const bool fresh = flow->session != NULL;
    const struct id_token_rules rules = {
        .issuer = meta->issuer,
        .client_id = o->client_id,
        .nonce = flow->nonce,
        .access_token = answer.access_token,
        .alg = jws.alg,
        .now_s = now_s(r),
        .skew_s = o->skew_s,
        .since_s = fresh              ? flow->begun_s
                   : o->max_age_s > 0 ? flow->begun_s - o->max_age_s
                                      : 0,
        .acr = fresh ? &o->acr : NULL,
    };
    login->id_token = answer.id_token;
    login->access_token = answer.access_token;
    return id_token_check(&login->token, &rules);
}

/* Whether one of the person's groups may sign in. Claims that the ID token lacks are asked for. */
static struct err check_groups(struct request *r, const struct oidc_metadata *meta,
                               const struct login *login)
{
    const struct oidc_config *o = &r->config->oidc;
    const struct json *more = NULL, *claim = claim_find(login->token.claims, o->roles_claim);
    if (o->roles.n == 0)
        return OK;
    if (claim == NULL && meta->userinfo_endpoint != NULL && login->access_token != NULL) {
        TRY(provider_userinfo(r->agent->signin->provider, r->arena, meta, login->access_token,
                              login->token.sub, &more));
        claim = claim_find(more, o->roles_claim);
    }
    ENSURE(roles_mapped(claim, &o->roles, NULL), ERR_AUTH,
           "none of your groups at the identity provider may sign in here; ask whoever runs "
           "closegate to add you to one");
    return OK;
}

/* The state counts once, before anything is asked with it. */
static struct err use_state(struct request *r, const char *state)
{
    bool first = false;
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db,
                     once_use(r->db, "login", str_of(state),
                              r->now_us + 2 * FLOW_LIFE_S * INT64_C(1000000), r->now_us, &first)));
    ENSURE(first, ERR_AUTH, "this sign-in was finished before; begin a new one");
    return OK;
}

static struct err enter(struct request *r, const struct login *login)
{
    struct session s = {.backend = "oidc",
                        .issuer = login->token.iss,
                        .subject = login->token.sub,
                        .idp_session = login->token.sid,
                        .auth_time = login->token.auth_time < 0 ? 0 : login->token.auth_time,
                        .acr = login->token.acr};
    TRY(seal_bytes(r->agent->seals, r->arena, SEAL_ID_TOKEN, LOGIN_HINT_SEAL,
                   str_of(login->id_token), &s.id_token));
    return signin_enter(r, &s, "oidc", login->token.email, login->flow.back);
}

static struct err finish(struct request *r, struct login *login, const struct callback *c)
{
    struct oidc_metadata meta;
    TRY(provider_metadata(r->agent->signin->provider, r->arena, r->now_us, &meta));
    TRY(callback_issuer_check(c, &meta));
    ENSURE(!text_empty(c->code), ERR_AUTH, "the identity provider's answer holds no code");
    TRY(prove(r, &meta, login, c->code));
    TRY(check_groups(r, &meta, login));
    return login->flow.session != NULL ? fresh_finish(r, login) : enter(r, login);
}

/* RFC 6749 4.1.2.1: the person said no, or the provider did. Its words are shown as its words. */
static void page_of_refusal(struct request *r, const struct callback *c)
{
    const char *visible = " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`"
                          "abcdefghijklmnopqrstuvwxyz{|}~";
    const char *text = c->error_description;
    const bool denied = strcmp(c->error, "access_denied") == 0;
    const bool plain = strlen(c->error) <= 64 && strspn(c->error, visible) == strlen(c->error);
    if (text != NULL && (strlen(text) > 300 || strspn(text, visible) != strlen(text)))
        text = NULL;
    const char *said = text == NULL ? NULL : arena_fmt(r->arena, "It says: %s", text);
    page_reply(r, &(struct page){.status = 403,
                                 .title = "You are not signed in",
                                 .lines = {denied ? "The identity provider did not let you in, or "
                                                    "you said no there."
                                                  : "The identity provider could not sign you in.",
                                           said},
                                 .code = plain ? c->error : NULL});
}

static struct err callback(struct request *r, const struct callback *c, struct login *login)
{
    const char *name = flow_cookie(r->arena, c->state);
    ENSURE(name != NULL, ERR_AUTH, "this sign-in was not begun here");
    TRY(flow_open(r->arena, r->agent->seals, c->state, request_cookie(r, name), now_s(r),
                  &login->flow));
    reply_cookie(r, name, "", 0);
    TRY(use_state(r, c->state));
    if (c->error != NULL) {
        page_of_refusal(r, c);
        return OK;
    }
    return finish(r, login, c);
}

struct err get_callback(struct request *r)
{
    struct callback c;
    struct login login = {0};
    if (r->config->auth_backend != AGENT_AUTH_OIDC)
        return err_new(ERR_MISSING, "there is no such address");
    /* Not counted: it goes nowhere without the cookie of a sign-in, which was. */
    struct err e = callback_read(r->arena, r->http->query, &c);
    if (e.kind == ERR_NONE)
        e = callback(r, &c, &login);
    if (e.kind == ERR_NONE)
        return OK;
    log_warn("a sign-in failed", LOG_TEXT("request", r->id), LOG_TEXT("peer", r->peer->text),
             LOG_ERR(e), LOG_END);
    page_failure(r, e);
    return OK;
}
