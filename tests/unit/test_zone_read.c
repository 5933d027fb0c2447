/* Real zones of the system's database, and names that must not become paths. */
#include "common/sys/zone_read.h"

#include <string.h>

#include "tests/unit/test.h"

static int32_t offset_at(const char *name, const char *at)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct zone zone;
    int64_t us = 0;
    ck_ok(zone_load(name, arena, &zone));
    ck_ok(instant_parse(at, &us));
    return zone_offset_s(&zone, us);
}

START_TEST(zones_of_the_system_have_their_known_offsets)
{
    ck_assert_int_eq(offset_at("UTC", "2026-03-03T00:00:00Z"), 0);
    ck_assert_int_eq(offset_at("America/New_York", "2026-03-08T06:59:59Z"), -18000);
    ck_assert_int_eq(offset_at("America/New_York", "2026-03-08T07:00:00Z"), -14400);
    ck_assert_int_eq(offset_at("America/New_York", "2060-07-01T00:00:00Z"), -14400);
    ck_assert_int_eq(offset_at("Europe/London", "2026-03-29T01:00:00Z"), 3600);
    ck_assert_int_eq(offset_at("Asia/Kolkata", "2026-01-01T00:00:00Z"), 19800);
    ck_assert_int_eq(offset_at("Asia/Tokyo", "2026-07-01T00:00:00Z"), 32400);
    ck_assert_int_eq(offset_at("Australia/Sydney", "2026-01-01T00:00:00Z"), 39600);
    ck_assert_int_eq(offset_at("Pacific/Apia", "2011-12-30T09:59:59Z"), -36000);
    ck_assert_int_eq(offset_at("Pacific/Apia", "2011-12-30T10:00:00Z"), 50400);
    ck_assert_int_eq(offset_at("Etc/GMT+5", "2026-01-01T00:00:00Z"), -18000);
}
END_TEST

START_TEST(zone_load_refuses_names_that_are_none)
{
    static const char *const bad[] = {
        "",    "/etc/passwd", "../etc/passwd", "America/../UTC", "UTC/",    "America//New_York",
        "a b", "zone.tab",    "UTC\n",         "./UTC",          "\xC3\xA4"};
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct zone zone;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(zone_load(bad[i], arena, &zone), ERR_INPUT);
    ck_err(zone_load(NULL, arena, &zone), ERR_INPUT);
    char longer[80] = {0};
    memset(longer, 'x', 65);
    ck_err(zone_load(longer, arena, &zone), ERR_INPUT);
    ck_err(zone_load("America", arena, &zone), ERR_MISSING);
    ck_err(zone_load("America/Gotham", arena, &zone), ERR_MISSING);
    ck_err(zone_load("UTC/x", arena, &zone), ERR_MISSING);
}
END_TEST

TEST_MAIN("zone_read", zones_of_the_system_have_their_known_offsets,
          zone_load_refuses_names_that_are_none)
