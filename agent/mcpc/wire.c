/* One request as bytes, and one exchange: the envelope of its era, the headers that say the same
 * again, the assertion that says who acts. */
#include <stdlib.h>
#include <string.h>

#include "agent/mcpc/mcpc_own.h"
#include "common/sys/json_write.h"
#include "common/sys/loop.h"
#include "proto/approval_nonce.h"
#include "proto/assertion.h"
#include "proto/jsonrpc.h"
#include "proto/mcp_header.h"

#define BODY_MAX    ((size_t)64 * 1024 * 1024)
#define WAIT_MAX_S  3600
#define META_PREFIX "io.modelcontextprotocol/"

/* ---- the body ---- */

static struct json *client_info(const struct mcpc *m)
{
    struct json *info = json_object_new(m->scratch);
    json_put_text(m->scratch, info, "name", "closegate-agent");
    json_put_text(m->scratch, info, "version", m->shared->options.version);
    return info;
}

/* What every request of 2026-07-28 carries. No capability is declared: an approval that is needed
 * comes as a result, and is then decided on a page of ours. */
static struct json *envelope(const struct mcpc *m, const struct json *params)
{
    struct arena *arena = m->scratch;
    struct json *own = json_object_new(arena), *meta = json_object_new(arena);
    json_put_text(arena, meta, META_PREFIX "protocolVersion", MCP_MODERN);
    json_put(arena, meta, META_PREFIX "clientCapabilities", json_object_new(arena));
    json_put(arena, meta, META_PREFIX "clientInfo", client_info(m));
    json_put_bool(arena, meta, MCP_META_LEAN, true);
    for (size_t i = 0; params != NULL && i < params->count; i++)
        (void)json_add(arena, own, params->members[i].key, params->members[i].value);
    json_put(arena, own, "_meta", meta);
    return own;
}

static struct json *initialize_params(const struct mcpc *m)
{
    struct json *params = json_object_new(m->scratch);
    json_put_text(m->scratch, params, "protocolVersion", MCP_LEGACY);
    json_put(m->scratch, params, "capabilities", json_object_new(m->scratch));
    json_put(m->scratch, params, "clientInfo", client_info(m));
    return params;
}

struct err ask_body(struct mcpc *m, const struct ask *ask, int64_t id, struct str *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    const struct json *params = ask->era == MCPC_MODERN ? envelope(m, ask->params) : ask->params;
    if (text_eq(ask->method, "initialize"))
        params = initialize_params(m);
    struct json *message = jsonrpc_request(m->scratch, id, ask->method, params);
    if (ask->notification) {
        message = json_object_new(m->scratch);
        json_put_text(m->scratch, message, "jsonrpc", "2.0");
        json_put_text(m->scratch, message, "method", ask->method);
    }
    jw_init(&w, BODY_MAX);
    jw_tree(&w, NULL, message);
    TRY(arena_check(m->scratch));
    TRY(jw_done(&w, &text));
    *body = (struct str){arena_dup(m->scratch, text.at, text.len), text.len};
    return arena_check(m->scratch);
}

/* ---- the headers ---- */

static void add(struct http_pair pairs[ASK_PAIRS_MAX], size_t *n, const char *name,
                const char *value)
{
    if (name != NULL && value != NULL && *n < ASK_PAIRS_MAX)
        pairs[(*n)++] = (struct http_pair){name, value};
}

static void add_modern(const struct mcpc *m, const struct ask *ask,
                       struct http_pair pairs[ASK_PAIRS_MAX], size_t *n)
{
    struct arena *arena = m->scratch;
    const char *member = mcp_header_name_of(ask->method);
    const char *name = member == NULL ? NULL : json_get_text(ask->params, member);
    add(pairs, n, "MCP-Protocol-Version", MCP_MODERN);
    add(pairs, n, "Mcp-Method", ask->method);
    if (name != NULL)
        add(pairs, n, "Mcp-Name", mcp_header_encode(arena, str_of(name)));
    for (size_t i = 0; i < ask->facts.mirrors_n; i++) {
        const struct mirror *mirror = &ask->facts.mirrors[i];
        const struct json *value =
            mirror->argument == NULL ? NULL : json_get(ask->args, mirror->argument);
        if (value != NULL)
            add(pairs, n, arena_fmt(arena, "Mcp-Param-%s", mirror->header),
                mcp_header_argument(arena, value));
    }
}

static void add_legacy(const struct mcpc *m, const struct ask *ask,
                       struct http_pair pairs[ASK_PAIRS_MAX], size_t *n)
{
    if (text_eq(ask->method, "initialize"))
        return;
    add(pairs, n, "MCP-Protocol-Version", m->session_version);
    if (m->session[0] != '\0')
        add(pairs, n, "Mcp-Session-Id", m->session);
}

/* A new one for every attempt: its jti is used once. */
static struct err add_assertion(const struct mcpc *m, const struct ask *ask,
                                const char *http_method, struct str body,
                                struct http_pair pairs[ASK_PAIRS_MAX], size_t *n)
{
    const struct mcpc_actor *actor = ask->actor;
    const int64_t now_s = m->shared->options.clock_us() / 1000000;
    const struct ed25519_key *key;
    const char *client, *token;
    char hash[ASSERTION_HASH_SIZE], jti[33];
    uint8_t random[16];
    TRY(shared_key(m->shared, actor, &key, &client));
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, jti);
    assertion_body_hash(body, hash);
    const struct assertion a = {.sub = actor->sub,
                                .principal = actor->principal,
                                .obo = actor->obo,
                                .aud = m->shared->options.audience,
                                .htm = http_method,
                                .htu = m->shared->path,
                                .bh = hash,
                                .iat = now_s,
                                .exp = now_s + ASSERTION_LIFE_MAX_S,
                                .jti = jti,
                                .channel = actor->channel,
                                .auth_time = actor->auth_time,
                                .acr = actor->acr,
                                .amr = actor->amr,
                                .amr_n = actor->amr_n,
                                .model = actor->model};
    TRY(assertion_sign(m->scratch, key, client, &a, &token));
    add(pairs, n, ASSERTION_HEADER, token);
    return OK;
}

