/* How often one address may begin or finish a sign-in. Any thread. */
#ifndef AGENT_OIDC_RATE_H
#define AGENT_OIDC_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/sys/netaddr.h"

struct rate;

/* `per_minute` at once, and then so many a minute. NULL without memory. */
struct rate *rate_new(int64_t per_minute);
void rate_free(struct rate *rate);

/* One more of `addr` (IPv6: of its /64); false: too many. */
bool rate_take(struct rate *rate, const struct netaddr *addr, int64_t now_us);

#endif
