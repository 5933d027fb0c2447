/* `serve`: the engine as a daemon. Book, policy, spine, identity, listeners, loop; SIGTERM and
 * SIGINT drain. What must be right before the first caller is heard is checked before a port is
 * opened. */
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>

#include "common/sys/book_lock.h"
#include "common/sys/disk.h"
#include "common/sys/listen.h"
#include "common/sys/log.h"
#include "engine/auth/prover.h"
#include "engine/call/boot.h"
#include "engine/call/feeder.h"
#include "engine/call/measure.h"
#include "engine/call/sweeper.h"
#include "engine/cli/binary.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/cli/confined.h"
#include "engine/cli/log_key.h"
#include "engine/cli/reload.h"
#include "engine/mcp/engine_host.h"

#define DRAIN_MS      10000
#define READERS       2
#define IN_FLIGHT_MAX 4096
#define TLS_BYTES     ((size_t)4 << 20)

struct server {
    struct cli *cli;
    const char *book;
    struct policy *policy;
    struct book_lock *lock;
    struct log_signer *signer; /* NULL: the keys are in this process */
    struct log_keys *log_keys;
    struct loop *loop;
    struct spine *spine;
    struct sweeper *sweeper;
    struct feeder *feeder;
    struct auth *auth;
    struct prover *prover;
    struct engine_host *host;
    struct mcp *mcp;
    struct reload *reload;
    struct web *web;
    bool draining;
};

/* The policy in force, and the event that says this process began. */
static struct err record_start(struct server *s)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct arena *arena = s->cli->arena;
    struct boot_start start = {.config_sha256 = config_digest(arena, cli_config(s->cli)),
                               .prod = cli_config(s->cli)->env == CONFIG_PROD};
    bool inert = false;

    TRY(disk_read(arena, cli_config(s->cli)->policy, POLICY_BYTES_MAX, &start.policy_text));
    start.binary_sha256 = binary_digest(arena);
    TRY(store_open(s->book, STORE_WRITER, arena, &store));
    TRY(book_err(s->cli, log_key_begin(s->cli, store, s->signer, &s->log_keys)));
    struct err e = engine_start(store, &start, cli_clock_us, arena, &s->policy, &inert);
    if (!inert && (e.kind == ERR_INPUT || e.kind == ERR_REFUSED))
        e.where = e.where == NULL ? cli_config(s->cli)->policy
                                  : arena_fmt(arena, "%s:%s", cli_config(s->cli)->policy, e.where);
    TRY(e);
    if (inert)
        log_warn("the policy file is not in force: a second human has to approve it",
                 LOG_TEXT("in_force", s->policy->digest), LOG_END);
    return OK;
}

static struct err open_book(struct server *s)
{
    struct stat st;
    s->book = cli_path(s->cli, "recon.db");
    TRY(arena_check(s->cli->arena));
    if (stat(s->book, &st) != 0)
        return err_at(ERR_MISSING, s->book, "there is no book: run closegate-engine init first");
    return book_lock(s->book, s->cli->arena, &s->lock);
}

static void on_drained(void *ctx)
{
    struct server *s = ctx;
    loop_stop(s->loop);
}

static void on_terminate(void *ctx)
{
    struct server *s = ctx;
    if (s->draining)
        return;
    s->draining = true;
    log_info("draining", LOG_INT("connections", web_connections(s->web)),
             LOG_INT("requests", mcp_in_flight(s->mcp)), LOG_END);
    mcp_end(s->mcp);
    if (web_drain(s->web, DRAIN_MS, on_drained, s).kind != ERR_NONE)
        loop_stop(s->loop);
}

