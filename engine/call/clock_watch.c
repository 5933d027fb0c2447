/* The clock under the running engine, held against the time that passed since the last group
 * (CLOCK_BOOTTIME: a machine that slept has not jumped). Backwards is the store's to refuse. */
#include <time.h>

#include "common/sys/log.h"
#include "engine/call/threads.h"

extern const struct tool tool_acknowledge_clock;

static int64_t boot_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* From now on the clock counts as right. */
static void clock_accept(struct clock_watch *w, int64_t clock_us)
{
    w->clock_us = clock_us;
    w->boot_us = boot_us();
    w->jump_us = 0;
}

bool clock_jumped(struct clock_watch *w, const struct store *store, int64_t clock_us)
{
    if (w->limit_us == 0 || !store_clock_good(store, clock_us))
        return false;
    int64_t ahead = w->boot_us == 0 ? 0 : clock_us - w->clock_us - (boot_us() - w->boot_us);
    if (ahead <= w->limit_us) {
        if (w->jump_us > 0)
            log_info("the clock was set right; commits go on", LOG_END);
        clock_accept(w, clock_us);
        return false;
    }
    if (w->jump_us == 0)
        log_error("the clock jumped forward: commits stop until it is set right, or acknowledged "
                  "(closegate-engine clock ack)",
                  LOG_INT("seconds", ahead / 1000000), LOG_END);
    w->jump_us = ahead;
    return true;
}

/* Would the gate let the acknowledgement pass? Anything else, a denial too, would be recorded at a
 * time that is not believed, and then the clock could not be set right any more. */
static struct err judged(struct store *store, const struct call *c, int64_t clock_us)
{
    struct call copy = *c;
    struct tx tx;
    TRY(store_group_begin(store));
    struct err e = tx_call_begin(store, c->arena, clock_us, &tx);
    if (e.kind == ERR_NONE)
        e = call_judge(&copy, &tx);
    (void)store_group_abandon(store);
    TRY(e);
    ENSURE(
        copy.verdict.ruling == RULING_ALLOW, ERR_AUTH,
        "policy does not let this caller acknowledge the clock, and nothing is recorded while it "
        "is not believed");
    return OK;
}

static struct err may_run(const struct clock_watch *w, struct store *store, struct call *c,
                          int64_t clock_us)
{
    ENSURE(c->tool == &tool_acknowledge_clock, ERR_STORE,
           "the engine's clock jumped forward; nothing is recorded until it is set right, or "
           "acknowledged on the engine's host (closegate-engine clock ack)");
    c->clock_jump_us = w->jump_us;
    return judged(store, c, clock_us);
}

bool clock_stopped(struct clock_watch *w, struct store *store, struct call *c,
                   int64_t (*clock_us)(void))
{
    struct err e = may_run(w, store, c, clock_us());
    if (e.kind != ERR_NONE) {
        c->outcome = CALL_FAILED;
        c->err = err_fmt(c->arena, e.kind, NULL, "%s", e.msg); /* the store's texts end with it */
        return true;
    }
    bool trusted = call_group(store, &c, 1, clock_us);
    if (c->outcome == CALL_OK)
        clock_accept(w, clock_us());
    return trusted;
}
