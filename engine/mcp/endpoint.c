/* The HTTP side of MCP. In order: may this page and host talk to us at all, is the body JSON, who
 * calls (on a reader thread), what does it say. A request owns one arena and is answered exactly
 * once, by one of the req_* functions below. */
#include "engine/mcp/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/json_write.h"
#include "common/sys/log.h"
#include "engine/mcp/mcp_own.h"

#define REQUEST_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define REPLY_BYTES_MAX   ((size_t)32 * 1024 * 1024)

/* ---- answering ---- */

static void reply_body(struct mcp_req *r, int status, const struct json *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text = {0};
    struct http_pair pairs[1];
    struct http_reply reply = {
        .status = status, .content_type = "application/json", .pairs = pairs};

    jw_init(&w, REPLY_BYTES_MAX);
    jw_tree(&w, NULL, body);
    struct err e = arena_check(r->arena);
    if (e.kind == ERR_NONE)
        e = jw_done(&w, &text);
    if (e.kind != ERR_NONE) {
        log_error("answer could not be written", LOG_ERR(e), LOG_END);
        reply.status = 500;
        text = STR("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":\"the answer is "
                   "too large\"}}");
    }
    if (status == 401)
        pairs[reply.pairs_n++] =
            (struct http_pair){"WWW-Authenticate", "Closegate-Assertion realm=\"closegate\""};
    else if (status == 503)
        pairs[reply.pairs_n++] = (struct http_pair){"Retry-After", "1"};
    reply.body = text.at;
    reply.body_len = text.len;
    web_reply(r->web, &reply);
}

static void req_end(struct mcp_req *r)
{
    r->mcp->in_flight--;
    log_context(NULL, NULL);
    arena_free(r->arena); /* r lives in it */
}

void req_result(struct mcp_req *r, const struct json *result)
{
    reply_body(r, 200, jsonrpc_result(r->arena, r->msg.id, result));
    req_end(r);
}

void req_fault(struct mcp_req *r, struct jsonrpc_fault fault)
{
    reply_body(r, fault.status, jsonrpc_error(r->arena, r->msg.id, &fault));
    req_end(r);
}

void req_accepted(struct mcp_req *r)
{
    web_reply(r->web, &(struct http_reply){.status = 202});
    req_end(r);
}

static void req_refuse(struct mcp_req *r, int status, const char *why)
{
    req_fault(r, (struct jsonrpc_fault){.code = status, .status = status, .message = why});
}

void req_call_init(struct mcp_req *r)
{
    const char *trace = web_trace(r->web);
    r->call = (struct call){
        .arena = r->arena,
        .actor = r->who.actor,
        .request_id = arena_strdup(r->arena, trace != NULL ? trace : web_id(r->web)),
        .rationale_author = r->who.actor.kind == ACTOR_HUMAN ? "human" : "model",
        .policy = r->mcp->policy,
        .prod = r->mcp->options.config->env == CONFIG_PROD,
        .edge = r,
        .received_us = r->mcp->options.clock_us(),
    };
}

/* ---- may this page and host talk to us ---- */

static bool in_list(const struct setting_list *list, struct str value)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_is_nocase(value, list->items[i]))
            return true;
    return false;
}

/* "host:port" without its port. */
static struct str host_only(struct str host)
{
    for (size_t i = host.len; i > 0 && host.at[i - 1] != ']'; i--)
        if (host.at[i - 1] == ':')
            return (struct str){host.at, i - 1};
    return host;
}

static bool is_loopback_name(struct str host)
{
    return str_is_nocase(host, "localhost") || str_is(host, "127.0.0.1") || str_is(host, "[::1]");
}

/* Against DNS rebinding: a page that tricked the resolver still says whose it is. */
static bool host_allowed(const struct config *config, const struct http_req *http)
{
    const struct str host = host_only(http->host);
    return is_loopback_name(host) || in_list(&config->allowed_hosts, http->host) ||
           in_list(&config->allowed_hosts, host) ||
           str_is_nocase(http->host, config->engine_listen);
}

/* No Origin: no browser. In dev a page of this machine may talk to us. */
static bool origin_allowed(const struct config *config, const struct http_req *http)
{
    struct str origin, rest;
    const size_t n = http_header(http, "Origin", &origin);
    if (n == 0)
        return true;
    if (n > 1)
        return false;
    if (in_list(&config->allowed_origins, origin))
        return true;
    rest = origin;
    if (origin.len > 7 && str_is_nocase((struct str){origin.at, 7}, "http://"))
        rest = (struct str){origin.at + 7, origin.len - 7};
    return config->env == CONFIG_DEV && rest.len != origin.len && is_loopback_name(host_only(rest));
}

static bool type_is_json(const struct http_req *http)
{
    struct str type, rest;
    if (http_header(http, "Content-Type", &type) != 1)
        return false;
    (void)str_cut(type, ';', &type, &rest);
    return str_is_nocase(str_trim(type), "application/json");
}

/* ---- who calls, and what it says ---- */

