/* The files are looked at before anything is said, so that a mistake is told as one. */
#include "engine/cli/cli_tls.h"

#include <string.h>

struct err cli_tls(struct cli *cli, const char *url, const struct tls_files **tls)
{
    const struct tls_files *named = &cli_config(cli)->cli_tls;
    *tls = NULL;
    if (named->cert == NULL && named->peer_ca == NULL)
        return OK;
    if (strncmp(url, "https://", 8) != 0)
        return err_at(ERR_INPUT, url,
                      "an https:// address is expected, since CLOSEGATE_CLI_CA or _CERT is set");
    TRY(tls_client_files_check(cli->arena, named, cli_clock_us() / 1000000));
    *tls = named;
    return OK;
}
