/* A chained hash table of counts. An entry lives while its count is above zero, so the table is
 * never larger than the number of connections. */
#include "common/sys/peers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/invariant.h"

#define SLOTS ((size_t)1024)

struct peer {
    struct netaddr net;
    size_t n;
    struct peer *next;
};

struct peers {
    uint64_t seed; /* so that nobody can choose addresses that share a slot */
    struct peer *slot[SLOTS];
};

struct peers *peers_new(void)
{
    struct peers *peers = calloc(1, sizeof *peers);
    if (peers != NULL && getrandom(&peers->seed, sizeof peers->seed, 0) < 0)
        peers->seed = 0;
    return peers;
}

void peers_free(struct peers *peers)
{
    for (size_t i = 0; peers != NULL && i < SLOTS; i++) {
        while (peers->slot[i] != NULL) {
            struct peer *peer = peers->slot[i];
            peers->slot[i] = peer->next;
            free(peer);
        }
    }
    free(peers);
}

struct netaddr peers_net(const struct netaddr *addr)
{
    struct netaddr net = *addr;
    if (!netaddr_is_v4(addr) && !netaddr_is_loopback(addr))
        memset(net.byte + 8, 0, 8);
    return net;
}

/* The link that points at the entry, or at the NULL where it would go. */
static struct peer **find(struct peers *peers, const struct netaddr *net)
{
    uint64_t hash = peers->seed;
    for (size_t i = 0; i < sizeof net->byte; i++)
        hash = (hash ^ net->byte[i]) * UINT64_C(0x9E3779B97F4A7C15);
    struct peer **link = &peers->slot[(hash >> 32) % SLOTS];
    while (*link != NULL && !netaddr_eq(&(*link)->net, net))
        link = &(*link)->next;
    return link;
}

bool peers_enter(struct peers *peers, const struct netaddr *addr, size_t max)
{
    struct netaddr net = peers_net(addr);
    struct peer **link = find(peers, &net);
    if (*link == NULL) {
        struct peer *peer = max == 0 ? NULL : calloc(1, sizeof *peer);
        if (peer == NULL)
            return false;
        peer->net = net;
        *link = peer;
    }
    if ((*link)->n >= max)
        return false;
    (*link)->n++;
    return true;
}

void peers_leave(struct peers *peers, const struct netaddr *addr)
{
    struct netaddr net = peers_net(addr);
    struct peer **link = find(peers, &net);
    INVARIANT(*link != NULL && (*link)->n > 0);
    struct peer *peer = *link;
    if (--peer->n > 0)
        return;
    *link = peer->next;
    free(peer);
}

size_t peers_count(struct peers *peers, const struct netaddr *addr)
{
    struct netaddr net = peers_net(addr);
    const struct peer *peer = *find(peers, &net);
    return peer == NULL ? 0 : peer->n;
}
