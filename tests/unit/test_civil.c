/* Every date of four centuries, and the texts that are no date or no instant. */
#include "common/base/civil.h"

#include <stdio.h>

#include "tests/unit/test.h"

static struct date date(const char *text)
{
    struct date d = {0};
    ck_ok(date_parse(text, &d));
    return d;
}

START_TEST(every_date_from_1900_to_2300_round_trips)
{
    struct date d = date("1900-01-01"), last = date("2300-12-31");
    int year = 1900, month = 1, day = 1, weekday = MONDAY; /* counted the slow obvious way */
    for (; d.days <= last.days; d.days++) {
        struct ymd on = date_ymd(d);
        ck_assert(on.year == year && on.month == month && on.day == day);
        ck_assert_int_eq(date_weekday(d), weekday);
        struct date again;
        ck_ok(date_make(year, month, day, &again));
        ck_assert_int_eq(again.days, d.days);
        char text[DATE_TEXT_MAX], expected[64];
        date_print(d, text);
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", year, month, day);
        ck_assert_str_eq(text, expected);
        ck_assert_int_eq(date(text).days, d.days);
        weekday = weekday % 7 + 1;
        if (++day > month_days(year, month)) {
            day = 1;
            year += month == 12;
            month = month % 12 + 1;
        }
    }
}
END_TEST

START_TEST(date_anchors_are_where_the_world_has_them)
{
    ck_assert_int_eq(date("1970-01-01").days, 0);
    ck_assert_int_eq(date("2000-03-01").days, 11017);
    ck_assert_int_eq(date("0001-01-01").days, DATE_DAYS_MIN);
    ck_assert_int_eq(date("9999-12-31").days, DATE_DAYS_MAX);
    ck_assert_int_eq(date_weekday(date("2026-03-03")), TUESDAY);
    ck_assert_int_eq(date_weekday(date("0001-01-01")), MONDAY);
    ck_assert(year_is_leap(2000) && year_is_leap(2024) && !year_is_leap(1900) &&
              !year_is_leap(2026));
}
END_TEST

START_TEST(date_parse_refuses_what_is_not_a_date)
{
    static const char *const bad[] = {
        "",           "2026-02-29", "2026-02-30", "1900-02-29",  "2026-13-01",
        "2026-00-01", "2026-01-00", "2026-01-32", "2026-04-31",  "0000-01-01",
        "2026-1-01",  "26-01-01",   "2026/01/01", "2026-01-01 ", " 2026-01-01",
        "20260101",   "2026-01-0x", "+026-01-01", "2026-01-01T", "-001-01-01",
    };
    struct date d = {.days = 42};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(date_parse(bad[i], &d), ERR_INPUT);
    ck_err(date_parse(NULL, &d), ERR_INPUT);
    ck_assert_int_eq(d.days, 42);
}
END_TEST

START_TEST(date_arithmetic_stays_in_the_calendar)
{
    struct date d;
    ck_ok(date_add_days(date("2026-02-28"), 1, &d));
    ck_assert_int_eq(d.days, date("2026-03-01").days);
    ck_ok(date_add_days(date("2026-03-01"), -366, &d));
    ck_assert_int_eq(d.days, date("2025-02-28").days);
    ck_err(date_add_days(date("9999-12-31"), 1, &d), ERR_LIMIT);
    ck_err(date_add_days(date("0001-01-01"), -1, &d), ERR_LIMIT);
    ck_err(date_add_days(date("2026-01-01"), INT64_MAX, &d), ERR_LIMIT);
    ck_ok(date_add_months(date("2026-01-31"), 1, &d));
    ck_assert_int_eq(d.days, date("2026-02-28").days);
    ck_ok(date_add_months(date("2024-01-31"), 1, &d));
    ck_assert_int_eq(d.days, date("2024-02-29").days);
    ck_ok(date_add_months(date("2026-01-15"), -13, &d));
    ck_assert_int_eq(d.days, date("2024-12-15").days);
    ck_err(date_add_months(date("9999-12-01"), 1, &d), ERR_LIMIT);
    ck_err(date_add_months(date("0001-01-01"), -1, &d), ERR_LIMIT);
    ck_err(date_add_months(date("2026-01-01"), INT64_MIN, &d), ERR_LIMIT);
    ck_assert_int_eq(date_month_first(date("2024-02-10")).days, date("2024-02-01").days);
    ck_assert_int_eq(date_month_last(date("2024-02-10")).days, date("2024-02-29").days);
}
END_TEST

