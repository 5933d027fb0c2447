/* Business days against the dates their authorities published for 2020 to 2028, and the index
 * against the rules. The dates are facts, checked while writing against an independent list to
 * 2050. */
#include "common/base/calendar.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

/* Holidays that fall on weekdays, month and day behind each year. */
static const char us_fed[] =
    "2020: 01-01 01-20 02-17 05-25 09-07 10-12 11-11 11-26 12-25 "
    "2021: 01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 "
    "2022: 01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26 "
    "2023: 01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-23 12-25 "
    "2024: 01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25 "
    "2025: 01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25 "
    "2026: 01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25 "
    "2027: 01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 "
    "2028: 01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-23 12-25 ";
static const char target[] = "2020: 01-01 04-10 04-13 05-01 12-25 "
                             "2021: 01-01 04-02 04-05 "
                             "2022: 04-15 04-18 12-26 "
                             "2023: 04-07 04-10 05-01 12-25 12-26 "
                             "2024: 01-01 03-29 04-01 05-01 12-25 12-26 "
                             "2025: 01-01 04-18 04-21 05-01 12-25 12-26 "
                             "2026: 01-01 04-03 04-06 05-01 12-25 "
                             "2027: 01-01 03-26 03-29 "
                             "2028: 04-14 04-17 05-01 12-25 12-26 ";
static const char uk_ew[] = "2020: 01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28 "
                            "2021: 01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28 "
                            "2022: 01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27 "
                            "2023: 01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26 "
                            "2024: 01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26 "
                            "2025: 01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26 "
                            "2026: 01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28 "
                            "2027: 01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28 "
                            "2028: 01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26 ";

static struct date date(const char *text)
{
    struct date d = {0};
    ck_ok(date_parse(text, &d));
    return d;
}

static const struct calendar *calendar(const char *name)
{
    const struct calendar *cal = NULL;
    ck_ok(calendar_find(name, &cal));
    return cal;
}

static bool is_listed(const char *list, const char *iso)
{
    char year[8], day[8];
    snprintf(year, sizeof year, "%.4s:", iso);
    snprintf(day, sizeof day, " %.5s ", iso + 5);
    const char *from = strstr(list, year), *found = from == NULL ? NULL : strstr(from, day);
    const char *next_year = from == NULL ? NULL : strchr(from + 5, ':');
    return found != NULL && (next_year == NULL || found < next_year);
}

static void ck_holidays(const char *name, const char *list)
{
    const struct calendar *cal = calendar(name);
    struct date d = date("2020-01-01"), last = date("2028-12-31");
    for (; d.days <= last.days; d.days++) {
        char iso[DATE_TEXT_MAX];
        date_print(d, iso);
        bool open = date_weekday(d) < SATURDAY && !is_listed(list, iso);
        ck_assert_msg(calendar_is_business_day(cal, d) == open, "%s %s", name, iso);
    }
}

START_TEST(calendars_know_the_published_holidays)
{
    ck_holidays("US_FED", us_fed);
    ck_holidays("TARGET", target);
    ck_holidays("UK_EW", uk_ew);
    ck_holidays("NONE", "");
}
END_TEST

START_TEST(calendar_find_refuses_unknown_names)
{
    const struct calendar *cal = NULL;
    ck_err(calendar_find("us_fed", &cal), ERR_INPUT);
    ck_err(calendar_find("", &cal), ERR_INPUT);
    ck_err(calendar_find(NULL, &cal), ERR_INPUT);
    ck_assert_ptr_null(cal);
    ck_assert_str_eq(calendar_name(calendar("TARGET")), "TARGET");
    ck_assert_int_eq(calendar_year_first(calendar("UK_EW")), 1978);
}
END_TEST

START_TEST(the_fed_does_not_move_saturdays)
{
    const struct calendar *fed = calendar("US_FED");
    ck_assert(calendar_is_business_day(fed, date("2026-07-03")));
    ck_assert(!calendar_is_business_day(fed, date("2027-07-05")));
    ck_assert(calendar_is_business_day(fed, date("2026-04-03"))); /* Good Friday */
    ck_assert(calendar_is_business_day(fed, date("2020-06-19"))); /* before Juneteenth was one */
    ck_assert_str_eq(calendar_holiday(fed, date("2027-07-05")), "Independence Day");
    ck_assert_ptr_null(calendar_holiday(fed, date("2026-07-06")));
}
END_TEST

START_TEST(uk_holidays_move_past_each_other)
{
    const struct calendar *uk = calendar("UK_EW");
    ck_assert_str_eq(calendar_holiday(uk, date("2022-12-26")), "Boxing Day");
    ck_assert_str_eq(calendar_holiday(uk, date("2022-12-27")), "Christmas Day");
    ck_assert_str_eq(calendar_holiday(uk, date("2021-12-27")), "Christmas Day");
    ck_assert_str_eq(calendar_holiday(uk, date("2021-12-28")), "Boxing Day");
    ck_assert(calendar_is_business_day(uk, date("1995-05-01")));
    ck_assert(!calendar_is_business_day(uk, date("1999-12-31")));
}
END_TEST

