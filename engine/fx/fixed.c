/* The fixed adapter: the policy's own rates. */
#include "engine/fx/fx.h"

#include "engine/gate/rates.h"

struct ask_value fx_value(const struct policy *policy, struct money amount, const char *cur,
                          struct date on)
{
    return policy_value(policy, amount, cur, on);
}
