/* Private to engine/tools: a match as people read it. */
#ifndef ENGINE_TOOLS_MATCH_VIEW_H
#define ENGINE_TOOLS_MATCH_VIEW_H

#include "engine/store/matches.h"
#include "engine/tools/scope.h"

/* The match with its legs as they were matched, its accounts and people by name, what was compared,
 * what else it could have been, what people said about it, and what became of it. `scope` holds
 * back the other candidates that the caller may not see. */
MUST_CHECK struct err match_view(struct call *c, struct tx *tx, const struct scope *scope,
                                 const struct match *m, struct json **out);

/* Its row's own part: ids, state, type, amount, score, proposer. */
void match_put(struct arena *arena, const struct match *m, struct json *o);

#endif
