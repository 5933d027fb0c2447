/* Business days: which days banks settle on, by jurisdiction. The rules are data (calendar.def);
 * weekends are Saturday and Sunday everywhere we know so far. Calendars: NONE (weekends only),
 * US_FED, TARGET, UK_EW. A table is complete from its calendar_year_first on; before, it knows only
 * what it says. What a government proclaims later is not in it: a table is a version, like a
 * policy. */
#ifndef COMMON_BASE_CALENDAR_H
#define COMMON_BASE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/civil.h"
#include "common/base/err.h"

struct calendar;

enum roll {
    ROLL_FOLLOWING,          /* the next business day, if it is none */
    ROLL_MODIFIED_FOLLOWING, /* the same, but the one before if that would leave the month */
    ROLL_PRECEDING,          /* the one before */
};

/* By exact name; ERR_INPUT when there is none. A calendar is static and lives for ever. */
MUST_CHECK struct err calendar_find(const char *name, const struct calendar **cal);
const char *calendar_name(const struct calendar *cal);
int calendar_year_first(const struct calendar *cal);

/* NULL when `d` is no holiday (it may still be a weekend); the name otherwise. Dates on which a
 * holiday is observed instead of its own carry its name too. `d` must be valid, here and below. */
const char *calendar_holiday(const struct calendar *cal, struct date d);

bool calendar_is_business_day(const struct calendar *cal, struct date d);

/* How many business days one must wait at `a` to reach `b`: those d with a < d <= b. Friday to
 * Monday is 1, Friday to Saturday 0. Negative when b is before a: between(a, b) == -between(b, a).
 */
int32_t calendar_business_days_between(const struct calendar *cal, struct date a, struct date b);

/* ERR_LIMIT past the years of civil.h. */
MUST_CHECK struct err calendar_roll(const struct calendar *cal, struct date d, enum roll roll,
                                    struct date *rolled);

/* The n-th business day after `d` (before it, for negative n); 0 gives `d` itself, whatever it is.
 */
MUST_CHECK struct err calendar_add_business_days(const struct calendar *cal, struct date d,
                                                 int32_t n, struct date *sum);

/* The same answers by one table lookup: for matching, which asks by the million. */
struct bday_index {
    const struct calendar *cal;
    struct date first, last;
    const int32_t *count; /* [d - first]: business days from `first` to d, d included */
};

/* An index from `first` to `last`; four bytes a day in `arena`. ERR_INPUT when last < first. */
MUST_CHECK struct err bday_index_make(const struct calendar *cal, struct date first,
                                      struct date last, struct arena *arena,
                                      struct bday_index *index);

/* Dates outside the index are answered too, by the rules, slowly. */
bool bday_index_is_business_day(const struct bday_index *index, struct date d);
int32_t bday_index_between(const struct bday_index *index, struct date a, struct date b);

#endif
