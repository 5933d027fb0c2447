/* Zones from bytes made here: footers, transitions, days that begin late, and every malformed file.
 */
#include "common/base/zone.h"

#include <string.h>

#include "common/base/buf.h"
#include "tests/unit/test.h"

static void put_be(struct buf *b, uint64_t value, int n)
{
    for (int i = n - 1; i >= 0; i--)
        buf_putc(b, (char)(value >> (8 * i) & 0xFF));
}

static void put_header(struct buf *b, char version, uint32_t n_time, uint32_t n_type)
{
    buf_put(b, "TZif", 4);
    buf_putc(b, version);
    for (int i = 0; i < 15; i++)
        buf_putc(b, '\0');
    const uint32_t counts[] = {0, 0, 0, n_time, n_type, 4};
    for (size_t i = 0; i < 6; i++)
        put_be(b, counts[i], 4);
}

struct change {
    int64_t at_s;
    unsigned type;
};

/* A version 2 file: an empty first block as `zic -b slim` writes it, then the 64-bit one. */
static void put_tzif(struct buf *b, const struct change *changes, uint32_t n_time,
                     const int32_t *offsets, uint32_t n_type, const char *footer)
{
    put_header(b, '2', 0, 1);
    for (int i = 0; i < 6 + 4; i++)
        buf_putc(b, '\0');
    put_header(b, '2', n_time, n_type);
    for (uint32_t i = 0; i < n_time; i++)
        put_be(b, (uint64_t)changes[i].at_s, 8);
    for (uint32_t i = 0; i < n_time; i++)
        buf_putc(b, (char)changes[i].type);
    for (uint32_t i = 0; i < n_type; i++) {
        put_be(b, (uint32_t)offsets[i], 4);
        buf_put(b, "\0\0", 2);
    }
    buf_put(b, "XXX\0", 4);
    buf_putf(b, "\n%s\n", footer);
    ck_ok(buf_check(b));
}

static struct err parse_footer(const char *footer, struct arena *arena, struct zone *zone)
{
    struct buf b CLEANUP(buf_fini);
    buf_init(&b, 4096);
    put_tzif(&b, NULL, 0, (const int32_t[]){0}, 1, footer);
    return zone_parse(b.at, b.len, arena, zone);
}

static int64_t instant(const char *text)
{
    int64_t us = 0;
    ck_ok(instant_parse(text, &us));
    return us;
}

static void ck_offset(const struct zone *zone, const char *at, int32_t offset_s)
{
    ck_assert_msg(zone_offset_s(zone, instant(at)) == offset_s, "%s: %d, wanted %d", at,
                  zone_offset_s(zone, instant(at)), offset_s);
}

START_TEST(zone_rule_of_new_york_changes_at_two_in_the_morning)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct zone z;
    ck_ok(parse_footer("EST5EDT,M3.2.0,M11.1.0", arena, &z));
    ck_offset(&z, "2026-03-08T06:59:59.999999Z", -18000);
    ck_offset(&z, "2026-03-08T07:00:00Z", -14400);
    ck_offset(&z, "2026-11-01T05:59:59Z", -14400);
    ck_offset(&z, "2026-11-01T06:00:00Z", -18000);
    ck_offset(&z, "2026-01-01T00:00:00Z", -18000);
    ck_offset(&z, "0001-01-01T00:00:00Z", -18000);
    ck_offset(&z, "9999-07-01T00:00:00Z", -14400);
}
END_TEST

