/* Time zones: what a clock on the wall shows at an instant. A zone is read from TZif bytes (RFC
 * 8536, version 2 or later) that the caller brings; common/sys/zone_read.h brings them from the
 * system. */
#ifndef COMMON_BASE_ZONE_H
#define COMMON_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/civil.h"
#include "common/base/err.h"
#include "common/base/zone_rule.h"

struct zone {
    size_t n_transitions;
    const int64_t *at_s;     /* ascending, seconds since 1970 */
    const int32_t *offset_s; /* from at_s[i] on */
    int32_t first_s;         /* before at_s[0] */
    struct zone_rule rule;   /* after the last of them, if present */
};

struct zone zone_utc(void);

/* `bytes` of a TZif file; the tables live in `arena`. ERR_INPUT for anything malformed, for version
 * 1, and for files with leap seconds ("right/"), whose seconds are not ours. */
MUST_CHECK struct err zone_parse(const void *bytes, size_t len, struct arena *arena,
                                 struct zone *zone);

/* Seconds to add to UTC at the instant `us`. */
int32_t zone_offset_s(const struct zone *zone, int64_t us);

/* The date on the wall at the instant `us`. */
struct date zone_date(const struct zone *zone, int64_t us);

/* The first instant of `d` on the wall: midnight, or the moment after the gap that swallowed it. */
int64_t zone_date_begin(const struct zone *zone, struct date d);

#endif
