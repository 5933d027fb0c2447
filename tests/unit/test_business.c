/* Business hours over weekends, holidays and the days on which clocks change. */
#include "common/base/business.h"

#include "common/sys/zone_read.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct zone zone;

static struct business of(const char *calendar, const char *name)
{
    struct business b = {.zone = &zone};
    ck_ok(calendar_find(calendar, &b.cal));
    ck_ok(zone_load(name, arena, &zone));
    return b;
}

static int64_t at(const char *text)
{
    int64_t us = 0;
    ck_ok(instant_parse(text, &us));
    return us;
}

static void due(const struct business *b, const char *from, int64_t hours, const char *want)
{
    char text[INSTANT_TEXT_MAX];
    int64_t us = 0;
    ck_ok(business_after(b, at(from), hours, &us));
    instant_print(us, text);
    ck_assert_msg(us == at(want), "%s and %lld hours: %s, wanted %s", from, (long long)hours, text,
                  want);
}

static void up(void)
{
    arena = arena_new((size_t)1 << 20);
}

static void down(void)
{
    arena_free(arena);
}

START_TEST(a_day_on_friday_afternoon_ends_on_monday_afternoon)
{
    const struct business ny = of("US_FED", "America/New_York");
    due(&ny, "2026-03-03T15:00:00Z", 24, "2026-03-04T15:00:00Z"); /* Tuesday */
    due(&ny, "2026-03-13T15:00:00Z", 24, "2026-03-16T15:00:00Z"); /* Friday */
    due(&ny, "2026-03-13T15:00:00Z", 0, "2026-03-13T15:00:00Z");
    due(&ny, "2026-03-14T15:00:00Z", 1, "2026-03-16T05:00:00Z");   /* Saturday */
    due(&ny, "2026-03-13T15:00:00Z", 120, "2026-03-20T15:00:00Z"); /* a week of them */
}
END_TEST

START_TEST(a_holiday_is_no_time_at_all)
{
    const struct business ny = of("US_FED", "America/New_York");
    due(&ny, "2025-12-24T20:00:00Z", 24, "2025-12-26T20:00:00Z"); /* Christmas */
    const struct business uk = of("UK_EW", "Europe/London");
    due(&uk, "2025-12-24T20:00:00Z", 24, "2025-12-29T20:00:00Z"); /* and Boxing Day, a Friday */
}
END_TEST

START_TEST(the_day_is_the_zones)
{
    /* Friday evening in New York is Saturday in Tokyo */
    const struct business tokyo = of("NONE", "Asia/Tokyo");
    due(&tokyo, "2026-03-13T20:00:00Z", 1, "2026-03-15T16:00:00Z");
    const struct business ny = of("NONE", "America/New_York");
    due(&ny, "2026-03-13T20:00:00Z", 1, "2026-03-13T21:00:00Z");
}
END_TEST

START_TEST(clocks_that_change_on_a_sunday_change_no_business_day)
{
    const struct business ny = of("NONE", "America/New_York");
    /* 10:00 on Friday in winter time is 15:00Z, on Monday in summer time 14:00Z */
    due(&ny, "2026-03-06T15:00:00Z", 24, "2026-03-09T14:00:00Z");
}
END_TEST

START_TEST(the_last_instant_that_is_due_is_due_and_a_moment_later_is_not)
{
    static const int64_t hours[] = {1, 8, 24, 72, 144, 400};
    const struct business uk = of("UK_EW", "Europe/London");
    int64_t from = 0, again = 0, later = 0;
    for (int64_t now = at("2026-03-25T01:07:00Z"); now < at("2026-04-10T00:00:00Z");
         now += INT64_C(7) * 3600 * 1000000) {
        for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
            ck_ok(business_before(&uk, now, hours[i], &from));
            ck_ok(business_after(&uk, from, hours[i], &again));
            ck_ok(business_after(&uk, from + 1, hours[i], &later));
            ck_assert_int_le(again, now);
            ck_assert_int_gt(later, now);
        }
    }
}
END_TEST

START_TEST(past_the_years_there_is_no_answer)
{
    const struct business b = of("NONE", "UTC");
    int64_t us;
    ck_err(business_after(&b, at("9999-12-30T00:00:00Z"), 100, &us), ERR_LIMIT);
    ck_err(business_before(&b, at("0001-01-02T00:00:00Z"), 100, &us), ERR_LIMIT);
}
END_TEST

TEST_MAIN_AROUND("business", up, down, a_day_on_friday_afternoon_ends_on_monday_afternoon,
                 a_holiday_is_no_time_at_all, the_day_is_the_zones,
                 clocks_that_change_on_a_sunday_change_no_business_day,
                 the_last_instant_that_is_due_is_due_and_a_moment_later_is_not,
                 past_the_years_there_is_no_answer)
