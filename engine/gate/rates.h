/* What an amount is worth by the policy's own rates, each with source and date, so that a value is
 * traceable to a line of policy.yaml. Never 0, never 1 for two different currencies, never a rate
 * of the future (DESIGN §4, Amounts). */
#ifndef ENGINE_GATE_RATES_H
#define ENGINE_GATE_RATES_H

#include "engine/gate/policy.h"

/* `amount`'s absolute value in `cur` at the latest rate published on or before `on`, exact where
 * the rate is, otherwise to 30 significant digits. Direct, inverse, or through one pivot (USD, then
 * EUR). status is FX_STALE when a rate used is older than the policy's fx.max_staleness_days. */
struct ask_value policy_value(const struct policy *policy, struct money amount, const char *cur,
                              struct date on);

/* The day of the policy's latest rate; false when it has none. */
bool policy_rates_day(const struct policy *policy, struct date *day);

#endif
