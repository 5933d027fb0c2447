/* How much one of many may ask for: so many requests a second, with a burst, and so many at a time.
 * Whole numbers only. Whoever stays within it is forgotten, so the table is as large as those who
 * are at it now; past QUOTA_MAX of them nobody new is taken. One thread. */
#ifndef COMMON_SYS_QUOTA_H
#define COMMON_SYS_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quota;

#define QUOTA_KEY 16 /* bytes that say who: an address, the beginning of a hash */
#define QUOTA_MAX ((size_t)65536)

struct quota_limits {
    int64_t per_second; /* 0: no limit; at most 1,000,000 */
    int64_t burst;      /* that may come at once after a rest; at least 1 where there is a limit */
    size_t at_a_time;   /* 0: no limit */
};

enum quota_verdict {
    QUOTA_TOO_FAST = 0,
    QUOTA_TOO_MANY, /* at a time */
    QUOTA_TAKEN,
};

/* NULL when the heap has nothing left. */
struct quota *quota_new(const struct quota_limits *limits);
void quota_free(struct quota *quota);

/* One more of `key`; QUOTA_TAKEN is answered by one quota_leave when it is over. Otherwise nothing
 * is counted, and *wait_us says when another try is worth it. now_us is of a clock that is never
 * set, such as loop_now_ms's. */
enum quota_verdict quota_enter(struct quota *quota, const uint8_t key[QUOTA_KEY], int64_t now_us,
                               int64_t *wait_us);
void quota_leave(struct quota *quota, const uint8_t key[QUOTA_KEY]);

/* The same where nothing takes time: counts, and is over at once. False: refused. */
bool quota_pass(struct quota *quota, const uint8_t key[QUOTA_KEY], int64_t now_us,
                int64_t *wait_us);

size_t quota_known(const struct quota *quota); /* keys that are not forgotten yet */

#endif
