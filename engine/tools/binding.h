/* Private to engine/tools and engine/call: what an escalation binds, and how it differs from today.
 * What a human approves is what happens: so everything that will happen is written down, hashed,
 * and compared when they answer. */
#ifndef ENGINE_TOOLS_BINDING_H
#define ENGINE_TOOLS_BINDING_H

#include "common/sys/crypt.h"
#include "engine/store/escalations.h"
#include "engine/tools/tool.h"

/* The arguments that have an effect: without the asker's words. */
struct json *effect_args(struct call *c);

/* The call's own facts for a human, made when they were not yet; NULL when it has none. */
const struct json *call_bound(struct call *c);

/* Everything a human approves of the planned call, and nothing that may change without them seeing
 * it. `e` holds who asked, the ruling and the times. Ask the arena after. */
struct json *bound_facts(struct call *c, const struct escalation *e);

/* RFC 8785 text and its hash. */
MUST_CHECK struct err hash_tree(struct arena *arena, const struct json *tree, struct str *text,
                                char hex[SHA256_HEX_SIZE]);

/* What differs between the facts bound then and the call as planned now, the asker's ruling under
 * today's policy included: [{pointer, was, now}], pointers into the bound facts. Empty when nothing
 * that counts does: a policy of another version counts by what it says, not by its name. */
MUST_CHECK struct err bound_difference(struct call *now, struct tx *tx, const struct escalation *e,
                                       struct json **difference);

#endif