START_TEST(instants_print_and_parse_in_utc)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1772529302123456, "2026-03-03T09:15:02.123456Z"},
        {951782400000000, "2000-02-29T00:00:00.000000Z"},
        {-62135596800000000, "0001-01-01T00:00:00.000000Z"},
        {253402300799999999, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[INSTANT_TEXT_MAX];
        int64_t us;
        instant_print(cases[i].us, text);
        ck_assert_str_eq(text, cases[i].text);
        ck_ok(instant_parse(cases[i].text, &us));
        ck_assert_int_eq(us, cases[i].us);
    }
    ck_assert_int_eq(instant_date_utc(-1).days, -1);
    ck_assert_int_eq(instant_date_utc(1772529302123456).days, date("2026-03-03").days);
    ck_assert_int_eq(date_begin_utc(date("2000-02-29")), 951782400000000);
    ck_assert(!instant_valid(253402300800000000) && !instant_valid(INT64_MIN));
}
END_TEST

START_TEST(instant_parse_takes_shorter_fractions)
{
    int64_t us;
    ck_ok(instant_parse("1970-01-01T00:00:01Z", &us));
    ck_assert_int_eq(us, 1000000);
    ck_ok(instant_parse("1970-01-01T00:00:01.5Z", &us));
    ck_assert_int_eq(us, 1500000);
    ck_ok(instant_parse_offset("2014-09-18T14:56:00-07:00", &us));
    int64_t utc;
    ck_ok(instant_parse("2014-09-18T21:56:00Z", &utc));
    ck_assert_int_eq(us, utc);
    ck_ok(instant_parse_offset("1970-01-01T05:30:00.123456789+05:30", &us));
    ck_assert_int_eq(us, 123456);
}
END_TEST

START_TEST(instant_parse_refuses_what_is_not_an_instant)
{
    static const char *const bad[] = {
        "",
        "2026-03-03",
        "2026-03-03T09:15:02",
        "2026-03-03t09:15:02Z",
        "2026-03-03T09:15:02z",
        "2026-03-03 09:15:02Z",
        "2026-03-03T24:00:00Z",
        "2026-03-03T09:60:00Z",
        "2026-03-03T09:15:60Z",
        "2026-03-03T09:15:02.Z",
        "2026-03-03T09:15:02.1234567Z",
        "2026-03-03T09:15:02,5Z",
        "2026-03-03T09:15:02Z ",
        "2026-03-03T09:15:02+00:00",
        "2026-03-03T9:15:02.00Z",
        "2026-02-30T09:15:02Z",
        "2026-03-03T09:15:02ZZ",
    };
    int64_t us = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(instant_parse(bad[i], &us), ERR_INPUT);
    ck_err(instant_parse(NULL, &us), ERR_INPUT);
    static const char *const bad_offset[] = {
        "2026-03-03T09:15:02-00:00",  "2026-03-03T09:15:02+24:00",
        "2026-03-03T09:15:02+01:60",  "2026-03-03T09:15:02+0100",
        "2026-03-03T09:15:02+01:000", "2026-03-03T09:15:02.1234567890Z",
        "0001-01-01T00:00:00+01:00",  "9999-12-31T23:59:59-01:00",
    };
    for (size_t i = 0; i < sizeof bad_offset / sizeof bad_offset[0]; i++)
        ck_err(instant_parse_offset(bad_offset[i], &us), ERR_INPUT);
    ck_assert_int_eq(us, 42);
}
END_TEST

TEST_MAIN("civil", every_date_from_1900_to_2300_round_trips,
          date_anchors_are_where_the_world_has_them, date_parse_refuses_what_is_not_a_date,
          date_arithmetic_stays_in_the_calendar, instants_print_and_parse_in_utc,
          instant_parse_takes_shorter_fractions, instant_parse_refuses_what_is_not_an_instant)
