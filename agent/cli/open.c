/* agent.db is moved forward by whoever opens it first: it holds no evidence. */
#include "agent/cli/open.h"

#include <sys/stat.h>

#include "common/base/civil.h"

struct err open_agent_db(struct cli *cli, struct agent_db **out)
{
    const struct agent_config *config = cli_config(cli);
    const char *path = cli_path(cli, "agent.db");
    char now[INSTANT_TEXT_MAX];
    struct stat st;
    int migrated;
    TRY(arena_check(cli->arena));
    if (stat(config->data_dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_at(ERR_MISSING, config->data_dir,
                      "there is no such folder: make it, or set CLOSEGATE_AGENT_DATA_DIR");
    instant_print(cli_clock_us(), now);
    TRY(agent_db_migrate(path, now, cli->arena, &migrated));
    return agent_db_open(path, out);
}

struct mcpc_options open_engine_options(const struct cli *cli)
{
    const struct agent_config *config = cli_config(cli);
    return (struct mcpc_options){.url = config->engine_url,
                                 .tls = config->engine_tls,
                                 .client_id = config->workspace_client,
                                 .key_path = config->workspace_key,
                                 .service_id = config->notifier_client,
                                 .service_key_path = config->notifier_key,
                                 .audience = config->engine_audience,
                                 .version = cli->program->version,
                                 .call_ms = (uint32_t)config->engine_timeout_ms,
                                 .clock_us = cli_clock_us};
}
