/* Zones by their IANA name, from the system's tz database: the only place that knows where it is.
 */
#ifndef COMMON_SYS_ZONE_READ_H
#define COMMON_SYS_ZONE_READ_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/zone.h"

/* "America/New_York". ERR_INPUT for a name that cannot be one ('..', a leading slash, odd bytes),
 * ERR_MISSING when the database has no such zone, ERR_STORE when it cannot be read. */
MUST_CHECK struct err zone_load(const char *iana_name, struct arena *arena, struct zone *zone);

#endif
