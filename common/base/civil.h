/* Civil time: dates without a zone, and instants. Dates are days since 1970-01-01 in the proleptic
 * Gregorian calendar, from 0001-01-01 to 9999-12-31; instants are microseconds since
 * 1970-01-01T00:00:00Z, of the same years. This file is told the time and never asks for it.
 * What date an instant is depends on the zone: zone.h. Business days: calendar.h. Dates in other
 * spellings than ISO 8601: date_format.h. Outputs are written on success only. */
#ifndef COMMON_BASE_CIVIL_H
#define COMMON_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

/* Compare and subtract through `days`; all zero is 1970-01-01. */
struct date {
    int32_t days;
};

struct ymd {
    int year, month, day; /* month and day count from 1 */
};

enum weekday {
    MONDAY = 1,
    TUESDAY,
    WEDNESDAY,
    THURSDAY,
    FRIDAY,
    SATURDAY,
    SUNDAY
}; /* as in ISO 8601 */

enum {
    DATE_DAYS_MIN = -719162, /* 0001-01-01 */
    DATE_DAYS_MAX = 2932896, /* 9999-12-31 */
    DATE_TEXT_MAX = 12,      /* "2026-03-03" and NUL; and some */
    INSTANT_TEXT_MAX = 32,   /* "2026-03-03T09:15:02.123456Z" and NUL; and some */
};

#define US_PER_SECOND ((int64_t)1000000)
#define US_PER_DAY    (86400 * US_PER_SECOND)

bool date_valid(struct date d); /* within the years above */

/* ERR_INPUT for a day that does not exist: 30 February, month 13, year 0. */
MUST_CHECK struct err date_make(int year, int month, int day, struct date *d);
struct ymd date_ymd(struct date d); /* `d` must be valid, here and below */

/* Exactly "YYYY-MM-DD". */
MUST_CHECK struct err date_parse(const char *text, struct date *d);
void date_print(struct date d, char out[DATE_TEXT_MAX]);

enum weekday date_weekday(struct date d);
bool year_is_leap(int year);
int month_days(int year, int month); /* 28 to 31 */

/* ERR_LIMIT outside the years above. Months keep the day, or take the month's last day when it has
 * no such day: 31 January and one month is 28 or 29 February. */
MUST_CHECK struct err date_add_days(struct date d, int64_t days, struct date *sum);
MUST_CHECK struct err date_add_months(struct date d, int64_t months, struct date *sum);
struct date date_month_first(struct date d);
struct date date_month_last(struct date d);

bool instant_valid(int64_t us);

/* RFC 3339 in UTC, always with six digits: "2026-03-03T09:15:02.123456Z". `us` must be valid. */
void instant_print(int64_t us, char out[INSTANT_TEXT_MAX]);

/* Our own spelling: in upper case, with 'Z', and with no or 1 to 6 fraction digits. No leap second.
 */
MUST_CHECK struct err instant_parse(const char *text, int64_t *us);

/* What others write in RFC 3339: 'Z' or an offset such as "-07:00", up to 9 fraction digits, of
 * which those past the sixth are dropped. */
MUST_CHECK struct err instant_parse_offset(const char *text, int64_t *us);

/* The date in UTC, and the instant a UTC date begins. */
struct date instant_date_utc(int64_t us);
int64_t date_begin_utc(struct date d);

#endif
