/* `serve`: the agent as a daemon. agent.db, the way to the engine, the workers, the listener;
 * SIGTERM and SIGINT drain. The engine need not be there: the workspace says so until it is. */
#include <signal.h>

#include "agent/call/seals.h"
#include "agent/call/topic.h"
#include "agent/cli/confined.h"
#include "agent/cli/open.h"
#include "agent/llm/llm.h"
#include "agent/notify/notify.h"
#include "agent/oidc/signin.h"
#include "agent/web/news.h"
#include "agent/web/server.h"
#include "agent/web/static.h"
#include "common/sys/listen.h"
#include "common/sys/log.h"
#include "proto/oidc_discovery.h"

#define DRAIN_MS      10000
#define SESSION_BYTES ((size_t)256 * 1024)

struct serving {
    struct cli *cli;
    struct agent agent;
    struct agent_db *db; /* the loop thread's */
    struct loop *loop;
    struct live *live;
    struct server *server;
    struct news *news;
    bool draining;
};

static void on_drained(void *ctx)
{
    struct serving *s = ctx;
    loop_stop(s->loop);
}

static void on_terminate(void *ctx)
{
    struct serving *s = ctx;
    if (s->draining)
        return;
    s->draining = true;
    log_info("draining", LOG_INT("requests", server_in_flight(s->server)), LOG_END);
    live_end_all(s->live);
    llm_end_streams(s->agent.llm);
    if (server_drain(s->server, DRAIN_MS, on_drained, s).kind != ERR_NONE)
        loop_stop(s->loop);
}

/* Certificates have ends: those in force may be replaced under the running agent. What we show the
 * engine is read at each new connection anyway. */
static void on_hangup(void *ctx)
{
    struct serving *s = ctx;
    if (s->draining || s->server == NULL || s->agent.config->tls.cert == NULL)
        return;
    struct err e = server_tls(s->server, cli_clock_us() / 1000000);
    if (e.kind != ERR_NONE)
        log_error("the TLS files cannot be used; those in force stay", LOG_ERR(e), LOG_END);
    else
        log_info("the TLS files were read again", LOG_END);
}

/* The workspace answers without the engine, and says what is missing. */
static const char *not_ready(void *ctx)
{
    struct serving *s = ctx;
    struct mcpc_health health;
    mcpc_health(s->agent.engine, &health);
    return health.reachable ? NULL : "the engine cannot be reached";
}

static bool still(void *ctx, const uint8_t *session)
{
    struct serving *s = ctx;
    const struct session_life life = signin_life(s->agent.config, cli_clock_us());
    CLEANUP(arena_free) struct arena *arena = arena_new(SESSION_BYTES);
    struct session found;
    bool holds = false;
    return arena != NULL &&
           session_find(s->db, arena, session, &life, &holds, &found).kind == ERR_NONE && holds;
}

/* Somebody's session has ended, and so do all streams they had. */
static void hang_up(void *ctx, const char *principal_id)
{
    struct serving *s = ctx;
    live_end_person(s->live, principal_id);
    llm_hang_up(s->agent.llm, principal_id);
}

static void tell(void *ctx, unsigned topics)
{
    struct serving *s = ctx;
    live_tell(s->live, topics);
}

static struct err start_chat(struct serving *s, const char *db_path)
{
    const struct llm_options llm = {.loop = s->loop,
                                    .agent = &s->agent,
                                    .db_path = db_path,
                                    .clock_us = cli_clock_us,
                                    .resume = true,
                                    .still = still,
                                    .ctx = s};
    return llm_start(&llm, &s->agent.llm);
}

