/* The HTTP side of MCP. In order: may this page and host talk to us at all, is the body JSON, who
 * calls, in which era and session, what does it say. GET and DELETE are the legacy era's: the
 * stream of a session, and its end. */
#include "engine/mcp/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/health.h"
#include "common/sys/log.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/sse.h"
#include "proto/protected_resource.h"

#define PULSE_MS 20000

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
bool host_allowed(const struct config *config, const struct http_req *http)
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

/* JSON is UTF-8 (RFC 8259 8.1) and comes as it is: a body that somebody else on the way would read
 * as something else is not read. */
static bool type_is_json(const struct http_req *http)
{
    struct str type, rest, coding;
    if (http_header(http, "Content-Type", &type) != 1 ||
        http_header(http, "Content-Encoding", &coding) != 0)
        return false;
    (void)str_cut(type, ';', &type, &rest);
    rest = str_trim(rest);
    if (rest.len > 8 && str_is_nocase((struct str){rest.at, 8}, "charset=") &&
        !str_is_nocase(rest, "charset=utf-8") && !str_is_nocase(rest, "charset=\"utf-8\""))
        return false;
    return str_is_nocase(str_trim(type), "application/json");
}

/* ---- what it says ---- */

/* Sessions are the legacy era's; /admin has none. False: answered. */
static bool find_session(struct mcp_req *r)
{
    struct str id;
    const size_t n = http_header(web_http(r->web), "Mcp-Session-Id", &id);
    if (n == 0 || r->admin || r->era.era == ERA_MODERN)
        return true;
    if (n == 1)
        r->session = session_find(&r->mcp->sessions, id, r->owner, loop_now_ms());
    if (r->session != NULL)
        return true;
    req_refuse(r, 404, "there is no such session: initialize again");
    return false;
}

static void on_message(struct mcp_req *r)
{
    struct jsonrpc_fault fault;

    jsonrpc_parse(r->arena, web_http(r->web)->body, &r->msg, &fault);
    if (fault.code == 0)
        era_find(r->arena, web_http(r->web), &r->msg, &r->era, &fault);
    if (fault.code != 0) {
        req_fault(r, fault);
        return;
    }
    if (!find_session(r))
        return;
    r->deaf = r->left && r->era.era == ERA_MODERN; /* taken back before we knew who it was */
    if (r->msg.kind == JSONRPC_RESPONSE)
        exchange_response(r);
    else if (r->msg.kind == JSONRPC_NOTIFICATION)
        mcp_on_notification(r);
    else
        mcp_dispatch(r);
}

static void not_allowed(struct mcp_req *r)
{
    const struct http_pair allow = {"Allow", "POST"};
    web_reply(r->web, &(struct http_reply){.status = 405, .pairs = &allow, .pairs_n = 1});
    exchange_drop(r);
}

/* The standalone stream of a session, or the rest of one that broke off. */
static void on_get_stream(struct mcp_req *r)
{
    struct str last;
    struct session *s = r->session;
    const bool resumes = http_header(web_http(r->web), "Last-Event-ID", &last) == 1;
    if (resumes && stream_resume(s, r->web, last, r->until_us)) {
        exchange_drop(r);
        return;
    }
    if (resumes) {
        req_refuse(r, 400, "Last-Event-ID names no event that is still kept");
        return;
    }
    if (s->get != NULL)
        stream_end(s->get); /* a client that opens a second one has lost the first */
    struct stream *st = stream_new(s, r->web, NULL);
    if (st == NULL) {
        req_refuse(r, 503, "no memory for this stream");
        return;
    }
    st->until_us = r->until_us;
    sse_begin(r->web, s->id);
    s->get = st;
    if (strcmp(s->version, "2025-11-25") >= 0)
        stream_event(st, STR(""));
    exchange_drop(r);
}

static void on_session_method(struct mcp_req *r, enum http_method method)
{
    struct str version;
    r->era.era = ERA_LEGACY;
    if (http_header(web_http(r->web), "MCP-Protocol-Version", &version) == 1 &&
        str_is(version, MCP_MODERN)) {
        not_allowed(r);
        return;
    }
    if (!find_session(r))
        return;
    if (r->session == NULL) {
        not_allowed(r);
    } else if (method == HTTP_DELETE) {
        session_end(&r->mcp->sessions, r->session);
        web_reply(r->web, &(struct http_reply){.status = 204});
        exchange_drop(r);
    } else if (!http_header_has(web_http(r->web), "Accept", "text/event-stream")) {
        req_refuse(r, 406, "Accept must list text/event-stream");
    } else {
        on_get_stream(r);
    }
}

void req_known(struct mcp_req *r)
{
    const enum http_method method = web_http(r->web)->method;
    if (method == HTTP_POST)
        on_message(r);
    else
        on_session_method(r, method);
}

/* ---- the doors ---- */

static void enter(struct mcp *mcp, struct web_req *web, bool admin)
{
    const struct http_req *http = web_http(web);
    const struct config *config = mcp->options.config;
    const char *why = NULL;
    struct mcp_req *r = exchange_new(mcp, web, admin);
    if (r == NULL)
        return;
    if (!web_peer(web)->is_unix && !host_allowed(config, http))
        req_refuse(r, 403, "this Host is not ours: see CLOSEGATE_ALLOWED_HOSTS");
    else if (!origin_allowed(config, http))
        req_refuse(r, 403, "this Origin is not allowed: see CLOSEGATE_ALLOWED_ORIGINS");
    else if (http->method == HTTP_POST && !type_is_json(http))
        req_refuse(r, 415, "Content-Type must be application/json, in UTF-8 and not encoded");
    else if (mcp->ending || !mcp->host->ready(mcp->host->ctx, &why))
        req_refuse(r, 503, why == NULL ? "the engine is stopping" : why);
    else
        mcp->host->authenticate(r);
}

