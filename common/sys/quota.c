/* The bucket is kept as a debt of time: each request costs 1/per_second, what passes pays it back,
 * and nobody may owe more than the burst costs. So an entry is two numbers, and one that owes
 * nothing and has nothing under way is as good as none. */
#include "common/sys/quota.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/invariant.h"

#define SLOTS     ((size_t)4096)
#define SECOND_NS INT64_C(1000000000)
#define BUSY_US   INT64_C(1000000) /* who has too many under way may look again then */

struct entry {
    uint8_t key[QUOTA_KEY];
    int64_t debt_ns, seen_us;
    size_t at_a_time;
    struct entry *next;
};

struct quota {
    int64_t cost_ns, debt_max_ns; /* cost 0: any rate */
    size_t at_a_time_max;
    size_t n;
    uint64_t seed; /* so that nobody can choose keys that share a slot */
    struct entry *slot[SLOTS];
};

struct quota *quota_new(const struct quota_limits *limits)
{
    struct quota *q = calloc(1, sizeof *q);
    if (q == NULL || getrandom(&q->seed, sizeof q->seed, 0) < 0) {
        free(q);
        return NULL;
    }
    INVARIANT(limits->per_second >= 0 && limits->per_second <= 1000000);
    q->cost_ns = limits->per_second == 0 ? 0 : SECOND_NS / limits->per_second;
    if (q->cost_ns > 0 && __builtin_mul_overflow(q->cost_ns, limits->burst, &q->debt_max_ns))
        q->debt_max_ns = INT64_MAX / 2;
    INVARIANT(q->debt_max_ns >= q->cost_ns);
    q->at_a_time_max = limits->at_a_time == 0 ? SIZE_MAX : limits->at_a_time;
    return q;
}

void quota_free(struct quota *q)
{
    for (size_t i = 0; q != NULL && i < SLOTS; i++) {
        while (q->slot[i] != NULL) {
            struct entry *entry = q->slot[i];
            q->slot[i] = entry->next;
            free(entry);
        }
    }
    free(q);
}

static struct entry **slot_of(struct quota *q, const uint8_t key[QUOTA_KEY])
{
    uint64_t hash = q->seed;
    for (size_t i = 0; i < QUOTA_KEY; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x9E3779B97F4A7C15);
    return &q->slot[(hash >> 32) % SLOTS];
}

static void pay_back(struct entry *entry, int64_t now_us)
{
    int64_t passed_ns = 0;
    if (now_us > entry->seen_us && (__builtin_sub_overflow(now_us, entry->seen_us, &passed_ns) ||
                                    __builtin_mul_overflow(passed_ns, 1000, &passed_ns)))
        passed_ns = INT64_MAX;
    entry->debt_ns = passed_ns >= entry->debt_ns ? 0 : entry->debt_ns - passed_ns;
    entry->seen_us = now_us;
}

/* The key's entry, or NULL. Others of the slot that nothing is known of any more go. */
static struct entry *find(struct quota *q, const uint8_t key[QUOTA_KEY], int64_t now_us)
{
    struct entry *found = NULL;
    for (struct entry **link = slot_of(q, key); *link != NULL;) {
        struct entry *entry = *link;
        pay_back(entry, now_us);
        if (memcmp(entry->key, key, QUOTA_KEY) == 0) {
            found = entry;
        } else if (entry->debt_ns == 0 && entry->at_a_time == 0) {
            *link = entry->next;
            free(entry);
            q->n--;
            continue;
        }
        link = &entry->next;
    }
    return found;
}

static struct entry *add(struct quota *q, const uint8_t key[QUOTA_KEY], int64_t now_us)
{
    struct entry *entry = q->n >= QUOTA_MAX ? NULL : calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    struct entry **slot = slot_of(q, key);
    memcpy(entry->key, key, QUOTA_KEY);
    entry->seen_us = now_us;
    entry->next = *slot;
    *slot = entry;
    q->n++;
    return entry;
}

enum quota_verdict quota_enter(struct quota *q, const uint8_t key[QUOTA_KEY], int64_t now_us,
                               int64_t *wait_us)
{
    struct entry *entry = find(q, key, now_us);
    *wait_us = BUSY_US;
    if (entry == NULL)
        entry = add(q, key, now_us);
    if (entry == NULL || entry->at_a_time >= q->at_a_time_max)
        return QUOTA_TOO_MANY;
    if (entry->debt_ns > q->debt_max_ns - q->cost_ns) {
        *wait_us = (entry->debt_ns - (q->debt_max_ns - q->cost_ns)) / 1000 + 1;
        return QUOTA_TOO_FAST;
    }
    entry->debt_ns += q->cost_ns;
    entry->at_a_time++;
    *wait_us = 0;
    return QUOTA_TAKEN;
}

void quota_leave(struct quota *q, const uint8_t key[QUOTA_KEY])
{
    struct entry *entry = *slot_of(q, key);
    while (entry != NULL && memcmp(entry->key, key, QUOTA_KEY) != 0)
        entry = entry->next;
    INVARIANT(entry != NULL && entry->at_a_time > 0);
    entry->at_a_time--;
}

bool quota_pass(struct quota *q, const uint8_t key[QUOTA_KEY], int64_t now_us, int64_t *wait_us)
{
    if (quota_enter(q, key, now_us, wait_us) != QUOTA_TAKEN)
        return false;
    quota_leave(q, key);
    return true;
}

size_t quota_known(const struct quota *q)
{
    return q->n;
}
