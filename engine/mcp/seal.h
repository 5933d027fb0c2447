/* requestState of a multi-round-trip result (2026-07-28): what we said, back from the client,
 * exactly as we said it. Bound to the caller, the method and the parameters, for a while, and once.
 */
#ifndef ENGINE_MCP_SEAL_H
#define ENGINE_MCP_SEAL_H

#include "common/base/json.h"

struct seal;

#define SEAL_LIFE_S 3600

/* With a key of its own: nothing sealed survives the process. NULL without memory. */
struct seal *seal_new(void);
void seal_free(struct seal *seal);
CLEANUP_DEFINE(struct seal *, seal_free)

/* `about` names what it belongs to: caller, method, parameters without the rounds' own. */
MUST_CHECK struct err seal_close(struct seal *seal, struct arena *arena, const char *about,
                                 const struct json *state, int64_t now_s, const char **text);
/* ERR_INPUT for anything that is not ours, is of something else, is too old or came before. */
MUST_CHECK struct err seal_open(struct seal *seal, struct arena *arena, const char *about,
                                const char *text, int64_t now_s, const struct json **state);

#endif
