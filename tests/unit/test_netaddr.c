/* Addresses are numeric, networks are exact, and IPv4 is one thing however it is written. */
#include "common/sys/netaddr.h"

#include <string.h>

#include "tests/unit/test.h"

static struct netaddr addr(const char *text)
{
    struct netaddr a;
    ck_ok(netaddr_parse(str_of(text), &a));
    return a;
}

static bool in(const char *block, const char *text)
{
    struct netblock b;
    struct netaddr a = addr(text);
    ck_ok(netblock_parse(str_of(block), &b));
    return netblock_has(&b, &a);
}

START_TEST(networks_hold_their_addresses_and_no_others)
{
    ck_assert(in("127.0.0.0/8", "127.255.0.1") && !in("127.0.0.0/8", "128.0.0.1"));
    ck_assert(in("10.1.2.0/23", "10.1.3.255") && !in("10.1.2.0/23", "10.1.4.0"));
    ck_assert(in("10.1.2.3", "10.1.2.3") && !in("10.1.2.3", "10.1.2.2"));
    ck_assert(in("127.0.0.0/8", "::ffff:127.0.0.1"));
    ck_assert(in("::1", "::1") && !in("::1", "127.0.0.1"));
    ck_assert(in("fd00::/8", "fdff::1") && !in("fd00::/8", "fe00::1"));
    ck_assert(in("0.0.0.0/0", "1.2.3.4") && !in("0.0.0.0/0", "fd00::1"));
    ck_assert(in("::/0", "1.2.3.4"));
}
END_TEST

START_TEST(only_hosts_of_the_internet_are_public)
{
    static const char *const ours[] = {"0.0.0.0",
                                       "0.1.2.3",
                                       "10.0.0.1",
                                       "100.64.0.1",
                                       "100.127.255.255",
                                       "127.0.0.1",
                                       "127.9.9.9",
                                       "169.254.169.254",
                                       "172.16.0.1",
                                       "172.31.255.255",
                                       "192.0.0.8",
                                       "192.0.2.1",
                                       "192.168.0.1",
                                       "198.18.0.1",
                                       "198.19.255.255",
                                       "198.51.100.7",
                                       "203.0.113.7",
                                       "224.0.0.1",
                                       "239.255.255.255",
                                       "240.0.0.1",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "::ffff:10.0.0.1",
                                       "::127.0.0.1",
                                       "64:ff9b::a00:1",
                                       "64:ff9b:1::1",
                                       "100::1",
                                       "2001::1",
                                       "2001:db8::1",
                                       "2002:7f00:1::1",
                                       "2002:a00:1::",
                                       "3fff::1",
                                       "fc00::1",
                                       "fdff::1",
                                       "fe80::1",
                                       "fec0::1",
                                       "ff02::1",
                                       "4000::1"};
    static const char *const theirs[] = {
        "1.1.1.1",          "9.255.255.255",  "11.0.0.1",        "100.63.255.255", "100.128.0.1",
        "128.0.0.1",        "169.253.0.1",    "172.15.0.1",      "172.32.0.1",     "192.167.0.1",
        "198.17.0.1",       "198.20.0.1",     "223.255.255.255", "2606:4700::1",   "2a00:1450::1",
        "64:ff9b::808:808", "2002:808:808::", "::ffff:8.8.8.8",  "2001:4860::8888"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        struct netaddr a = addr(ours[i]);
        ck_assert_msg(!netaddr_is_public(&a), "%s", ours[i]);
    }
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++) {
        struct netaddr a = addr(theirs[i]);
        ck_assert_msg(netaddr_is_public(&a), "%s", theirs[i]);
    }
}
END_TEST

START_TEST(what_is_not_numeric_is_refused)
{
    static const char *const bad[] = {
        "",      "localhost",  "1.2.3",   "1.2.3.4.5", "01.2.3.4",    "1.2.3.4 ",   "::1%lo",
        "[::1]", "10.0.0.1/8", "::1/129", "1.2.3.4/",  "1.2.3.4/033", "1.2.3.4/-1", "1.2.3.4/33"};
    struct netblock b;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(netblock_parse(str_of(bad[i]), &b), ERR_INPUT);
}
END_TEST

START_TEST(host_and_port_are_both_needed)
{
    struct netaddr a;
    uint16_t port = 0;
    ck_ok(netaddr_port_parse("127.0.0.1:8001", &a, &port));
    ck_assert(port == 8001 && netaddr_is_loopback(&a));
    ck_ok(netaddr_port_parse("[::1]:65535", &a, &port));
    ck_assert(port == 65535 && netaddr_is_loopback(&a) && !netaddr_is_v4(&a));
    ck_ok(netaddr_port_parse("localhost:0", &a, &port));
    ck_assert(port == 0 && netaddr_is_v4(&a));
    static const char *const bad[] = {"127.0.0.1",   "127.0.0.1:",      ":80",  "::1:80",
                                      "[::1]",       "127.0.0.1:-1",    "a:80", "127.0.0.1:65536",
                                      "[1.2.3.4]:1", "127.0.0.1:000080"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(netaddr_port_parse(bad[i], &a, &port), ERR_INPUT);
}
END_TEST

START_TEST(addresses_print_as_people_write_them)
{
    char text[NETADDR_TEXT_MAX];
    struct netaddr a = addr("::ffff:10.0.0.1");
    netaddr_print(&a, text);
    ck_assert_str_eq(text, "10.0.0.1");
    a = addr("fd00:0::1");
    netaddr_print(&a, text);
    ck_assert_str_eq(text, "fd00::1");
}
END_TEST

TEST_MAIN("netaddr", networks_hold_their_addresses_and_no_others,
          only_hosts_of_the_internet_are_public, what_is_not_numeric_is_refused,
          host_and_port_are_both_needed, addresses_print_as_people_write_them)
