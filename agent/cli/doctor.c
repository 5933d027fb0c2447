/* `doctor`: what still stands in the way, in the order in which one would mend it. Each check says
 * what it looked at, and when it fails, what to do. */
#include <stdio.h>

#include "agent/cli/open.h"
#include "agent/llm/check.h"
#include "agent/oidc/signin.h"
#include "agent/web/static.h"
#include "common/sys/confine.h"
#include "common/sys/crypt.h"

#define CERT_DAYS_MIN 14 /* time to get another */

struct doctor {
    struct cli *cli;
    struct json *list;
    size_t bad;
};

static void found(struct doctor *d, const char *what, struct err e, const char *mend)
{
    struct arena *arena = d->cli->arena;
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "check", what);
    json_put_bool(arena, o, "ok", e.kind == ERR_NONE);
    if (e.kind != ERR_NONE) {
        json_put_text(arena, o, "why",
                      e.where == NULL ? e.msg : arena_fmt(arena, "%s: %s", e.where, e.msg));
        json_put_text(arena, o, "mend", mend);
        d->bad++;
    }
    json_push(arena, d->list, o);
}

static struct err key_check(const char *path)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    return ed25519_load(path, &key);
}

static struct err engine_check(struct cli *cli)
{
    CLEANUP(mcpc_shared_free) struct mcpc_shared *shared = NULL;
    CLEANUP(mcpc_free) struct mcpc *mcpc = NULL;
    const struct mcpc_options options = open_engine_options(cli);
    TRY(mcpc_shared_new(&options, &shared));
    TRY(mcpc_new(shared, &mcpc));
    TRY(mcpc_ready(mcpc, cli->arena));
    const struct mcpc_actor who = mcpc_service(shared);
    const struct json *feed;
    return mcpc_read_json(mcpc, cli->arena, &who, "recon://feed", &feed);
}

static struct err cert_check(struct cli *cli, const char *path)
{
    int64_t days;
    TRY(tls_cert_days(cli->arena, path, cli_clock_us() / 1000000, &days));
    if (days < 0)
        return err_at(ERR_CONFLICT, path, "it has expired");
    if (days < CERT_DAYS_MIN)
        return err_fmt(cli->arena, ERR_CONFLICT, path, "it ends within %d days", (int)days + 1);
    return OK;
}

/* Certificates have ends, and files may be readable by the wrong people. */
static void tls_checks(struct doctor *d)
{
    static const char mend[] = "put a new certificate and its key (mode 0600) in the files' place, "
                               "then SIGHUP";
    const struct agent_config *config = cli_config(d->cli);
    const int64_t now_s = cli_clock_us() / 1000000;
    struct tls_server *server = NULL;
    if (config->tls.cert != NULL) {
        found(d, "the workspace's TLS files can be used",
              tls_server_new(d->cli->arena, &config->tls, now_s, &server),
              "docs/TLS.md: what is taken");
        tls_server_free(server);
        found(d, "the workspace's certificate lasts", cert_check(d->cli, config->tls.cert), mend);
    }
    found(d, "the TLS files for the engine can be used",
          tls_client_files_check(d->cli->arena, &config->engine_tls, now_s),
          "docs/TLS.md: what is taken");
    if (config->engine_tls.cert != NULL)
        found(d, "the certificate that the engine is shown lasts",
              cert_check(d->cli, config->engine_tls.cert), mend);
}

static int run_doctor(struct cli *cli)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    const struct agent_config *config = cli_config(cli);
    struct doctor d = {.cli = cli, .list = json_array_new(cli->arena)};
    found(&d, "agent.db opens", open_agent_db(cli, &db), "make the folder, owned by this user");
    found(&d, "the workspace's key", key_check(config->workspace_key),
          "copy workspace.key of the engine's data folder here, mode 0600");
    found(&d, "the notifier's key", key_check(config->notifier_key),
          "copy notifier.key of the engine's data folder here, mode 0600");
    tls_checks(&d);
    found(&d, "the engine answers our service", engine_check(cli),
          "start closegate-engine; see its log for why it refuses us");
    found(&d, "people can sign in", signin_check(config, cli->arena, cli_clock_us()),
          "docs/SIGNIN.md: the provider's or proxy's address, as this machine reaches it");
    if (config->llm.api != LLM_API_NONE)
        found(&d, "the model's provider knows our key and the model",
              llm_check(cli->arena, &config->llm, cli_clock_us()),
              "docs/LLM.md: the key, the address and the model's exact name");
    found(&d, "the workspace is in this build",
          static_built() ? OK : err_new(ERR_MISSING, "its files are not in the binary"),
          "deploy/build-ui, then build again");
    found(&d, "this machine lets the agent confine itself", confine_check(),
          "a kernel with Landlock (5.13 or later, lsm=landlock), and a container that allows it");
    if (config->env == CONFIG_DEV)
        found(&d, "CLOSEGATE_ENV is prod", err_new(ERR_CONFLICT, "it is dev"),
              "set it to prod before real money is looked at");
    cli_print(cli, d.list);
    return d.bad == 0 ? CLI_YES : CLI_NO;
}

const struct command command_doctor = {
    .name = "doctor",
    .args = "",
    .summary = "say what still stands in the way of going live",
    .run = run_doctor,
};