static void on_message(struct mcp_req *r)
{
    struct jsonrpc_fault fault;

    jsonrpc_parse(r->arena, web_http(r->web)->body, &r->msg, &fault);
    if (fault.code == 0)
        era_find(r->arena, web_http(r->web), &r->msg, &r->era, &fault);
    if (fault.code != 0)
        req_fault(r, fault);
    else if (r->msg.kind != JSONRPC_REQUEST)
        req_accepted(r); /* we ask clients nothing and wait for none of their news */
    else
        mcp_dispatch(r);
}

static void on_known(struct err e, void *arg)
{
    struct mcp_req *r = arg;

    log_context(web_id(r->web), web_trace(r->web));
    if (e.kind != ERR_NONE)
        log_error("the registry cannot be read", LOG_ERR(e), LOG_END);
    r->who = auth_end(r->mcp->options.auth, r->check, e);
    if (r->who.status != 0)
        req_refuse(r, r->who.status, r->who.why);
    else
        on_message(r);
}

/* On a reader thread. */
static struct err look_up(struct tx *tx, void *arg)
{
    struct mcp_req *r = arg;
    return auth_lookup(tx, r->check);
}

static void authenticate(struct mcp_req *r)
{
    const struct auth_request ask = {.http = web_http(r->web),
                                     .peer = web_peer(r->web),
                                     .door = r->door,
                                     .now_us = r->mcp->options.clock_us()};
    r->check = auth_begin(r->mcp->options.auth, r->arena, &ask);
    if (r->check == NULL) {
        req_refuse(r, 503, "no memory for this request");
        return;
    }
    if (auth_settled(r->check)) {
        on_known(OK, r);
        return;
    }
    struct err e = spine_read(r->mcp->options.spine, r->arena, look_up, on_known, r);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

static void on_post(struct mcp *mcp, struct web_req *web, enum auth_door door)
{
    const struct http_req *http = web_http(web);
    struct arena *arena = arena_new(REQUEST_BYTES_MAX);
    struct mcp_req *r = arena == NULL ? NULL : ARENA_NEW(arena, struct mcp_req);
    if (r == NULL) {
        arena_free(arena);
        web_refuse(web, 503, "no memory for this request");
        return;
    }
    *r = (struct mcp_req){.mcp = mcp, .web = web, .arena = arena, .door = door};
    mcp->in_flight++;
    log_context(web_id(web), web_trace(web));
    if (!web_peer(web)->is_unix && !host_allowed(mcp->options.config, http))
        req_refuse(r, 403, "this Host is not ours: see CLOSEGATE_ALLOWED_HOSTS");
    else if (!origin_allowed(mcp->options.config, http))
        req_refuse(r, 403, "this Origin is not allowed: see CLOSEGATE_ALLOWED_ORIGINS");
    else if (!type_is_json(http))
        req_refuse(r, 415, "Content-Type must be application/json");
    else if (mcp->policy == NULL)
        req_refuse(r, 503, "no policy is in force yet");
    else
        authenticate(r);
}

static void on_mcp(struct web_req *web, void *ctx)
{
    on_post(ctx, web, AUTH_MCP);
}

static void on_admin(struct web_req *web, void *ctx)
{
    on_post(ctx, web, AUTH_ADMIN);
}

/* ---- health ---- */

static void say(struct web_req *web, int status, const char *body)
{
    web_reply(web, &(struct http_reply){.status = status,
                                        .content_type = "application/json",
                                        .body = body,
                                        .body_len = strlen(body)});
}

static void on_healthz(struct web_req *web, void *ctx)
{
    (void)ctx;
    say(web, 200, "{\"status\":\"ok\"}\n");
}

static void on_readyz(struct web_req *web, void *ctx)
{
    const struct mcp *mcp = ctx;
    if (mcp->policy != NULL)
        say(web, 200, "{\"status\":\"ready\"}\n");
    else
        say(web, 503, "{\"status\":\"no policy is in force yet\"}\n");
}

/* ---- the endpoint ---- */

static const struct web_route routes[] = {
    {HTTP_POST, "/mcp", WEB_BODY_MAX_DEFAULT, on_mcp},
    {HTTP_POST, "/admin", WEB_BODY_MAX_DEFAULT, on_admin},
    {HTTP_GET, "/healthz", 0, on_healthz},
    {HTTP_GET, "/readyz", 0, on_readyz},
};

const struct web_route *mcp_routes(size_t *n)
{
    *n = sizeof routes / sizeof routes[0];
    return routes;
}

struct err mcp_new(const struct mcp_options *options, struct mcp **out)
{
    struct mcp *mcp = calloc(1, sizeof *mcp);
    ENSURE(mcp != NULL, ERR_LIMIT, "no memory");
    mcp->options = *options;
    *out = mcp;
    return OK;
}

void mcp_free(struct mcp *mcp)
{
    free(mcp);
}

void mcp_set_policy(struct mcp *mcp, const struct policy *policy)
{
    mcp->policy = policy;
}

const struct policy *mcp_policy(const struct mcp *mcp)
{
    return mcp->policy;
}

size_t mcp_in_flight(const struct mcp *mcp)
{
    return mcp->in_flight;
}
