/* The agent's plan (confine.h): one line for each thing that it reads, writes or connects to. */
#include "agent/cli/confined.h"

#define FILES_OF_ITS_OWN 512 /* besides connections: agent.db by each worker, and what it asks */

/* Read again at SIGHUP, or at each new connection; renewed by a rename. */
static void certificates_add(struct confine_plan *plan, const struct tls_files *tls)
{
    confine_plan_folder_of(plan, tls->cert, CONFINE_READ);
    confine_plan_folder_of(plan, tls->key, CONFINE_READ);
    confine_plan_folder_of(plan, tls->peer_ca, CONFINE_READ);
}

static void files_add(struct confine_plan *plan, const struct agent_config *c)
{
    confine_plan_path(plan, c->data_dir, CONFINE_WRITE);
    confine_plan_path(plan, c->workspace_key, CONFINE_READ);
    confine_plan_path(plan, c->notifier_key, CONFINE_READ);
    confine_plan_folder_of(plan, c->ca_file, CONFINE_READ);
    certificates_add(plan, &c->tls);
    certificates_add(plan, &c->engine_tls);
}

static void addresses_add(struct confine_plan *plan, const struct agent_config *c)
{
    confine_plan_listen(plan, c->listen);
    confine_plan_url(plan, c->engine_url);
    confine_plan_url(plan, c->oidc.issuer);
    confine_plan_url(plan, c->proxy_jwt.jwks);
    confine_plan_url(plan, c->llm.base_url);
    confine_plan_url(plan, c->notify.slack_api_url);
    confine_plan_url(plan, c->notify.teams_webhook_url);
    confine_plan_url(plan, c->notify.smtp_url);
    for (size_t i = 0; i < c->notify.allow.n; i++)
        confine_plan_url(plan, c->notify.allow.items[i]);
}

struct err confine_agent(struct cli *cli)
{
    const struct agent_config *c = cli_config(cli);
    struct confine_plan plan = {.name = cli->program->name,
                                .files = c->max_connections + FILES_OF_ITS_OWN};
    enum confine_need need = (enum confine_need)c->unsafe_no_confinement;
    if (need == CONFINE_WHOLE && c->env == CONFIG_DEV)
        need = CONFINE_PARTLY;
    files_add(&plan, c);
    addresses_add(&plan, c);
    return confine_apply(&plan, need, cli->arena);
}
