/* How many connections each peer address holds, so that one peer cannot take them all. IPv6 peers
 * count by their /64, which is what one subscriber is given. One thread. */
#ifndef COMMON_SYS_PEERS_H
#define COMMON_SYS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/sys/netaddr.h"

struct peers;

struct peers *peers_new(void); /* NULL when the heap has nothing left */
void peers_free(struct peers *peers);

/* One more for `addr`; false (and nothing counted) at `max` already, or without memory. */
bool peers_enter(struct peers *peers, const struct netaddr *addr, size_t max);
void peers_leave(struct peers *peers, const struct netaddr *addr);
size_t peers_count(struct peers *peers, const struct netaddr *addr);

/* What counts as one peer. */
struct netaddr peers_net(const struct netaddr *addr);

#endif
