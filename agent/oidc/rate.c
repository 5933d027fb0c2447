/* A bucket an address, in a table that never grows: a set of four places by the address's hash, of
 * which the one that was used longest ago gives way. Whoever fills the table makes others' counts
 * be forgotten, never refuses them. */
#include "agent/oidc/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"

#define SETS      1024
#define PLACES    4
#define MINUTE_US INT64_C(60000000)

struct bucket {
    struct netaddr addr;
    int64_t seen_us;
    int64_t debt_us; /* what was taken and is not yet paid back by time; 0: nothing */
};

struct rate {
    pthread_mutex_t lock;
    int64_t per_minute;
    uint8_t key[16]; /* so that nobody can aim at another's set */
    struct bucket buckets[SETS][PLACES];
};

struct rate *rate_new(int64_t per_minute)
{
    struct rate *rate = calloc(1, sizeof *rate);
    if (rate == NULL)
        return NULL;
    (void)pthread_mutex_init(&rate->lock, NULL);
    rate->per_minute = per_minute;
    crypt_random(rate->key, sizeof rate->key);
    return rate;
}

void rate_free(struct rate *rate)
{
    if (rate == NULL)
        return;
    (void)pthread_mutex_destroy(&rate->lock);
    free(rate);
}

static struct bucket *bucket_of(struct rate *rate, const struct netaddr *addr)
{
    uint8_t mac[SHA256_LEN];
    hmac_sha256(rate->key, sizeof rate->key, addr->byte, sizeof addr->byte, mac);
    struct bucket *set = rate->buckets[((unsigned)mac[0] << 8 | mac[1]) % SETS], *oldest = set;
    for (size_t i = 0; i < PLACES; i++) {
        if (netaddr_eq(&set[i].addr, addr))
            return &set[i];
        oldest = set[i].seen_us < oldest->seen_us ? &set[i] : oldest;
    }
    *oldest = (struct bucket){.addr = *addr};
    return oldest;
}

bool rate_take(struct rate *rate, const struct netaddr *addr, int64_t now_us)
{
    struct netaddr who = *addr;
    if (!netaddr_is_v4(&who))
        memset(who.byte + 8, 0, 8);
    pthread_mutex_lock(&rate->lock);
    struct bucket *b = bucket_of(rate, &who);
    const int64_t passed = b->seen_us == 0 || now_us < b->seen_us ? 0 : now_us - b->seen_us;
    b->debt_us = passed >= b->debt_us ? 0 : b->debt_us - passed;
    b->seen_us = now_us;
    const bool room = b->debt_us + MINUTE_US / rate->per_minute <= MINUTE_US;
    if (room)
        b->debt_us += MINUTE_US / rate->per_minute;
    pthread_mutex_unlock(&rate->lock);
    return room;
}
