/* What an amount is worth in another currency, for limits: a rate with its source and date, or a
 * clear no. Never 0, never 1 for two different currencies, never a rate of the future (DESIGN §4,
 * Amounts). The fixed adapter reads the policy's own rates; others arrive with their issue. */
#ifndef ENGINE_FX_FX_H
#define ENGINE_FX_FX_H

#include "engine/gate/policy.h"

/* `amount`'s absolute value in `cur` at the latest rate published on or before `on`, exact where
 * the rate is, otherwise to 30 significant digits. Direct, inverse, or through one pivot (USD, then
 * EUR). status is FX_STALE when a rate used is older than the policy's fx.max_staleness_days. */
struct ask_value fx_value(const struct policy *policy, struct money amount, const char *cur,
                          struct date on);

#endif
