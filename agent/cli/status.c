/* `status`: does the engine answer us, and how is the agent's own database? */
#include "agent/cli/open.h"
#include "common/sys/fetch.h"
#include "common/sys/health.h"

#define HEALTH_WAIT_MS 2000

/* What the agent that serves has given up; NULL when none does, or when it speaks TLS under a name
 * that this machine need not know. */
static const struct json *confinement(struct cli *cli)
{
    const struct agent_config *config = cli_config(cli);
    const struct fetch_req req = {
        .method = "GET",
        .url = arena_fmt(cli->arena, "http://%s/healthz?detail", config->listen),
        .timeout_ms = HEALTH_WAIT_MS};
    struct fetch_reply reply;
    if (config->tls.cert != NULL || req.url == NULL ||
        fetch(cli->arena, &req, &reply).kind != ERR_NONE || reply.status != 200)
        return NULL;
    return health_confinement(cli->arena, reply.body);
}

/* Of our own certificates, for how many days they are good. */
static void tls_told(struct cli *cli, struct json *o, const char *key, const char *cert)
{
    int64_t days;
    if (cert != NULL &&
        tls_cert_days(cli->arena, cert, cli_clock_us() / 1000000, &days).kind == ERR_NONE)
        json_put_int(cli->arena, o, key, days);
}

static int run_status(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    CLEANUP(mcpc_shared_free) struct mcpc_shared *shared = NULL;
    CLEANUP(mcpc_free) struct mcpc *mcpc = NULL;
    const struct mcpc_options options = open_engine_options(cli);
    struct json *o = json_object_new(cli->arena);
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = mcpc_shared_new(&options, &shared);
    if (e.kind == ERR_NONE)
        e = mcpc_new(shared, &mcpc);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    e = mcpc_ready(mcpc, cli->arena);
    json_put_text(cli->arena, o, "workspace", cli_config(cli)->workspace_url);
    json_put_text(cli->arena, o, "engine_url", cli_config(cli)->engine_url);
    json_put_bool(cli->arena, o, "engine_reachable", e.kind == ERR_NONE);
    if (e.kind != ERR_NONE)
        json_put_text(cli->arena, o, "why", e.msg);
    tls_told(cli, o, "tls_days_left", cli_config(cli)->tls.cert);
    tls_told(cli, o, "engine_tls_days_left", cli_config(cli)->engine_tls.cert);
    const struct json *given_up = confinement(cli);
    if (given_up != NULL)
        json_put(cli->arena, o, "confinement", given_up);
    cli_print(cli, o);
    return e.kind == ERR_NONE ? CLI_YES : CLI_NO;
}

const struct command command_status = {
    .name = "status",
    .args = "",
    .summary = "does the engine answer, is agent.db sound",
    .run = run_status,
};
