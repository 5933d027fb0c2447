/* Day by day, as a calendar on the wall is read. */
#include "common/base/business.h"

#define HOUR_US (INT64_C(3600) * 1000000)

/* A day of the zone as a span of instants; none of it counts unless it is a business day. */
static struct err day_span(const struct business *b, struct date d, int64_t *begin, int64_t *end)
{
    const struct date next = {.days = d.days + 1};
    ENSURE(date_valid(d) && date_valid(next), ERR_LIMIT, "past the years there are dates for");
    *begin = zone_date_begin(b->zone, d);
    *end = calendar_is_business_day(b->cal, d) ? zone_date_begin(b->zone, next) : *begin;
    return OK;
}

struct err business_after(const struct business *b, int64_t from_us, int64_t hours, int64_t *due_us)
{
    struct date d = zone_date(b->zone, from_us);
    int64_t left = hours * HOUR_US, begin, end;
    *due_us = from_us;
    while (left > 0) {
        TRY(day_span(b, d, &begin, &end));
        begin = begin < from_us ? from_us : begin;
        int64_t counts = end > begin ? end - begin : 0;
        *due_us = begin + left;
        left -= counts < left ? counts : left;
        d.days++;
    }
    return OK;
}

struct err business_before(const struct business *b, int64_t until_us, int64_t hours,
                           int64_t *from_us)
{
    struct date d = zone_date(b->zone, until_us);
    int64_t left = hours * HOUR_US, begin, end;
    *from_us = until_us;
    while (left > 0) {
        TRY(day_span(b, d, &begin, &end));
        end = end > until_us ? until_us : end;
        int64_t counts = end > begin ? end - begin : 0;
        *from_us = end - left;
        left -= counts < left ? counts : left;
        d.days--;
    }
    return OK;
}
