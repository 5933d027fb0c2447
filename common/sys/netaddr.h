/* IP addresses and networks, numeric only: nothing here asks a name server. IPv4 is kept as an
 * IPv4-mapped IPv6 address, so that 127.0.0.1 and ::ffff:127.0.0.1 are one peer. */
#ifndef COMMON_SYS_NETADDR_H
#define COMMON_SYS_NETADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

#define NETADDR_TEXT_MAX 46 /* the longest printed address and its NUL */

struct netaddr {
    uint8_t byte[16];
};

/* A network: the first `bits` (0 to 128) of `addr` count, the rest are zero. */
struct netblock {
    struct netaddr addr;
    uint8_t bits;
};

/* "127.0.0.1" or "::1"; no brackets, no zone, no port, no leading zeros. ERR_INPUT otherwise. */
MUST_CHECK struct err netaddr_parse(struct str text, struct netaddr *out);
/* IPv4-mapped addresses print as IPv4. */
void netaddr_print(const struct netaddr *addr, char out[NETADDR_TEXT_MAX]);
bool netaddr_eq(const struct netaddr *a, const struct netaddr *b);
bool netaddr_is_v4(const struct netaddr *addr);
bool netaddr_is_loopback(const struct netaddr *addr); /* 127.0.0.0/8 and ::1 */
/* An address of one host somewhere on the internet: none of the blocks that IANA's registries of
 * special-purpose addresses keep from it (RFC 6890), and no IPv6 form that only wraps such an IPv4
 * address (mapped, compatible, NAT64, 6to4). Outside 2000::/3 nothing is. */
bool netaddr_is_public(const struct netaddr *addr);

/* "10.0.0.0/8", "fd00::/8", or a lone address (one host). Host bits that are set are refused. */
MUST_CHECK struct err netblock_parse(struct str text, struct netblock *out);
bool netblock_has(const struct netblock *block, const struct netaddr *addr);

/* "host:port" with a numeric host, "[v6]:port" or "localhost:port" (127.0.0.1); port 0 to 65535. */
MUST_CHECK struct err netaddr_port_parse(const char *text, struct netaddr *out, uint16_t *port);

#endif
