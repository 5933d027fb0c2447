/* Private to `docs`: the pages it prints, each from the table that the program itself runs by. */
#ifndef ENGINE_CLI_DOCS_OWN_H
#define ENGINE_CLI_DOCS_OWN_H

#include "common/base/buf.h"
#include "engine/cli/cli.h"

MUST_CHECK struct err docs_tools(struct cli *cli, struct buf *out);

#endif
