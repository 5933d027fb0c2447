/* Days and dates by counting in 400-year cycles; text by fixed columns. */
#include "common/base/civil.h"

#include <stdio.h>
#include <string.h>

#include "common/base/invariant.h"

enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 }; /* 400 years; from 0000-03-01 */

bool date_valid(struct date d)
{
    return d.days >= DATE_DAYS_MIN && d.days <= DATE_DAYS_MAX;
}

bool year_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    INVARIANT(month >= 1 && month <= 12);
    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

/* Years are taken to begin in March, so that the leap day is the last of its year. */
static int32_t days_of(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int month_from_march = month > 2 ? month - 3 : month + 9;
    int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

struct err date_make(int year, int month, int day, struct date *d)
{
    ENSURE(year >= 1 && year <= 9999, ERR_INPUT, "the year is not between 1 and 9999");
    ENSURE(month >= 1 && month <= 12, ERR_INPUT, "there is no such month");
    ENSURE(day >= 1 && day <= month_days(year, month), ERR_INPUT, "the month has no such day");
    d->days = days_of(year, month, day);
    return OK;
}

struct ymd date_ymd(struct date d)
{
    INVARIANT(date_valid(d));
    int days = d.days + DAYS_TO_1970; /* never negative in our years */
    int era = days / DAYS_PER_ERA;
    int day_of_era = days % DAYS_PER_ERA;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct ymd){.year = era * 400 + year_of_era + (month <= 2),
                        .month = month,
                        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

/* `n` digits at `text` as a number, or -1. */
static int digits_at(const char *text, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* "YYYY-MM-DD" at the start of `text`. */
static struct err date_at(const char *text, struct date *d)
{
    const char *wrong = "expected a date as YYYY-MM-DD";
    ENSURE(strlen(text) >= 10 && text[4] == '-' && text[7] == '-', ERR_INPUT, wrong);
    int year = digits_at(text, 4), month = digits_at(text + 5, 2), day = digits_at(text + 8, 2);
    ENSURE(year >= 0 && month >= 0 && day >= 0, ERR_INPUT, wrong);
    return date_make(year, month, day, d);
}

struct err date_parse(const char *text, struct date *d)
{
    ENSURE(text != NULL && strlen(text) == 10, ERR_INPUT, "expected a date as YYYY-MM-DD");
    return date_at(text, d);
}

/* The last `n` digits, with zeros before them. */
static void digits_print(unsigned value, size_t n, char *to)
{
    for (size_t i = n; i > 0; i--, value /= 10)
        to[i - 1] = (char)('0' + value % 10);
}

void date_print(struct date d, char out[DATE_TEXT_MAX])
{
    struct ymd on = date_ymd(d);
    memcpy(out, "YYYY-MM-DD", sizeof "YYYY-MM-DD");
    digits_print((unsigned)on.year, 4, out);
    digits_print((unsigned)on.month, 2, out + 5);
    digits_print((unsigned)on.day, 2, out + 8);
}

enum weekday date_weekday(struct date d)
{
    INVARIANT(date_valid(d));
    return (enum weekday)((d.days - DATE_DAYS_MIN) % 7 + 1); /* 0001-01-01 was a Monday */
}

struct err date_add_days(struct date d, int64_t days, struct date *sum)
{
    int64_t total;
    ENSURE(!__builtin_add_overflow(days, d.days, &total) && total >= DATE_DAYS_MIN &&
               total <= DATE_DAYS_MAX,
           ERR_LIMIT, "the date is outside the years 1 to 9999");
    sum->days = (int32_t)total;
    return OK;
}

struct err date_add_months(struct date d, int64_t months, struct date *sum)
{
    struct ymd on = date_ymd(d);
    ENSURE(months > -120000 && months < 120000, ERR_LIMIT,
           "the date is outside the years 1 to 9999");
    int total = on.year * 12 + on.month - 1 + (int)months;
    ENSURE(total >= 12 && total < 120000, ERR_LIMIT, "the date is outside the years 1 to 9999");
    int year = total / 12, month = total % 12 + 1, last = month_days(year, month);
    return date_make(year, month, on.day < last ? on.day : last, sum);
}

struct date date_month_first(struct date d)
{
    return (struct date){.days = d.days - date_ymd(d).day + 1};
}

struct date date_month_last(struct date d)
{
    struct ymd on = date_ymd(d);
    return (struct date){.days = d.days - on.day + month_days(on.year, on.month)};
}

bool instant_valid(int64_t us)
{
    return us >= DATE_DAYS_MIN * US_PER_DAY && us < (DATE_DAYS_MAX + 1) * US_PER_DAY;
}

struct date instant_date_utc(int64_t us)
{
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0);
    return (struct date){.days = (int32_t)days};
}

int64_t date_begin_utc(struct date d)
{
    return d.days * US_PER_DAY;
}

void instant_print(int64_t us, char out[INSTANT_TEXT_MAX])
{
    INVARIANT(instant_valid(us));
    struct date d = instant_date_utc(us);
    uint64_t of_day = (uint64_t)(us - date_begin_utc(d));
    unsigned second = (unsigned)(of_day / 1000000), fraction = (unsigned)(of_day % 1000000);
    char date[DATE_TEXT_MAX];
    date_print(d, date);
    snprintf(out, INSTANT_TEXT_MAX, "%sT%02u:%02u:%02u.%06uZ", date, second / 3600 % 24,
             second / 60 % 60, second % 60, fraction);
}

/* ".123456" at *p: moves past it and adds its microseconds. No point at all is no fraction. */
static struct err fraction_parse(const char **p, int digits_max, int64_t *us)
{
    if (**p != '.')
        return OK;
    (*p)++;
    int n = 0;
    for (int64_t unit = 100000; **p >= '0' && **p <= '9'; (*p)++, n++, unit /= 10)
        *us += unit * (**p - '0');
    ENSURE(n >= 1 && n <= digits_max, ERR_INPUT,
           "the fraction of the second has too few or too many digits");
    return OK;
}

/* "Z" or "+hh:mm" to the end of the text. */
static struct err offset_parse(const char *p, int64_t *offset_us)
{
    *offset_us = 0;
    if (strcmp(p, "Z") == 0)
        return OK;
    const char *wrong = "expected Z or an offset such as +01:00 after the time";
    ENSURE((p[0] == '+' || p[0] == '-') && strlen(p) == 6 && p[3] == ':', ERR_INPUT, wrong);
    int hour = digits_at(p + 1, 2), minute = digits_at(p + 4, 2);
    ENSURE(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59, ERR_INPUT, wrong);
    ENSURE(p[0] == '+' || hour + minute > 0, ERR_INPUT, "the offset -00:00 names no zone");
    *offset_us = (p[0] == '-' ? -1 : 1) * (hour * 60 + minute) * 60 * US_PER_SECOND;
    return OK;
}

static struct err rfc3339_parse(const char *text, int fraction_max, bool utc, int64_t *us)
{
    const char *wrong = "expected an instant as YYYY-MM-DDThh:mm:ssZ";
    struct date d;
    ENSURE(text != NULL && strlen(text) >= 20, ERR_INPUT, wrong);
    TRY(date_at(text, &d));
    ENSURE(text[10] == 'T' && text[13] == ':' && text[16] == ':', ERR_INPUT, wrong);
    int hour = digits_at(text + 11, 2), minute = digits_at(text + 14, 2);
    int second = digits_at(text + 17, 2);
    ENSURE(hour >= 0 && minute >= 0 && second >= 0, ERR_INPUT, wrong);
    ENSURE(hour <= 23 && minute <= 59 && second <= 59, ERR_INPUT, "there is no such time of day");
    int64_t at = date_begin_utc(d) + (hour * 3600 + minute * 60 + second) * US_PER_SECOND;
    const char *p = text + 19;
    int64_t offset_us;
    TRY(fraction_parse(&p, fraction_max, &at));
    ENSURE(!utc || strcmp(p, "Z") == 0, ERR_INPUT, "expected the instant to end in Z");
    TRY(offset_parse(p, &offset_us));
    at -= offset_us;
    ENSURE(instant_valid(at), ERR_INPUT, "the instant is outside the years 1 to 9999");
    *us = at;
    return OK;
}

struct err instant_parse(const char *text, int64_t *us)
{
    return rfc3339_parse(text, 6, true, us);
}

struct err instant_parse_offset(const char *text, int64_t *us)
{
    return rfc3339_parse(text, 9, false, us);
}
