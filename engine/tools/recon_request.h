/* Private to engine/tools: the request for a pass, asked in the requester's name before the pass
 * waits for its turn and computes anything. */
#ifndef ENGINE_TOOLS_RECON_REQUEST_H
#define ENGINE_TOOLS_RECON_REQUEST_H

#include "engine/tools/tool.h"

/* The args of run_recon_pass and of its request. */
struct run_recon_pass {
    const char *entity_id, *account;
};

extern const struct tool tool_recon_request;

#endif
