/* sweep_exceptions: what has been listed for longer than the policy's days and is nobody's past yet
 * is ESCALATED: once, with an event of its own. Housekeeping: only the engine calls it. */
#include "engine/tools/transition.h"

enum { SWEEP_MAX = 100 };

#define DAY_US (INT64_C(86400) * 1000000)

struct aged {
    struct exception_row *rows;
    size_t n;
    bool more;
};

struct swept {
    int64_t escalated;
    bool more;
};

static const struct json_field result[] = {
    JSON_INT(struct swept, escalated, .help = "exceptions that are ESCALATED now"),
    JSON_BOOL(struct swept, more, .help = "more of them are waiting"),
};

static struct err told(struct call *c, const struct aged *a)
{
    const struct swept done = {.escalated = (int64_t)a->n, .more = a->more};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

static struct err plan(struct call *c, struct tx *tx)
{
    struct aged *a = ARENA_NEW(c->arena, struct aged);
    int64_t before_us = tx->now_us - c->policy->exception_days_max * DAY_US;
    ENSURE(a != NULL, ERR_LIMIT, "out of memory");
    TRY(exceptions_due(tx, c->arena, before_us, SWEEP_MAX + 1, &a->rows, &a->n));
    a->more = a->n > SWEEP_MAX;
    a->n = a->more ? SWEEP_MAX : a->n;
    c->ask.state_valid = true;
    c->planned = a;
    if (a->n > 0)
        return OK;
    c->outcome = CALL_OK; /* nothing to do, nothing to say */
    return told(c, a);
}

static struct json *why(struct call *c, const struct exception_row *x)
{
    struct json *o = json_object_new(c->arena);
    json_put_text(c->arena, o, "entry_id", x->entry_id);
    json_put_text(c->arena, o, "class", x->class_);
    json_put_text(c->arena, o, "assignee", x->assignee);
    json_put_int(c->arena, o, "escalate_after_days", c->policy->exception_days_max);
    return o;
}

static struct err escalate_one(struct call *c, struct tx *tx, struct exception_row *x)
{
    const char *from = exception_state_name(x->state);
    TRY(transition_exception(c, tx, x, EXCEPTION_EVENT_ESCALATE, NULL));
    const struct event event = {.type = "EXCEPTION_ESCALATED",
                                .actor = &c->actor,
                                .tool = c->tool->name,
                                .policy_version = c->policy->digest,
                                .object_type = "exception",
                                .object_id = x->exception_id,
                                .object_version = x->version,
                                .state_from = from,
                                .state_to = exception_state_name(x->state),
                                .entity_id = x->entity_id,
                                .request_id = c->request_id,
                                .caused_by = x->seq,
                                .detail = why(c, x)};
    return audit_append(tx, &event);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct aged *a = c->planned;
    for (size_t i = 0; i < a->n; i++)
        TRY(escalate_one(c, tx, &a->rows[i]));
    TRY(told(c, a));
    c->detail = c->result;
    return arena_check(c->arena);
}

const struct tool tool_sweep_exceptions = {
    .name = "sweep_exceptions",
    .title = "Escalate aged exceptions",
    .summary = "Escalates exceptions that have been open for longer than the policy's days.",
    .tier = TIER_T0,
    .action = ACTION_SWEEP,
    .run = TOOL_CHANGE,
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
