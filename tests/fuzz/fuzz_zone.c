/* TZif files. A zone that parses answers for every instant, and its dates begin where they should.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 22);
    INVARIANT(arena != NULL);
    char *footer = calloc(size + 1, 1);
    INVARIANT(footer != NULL);
    if (size > 0)
        memcpy(footer, data, size);
    struct zone zone = zone_utc();
    struct err e = zone_parse(data, size, arena, &zone);
    if (e.kind != ERR_NONE)
        e = zone_rule_parse(footer, &zone.rule);
    free(footer);
    if (e.kind != ERR_NONE)
        return 0;
    for (int days = DATE_DAYS_MIN; days <= DATE_DAYS_MAX; days += 36527) {
        struct date d = {.days = days};
        int64_t us = date_begin_utc(d);
        INVARIANT(abs(zone_offset_s(&zone, us)) <= 26 * 3600);
        INVARIANT(abs(zone_date(&zone, us).days - days) <= 2);
        int64_t begin = zone_date_begin(&zone, d);
        INVARIANT(begin >= us - 26 * 3600 * US_PER_SECOND &&
                  begin <= us + 26 * 3600 * US_PER_SECOND);
    }
    return 0;
}
