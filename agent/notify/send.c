/* Take, deliver, settle. */
#include "agent/notify/send.h"

#include "common/base/civil.h"
#include "common/sys/backoff.h"
#include "common/sys/crypt.h"
#include "common/sys/log.h"

#define WAIT_S 5

static int64_t random_part(void)
{
    int64_t n;
    crypt_random(&n, sizeof n);
    return n;
}

static int64_t next_of(const struct sender *s, const struct delivery *d,
                       const struct send_result *r, int64_t now_us)
{
    const int64_t said_us = r->retry_after_s * US_PER_SECOND;
    int64_t pause_us = backoff_us(d->attempts, s->backoff_ms, (uint64_t)random_part());
    if (r->end == SEND_WAIT)
        pause_us = WAIT_S * US_PER_SECOND;
    return now_us + (said_us > pause_us ? said_us : pause_us);
}

static void tell_log(const struct delivery *d, const struct send_result *r)
{
    const bool dead = r->end == SEND_NEVER || d->tries_left <= 0;
    if (r->end == SEND_DONE)
        log_info("a notice went out", LOG_TEXT("channel", d->channel),
                 LOG_TEXT("delivery", d->delivery_id), LOG_TEXT("escalation", d->escalation_id),
                 LOG_TEXT("kind", d->kind), LOG_INT("attempts", d->attempts), LOG_END);
    else if (r->end == SEND_LATER || r->end == SEND_UNSURE || r->end == SEND_NEVER)
        log_warn(dead ? "a notice is given up" : "a notice did not go out",
                 LOG_TEXT("channel", d->channel), LOG_TEXT("delivery", d->delivery_id),
                 LOG_TEXT("escalation", d->escalation_id), LOG_INT("attempts", d->attempts),
                 LOG_TEXT("why", r->why), LOG_END);
}

static struct err settle(const struct sender *s, const struct delivery *d,
                         const struct send_result *r)
{
    const int64_t now_us = s->clock_us();
    const int64_t next_us = next_of(s, d, r, now_us);
    switch (r->end) {
    case SEND_DONE:
        return outbox_sent(s->db, d, r->external_id, now_us);
    case SEND_WAIT:
        return outbox_postpone(s->db, d, r->why, next_us, now_us);
    case SEND_DROP:
        return outbox_drop(s->db, d, r->why, now_us);
    case SEND_LATER:
    case SEND_UNSURE:
    case SEND_NEVER:
        break;
    }
    const struct outbox_failure f = {.why = r->why,
                                     .for_good = r->end == SEND_NEVER,
                                     .unsure = r->end == SEND_UNSURE,
                                     .next_us = next_us};
    return outbox_failed(s->db, d, &f, now_us);
}

struct err send_step(const struct sender *s, struct arena *arena, bool *worked)
{
    struct delivery d;
    TRY(outbox_take(s->db, arena, s->channel, s->clock_us(), worked, &d));
    if (!*worked)
        return OK;
    const struct send_result r = s->deliver(s->ctx, arena, &d);
    tell_log(&d, &r);
    return settle(s, &d, &r);
}
