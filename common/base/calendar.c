/* Holidays worked out a year at a time: every rule of the calendar gives its day of that year, then
 * the days that fell on a weekend move to where they are observed. A substitute never leaves its
 * year. */
#include "common/base/calendar.h"

#include <limits.h>
#include <string.h>

#include "common/base/invariant.h"

enum { EVER = INT_MAX, LAST = -1, HOLIDAYS_MAX = 32 };

enum rule_kind { RULE_FIXED, RULE_NTH, RULE_EASTER };
enum substitute { STAYS, SUNDAY_TO_MONDAY, NEXT_WEEKDAY };
enum calendar_id { NONE, US_FED, TARGET, UK_EW };

struct holiday {
    enum calendar_id calendar;
    const char *name;
    enum rule_kind kind;
    int month, a, b; /* FIXED: a day; NTH: a weekday, b which; EASTER: a days after Easter Sunday */
    int year_first, year_last;
    enum substitute substitute;
};

struct calendar {
    enum calendar_id id;
    const char *name;
    int year_first;
};

#define FIXED(month, day)          RULE_FIXED, month, day, 0
#define NTH(month, weekday, which) RULE_NTH, month, weekday, which
#define EASTER(days)               RULE_EASTER, 0, days, 0
static const struct holiday holidays[] = {
#define HOLIDAY(calendar, name, rule, first, last, substitute)                                     \
    {calendar, name, rule, first, last, substitute},
#include "common/base/calendar.def"
#undef HOLIDAY
};

static const struct calendar calendars[] = {
    {NONE, "NONE", 1},
    {US_FED, "US_FED", 1986},
    {TARGET, "TARGET", 1999},
    {UK_EW, "UK_EW", 1978},
};

/* One calendar's holidays in one year, as observed. */
struct year {
    size_t n;
    struct {
        struct date on;
        const struct holiday *why;
    } days[HOLIDAYS_MAX];
};

struct err calendar_find(const char *name, const struct calendar **cal)
{
    for (size_t i = 0; name != NULL && i < sizeof calendars / sizeof calendars[0]; i++) {
        if (strcmp(name, calendars[i].name) == 0) {
            *cal = &calendars[i];
            return OK;
        }
    }
    return err_new(ERR_INPUT, "no such calendar: NONE, US_FED, TARGET or UK_EW");
}

const char *calendar_name(const struct calendar *cal)
{
    return cal->name;
}

int calendar_year_first(const struct calendar *cal)
{
    return cal->year_first;
}

static struct date date_known(int year, int month, int day)
{
    struct date d = {0};
    struct err e = date_make(year, month, day, &d);
    INVARIANT(e.kind == ERR_NONE);
    return d;
}

/* The Gregorian computus: the Sunday after the full moon on or after 21 March, by the church's
 * tables. `epact` is the moon's age on 1 January, corrected for the centuries. */
static struct date easter_sunday(int year)
{
    int golden = year % 19, century = year / 100;
    int leap_drift = century - century / 4;
    int moon_drift = (8 * century + 13) / 25;
    int epact = (19 * golden + leap_drift - moon_drift + 15) % 30;
    int full_moon = epact - (epact == 29 || (epact == 28 && golden > 10)); /* days after 21 March */
    struct date moon = {.days = date_known(year, 3, 21).days + full_moon};
    return (struct date){.days = moon.days + 7 - (int)date_weekday(moon) % 7};
}

static struct date nth_weekday(int year, int month, int weekday, int which)
{
    struct date first = date_known(year, month, 1);
    if (which == LAST) {
        struct date last = date_month_last(first);
        return (struct date){.days = last.days - ((int)date_weekday(last) - weekday + 7) % 7};
    }
    int to_weekday = (weekday - (int)date_weekday(first) + 7) % 7;
    return (struct date){.days = first.days + to_weekday + 7 * (which - 1)};
}

static struct date holiday_in(const struct holiday *h, int year)
{
    switch (h->kind) {
    case RULE_FIXED:
        return date_known(year, h->month, h->a);
    case RULE_NTH:
        return nth_weekday(year, h->month, h->a, h->b);
    case RULE_EASTER:
        return (struct date){.days = easter_sunday(year).days + h->a};
    }
    INVARIANT(!"a rule that exists");
    return (struct date){0};
}

static bool is_weekend(struct date d)
{
    return date_weekday(d) >= SATURDAY;
}

static const struct holiday *year_find(const struct year *year, struct date d)
{
    for (size_t i = 0; i < year->n; i++) {
        if (year->days[i].on.days == d.days)
            return year->days[i].why;
    }
    return NULL;
}

static struct date observed(const struct year *year, const struct holiday *h, struct date on)
{
    if (h->substitute == SUNDAY_TO_MONDAY && date_weekday(on) == SUNDAY)
        on.days++;
    while (h->substitute == NEXT_WEEKDAY && (is_weekend(on) || year_find(year, on) != NULL))
        on.days++;
    return on;
}