/* Certificates are looked at again whatever the rest comes to: they have ends. */
static void tls_again(struct server *s)
{
    const struct config *config = cli_config(s->cli);
    CLEANUP(arena_free) struct arena *arena = arena_new(TLS_BYTES);
    if (config->tls.cert == NULL || s->web == NULL)
        return;
    struct err e = arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                                 : web_tls(s->web, arena, &config->tls, cli_clock_us() / 1000000);
    if (e.kind != ERR_NONE)
        log_error("the TLS files cannot be used; those in force stay", LOG_ERR(e), LOG_END);
    else
        log_info("the TLS files were read again", LOG_INT("until_s", web_tls_until(s->web)),
                 LOG_END);
}

static void on_hangup(void *ctx)
{
    struct server *s = ctx;
    if (s->draining || s->reload == NULL)
        return;
    tls_again(s);
    reload_hangup(s->reload);
}

/* The endpoint exists before there is anything to reload with. */
static void on_policy_changed(void *ctx, void (*done)(void *arg), void *arg)
{
    struct server *s = ctx;
    reload_policy(s->reload, done, arg);
}

static struct err start(struct server *s)
{
    size_t posture_n;
    const char *const *posture = posture_of(s->cli, &posture_n);
    const struct spine_options spine = {.book_path = s->book,
                                        .log_keys = s->log_keys,
                                        .posture = posture,
                                        .posture_n = posture_n,
                                        .readers = READERS,
                                        .in_flight_max = IN_FLIGHT_MAX,
                                        .clock_us = cli_clock_us,
                                        .clock_jump_us =
                                            cli_config(s->cli)->clock_jump_seconds * 1000000};
    TRY(measure_init());
    TRY(loop_new(&s->loop));
    TRY(loop_on_signal(s->loop, SIGTERM, on_terminate, s));
    TRY(loop_on_signal(s->loop, SIGINT, on_terminate, s));
    TRY(loop_on_signal(s->loop, SIGHUP, on_hangup, s));
    TRY(spine_start(s->loop, &spine, &s->spine));
    if (auth_resource(s->auth) != NULL)
        TRY(prover_start(s->loop, &s->prover));
    const struct engine_host_options host = {.config = cli_config(s->cli),
                                             .auth = s->auth,
                                             .prover = s->prover,
                                             .spine = s->spine,
                                             .clock_us = cli_clock_us,
                                             .book_path = s->book,
                                             .policy_changed = on_policy_changed,
                                             .ctx = s};
    TRY(engine_host_new(&host, &s->host));
    const struct mcp_options mcp = {.config = cli_config(s->cli),
                                    .host = engine_host_serves(s->host),
                                    .loop = s->loop,
                                    .clock_us = cli_clock_us};
    TRY(mcp_new(&mcp, &s->mcp));
    TRY(engine_host_follow(s->host, s->loop, s->mcp));
    engine_host_set_policy(s->host, s->policy);
    const struct sweeper_options sweeper = {.spine = s->spine,
                                            .every_s = cli_config(s->cli)->sweep_seconds,
                                            .prod = cli_config(s->cli)->env == CONFIG_PROD,
                                            .sweeps = sweeps};
    TRY(sweeper_start(s->loop, &sweeper, &s->sweeper));
    sweeper_set_policy(s->sweeper, s->policy);
    engine_host_set_sweeper(s->host, s->sweeper);
    const struct feeder_options feeder = {.spine = s->spine,
                                          .rule = anchor_rule_of(s->cli),
                                          .book_path = s->book,
                                          .clock_us = cli_clock_us};
    TRY(feeder_start(s->loop, &feeder, &s->feeder));
    engine_host_set_feeder(s->host, s->feeder);
    const struct reload_options again = {
        .cli = s->cli, .spine = s->spine, .host = s->host, .sweeper = s->sweeper};
    return reload_new(&again, &s->reload);
}

/* Before the first listener. */
static struct err tls_on(struct server *s)
{
    static const struct http_pair https_only = {"Strict-Transport-Security", "max-age=31536000"};
    const struct config *config = cli_config(s->cli);
    if (config->tls.cert == NULL) {
        if (config->env == CONFIG_PROD && !listen_is_local(config->engine_listen))
            log_warn("other machines reach the engine without TLS (CLOSEGATE_ENGINE_TLS_CERT)",
                     LOG_TEXT("tcp", config->engine_listen), LOG_END);
        return OK;
    }
    web_always(s->web, &https_only, 1);
    return web_tls(s->web, s->cli->arena, &config->tls, cli_clock_us() / 1000000);
}