static void on_mcp(struct web_req *web, void *ctx)
{
    enter(ctx, web, false);
}

static void on_admin(struct web_req *web, void *ctx)
{
    enter(ctx, web, true);
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
    const struct mcp *mcp = ctx;
    health_reply(web, &mcp->options.config->metrics_peers);
}

static void on_readyz(struct web_req *web, void *ctx)
{
    const struct mcp *mcp = ctx;
    const char *why = NULL;
    const struct mcp_host *host = mcp->host;
    if (mcp->ending)
        web_refuse(web, 503, "the engine is stopping");
    else if (!host->ready(host->ctx, &why) ||
             (host->whole != NULL && !host->whole(host->ctx, &why)))
        web_refuse(web, 503, why);
    else
        say(web, 200, "{\"status\":\"ready\"}\n");
}

/* ---- the log's hashes: for whoever asks ---- */

static void on_tlog(struct web_req *web, void *ctx)
{
    struct mcp *mcp = ctx;
    if (!web_peer(web)->is_unix && !host_allowed(mcp->options.config, web_http(web)))
        web_refuse(web, 403, "this Host is not ours: see CLOSEGATE_ALLOWED_HOSTS");
    else if (mcp->ending)
        web_refuse(web, 503, "the engine is stopping");
    else if (mcp->host->tlog == NULL)
        web_refuse(web, 404, "there is no log here");
    else
        mcp->host->tlog(mcp, web);
}

/* ---- where tokens come from: for whoever needs one ---- */

static void on_resource_metadata(struct web_req *web, void *ctx)
{
    struct mcp *mcp = ctx;
    if (!web_peer(web)->is_unix && !host_allowed(mcp->options.config, web_http(web)))
        web_refuse(web, 403, "this Host is not ours: see CLOSEGATE_ALLOWED_HOSTS");
    else if (mcp->host->resource_metadata == NULL)
        web_refuse(web, 404, "access tokens are not taken here");
    else
        mcp->host->resource_metadata(mcp, web);
}

/* ---- the endpoint ---- */

static const struct web_route routes[] = {
    {HTTP_POST, "/mcp", WEB_BODY_MAX_DEFAULT, on_mcp},
    {HTTP_GET | HTTP_DELETE, "/mcp", 0, on_mcp},
    {HTTP_POST, "/admin", WEB_BODY_MAX_DEFAULT, on_admin},
    {HTTP_GET, "/healthz", 0, on_healthz},
    {HTTP_GET, "/readyz", 0, on_readyz},
    {HTTP_GET, "/metrics", 0, on_metrics},
    {HTTP_GET, "/tlog/*", 0, on_tlog},
    {HTTP_GET, RESOURCE_METADATA_PATH, 0, on_resource_metadata},
    {HTTP_GET, RESOURCE_METADATA_PATH "/*", 0, on_resource_metadata},
};

const struct web_route *mcp_routes(size_t *n)
{
    *n = sizeof routes / sizeof routes[0];
    return routes;
}

static void on_pulse(void *ctx)
{
    struct mcp *mcp = ctx;
    mcp_lapse(mcp);
    listeners_pulse(mcp);
    sessions_pulse(&mcp->sessions);
    sessions_expire(&mcp->sessions, loop_now_ms());
}

struct err mcp_new(const struct mcp_options *options, struct mcp **out)
{
    struct mcp *mcp = calloc(1, sizeof *mcp);
    ENSURE(mcp != NULL, ERR_LIMIT, "no memory");
    mcp->options = *options;
    mcp->host = options->host;
    TAILQ_INIT(&mcp->requests);
    TAILQ_INIT(&mcp->listeners);
    sessions_init(&mcp->sessions);
    mcp->seal = seal_new();
    mcp->callers =
        quota_new(&(struct quota_limits){.per_second = options->config->actor_rate,
                                         .burst = 2 * options->config->actor_rate,
                                         .at_a_time = (size_t)options->config->actor_in_flight});
    struct err e = mcp->seal == NULL || mcp->callers == NULL ? err_new(ERR_LIMIT, "no memory") : OK;
    if (e.kind == ERR_NONE)
        e = loop_timer_new(options->loop, PULSE_MS, true, on_pulse, mcp, &mcp->pulse);
    if (e.kind != ERR_NONE) {
        mcp_free(mcp);
        return e;
    }
    *out = mcp;
    return OK;
}

void mcp_end(struct mcp *mcp)
{
    mcp->ending = true;
    listeners_end(mcp);
    sessions_free(&mcp->sessions);
}

void mcp_free(struct mcp *mcp)
{
    if (mcp == NULL)
        return;
    sessions_free(&mcp->sessions);
    loop_timer_free(mcp->pulse);
    seal_free(mcp->seal);
    quota_free(mcp->callers);
    free(mcp);
}

size_t mcp_in_flight(const struct mcp *mcp)
{
    return mcp->in_flight;
}