struct err ask_head(struct mcpc *m, const struct ask *ask, const char *http_method, struct str body,
                    struct http_pair pairs[ASK_PAIRS_MAX], size_t *n)
{
    *n = 0;
    add(pairs, n, "Accept", "application/json, text/event-stream");
    add(pairs, n, "User-Agent",
        arena_fmt(m->scratch, "closegate-agent/%s", m->shared->options.version));
    add(pairs, n, "traceparent", ask->actor->traceparent);
    if (ask->tool != NULL)
        add(pairs, n, ID_TOKEN_HEADER, ask->actor->id_token);
    TRY(add_assertion(m, ask, http_method, body, pairs, n));
    if (ask->era == MCPC_MODERN)
        add_modern(m, ask, pairs, n);
    else
        add_legacy(m, ask, pairs, n);
    return arena_check(m->scratch);
}

/* ---- one exchange ---- */

/* No answer came. A read that may have been heard did nothing; a change may have. */
static struct err no_answer(struct mcpc *m, struct arena *arena, const struct ask *ask,
                            struct heard *heard, struct err e, int64_t began_ms)
{
    heard->sent = e.kind == ERR_UNKNOWN || e.kind == ERR_LIMIT;
    if (e.where != NULL)
        e.where = arena_strdup(arena, e.where); /* it was the scratch arena's */
    if (e.kind == ERR_INPUT)
        return e; /* our settings, not the engine */
    if (e.kind == ERR_LIMIT && !ask->change)
        return e;
    if (heard->sent && ask->change)
        e = err_at(ERR_UNKNOWN, e.where,
                   "the engine was asked and no whole answer came: it may have been done");
    else if (heard->sent)
        e = err_at(ERR_UPSTREAM, e.where, "the engine was asked and no whole answer came");
    else
        e = err_at(ERR_UPSTREAM, e.where,
                   e.kind == ERR_MISSING ? "the engine does not answer; is it running?" : e.msg);
    shared_failed(m->shared, e, began_ms);
    return e;
}

static bool is_gateway(int status)
{
    return status == 502 || status == 503 || status == 504;
}

static void take_head(struct arena *arena, const struct fetch_reply *reply, struct heard *heard)
{
    const char *wait = fetch_header(reply, "Retry-After");
    const char *session = fetch_header(reply, "Mcp-Session-Id");
    const char *id = fetch_header(reply, "X-Request-Id");
    heard->sent = true;
    heard->status = reply->status;
    heard->session = session == NULL ? NULL : arena_strdup(arena, session);
    heard->request_id = id == NULL ? NULL : arena_strdup(arena, id);
    for (; wait != NULL && *wait >= '0' && *wait <= '9' && heard->wait_s < WAIT_MAX_S; wait++)
        heard->wait_s = heard->wait_s * 10 + (*wait - '0');
}

/* The engine said no, or nothing that can be understood. 503 is said before anything is begun. */
static struct err said_no(struct arena *arena, const struct ask *ask, const struct heard *heard,
                          struct err e)
{
    const bool understood = e.kind == ERR_NONE;
    if (understood)
        e = answer_error(arena, &heard->answer);
    if (ask->change && (!understood || (heard->status >= 500 && heard->status != 503)))
        e.kind = ERR_UNKNOWN;
    return e;
}

struct err wire_once(struct mcpc *m, struct arena *arena, const struct ask *ask,
                     uint32_t timeout_ms, struct heard *heard)
{
    const struct mcpc_options *o = &m->shared->options;
    struct http_pair pairs[ASK_PAIRS_MAX];
    struct fetch_reply reply;
    struct str body;
    size_t n;
    const int64_t id = ++m->next_id, began_ms = loop_now_ms();

    *heard = (struct heard){.status = 0};
    arena_reset(m->scratch);
    TRY(ask_body(m, ask, id, &body));
    TRY(ask_head(m, ask, "POST", body, pairs, &n));
    const struct fetch_req req = {.url = m->shared->url,
                                  .unix_socket = o->unix_socket,
                                  .tls = mcpc_tls(o),
                                  .pairs = pairs,
                                  .pairs_n = n,
                                  .body = body,
                                  .reply_max = o->reply_max,
                                  .timeout_ms = timeout_ms,
                                  .connect_ms = o->connect_ms};
    struct err e = fetch(m->scratch, &req, &reply);
    if (e.kind != ERR_NONE)
        return no_answer(m, arena, ask, heard, e, began_ms);
    take_head(arena, &reply, heard);
    if (!is_gateway(reply.status))
        shared_heard(m->shared);
    if (ask->notification)
        return reply.status < 300 ? OK : err_new(ERR_UPSTREAM, "the engine refused a notification");
    const struct answer_http http = {.status = reply.status,
                                     .content_type = fetch_header(&reply, "Content-Type"),
                                     .body = reply.body,
                                     .id = id};
    e = answer_read(arena, &http, &heard->answer);
    if (e.kind == ERR_NONE && heard->answer.result != NULL)
        return OK;
    return said_no(arena, ask, heard, e);
}
