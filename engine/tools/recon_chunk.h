/* Private to engine/tools: a chunk of a pass's findings on its way into the book. */
#ifndef ENGINE_TOOLS_RECON_CHUNK_H
#define ENGINE_TOOLS_RECON_CHUNK_H

#include "engine/store/exceptions.h"
#include "engine/store/matches.h"
#include "engine/tools/tool.h"

/* The args of the internal tool recon_chunk. Rows belong to the pass. */
struct recon_chunk {
    const char *entity_id, *account_id, *requested_by;
    const struct match *matches;
    size_t matches_n;
    const struct exception_row *exceptions;
    size_t exceptions_n;
    int64_t proposed, overtaken, listed; /* what apply did */
};

extern const struct tool tool_recon_chunk;

#endif
