/* acknowledge_clock: a human says that the engine's clock is right although it jumped; commits go
 * on. The jump stopped them because an event's time can never be taken back: what expires, ages or
 * adds up over days would be judged by it.
 *
 * The gate is asked for FREEZE: this too is an emergency act of one authorised human over the
 * engine as a whole, reversible by nobody else's. THAW would want a second human in prod, whose
 * word could not be recorded while nothing commits. Restarting the engine acknowledges as well: at
 * a start a gap is normal, and ENGINE_STARTED states it. */
#include "engine/tools/tool.h"

struct acknowledge_clock {
    const char *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct acknowledge_clock, rationale, .required = true, .max = 2000,
              .help = "how it is known that the time is right now"),
};

struct acknowledged {
    int64_t jump_seconds;
};

static const struct json_field result[] = {
    JSON_INT(struct acknowledged, jump_seconds, .help = "how far the clock had jumped forward"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    (void)tx;
    ENSURE(c->clock_jump_us > 0, ERR_CONFLICT, "the clock has not jumped; nothing is stopped");
    c->ask.state_valid = true;
    c->object_type = c->ask.object_type = "engine";
    c->event_type = "CLOCK_ACKNOWLEDGED";
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct acknowledged out = {.jump_seconds = c->clock_jump_us / 1000000};
    struct json *detail = json_object_new(c->arena);
    (void)tx;
    json_put_int(c->arena, detail, "jump_seconds", out.jump_seconds);
    c->detail = detail;
    return json_unbind(c->arena, JSON_FIELDS(result), &out, &c->result);
}

const struct tool tool_acknowledge_clock = {
    .name = "acknowledge_clock",
    .title = "Acknowledge the clock",
    .summary = "Lets commits go on after the engine's clock jumped forward: the time is right.",
    .tier = TIER_T1,
    .action = ACTION_FREEZE,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct acknowledge_clock),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
