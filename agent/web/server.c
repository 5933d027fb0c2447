/* A request's way: the loop thread finds its route and hands it to a worker; there its session is
 * looked up, the page it comes from is judged, and the handler runs; the loop thread sends what
 * came of it. Files and health never leave the loop thread. */
#include "agent/web/server.h"

#include <stdlib.h>
#include <string.h>

#include "agent/call/pool.h"
#include "agent/llm/llm.h"
#include "agent/web/guard.h"
#include "agent/web/static.h"
#include "agent/web/tables.h"
#include "common/sys/health.h"
#include "common/sys/log.h"
#include "common/sys/metrics.h"
#include "common/sys/web_metrics.h"

#define ARENA_MAX     ((size_t)96 << 20)
#define WAITING_MAX   1024
#define QUICK_WORKERS 2
#define METRICS_MAX   ((size_t)1 << 20)

struct server {
    struct server_options options;
    struct web *web;
    struct pool *pool;
    struct pool *quick; /* of routes that do not ask the engine */
    bool draining;
    bool proving; /* a worker tries whether agent.db can be written */
};

struct job {
    struct server *server;
    struct web_req *web;
    const struct route *route;
    struct request r;
};

/* Every reply: nothing of ours is framed, sniffed, or loads what is not ours. */
static const struct http_pair always[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
     "'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
     "frame-ancestors 'none'; base-uri 'none'"},
    {"Referrer-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
    {"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
};
#define HTTPS_ONLY_N 1 /* the last row */
#define TLS_BYTES    ((size_t)4 << 20)

static void refuse(struct web_req *web, int status, const char *body)
{
    const struct http_reply reply = {.status = status,
                                     .content_type = "application/json",
                                     .body = body,
                                     .body_len = strlen(body)};
    web_reply(web, &reply);
}

/* ---- on a worker ---- */

static struct err session_of(struct request *r)
{
    return signin_find(r);
}

static void run(struct job *job)
{
    struct request *r = &job->r;
    struct err e = session_of(r);
    if (e.kind == ERR_NONE && guard_refuses(r, job->route->needs))
        return;
    if (e.kind == ERR_NONE)
        e = job->route->fn(r);
    if (e.kind == ERR_NONE)
        e = arena_check(r->arena);
    if (e.kind == ERR_NONE && r->reply.status == 0 && !r->live && r->stream == NULL)
        e = err_new(ERR_BUG, "a handler gave no reply");
    if (e.kind != ERR_NONE) {
        r->reply.pairs_n = 0;
        reply_failure(r, e);
    }
}

static void work(void *arg, const struct worker_tools *tools)
{
    struct job *job = arg;
    job->r.db = tools->db;
    job->r.mcpc = tools->mcpc;
    job->r.now_us = job->server->options.clock_us();
    run(job);
}

/* ---- back on the loop thread ---- */

static void send_reply(struct server *s, struct job *job)
{
    const struct reply *have = &job->r.reply;
    if (job->r.live && have->status == 0 && !s->draining) {
        const struct live_who who = {job->r.session.principal_id, job->r.session.id};
        live_open(s->options.live, job->web, &who, have->pairs, have->pairs_n);
        return;
    }
    if (job->r.stream != NULL && have->status == 0 && !s->draining) {
        job->r.stream(&job->r, job->web);
        return;
    }
    const struct http_reply reply = {.status = have->status == 0 ? 503 : have->status,
                                     .content_type = have->content_type,
                                     .pairs = have->pairs,
                                     .pairs_n = have->pairs_n,
                                     .body = have->body.at,
                                     .body_len = have->body.len};
    web_reply(job->web, &reply);
}

static const struct route readiness;

static void done(void *arg, void *ctx)
{
    struct server *s = ctx;
    struct job *job = arg;
    if (job->route == &readiness)
        s->proving = false;
    send_reply(s, job);
    arena_free(job->r.arena);
    free(job);
}

/* ---- finding the route ---- */

static bool path_fits(const char *path, struct str have, struct str *rest)
{
    const size_t n = strlen(path);
    if (path[n - 1] != '*')
        return str_is(have, path);
    if (have.len < n - 1 || memcmp(have.at, path, n - 1) != 0)
        return false;
    *rest = (struct str){have.at + n - 1, have.len - (n - 1)};
    return true;
}

static const struct route *route_of(const struct http_req *http, struct str *rest)
{
    const unsigned method = http->method == HTTP_HEAD ? HTTP_GET : http->method;
    for (size_t t = 0; t < tables_n; t++)
        for (size_t i = 0; i < tables[t]->n; i++) {
            const struct route *row = &tables[t]->rows[i];
            if ((row->methods & method) != 0 && path_fits(row->path, http->path, rest))
                return row;
        }
    return NULL;
}

/* False: it was refused. */
static bool submit(struct server *s, struct web_req *web, const struct route *route,
                   struct str rest)
{
    struct job *job = calloc(1, sizeof *job);
    struct arena *arena = arena_new(ARENA_MAX);
    if (job == NULL || arena == NULL) {
        free(job);
        arena_free(arena);
        refuse(web, 503, "{\"error\":\"limit\",\"message\":\"no memory for this request\"}");
        return false;
    }
    *job = (struct job){.server = s, .web = web, .route = route};
    job->r = (struct request){.arena = arena,
                              .agent = s->options.agent,
                              .config = s->options.agent->config,
                              .http = web_http(web),
                              .peer = web_peer(web),
                              .id = web_id(web),
                              .trace = web_trace(web),
                              .rest = rest,
                              .looks_on = (route->needs & LOOKS_ON) != 0};
    struct pool *pool = (route->needs & NO_ENGINE) != 0 ? s->quick : s->pool;
    if (pool_submit(pool, job).kind == ERR_NONE)
        return true;
    free(job);
    arena_free(arena);
    refuse(web, 503, "{\"error\":\"limit\",\"message\":\"too much is under way; try again\"}");
    return false;
}

static void on_request(struct web_req *web, void *ctx)
{
    struct server *s = ctx;
    const struct http_req *http = web_http(web);
    struct str rest = STR("");
    if (!guard_host(s->options.agent->config, http)) {
        refuse(web, 403, "{\"error\":\"auth\",\"message\":\"this Host is not ours\"}");
        return;
    }
    const struct route *route = route_of(http, &rest);
    if (route != NULL && http->body.len > route->body_max)
        refuse(web, 413, "{\"error\":\"limit\",\"message\":\"the body is too large\"}");
    else if (route != NULL)
        (void)submit(s, web, route, rest);
    else if (s->draining)
        refuse(web, 503, "{\"error\":\"upstream\",\"message\":\"the agent is stopping\"}");
    else
        refuse(web, 404, "{\"error\":\"missing\",\"message\":\"there is no such address\"}");
}

/* ---- files and health ---- */

static void on_page(struct web_req *web, void *ctx)
{
    struct server *s = ctx;
    if (guard_host(s->options.agent->config, web_http(web)))
        static_reply(web);
    else
        refuse(web, 403, "{\"error\":\"auth\",\"message\":\"this Host is not ours\"}");
}

static void on_healthz(struct web_req *web, void *ctx)
{
    const struct server *s = ctx;
    health_reply(web, &s->options.agent->config->metrics_peers);
}

#define READY "{\"status\":\"ready\"}\n"

/* A write that failed is one that somebody waited for. Whether it would go through now is tried
 * when readiness is asked for, since nobody may be sent here to write until it is given. */
static struct err prove(struct request *r)
{
    struct err e = agent_db_prove(r->db, r->now_us);
    if (e.kind == ERR_NONE)
        reply_raw(r, 200, STR(READY));
    else
        reply_error(r, 503, err_kind_name(e.kind), e.msg, NULL);
    return OK;
}

static const struct route readiness = {HTTP_GET, "/readyz", 0, NO_ENGINE | LOOKS_ON, prove};

static void on_readyz(struct web_req *web, void *ctx)
{
    struct server *s = ctx;
    const char *why = s->draining ? "the agent is stopping" : s->options.not_ready(s->options.ctx);
    if (why == NULL && s->proving)
        why = "agent.db could not be written; it is being tried";
    if (why != NULL)
        web_refuse(web, 503, why);
    else if (agent_db_is_doubted())
        s->proving = submit(s, web, &readiness, STR(""));
    else
        refuse(web, 200, READY);
}

static void print_own(const struct server *s, struct buf *out)
{
    struct mcpc_health health;
    mcpc_health(s->options.agent->engine, &health);
    metric_print_one("closegate_agent_requests_in_flight", "Requests with a worker or waiting.",
                     METRIC_GAUGE, (int64_t)server_in_flight(s), out);
    metric_print_one("closegate_agent_streams", "Browsers that listen to what changes.",
                     METRIC_GAUGE, (int64_t)live_streams(s->options.live), out);
    metric_print_one("closegate_agent_engine_reachable", "1 while the engine answers us.",
                     METRIC_GAUGE, health.reachable ? 1 : 0, out);
    metric_print_one("closegate_agent_engine_comebacks_total",
                     "How often the engine came back after it was gone.", METRIC_COUNTER,
                     health.comebacks, out);
    llm_metrics_print(s->options.agent->llm, out);
}

static void on_metrics(struct web_req *web, void *ctx)
{
    struct server *s = ctx;
    if (!web_metrics_allowed(&s->options.agent->config->metrics_peers, web) ||
        !guard_host(s->options.agent->config, web_http(web))) {
        web_refuse(web, 403, "metrics are not for this peer: see CLOSEGATE_METRICS_PEERS");
        return;
    }
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    buf_init(&out, METRICS_MAX);
    web_metrics_print(s->web, &out);
    print_own(s, &out);
    web_metrics_reply(web, &out);
}

#define ALL_METHODS (HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE)

static const struct web_route web_routes[] = {
    {HTTP_GET, "/healthz", 0, on_healthz},
    {HTTP_GET, "/readyz", 0, on_readyz},
    {HTTP_GET, "/metrics", 0, on_metrics},
    {ALL_METHODS, "/api/*", WEB_BODY_MAX_DEFAULT, on_request},
    {ALL_METHODS, "/auth/*", WEB_BODY_MAX_DEFAULT, on_request},
    {HTTP_POST, "/slack/*", WEB_BODY_MAX_DEFAULT, on_request},
    {HTTP_GET, "*", 0, on_page},
};

struct err server_new(const struct server_options *options, struct server **out)
{
    struct server *s = calloc(1, sizeof *s);
    const struct agent_config *config = options->agent->config;
    ENSURE(s != NULL, ERR_LIMIT, "no memory");
    s->options = *options;
    struct pool_options pool = {.name = "agent",
                                .workers = (size_t)config->workers,
                                .waiting_max = WAITING_MAX,
                                .db_path = options->db_path,
                                .engine = options->agent->engine,
                                .work = work,
                                .done = done,
                                .ctx = s};
    struct web_limits limits =
        web_limits_of(&config->http, config->trusted_proxies.items, config->trusted_proxies.n);
    limits.connections_max = (size_t)config->max_connections;
    limits.per_peer_max = (size_t)config->max_connections_per_peer;
    struct err e = pool_start(options->loop, &pool, &s->pool);
    pool.name = "agent-quick";
    pool.workers = QUICK_WORKERS;
    if (e.kind == ERR_NONE)
        e = pool_start(options->loop, &pool, &s->quick);
    if (e.kind == ERR_NONE)
        e = web_new(options->loop, &limits, web_routes, sizeof web_routes / sizeof web_routes[0], s,
                    &s->web);
    if (e.kind != ERR_NONE) {
        server_free(s);
        return e;
    }
    const bool https = strncmp(config->workspace_url, "https://", 8) == 0;
    web_always(s->web, always, sizeof always / sizeof always[0] - (https ? 0 : HTTPS_ONLY_N));
    *out = s;
    return OK;
}

struct err server_tls(struct server *server, int64_t now_s)
{
    const struct tls_files *files = &server->options.agent->config->tls;
    CLEANUP(arena_free) struct arena *arena = arena_new(TLS_BYTES);
    if (files->cert == NULL)
        return OK;
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    return web_tls(server->web, arena, files, now_s);
}

struct err server_listen(struct server *server, uint16_t *port)
{
    return web_listen_tcp(server->web, server->options.agent->config->listen, port);
}

struct err server_drain(struct server *server, uint32_t within_ms, loop_fn *fn, void *ctx)
{
    server->draining = true;
    return web_drain(server->web, within_ms, fn, ctx);
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    server->draining = true;
    pool_stop(server->pool);
    pool_stop(server->quick);
    server->pool = server->quick = NULL;
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    server_stop(server);
    web_free(server->web);
    free(server);
}

size_t server_in_flight(const struct server *server)
{
    return pool_in_flight(server->pool) + pool_in_flight(server->quick);
}
