/* The engine's plan (confine.h): one line for each thing that it reads, writes or connects to. */
#include "engine/cli/confined.h"

#include <string.h>

#define FILES_OF_ITS_OWN 256 /* besides connections: the book, its readers, the loop */

static enum confine_need need_of(const struct config *c)
{
    const enum confine_need need = (enum confine_need)c->unsafe_no_confinement;
    return need == CONFINE_WHOLE && c->env == CONFIG_DEV ? CONFINE_PARTLY : need;
}

static bool keys_are_apart(const struct config *c)
{
    return !text_eq(c->key_dir, c->data_dir) && c->receipts == CONFIG_RECEIPTS_ON;
}

struct err keys_apart(struct cli *cli, struct log_signer **signer)
{
    const struct config *c = cli_config(cli);
    *signer = NULL;
    if (!keys_are_apart(c))
        return OK;
    TRY(log_signer_start(c->key_dir, need_of(c), signer));
    confine_keys_apart(log_signer_pid(*signer));
    return OK;
}

/* NAME_FILE: a setting's value in a file, which SIGHUP reads again. */
static void secrets_add(struct confine_plan *plan, const char *const *env)
{
    for (; env != NULL && *env != NULL; env++) {
        const char *eq = strchr(*env, '=');
        const bool ours = strncmp(*env, "CLOSEGATE_", 10) == 0;
        if (ours && eq != NULL && eq - *env > 5 && strncmp(eq - 5, "_FILE", 5) == 0)
            confine_plan_folder_of(plan, eq + 1, CONFINE_READ);
    }
}

static void files_add(struct confine_plan *plan, const struct cli *cli)
{
    const struct config *c = cli_config(cli);
    confine_plan_path(plan, c->data_dir, CONFINE_WRITE);
    confine_plan_folder_of(plan, c->engine_socket, CONFINE_SOCKET);
    confine_plan_folder_of(plan, c->policy, CONFINE_READ);
    confine_plan_folder_of(plan, cli->config_file, CONFINE_READ);
    confine_plan_folder_of(plan, c->ca_file, CONFINE_READ);
    confine_plan_folder_of(plan, c->tls.cert, CONFINE_READ);
    confine_plan_folder_of(plan, c->tls.key, CONFINE_READ);
    confine_plan_folder_of(plan, c->tls.peer_ca, CONFINE_READ);
    confine_plan_path(plan, "/proc/self/exe", CONFINE_READ); /* its digest is in the log */
    secrets_add(plan, cli->env);
    for (size_t i = 0; i < c->ingest_dirs.n; i++)
        confine_plan_path(plan, c->ingest_dirs.items[i], CONFINE_READ);
}

struct err confine_engine(struct cli *cli)
{
    const struct config *c = cli_config(cli);
    struct confine_plan plan = {.name = cli->program->name,
                                .files = c->max_connections + FILES_OF_ITS_OWN};
    files_add(&plan, cli);
    confine_plan_listen(&plan, c->engine_listen);
    confine_plan_url(&plan, c->oidc_issuer);
    for (size_t i = 0; i < c->witness_list.n; i++)
        confine_plan_url(&plan, c->witness_list.items[i].url);
    if (keys_are_apart(c) && confine_plan_reaches(&plan, c->key_dir))
        return err_at(ERR_INPUT, "CLOSEGATE_KEY_DIR",
                      "the engine reads this folder, or one above it, for something else");
    return confine_apply(&plan, need_of(c), cli->arena);
}
