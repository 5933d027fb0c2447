/* What leaves the process and must come back as it was, or lie in agent.db unreadable: the
 * session's cookie, a login under way, an ID token. AES-256-GCM under keys drawn from one secret of
 * this agent; each use has a key of its own, and `about` binds a text to its purpose. Any thread.
 */
#ifndef AGENT_CALL_SEALS_H
#define AGENT_CALL_SEALS_H

#include "common/base/arena.h"
#include "common/base/str.h"

enum seal_use { SEAL_SESSION = 0, SEAL_LOGIN, SEAL_ID_TOKEN, SEAL_USES };

struct seals;

/* The secret in the file at `path` (0600), made when there is none. Whoever removes the file ends
 * every session. ERR_AUTH when others may read it, ERR_INPUT when it holds no secret. */
MUST_CHECK struct err seals_open(const char *path, struct seals **out);
void seals_free(struct seals *seals);
CLEANUP_DEFINE(struct seals *, seals_free)

MUST_CHECK struct err seal_bytes(const struct seals *seals, struct arena *arena, enum seal_use use,
                                 const char *about, struct str bytes, struct str *sealed);
/* False for anything that is not as it was sealed. */
bool unseal_bytes(const struct seals *seals, struct arena *arena, enum seal_use use,
                  const char *about, struct str sealed, struct str *bytes);

/* The same as base64url. */
MUST_CHECK struct err seal_text(const struct seals *seals, struct arena *arena, enum seal_use use,
                                const char *about, struct str bytes, const char **text);
bool unseal_text(const struct seals *seals, struct arena *arena, enum seal_use use,
                 const char *about, const char *text, struct str *bytes);

#endif