static struct err listen_on(struct server *s)
{
    const struct config *config = cli_config(s->cli);
    struct web_limits limits =
        web_limits_of(&config->http, config->trusted_proxies.items, config->trusted_proxies.n);
    size_t routes_n;
    uint16_t port;
    const struct web_route *routes = mcp_routes(&routes_n);

    limits.connections_max = (size_t)config->max_connections;
    limits.per_peer_max = (size_t)config->max_connections_per_peer;
    TRY(web_new(s->loop, &limits, routes, routes_n, s->mcp, &s->web));
    TRY(tls_on(s));
    TRY(web_listen_tcp(s->web, config->engine_listen, &port));
    TRY(web_listen_unix(s->web, config->engine_socket, 0660));
    TRY(confine_listening());
    log_info("listening", LOG_TEXT("tcp", config->engine_listen), LOG_INT("port", port),
             LOG_TEXT("transport", config->tls.cert == NULL ? "plain" : "tls 1.3"),
             LOG_TEXT("socket", config->engine_socket),
             LOG_TEXT("env", config->env == CONFIG_PROD ? "prod" : "dev"),
             LOG_TEXT("policy", s->policy->digest), LOG_END);
    if (config->env == CONFIG_DEV)
        log_warn("CLOSEGATE_ENV is dev: conveniences that prod refuses are on", LOG_END);
    return OK;
}

/* The reverse of start; the threads first, so that none holds a request any more: the prover hands
 * its requests on to the spine. */
static void stop(struct server *s)
{
    prover_stop(s->prover);
    if (s->spine != NULL)
        spine_stop(s->spine);
    sweeper_free(s->sweeper);
    feeder_free(s->feeder);
    web_free(s->web);
    mcp_free(s->mcp);
    engine_host_free(s->host);
    reload_free(s->reload);
    auth_free(s->auth);
    loop_free(s->loop);
    measure_fini();
    log_keys_free(s->log_keys);
    log_signer_free(s->signer);
    book_unlock(s->lock);
}

/* Large blocks go back to the system when a request is done. The heap would keep them: its
 * threshold grows with the first large block that is freed, and each thread has a heap of its own.
 */
static void heap_bounds(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    (void)mallopt(M_ARENA_MAX, 2);
}

static int run_serve(struct cli *cli)
{
    struct log_options log = log_options_default();
    struct server s = {.cli = cli};

    log.level = (enum log_level)cli_config(cli)->log_level;
    log_init(&log);
    heap_bounds();
    struct err e = keys_apart(cli, &s.signer);
    confine_early();
    if (e.kind == ERR_NONE)
        e = auth_new(cli_config(cli), cli_clock_us(), &s.auth);
    if (e.kind == ERR_NONE)
        e = open_book(&s);
    if (e.kind == ERR_NONE)
        e = confine_engine(cli);
    if (e.kind == ERR_NONE)
        e = record_start(&s);
    if (e.kind == ERR_NONE)
        e = start(&s);
    if (e.kind == ERR_NONE)
        e = listen_on(&s);
    (void)malloc_trim(0); /* what starting took */
    if (e.kind == ERR_NONE)
        e = loop_run(s.loop);
    stop(&s);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    log_info("stopped", LOG_END);
    return CLI_YES;
}

const struct command command_serve = {
    .name = "serve",
    .args = "",
    .summary = "run the engine: MCP on TCP and on its Unix socket",
    .help = "Needs a book (closegate-engine init) and a policy. SIGTERM lets requests under way\n"
            "finish and stops. SIGHUP looks at the policy file, the settings and the TLS files\n"
            "again.",
    .run = run_serve,
};
