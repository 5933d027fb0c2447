/* Time that counts only on business days: an hour of a Saturday or of a holiday is none, an hour of
 * a business day is one whether the office is open or not, so that 24 hours are one business day.
 * What arrives on Friday at three in the afternoon and has 24 hours is due on Monday at three. Days
 * begin and end at midnight on the wall of the zone; those on which clocks change have 23 or 25. */
#ifndef COMMON_BASE_BUSINESS_H
#define COMMON_BASE_BUSINESS_H

#include "common/base/calendar.h"
#include "common/base/zone.h"

struct business {
    const struct calendar *cal;
    const struct zone *zone;
};

/* The first instant at which `hours` business hours have passed since `from_us`. ERR_LIMIT past the
 * years of civil.h. hours >= 0; of 0 it is from_us itself. */
MUST_CHECK struct err business_after(const struct business *b, int64_t from_us, int64_t hours,
                                     int64_t *due_us);

/* The last instant for which that is not after `until_us`: whatever began then or before is due. */
MUST_CHECK struct err business_before(const struct business *b, int64_t until_us, int64_t hours,
                                      int64_t *from_us);

#endif
