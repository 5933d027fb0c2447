/* The rule in a zone's footer, which holds after its last transition: "EST5EDT,M3.2.0,M11.1.0".
 * A part of zone.h; only zone.c calls it. */
#ifndef COMMON_BASE_ZONE_RULE_H
#define COMMON_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/civil.h"
#include "common/base/err.h"

/* When in a year clocks change. */
struct zone_change {
    /* Mm.w.d; Jn, from 1, no leap day counted; n, from 0 */
    enum { CHANGE_WEEK, CHANGE_JULIAN, CHANGE_DAY } how;
    int month, week, weekday; /* CHANGE_WEEK: week 5 is the last, weekday 0 is Sunday */
    int day;                  /* CHANGE_JULIAN, CHANGE_DAY */
    int32_t time_s;           /* after local midnight; may be negative or past the day */
};

struct zone_rule {
    bool present; /* false: the footer was empty */
    bool dst;     /* false: standard time all year */
    int32_t standard_s, dst_s;
    struct zone_change dst_begin, dst_end;
};

/* ERR_INPUT unless `text` is empty or POSIX TZ text, with both changes if there is a summer time.
 */
MUST_CHECK struct err zone_rule_parse(const char *text, struct zone_rule *rule);

/* Seconds east of UTC at `at_s`; the rule is present. */
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t at_s);

#endif