START_TEST(zone_rules_come_in_every_posix_shape)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct zone z;
    ck_ok(parse_footer("AEST-10AEDT,M10.1.0,M4.1.0/3", arena, &z)); /* south */
    ck_offset(&z, "2026-01-15T00:00:00Z", 39600);
    ck_offset(&z, "2026-07-15T00:00:00Z", 36000);
    ck_offset(&z, "2026-04-04T15:59:59Z", 39600);
    ck_offset(&z, "2026-04-04T16:00:00Z", 36000);
    ck_ok(parse_footer("IST-1GMT0,M10.5.0,M3.5.0/1", arena,
                       &z)); /* Irish winter time is the odd one */
    ck_offset(&z, "2026-07-01T00:00:00Z", 3600);
    ck_offset(&z, "2026-12-01T00:00:00Z", 0);
    ck_ok(parse_footer("<+0545>-5:45", arena, &z));
    ck_offset(&z, "2026-07-01T00:00:00Z", 20700);
    ck_ok(parse_footer("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", arena,
                       &z)); /* a change the evening before */
    ck_offset(&z, "2026-03-29T00:59:59Z", -7200);
    ck_offset(&z, "2026-03-29T01:00:00Z", -3600);
    ck_ok(parse_footer("XXX3EDT4,0/0,J365/23", arena, &z)); /* RFC 8536: summer all year */
    ck_offset(&z, "2026-01-01T03:00:00Z", -14400);
    ck_offset(&z, "2027-01-01T02:59:59Z", -14400);
    ck_ok(parse_footer("AAA0BBB,J60/0,J61/0", arena, &z)); /* 1 March, leap year or not */
    ck_offset(&z, "2024-02-29T12:00:00Z", 0);
    ck_offset(&z, "2024-03-01T12:00:00Z", 3600);
    ck_offset(&z, "2025-03-01T12:00:00Z", 3600);
    ck_ok(parse_footer("AAA0BBB,59/0,60/0", arena, &z)); /* counts the leap day */
    ck_offset(&z, "2024-02-29T12:00:00Z", 3600);
    ck_offset(&z, "2025-03-01T12:00:00Z", 3600);
}
END_TEST

START_TEST(zone_refuses_footers_that_are_no_posix_tz)
{
    static const char *const bad[] = {
        "EST",
        "5",
        "ES5",
        "EST25",
        "EST5EDT",
        "EST5EDT,M3.2.0",
        "EST5EDT,M3.2.0,M11.1.0,",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,J0,J365",
        "EST5EDT,J1,J366",
        "EST5EDT,1,366",
        "EST5EDT,M3.2.0/168,M11.1.0",
        "EST5:60",
        "EST5:",
        "<EST5",
        "<E>5",
        ":EST5",
        "EST5 ",
        "E_T5",
        "EST5EDT,M3.2.0/,M11.1.0",
        "EST0005",
    };
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct zone z;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = parse_footer(bad[i], arena, &z);
        ck_assert_msg(e.kind == ERR_INPUT, "%s", bad[i]);
    }
}
END_TEST

START_TEST(zone_transitions_hold_until_the_footer_takes_over)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct buf b CLEANUP(buf_fini);
    buf_init(&b, 4096);
    struct zone z;
    put_tzif(&b, (const struct change[]){{-1000, 1}, {0, 2}, {1000, 1}}, 3,
             (const int32_t[]){-17762, -18000, -14400}, 3, "EST5");
    ck_ok(zone_parse(b.at, b.len, arena, &z));
    ck_assert_int_eq(zone_offset_s(&z, -1000000001), -17762);
    ck_assert_int_eq(zone_offset_s(&z, -1000000000), -18000);
    ck_assert_int_eq(zone_offset_s(&z, -1), -18000);
    ck_assert_int_eq(zone_offset_s(&z, 0), -14400);
    ck_assert_int_eq(zone_offset_s(&z, 1000000000), -18000);
}
END_TEST

START_TEST(zone_date_is_the_date_on_the_wall)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct zone ny, utc = zone_utc();
    char text[DATE_TEXT_MAX];
    ck_ok(parse_footer("EST5EDT,M3.2.0,M11.1.0", arena, &ny));
    date_print(zone_date(&ny, instant("2026-04-01T03:59:59Z")), text);
    ck_assert_str_eq(text, "2026-03-31");
    date_print(zone_date(&ny, instant("2026-04-01T04:00:00Z")), text);
    ck_assert_str_eq(text, "2026-04-01");
    date_print(zone_date(&utc, instant("2026-04-01T00:00:00Z")), text);
    ck_assert_str_eq(text, "2026-04-01");
    date_print(zone_date(&ny, instant("0001-01-01T00:00:00Z")), text); /* clamped to our years */
    ck_assert_str_eq(text, "0001-01-01");
}
END_TEST

