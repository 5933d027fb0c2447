/* Counting refusals. A small table where callers that share a slot share a ceiling: that errs on
 * the quiet side, and the total is exact. */
#include "engine/auth/refusals.h"

#include "common/sys/log.h"

static uint64_t hash(const char *text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a: spreads, keeps no secret */
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h == 0 ? 1 : h;
}

int64_t refusals_add(struct refusals *r, const char *who, int64_t now_us)
{
    const uint64_t h = hash(who);
    const int64_t minute = now_us / 60000000;
    struct refusal_slot *slot = &r->slots[h % (sizeof r->slots / sizeof r->slots[0])];

    r->total++;
    if (slot->minute != minute)
        *slot = (struct refusal_slot){.who = h, .minute = minute};
    return ++slot->n;
}

void refusals_note(struct refusals *r, const char *who, const char *peer, int status,
                   const char *why, int64_t now_us)
{
    const int64_t n = refusals_add(r, who, now_us);
    if (n > REFUSALS_LOGGED_MAX)
        return;
    log_warn("caller refused", LOG_TEXT("who", who), LOG_TEXT("peer", peer),
             LOG_INT("status", status), LOG_TEXT("why", why),
             LOG_BOOL("more_not_logged", n == REFUSALS_LOGGED_MAX), LOG_END);
}
