/* Private to engine/tools: who and what, with the names that people read. What has no name in the
 * book is shown by its id alone. */
#ifndef ENGINE_TOOLS_NAMES_H
#define ENGINE_TOOLS_NAMES_H

#include "engine/tools/tool.h"

/* {actor, name?, on_behalf_of?: {principal_id, name?}}; of an agent whose it is. */
MUST_CHECK struct err actor_print(struct call *c, struct tx *tx, const char *actor,
                                  const char *on_behalf_of, struct json **out);

/* NULL when the book knows no such principal (a role is none). */
MUST_CHECK struct err principal_name(struct call *c, struct tx *tx, const char *principal_id,
                                     const char **name);

/* {entity_id, name?, currency?, zone?} */
MUST_CHECK struct err entity_print(struct call *c, struct tx *tx, const char *entity_id,
                                   struct json **out);

/* {account_id, name?, class?, reconciled?} by the first of the entities whose chart knows it. */
MUST_CHECK struct err account_print(struct call *c, struct tx *tx, const char *const *entities,
                                    size_t n, const char *account_id, struct json **out);

/* {seq, event_type, at, by: actor_print's, tool, rationale?} of an event of the log. */
MUST_CHECK struct err event_print_head(struct call *c, struct tx *tx, int64_t seq,
                                       struct json **out);

#endif
