/* The ID token of a fresh login that waits for its decision (agent/oidc/fresh.c keeps it). */
#ifndef AGENT_CALL_FRESH_TOKEN_H
#define AGENT_CALL_FRESH_TOKEN_H

#include "agent/call/request.h"

/* For struct mcpc_actor's id_token; *token is NULL when the person did not log in afresh for this
 * decision about this digest, or too long ago. Whether one is needed is the engine's to say. */
MUST_CHECK struct err fresh_token(struct request *r, const char *escalation_id,
                                  const char *decision, const char *digest, const char **token);
/* The decision was made, or is not to be: the token goes. */
MUST_CHECK struct err fresh_token_drop(struct request *r, const char *escalation_id,
                                       const char *decision);

#endif
