/* What differs between two policies, for people: where, what stood there, what stands there now. */
#ifndef ENGINE_TOOLS_POLICY_DIFF_H
#define ENGINE_TOOLS_POLICY_DIFF_H

#include "common/base/json.h"

/* An array of {pointer, before?, after?}, in the order of the newer text; a member that is not
 * there on one side is left out. Lists of rules with ids are compared by id, others by place. At
 * most 500 rows, then one {more: n}. */
MUST_CHECK struct err policy_diff(struct arena *arena, const struct json *before,
                                  const struct json *after, struct json **changes);

#endif