START_TEST(business_days_between_counts_the_days_one_waits)
{
    const struct calendar *none = calendar("NONE"), *uk = calendar("UK_EW");
    struct date friday = date("2026-04-24"), saturday = date("2026-04-25");
    struct date monday = date("2026-04-27");
    ck_assert_int_eq(calendar_business_days_between(none, friday, monday), 1);
    ck_assert_int_eq(calendar_business_days_between(none, friday, saturday), 0);
    ck_assert_int_eq(calendar_business_days_between(none, saturday, monday), 1);
    ck_assert_int_eq(calendar_business_days_between(none, monday, friday), -1);
    ck_assert_int_eq(calendar_business_days_between(none, monday, monday), 0);
    /* over Easter: Good Friday and Easter Monday are closed */
    ck_assert_int_eq(calendar_business_days_between(uk, date("2026-04-02"), date("2026-04-07")), 1);
    ck_assert_int_eq(calendar_business_days_between(uk, date("2022-01-01"), date("2022-12-31")),
                     260 - 10);
}
END_TEST

START_TEST(business_days_between_agrees_with_counting_and_with_the_index)
{
    static const char *const names[] = {"NONE", "US_FED", "TARGET", "UK_EW"};
    struct date first = date("2019-12-20"), last = date("2023-01-10");
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
        const struct calendar *cal = calendar(names[k]);
        struct bday_index index;
        ck_ok(bday_index_make(cal, date("2020-03-01"), date("2022-10-31"), arena, &index));
        for (struct date a = first; a.days <= last.days; a.days += 11) {
            int32_t counted = 0;
            for (struct date b = a; b.days <= last.days; b.days++) {
                counted += b.days > a.days && calendar_is_business_day(cal, b);
                if ((b.days - a.days) % 5 != 0)
                    continue;
                ck_assert_int_eq(calendar_business_days_between(cal, a, b), counted);
                ck_assert_int_eq(calendar_business_days_between(cal, b, a), -counted);
                ck_assert_int_eq(bday_index_between(&index, a, b), counted);
                ck_assert_int_eq(bday_index_between(&index, b, a), -counted);
                ck_assert(bday_index_is_business_day(&index, b) ==
                          calendar_is_business_day(cal, b));
            }
        }
    }
}
END_TEST

START_TEST(bday_index_of_one_day_and_of_none)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 12);
    struct bday_index index;
    struct date d = date("2026-03-03"), before = date("2026-03-02");
    ck_ok(bday_index_make(calendar("NONE"), d, d, arena, &index));
    ck_assert(bday_index_is_business_day(&index, d));
    ck_assert_int_eq(bday_index_between(&index, d, d), 0);
    ck_err(bday_index_make(calendar("NONE"), d, before, arena, &index), ERR_INPUT);
    ck_err(bday_index_make(calendar("NONE"), d, date("9999-12-31"), arena, &index), ERR_LIMIT);
}
END_TEST

static void ck_roll(const char *name, const char *from, enum roll roll, const char *to)
{
    struct date d;
    char iso[DATE_TEXT_MAX];
    ck_ok(calendar_roll(calendar(name), date(from), roll, &d));
    date_print(d, iso);
    ck_assert_str_eq(iso, to);
}

START_TEST(rolls_follow_their_conventions)
{
    ck_roll("NONE", "2026-05-30", ROLL_FOLLOWING, "2026-06-01");
    ck_roll("NONE", "2026-05-30", ROLL_MODIFIED_FOLLOWING, "2026-05-29");
    ck_roll("NONE", "2026-05-30", ROLL_PRECEDING, "2026-05-29");
    ck_roll("NONE", "2026-05-16", ROLL_MODIFIED_FOLLOWING, "2026-05-18");
    ck_roll("NONE", "2026-05-15", ROLL_PRECEDING, "2026-05-15");
    ck_roll("UK_EW", "2026-12-25", ROLL_FOLLOWING, "2026-12-29");
    ck_roll("TARGET", "2027-01-01", ROLL_PRECEDING, "2026-12-31");
    struct date d;
    ck_ok(date_make(1, 1, 6, &d)); /* a Saturday */
    ck_ok(calendar_roll(calendar("NONE"), d, ROLL_PRECEDING, &d));
    ck_ok(calendar_roll(calendar("NONE"), date("9999-12-31"), ROLL_FOLLOWING, &d));
}
END_TEST

START_TEST(adding_business_days_undoes_counting_them)
{
    const struct calendar *fed = calendar("US_FED");
    struct date d = date("2026-01-05"), sum;
    for (int32_t n = -300; n <= 300; n++) {
        ck_ok(calendar_add_business_days(fed, d, n, &sum));
        ck_assert(calendar_is_business_day(fed, sum));
        ck_assert_int_eq(calendar_business_days_between(fed, d, sum), n);
    }
    ck_ok(calendar_add_business_days(fed, date("2026-07-04"), 0, &sum));
    ck_assert_int_eq(sum.days, date("2026-07-04").days);
    ck_ok(calendar_add_business_days(fed, date("2026-07-04"), 1, &sum));
    ck_assert_int_eq(sum.days, date("2026-07-06").days);
    ck_err(calendar_add_business_days(fed, date("9999-12-30"), 5, &sum), ERR_LIMIT);
}
END_TEST

TEST_MAIN("calendar", calendars_know_the_published_holidays, calendar_find_refuses_unknown_names,
          the_fed_does_not_move_saturdays, uk_holidays_move_past_each_other,
          business_days_between_counts_the_days_one_waits,
          business_days_between_agrees_with_counting_and_with_the_index,
          bday_index_of_one_day_and_of_none, rolls_follow_their_conventions,
          adding_business_days_undoes_counting_them)
