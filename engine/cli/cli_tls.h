/* TLS of the command line's own client, where it reaches an engine over TCP. */
#ifndef ENGINE_CLI_CLI_TLS_H
#define ENGINE_CLI_CLI_TLS_H

#include "common/sys/tls.h"
#include "engine/cli/cli.h"

/* What CLOSEGATE_CLI_CA, _CERT and _KEY name, checked, for fetch_req's tls; NULL: they name
 * nothing. ERR_INPUT: they do, and the address is not an https one. Otherwise as
 * tls_client_files_check. */
MUST_CHECK struct err cli_tls(struct cli *cli, const char *url, const struct tls_files **tls);

#endif