static struct year year_make(const struct calendar *cal, int number)
{
    struct year year = {.n = 0};
    for (size_t i = 0; i < sizeof holidays / sizeof holidays[0]; i++) {
        const struct holiday *h = &holidays[i];
        if (h->calendar != cal->id || number < h->year_first || number > h->year_last)
            continue;
        INVARIANT(year.n < HOLIDAYS_MAX);
        year.days[year.n].on = holiday_in(h, number);
        year.days[year.n++].why = h;
    }
    for (size_t i = 0; i < year.n; i++) {
        if (is_weekend(year.days[i].on))
            year.days[i].on = observed(&year, year.days[i].why, year.days[i].on);
    }
    return year;
}

const char *calendar_holiday(const struct calendar *cal, struct date d)
{
    struct year year = year_make(cal, date_ymd(d).year);
    const struct holiday *why = year_find(&year, d);
    return why == NULL ? NULL : why->name;
}

bool calendar_is_business_day(const struct calendar *cal, struct date d)
{
    return !is_weekend(d) && calendar_holiday(cal, d) == NULL;
}

/* Weekdays from Monday 0001-01-01 to `d`, `d` included. */
static int32_t weekdays_until(struct date d)
{
    int32_t days = d.days - DATE_DAYS_MIN + 1;
    int32_t rest = days % 7;
    return days / 7 * 5 + (rest < 5 ? rest : 5);
}

/* Distinct holidays d on weekdays with a < d <= b, in one year. */
static int32_t year_holidays(const struct year *year, struct date a, struct date b)
{
    int32_t n = 0;
    for (size_t i = 0; i < year->n; i++) {
        struct date on = year->days[i].on;
        bool first = year_find(year, on) == year->days[i].why;
        n += first && !is_weekend(on) && on.days > a.days && on.days <= b.days;
    }
    return n;
}

int32_t calendar_business_days_between(const struct calendar *cal, struct date a, struct date b)
{
    if (b.days < a.days)
        return -calendar_business_days_between(cal, b, a);
    int32_t n = weekdays_until(b) - weekdays_until(a);
    for (int number = date_ymd(a).year; number <= date_ymd(b).year; number++) {
        struct year year = year_make(cal, number);
        n -= year_holidays(&year, a, b);
    }
    return n;
}

/* The first business day at `d` or beyond it, in steps of one day forward or back. */
static struct err nearest(const struct calendar *cal, struct date d, int step, struct date *found)
{
    while (!calendar_is_business_day(cal, d))
        TRY(date_add_days(d, step, &d));
    *found = d;
    return OK;
}

struct err calendar_roll(const struct calendar *cal, struct date d, enum roll roll,
                         struct date *rolled)
{
    if (roll == ROLL_PRECEDING)
        return nearest(cal, d, -1, rolled);
    struct date next;
    TRY(nearest(cal, d, 1, &next));
    if (roll == ROLL_MODIFIED_FOLLOWING && next.days > date_month_last(d).days)
        return nearest(cal, d, -1, rolled);
    *rolled = next;
    return OK;
}

struct err calendar_add_business_days(const struct calendar *cal, struct date d, int32_t n,
                                      struct date *sum)
{
    int step = n < 0 ? -1 : 1;
    for (; n != 0; n -= step) {
        TRY(date_add_days(d, step, &d));
        TRY(nearest(cal, d, step, &d));
    }
    *sum = d;
    return OK;
}

struct err bday_index_make(const struct calendar *cal, struct date first, struct date last,
                           struct arena *arena, struct bday_index *index)
{
    ENSURE(date_valid(first) && date_valid(last) && first.days <= last.days, ERR_INPUT,
           "the last date of the index is before the first");
    size_t n = (size_t)(last.days - first.days) + 1;
    int32_t *count = ARENA_ARRAY(arena, n, int32_t);
    ENSURE(count != NULL, ERR_LIMIT, "no room for the index of business days");
    int number = 0;
    int32_t total = 0;
    struct year year = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        struct date d = {.days = first.days + (int32_t)i};
        if (date_ymd(d).year != number) {
            number = date_ymd(d).year;
            year = year_make(cal, number);
        }
        total += !is_weekend(d) && year_find(&year, d) == NULL;
        count[i] = total;
    }
    *index = (struct bday_index){.cal = cal, .first = first, .last = last, .count = count};
    return OK;
}

static bool indexed(const struct bday_index *index, struct date d)
{
    return d.days >= index->first.days && d.days <= index->last.days;
}

bool bday_index_is_business_day(const struct bday_index *index, struct date d)
{
    if (!indexed(index, d) || d.days == index->first.days)
        return calendar_is_business_day(index->cal, d);
    const int32_t *count = &index->count[d.days - index->first.days];
    return count[0] > count[-1];
}

int32_t bday_index_between(const struct bday_index *index, struct date a, struct date b)
{
    if (!indexed(index, a) || !indexed(index, b))
        return calendar_business_days_between(index->cal, a, b);
    return index->count[b.days - index->first.days] - index->count[a.days - index->first.days];
}
