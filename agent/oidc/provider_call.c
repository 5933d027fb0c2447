/* The token endpoint and userinfo. */
#include <stdlib.h>
#include <string.h>

#include "agent/oidc/provider_own.h"
#include "common/base/form.h"
#include "common/sys/crypt.h"
#include "common/sys/json_read.h"
#include "proto/oidc_claims.h"

#define ANSWER_MAX ((size_t)256 * 1024)
#define TOKEN_MAX  ((size_t)16 * 1024)
#define CALL_MS    10000

static enum agent_client_auth client_auth(const struct oidc_config *o,
                                          const struct oidc_metadata *meta)
{
    if (text_empty(o->client_secret))
        return CLIENT_AUTH_NONE;
    if (o->client_auth != CLIENT_AUTH_AUTO)
        return (enum agent_client_auth)o->client_auth;
    return meta->takes_basic || !meta->takes_post ? CLIENT_AUTH_BASIC : CLIENT_AUTH_POST;
}

/* RFC 6749 2.3.1: both parts form-encoded, then Basic. */
static struct err basic(struct arena *arena, const struct oidc_config *o, struct http_pair *pair)
{
    CLEANUP(buf_fini) struct buf pure;
    buf_init(&pure, 4096);
    form_escape(&pure, o->client_id);
    buf_putc(&pure, ':');
    form_escape(&pure, o->client_secret);
    TRY(buf_check(&pure));
    char *text = arena_alloc(arena, BASE64_SIZE(pure.len));
    TRY(arena_check(arena));
    base64_print(pure.at, pure.len, text);
    *pair = (struct http_pair){"Authorization", arena_fmt(arena, "Basic %s", text)};
    return arena_check(arena);
}

static struct err form_of(const struct provider *p, enum agent_client_auth how, const char *code,
                          const char *verifier, struct buf *form)
{
    const struct oidc_config *o = &p->config->oidc;
    form_put(form, "grant_type", "authorization_code");
    form_put(form, "code", code);
    form_put(form, "redirect_uri", p->redirect_uri);
    form_put(form, "code_verifier", verifier);
    if (how != CLIENT_AUTH_BASIC)
        form_put(form, "client_id", o->client_id);
    if (how == CLIENT_AUTH_POST)
        form_put(form, "client_secret", o->client_secret);
    return buf_check(form);
}

/* RFC 6749 5.2; the word is the provider's and goes to the log and, checked, onto a page. */
static struct err refused(struct arena *arena, int status, const struct json *answer)
{
    const char *word = json_get_text(answer, "error");
    if (word != NULL && strlen(word) <= 64 &&
        strspn(word, "abcdefghijklmnopqrstuvwxyz_") == strlen(word))
        return err_fmt(arena, strcmp(word, "invalid_grant") == 0 ? ERR_AUTH : ERR_UPSTREAM, NULL,
                       "the identity provider refuses to finish the sign-in: %s", word);
    return err_fmt(arena, ERR_UPSTREAM, NULL,
                   "the identity provider answers %d instead of finishing the sign-in", status);
}

static struct err ask(struct provider *p, struct arena *arena, const struct fetch_req *req,
                      struct fetch_reply *reply, const struct json **answer)
{
    const struct json_limits limits = {.depth_max = 16, .bytes_max = ANSWER_MAX, .nodes_max = 8192};
    struct json *tree = NULL;
    struct err e = p->get(p->get_ctx, arena, req, reply);
    if (e.kind != ERR_NONE)
        return err_at(ERR_UPSTREAM, req->url, e.msg);
    e = json_read(arena, reply->body, &limits, &tree);
    *answer = tree;
    if (e.kind != ERR_NONE && reply->status == 200)
        return err_at(ERR_UPSTREAM, req->url, "the identity provider's answer is not JSON");
    return OK;
}

struct err provider_exchange(struct provider *provider, struct arena *arena,
                             const struct oidc_metadata *meta, const char *code,
                             const char *verifier, struct token_answer *out)
{
    const enum agent_client_auth how = client_auth(&provider->config->oidc, meta);
    struct http_pair pairs[2] = {{"Accept", "application/json"}};
    struct fetch_reply reply;
    const struct json *answer;
    CLEANUP(buf_fini) struct buf form;
    buf_init(&form, (size_t)16 * 1024);
    TRY(form_of(provider, how, code, verifier, &form));
    if (how == CLIENT_AUTH_BASIC)
        TRY(basic(arena, &provider->config->oidc, &pairs[1]));
    const struct fetch_req req = {.method = "POST",
                                  .url = meta->token_endpoint,
                                  .content_type = "application/x-www-form-urlencoded",
                                  .pairs = pairs,
                                  .pairs_n = how == CLIENT_AUTH_BASIC ? 2 : 1,
                                  .body = buf_str(&form),
                                  .reply_max = ANSWER_MAX,
                                  .timeout_ms = CALL_MS};
    TRY(ask(provider, arena, &req, &reply, &answer));
    if (reply.status != 200)
        return refused(arena, reply.status, answer);
    *out = (struct token_answer){.id_token = json_get_text(answer, "id_token"),
                                 .access_token = json_get_text(answer, "access_token")};
    ENSURE(!text_empty(out->id_token) && strlen(out->id_token) <= TOKEN_MAX, ERR_UPSTREAM,
           "the identity provider sent no ID token");
    const char *type = json_get_text(answer, "token_type");
    if (text_empty(out->access_token) || type == NULL || !str_is_nocase(str_of(type), "Bearer"))
        out->access_token = NULL;
    return OK;
}

struct err provider_userinfo(struct provider *provider, struct arena *arena,
                             const struct oidc_metadata *meta, const char *access_token,
                             const char *sub, const struct json **claims)
{
    struct fetch_reply reply;
    const struct http_pair pairs[] = {
        {"Accept", "application/json"},
        {"Authorization", arena_fmt(arena, "Bearer %s", access_token)}};
    const struct fetch_req req = {.method = "GET",
                                  .url = meta->userinfo_endpoint,
                                  .pairs = pairs,
                                  .pairs_n = 2,
                                  .reply_max = ANSWER_MAX,
                                  .timeout_ms = CALL_MS};
    TRY(arena_check(arena));
    TRY(ask(provider, arena, &req, &reply, claims));
    if (reply.status != 200)
        return err_fmt(arena, ERR_UPSTREAM, req.url, "userinfo answers %d", reply.status);
    /* OpenID Connect Core 5.3.2: without this anybody's claims could be slipped in. */
    ENSURE(text_eq(json_get_text(*claims, "sub"), sub), ERR_AUTH,
           "what the identity provider says of you is of somebody else (sub)");
    return OK;
}