static struct err start(struct serving *s)
{
    const struct agent_config *config = cli_config(s->cli);
    const struct mcpc_options engine = open_engine_options(s->cli);
    s->agent = (struct agent){.config = config, .started_us = cli_clock_us()};
    TRY(tls_client_files_check(s->cli->arena, &config->engine_tls, cli_clock_us() / 1000000));
    TRY(seals_open(cli_path(s->cli, "agent.secret"), &s->agent.seals));
    TRY(signin_new(config, &s->agent.signin));
    TRY(mcpc_shared_new(&engine, &s->agent.engine));
    TRY(loop_new(&s->loop));
    TRY(loop_on_signal(s->loop, SIGTERM, on_terminate, s));
    TRY(loop_on_signal(s->loop, SIGINT, on_terminate, s));
    TRY(loop_on_signal(s->loop, SIGHUP, on_hangup, s));
    TRY(live_new(&(struct live_options){.loop = s->loop, .still = still, .ctx = s}, &s->live));
    s->agent.tell = tell;
    s->agent.hang_up = hang_up;
    s->agent.tell_ctx = s;
    const struct server_options server = {.loop = s->loop,
                                          .agent = &s->agent,
                                          .live = s->live,
                                          .db_path = cli_path(s->cli, "agent.db"),
                                          .clock_us = cli_clock_us,
                                          .not_ready = not_ready,
                                          .ctx = s};
    const struct notify_options notify = {.agent = &s->agent,
                                          .db_path = server.db_path,
                                          .push_key_path = cli_path(s->cli, "push.key"),
                                          .clock_us = cli_clock_us};
    TRY(notify_start(&notify, &s->agent.notify));
    TRY(start_chat(s, server.db_path));
    TRY(server_new(&server, &s->server));
    return news_start(&s->agent, &s->news);
}

static void warn_of_plain(const struct agent_config *config)
{
    if (config->tls.cert == NULL && !listen_is_local(config->listen))
        log_warn("other machines reach the workspace without TLS (CLOSEGATE_AGENT_TLS_CERT)",
                 LOG_TEXT("tcp", config->listen), LOG_END);
    if (!oidc_url_allowed(config->engine_url, true))
        log_warn(
            "the engine is on another machine and spoken to without TLS (CLOSEGATE_ENGINE_URL)",
            LOG_TEXT("engine", config->engine_url), LOG_END);
}

static struct err listen_on(struct serving *s)
{
    const struct agent_config *config = cli_config(s->cli);
    uint16_t port;
    TRY(server_tls(s->server, cli_clock_us() / 1000000));
    TRY(server_listen(s->server, &port));
    TRY(confine_listening());
    log_info("listening", LOG_TEXT("tcp", config->listen), LOG_INT("port", port),
             LOG_TEXT("transport", config->tls.cert == NULL ? "plain" : "tls 1.3"),
             LOG_TEXT("workspace", config->workspace_url), LOG_TEXT("engine", config->engine_url),
             LOG_TEXT("env", config->env == CONFIG_PROD ? "prod" : "dev"), LOG_END);
    if (config->env == CONFIG_DEV)
        log_warn("CLOSEGATE_ENV is dev: conveniences that prod refuses are on", LOG_END);
    else
        warn_of_plain(config);
    if (!static_built())
        log_warn("this build has no workspace in it: deploy/build-ui makes it", LOG_END);
    return OK;
}

static void stop(struct serving *s)
{
    news_stop(s->news);
    notify_stop(s->agent.notify); /* it tells browsers */
    server_stop(s->server);       /* so do its workers */
    llm_stop(s->agent.llm);       /* its streams are the server's */
    live_free(s->live);
    server_free(s->server);
    notify_free(s->agent.notify); /* requests wake it */
    llm_free(s->agent.llm);       /* and this */
    mcpc_shared_free(s->agent.engine);
    signin_free(s->agent.signin);
    seals_free(s->agent.seals);
    loop_free(s->loop);
    agent_db_close(s->db);
}

static int run_serve(struct cli *cli)
{
    struct log_options log = log_options_default();
    struct serving s = {.cli = cli};
    log.level = (enum log_level)cli_config(cli)->log_level;
    log_init(&log);
    confine_early();
    struct err e = confine_agent(cli);
    if (e.kind == ERR_NONE)
        e = open_agent_db(cli, &s.db);
    if (e.kind == ERR_NONE)
        e = start(&s);
    if (e.kind == ERR_NONE)
        e = listen_on(&s);
    if (e.kind == ERR_NONE)
        e = loop_run(s.loop);
    if (e.kind != ERR_NONE)
        log_error("the agent stops", LOG_ERR(e), LOG_END);
    else
        log_info("stopped", LOG_END);
    stop(&s);
    return e.kind == ERR_NONE ? CLI_YES : CLI_UNKNOWN;
}

const struct command command_serve = {
    .name = "serve",
    .args = "",
    .summary = "serve the workspace",
    .help = "Runs until SIGTERM or SIGINT. The engine may come and go; the workspace says so.\n"
            "SIGHUP reads the TLS certificate and its key again.",
    .run = run_serve,
};
