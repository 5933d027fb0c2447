/* `serve`: the witness as a daemon. Key and memory, the thread that follows, the listener; SIGTERM
 * and SIGINT drain. */
#include <inttypes.h>
#include <signal.h>

#include "common/base/form.h"
#include "common/sys/config.h"
#include "common/sys/confine.h"
#include "common/sys/health.h"
#include "common/sys/log.h"
#include "common/sys/log_key.h"
#include "common/sys/loop.h"
#include "common/sys/web.h"
#include "witness/commands.h"
#include "witness/follow.h"
#include "witness/witness.h"

#define DRAIN_MS         5000
#define QUERY_BYTES      ((size_t)64 * 1024)
#define FILES_OF_ITS_OWN 64 /* besides connections */

struct serving {
    struct cli *cli;
    struct witness *witness;
    struct follower *follower;
    struct loop *loop;
    struct web *web;
    bool draining;
};

/* ---- routes ---- */

static void answer(struct web_req *req, const struct witness_answer *a)
{
    const struct http_reply reply = {
        .status = a->status, .content_type = a->type, .body = a->body.at, .body_len = a->body.len};
    if (a->body.failed)
        web_refuse(req, 500, "out of memory");
    else
        web_reply(req, &reply);
}

static void on_add_checkpoint(struct web_req *req, void *ctx)
{
    struct serving *s = ctx;
    __attribute__((cleanup(witness_answer_fini_cleanup))) struct witness_answer a;
    witness_answer_init(&a);
    witness_add_checkpoint(s->witness, web_http(req)->body, &a);
    answer(req, &a);
}

static void on_add_keys(struct web_req *req, void *ctx)
{
    struct serving *s = ctx;
    __attribute__((cleanup(witness_answer_fini_cleanup))) struct witness_answer a;
    witness_answer_init(&a);
    witness_add_keys(s->witness, web_http(req)->body, &a);
    answer(req, &a);
}

static void on_checkpoint(struct web_req *req, void *ctx)
{
    struct serving *s = ctx;
    CLEANUP(arena_free) struct arena *arena = arena_new(QUERY_BYTES);
    __attribute__((cleanup(witness_answer_fini_cleanup))) struct witness_answer a;
    const char *origin = NULL;
    witness_answer_init(&a);
    struct err e = arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                                 : form_get(arena, web_http(req)->query, "origin", &origin);
    if (e.kind != ERR_NONE) {
        web_refuse(req, http_status_of(e.kind), "origin: expected a log's origin, once");
        return;
    }
    witness_checkpoint(s->witness, origin, &a);
    answer(req, &a);
}

/* Whoever is on this machine is told what the witness has given up, too. */
static void on_healthz(struct web_req *req, void *ctx)
{
    static struct netblock here[] = {{{{[10] = 0xFF, [11] = 0xFF, [12] = 127}}, 96 + 8},
                                     {{{[15] = 1}}, 128}};
    const struct setting_networks peers = {here, sizeof here / sizeof here[0]};
    (void)ctx;
    health_reply(req, &peers);
}

static const struct web_route routes[] = {
    {HTTP_POST, "/add-checkpoint", WITNESS_ASK_MAX, on_add_checkpoint},
    {HTTP_POST, "/add-keys", LOG_KEY_CHAIN_BYTES_MAX, on_add_keys},
    {HTTP_GET, "/checkpoint", 0, on_checkpoint},
    {HTTP_GET, "/healthz", 0, on_healthz},
};

/* ---- from start to end ---- */

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
    if (web_drain(s->web, DRAIN_MS, on_drained, s).kind != ERR_NONE)
        loop_stop(s->loop);
}

