/* When to try again: exponential, jittered, and not before the other side said (Retry-After). Pure.
 */
#ifndef COMMON_SYS_BACKOFF_H
#define COMMON_SYS_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_MAX_MS    INT64_C(900000) /* a quarter of an hour */
#define RETRY_AFTER_MAX_S INT64_C(86400)  /* nobody makes us wait longer than a day */

/* The pause after attempt `attempt` (from 1) in microseconds: half of base * 2^(attempt-1), at most
 * BACKOFF_MAX_MS, and as much again by `random`. */
int64_t backoff_us(int64_t attempt, int64_t base_ms, uint64_t random);

/* RFC 9110 10.2.3: seconds, or a date in its preferred form. False for anything else; *seconds from
 * `now_us`, 0 … RETRY_AFTER_MAX_S. NULL is false. */
bool retry_after_parse(const char *text, int64_t now_us, int64_t *seconds);

#endif
