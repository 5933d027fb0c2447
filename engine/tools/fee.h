/* Private to engine/tools: the account that policy names for a fee between bank and book. */
#ifndef ENGINE_TOOLS_FEE_H
#define ENGINE_TOOLS_FEE_H

#include "engine/gate/policy.h"
#include "engine/store/matches.h"
#include "engine/tools/tool.h"

/* policy.matching.tolerances.fee_cap in minor units of `currency`; 0 when it has none. */
MUST_CHECK struct err fee_cap_minor(const struct policy_matching *m, const char *currency,
                                    int64_t *minor);

/* tolerances.fee_account when the entity's chart has it, else NULL. */
MUST_CHECK struct err fee_account(struct tx *tx, struct arena *arena, const struct policy *policy,
                                  const char *entity_id, const char **account_id);

/* The same for this match: NULL also when its difference is more than policy tolerates. */
MUST_CHECK struct err fee_account_of(struct call *c, struct tx *tx, const struct match *m,
                                     const char **account_id);

#endif