static struct err listen_on(struct serving *s)
{
    const struct witness_settings *settings = cli_settings(s->cli);
    struct web_limits limits = web_limits_default();
    uint16_t port;
    limits.connections_max = (size_t)settings->max_connections;
    limits.per_peer_max = (size_t)settings->max_connections_per_peer;
    TRY(loop_new(&s->loop));
    TRY(loop_on_signal(s->loop, SIGTERM, on_terminate, s));
    TRY(loop_on_signal(s->loop, SIGINT, on_terminate, s));
    TRY(web_new(s->loop, &limits, routes, sizeof routes / sizeof routes[0], s, &s->web));
    TRY(web_listen_tcp(s->web, settings->listen, &port));
    log_info("listening", LOG_TEXT("tcp", settings->listen), LOG_INT("port", port),
             LOG_TEXT("vkey", note_key_print(s->cli->arena, witness_key(s->witness))),
             LOG_INT("logs", witness_logs(s->witness)), LOG_END);
    return OK;
}

/* Its folder, its port, and the logs that it follows; nothing else is its business. */
static struct err confine(struct serving *s)
{
    const struct witness_settings *settings = cli_settings(s->cli);
    struct confine_plan plan = {.name = s->cli->program->name,
                                .files = settings->max_connections + FILES_OF_ITS_OWN};
    enum confine_need need = (enum confine_need)settings->unsafe_no_confinement;
    if (need == CONFINE_WHOLE && settings->env == CONFIG_DEV)
        need = CONFINE_PARTLY;
    confine_plan_path(&plan, settings->data_dir, CONFINE_WRITE);
    confine_plan_folder_of(&plan, settings->ca_file, CONFINE_READ);
    confine_plan_listen(&plan, settings->listen);
    for (size_t i = 0; i < settings->follow.n; i++)
        confine_plan_url(&plan, settings->follow.items[i]);
    return confine_apply(&plan, need, s->cli->arena);
}

static struct err run_all(struct serving *s)
{
    const struct witness_settings *settings = cli_settings(s->cli);
    TRY(confine(s));
    TRY(witness_open(s->cli->arena, settings, cli_clock_us, &s->witness));
    TRY(listen_on(s));
    TRY(confine_listening());
    TRY(follow_start(settings, s->witness, &s->follower));
    return loop_run(s->loop);
}

static struct err options_take(struct cli *cli)
{
    struct witness_settings *s = cli_settings(cli);
    const char *text = cli_option(cli, "listen");
    if (text != NULL)
        s->listen = text;
    TRY(settings_list_read(cli->arena, cli_option(cli, "follow"), &s->follow));
    TRY(settings_list_read(cli->arena, cli_option(cli, "logs"), &s->logs));
    return witness_settings_check(cli->arena, s);
}

static int run_serve(struct cli *cli)
{
    struct log_options log = log_options_default();
    struct serving s = {.cli = cli};
    log.level = (enum log_level)cli_settings(cli)->log_level;
    log_init(&log);
    confine_early();
    struct err e = options_take(cli);
    if (e.kind == ERR_NONE)
        e = run_all(&s);
    follow_stop(s.follower);
    web_free(s.web);
    loop_free(s.loop);
    witness_free(s.witness);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    log_info("stopped", LOG_END);
    return CLI_YES;
}

static const struct cli_option options[] = {
    {"listen", "HOST:PORT", "instead of CLOSEGATE_WITNESS_LISTEN"},
    {"logs", "VKEYS", "the logs' keys, comma-separated, instead of CLOSEGATE_WITNESS_LOGS"},
    {"follow", "URLS", "comma-separated, instead of CLOSEGATE_WITNESS_FOLLOW"},
};

const struct command command_serve = {
    .name = "serve",
    .args = "",
    .summary = "be a witness: POST /add-checkpoint, and follow logs",
    .help = "Needs a key (closegate-witness init). Logs bring checkpoints (C2SP tlog-witness) and\n"
            "the chain of their keys (POST /add-keys); GET /checkpoint shows what was cosigned\n"
            "last. With --follow it looks at the logs' own /checkpoint and tiles as well.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_serve,
};
