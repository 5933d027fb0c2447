/* inet_pton decides what an address is; everything else is bits. */
#include "common/sys/netaddr.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool is_v4(const struct netaddr *addr)
{
    return memcmp(addr->byte, v4_prefix, sizeof v4_prefix) == 0;
}

struct err netaddr_parse(struct str text, struct netaddr *out)
{
    char copy[NETADDR_TEXT_MAX];
    ENSURE(text.len > 0 && text.len < sizeof copy && memchr(text.at, '\0', text.len) == NULL,
           ERR_INPUT, "not a numeric IP address");
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *out = (struct netaddr){0};
    memcpy(out->byte, v4_prefix, sizeof v4_prefix);
    if (inet_pton(AF_INET, copy, out->byte + 12) == 1)
        return OK;
    ENSURE(inet_pton(AF_INET6, copy, out->byte) == 1, ERR_INPUT, "not a numeric IP address");
    return OK;
}

void netaddr_print(const struct netaddr *addr, char out[NETADDR_TEXT_MAX])
{
    const char *text = is_v4(addr) ? inet_ntop(AF_INET, addr->byte + 12, out, NETADDR_TEXT_MAX)
                                   : inet_ntop(AF_INET6, addr->byte, out, NETADDR_TEXT_MAX);
    if (text == NULL)
        out[0] = '\0';
}

bool netaddr_eq(const struct netaddr *a, const struct netaddr *b)
{
    return memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

bool netaddr_is_v4(const struct netaddr *addr)
{
    return is_v4(addr);
}

bool netaddr_is_loopback(const struct netaddr *addr)
{
    static const struct netaddr v6 = {.byte = {[15] = 1}};
    return (is_v4(addr) && addr->byte[12] == 127) || netaddr_eq(addr, &v6);
}

/* IPv4, by its first bits. */
static const struct {
    uint32_t base;
    uint8_t bits;
} v4_special[] = {
    {0x00000000, 8},  /* this network */
    {0x0A000000, 8},  /* private */
    {0x64400000, 10}, /* shared, behind a carrier's NAT */
    {0x7F000000, 8},  /* loopback */
    {0xA9FE0000, 16}, /* link-local, and the metadata services of clouds */
    {0xAC100000, 12}, /* private */
    {0xC0000000, 24}, /* protocol assignments */
    {0xC0000200, 24}, /* documentation */
    {0xC0586300, 24}, /* 6to4 relays */
    {0xC0A80000, 16}, /* private */
    {0xC6120000, 15}, /* benchmarks */
    {0xC6336400, 24}, /* documentation */
    {0xCB007100, 24}, /* documentation */
    {0xE0000000, 3},  /* multicast, reserved, broadcast */
};

static bool v4_is_public(const uint8_t byte[4])
{
    const uint32_t n = (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 |
                       (uint32_t)byte[3];
    for (size_t i = 0; i < sizeof v4_special / sizeof v4_special[0]; i++)
        if ((n ^ v4_special[i].base) >> (32 - v4_special[i].bits) == 0)
            return false;
    return true;
}

bool netaddr_is_public(const struct netaddr *addr)
{
    static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    const uint8_t *b = addr->byte;
    if (is_v4(addr) || memcmp(b, nat64, sizeof nat64) == 0)
        return v4_is_public(b + 12);
    if ((b[0] & 0xE0) != 0x20)
        return false;
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
        return v4_is_public(b + 2);
    if (b[0] == 0x20 && b[1] == 0x01) /* protocol assignments (2001::/23), documentation */
        return b[2] >= 0x02 && !(b[2] == 0x0D && b[3] == 0xB8);
    return !(b[0] == 0x3F && b[1] == 0xFF && b[2] < 0x10); /* documentation (RFC 9637) */
}

/* "8" of "10.0.0.0/8": one to three digits, no leading zero. */
static struct err bits_parse(struct str text, unsigned max, unsigned *out)
{
    ENSURE(text.len >= 1 && text.len <= 3 && (text.len == 1 || text.at[0] != '0'), ERR_INPUT,
           "not a network prefix length");
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        ENSURE(text.at[i] >= '0' && text.at[i] <= '9', ERR_INPUT, "not a network prefix length");
        *out = *out * 10 + (unsigned)(text.at[i] - '0');
    }
    ENSURE(*out <= max, ERR_INPUT, "the network prefix is longer than the address");
    return OK;
}

static bool bit_of(const struct netaddr *addr, unsigned i)
{
    return (addr->byte[i / 8] >> (7 - i % 8) & 1) != 0;
}

struct err netblock_parse(struct str text, struct netblock *out)
{
    struct str addr, bits_text;
    bool has_bits = str_cut(text, '/', &addr, &bits_text);
    TRY(netaddr_parse(addr, &out->addr));
    bool v4 = is_v4(&out->addr) && memchr(addr.at, ':', addr.len) == NULL;
    unsigned bits = v4 ? 32 : 128;
    if (has_bits)
        TRY(bits_parse(bits_text, bits, &bits));
    out->bits = (uint8_t)(v4 ? bits + 96 : bits);
    for (unsigned i = out->bits; i < 128; i++)
        ENSURE(!bit_of(&out->addr, i), ERR_INPUT, "the network has bits set after its prefix");
    return OK;
}

bool netblock_has(const struct netblock *block, const struct netaddr *addr)
{
    unsigned whole = block->bits / 8U, rest = block->bits % 8U;
    if (memcmp(block->addr.byte, addr->byte, whole) != 0)
        return false;
    return rest == 0 || ((block->addr.byte[whole] ^ addr->byte[whole]) >> (8 - rest)) == 0;
}

static struct err port_parse(struct str text, uint16_t *out)
{
    ENSURE(text.len >= 1 && text.len <= 5, ERR_INPUT, "not a port (0 to 65535)");
    uint32_t port = 0;
    for (size_t i = 0; i < text.len; i++) {
        ENSURE(text.at[i] >= '0' && text.at[i] <= '9', ERR_INPUT, "not a port (0 to 65535)");
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    ENSURE(port <= UINT16_MAX, ERR_INPUT, "not a port (0 to 65535)");
    *out = (uint16_t)port;
    return OK;
}

struct err netaddr_port_parse(const char *text, struct netaddr *out, uint16_t *port)
{
    const char *colon = text == NULL ? NULL : strrchr(text, ':');
    ENSURE(colon != NULL, ERR_INPUT, "not host:port");
    TRY(port_parse(str_of(colon + 1), port));
    struct str host = {.at = text, .len = (size_t)(colon - text)};
    if (str_is(host, "localhost"))
        host = STR("127.0.0.1");
    bool bracketed = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (bracketed)
        host = (struct str){.at = host.at + 1, .len = host.len - 2};
    bool has_colon = host.len > 0 && memchr(host.at, ':', host.len) != NULL;
    ENSURE(bracketed == has_colon, ERR_INPUT, "an IPv6 host belongs in brackets");
    return netaddr_parse(host, out);
}