static void ck_begin(const struct zone *zone, int year, int month, int day, const char *begin)
{
    struct date d;
    char text[INSTANT_TEXT_MAX];
    ck_ok(date_make(year, month, day, &d));
    instant_print(zone_date_begin(zone, d), text);
    ck_assert_str_eq(text, begin);
}

START_TEST(a_date_begins_at_midnight_or_after_the_gap)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct buf b CLEANUP(buf_fini);
    buf_init(&b, 4096);
    struct zone z;
    ck_ok(parse_footer("EST5EDT,M3.2.0,M11.1.0", arena, &z));
    ck_begin(&z, 2026, 3, 8, "2026-03-08T05:00:00.000000Z");
    ck_begin(&z, 2026, 3, 9, "2026-03-09T04:00:00.000000Z");
    ck_ok(parse_footer("EET-2EEST,M4.5.5/0,M10.5.4/24", arena, &z)); /* Cairo skips midnight */
    ck_begin(&z, 2026, 4, 24, "2026-04-23T22:00:00.000000Z");
    ck_ok(parse_footer("CST5CDT,M3.2.0/0,M11.1.0/1", arena, &z)); /* Havana: midnight twice */
    ck_begin(&z, 2026, 11, 1, "2026-11-01T04:00:00.000000Z");
    /* Samoa had no 30 December 2011: it begins where the 31st does */
    put_tzif(&b, (const struct change[]){{1325239200, 1}}, 1, (const int32_t[]){-36000, 50400}, 2,
             "<+14>-14");
    ck_ok(zone_parse(b.at, b.len, arena, &z));
    ck_begin(&z, 2011, 12, 30, "2011-12-30T10:00:00.000000Z");
    ck_begin(&z, 2011, 12, 31, "2011-12-30T10:00:00.000000Z");
}
END_TEST

START_TEST(zone_parse_refuses_every_cut_and_every_odd_field)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct buf b CLEANUP(buf_fini);
    buf_init(&b, 4096);
    struct zone z;
    const struct change changes[] = {{-1000, 1}, {0, 0}};
    put_tzif(&b, changes, 2, (const int32_t[]){0, 3600}, 2, "UTC0");
    ck_ok(zone_parse(b.at, b.len, arena, &z));
    for (size_t len = 0; len < b.len; len++) {
        char *cut = malloc(len + 1); /* of its own, so that the sanitizer sees a read too far */
        memcpy(cut, b.at, len);
        ck_assert_int_eq(zone_parse(cut, len, arena, &z).kind, ERR_INPUT);
        free(cut);
    }
    const size_t second = 44 + 6 + 4;
    const struct {
        size_t at;
        char byte;
    } odd[] = {{0, 'X'},         {4, '\0'},           {second, 'X'},     {second + 31, 1},
               {second + 35, 3}, {second + 32, 0x7F}, {second + 39, 0},  {second + 44, 0x7F},
               {second + 60, 2}, {second + 62, 0x7F}, {b.len - 3, '\0'}, {b.len - 6, 'x'}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char before = b.at[odd[i].at];
        b.at[odd[i].at] = odd[i].byte;
        ck_assert_msg(zone_parse(b.at, b.len, arena, &z).kind == ERR_INPUT, "byte %zu", odd[i].at);
        b.at[odd[i].at] = before;
    }
}
END_TEST

TEST_MAIN("zone", zone_rule_of_new_york_changes_at_two_in_the_morning,
          zone_rules_come_in_every_posix_shape, zone_refuses_footers_that_are_no_posix_tz,
          zone_transitions_hold_until_the_footer_takes_over, zone_date_is_the_date_on_the_wall,
          a_date_begins_at_midnight_or_after_the_gap,
          zone_parse_refuses_every_cut_and_every_odd_field)
