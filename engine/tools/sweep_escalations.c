/* sweep_escalations: what waits too long. Past its time it expires, since nothing is approved by
 * time-out; before that people are reminded, and told once when the promised time to answer has
 * passed. The engine's own housekeeping (engine/call/sweeper.h): a bounded number a call, each with
 * its own event, which the workspace's notifier follows. */
#include "common/base/civil.h"
#include "engine/store/escalation_life.h"
#include "engine/tools/settle.h"

#define BATCH   100
#define HOUR_US (INT64_C(3600) * 1000000)

/* One kind of work a call: what has expired comes first, so that nobody is reminded of it. */
struct work {
    bool expire;
    struct escalation_mark mark; /* else */
    const char **ids;
    size_t n;
    bool more;
};

struct swept {
    int64_t expired, reminded;
    bool more;
};

static const struct json_field result[] = {
    JSON_INT(struct swept, expired, .help = "escalations whose time was up"),
    JSON_INT(struct swept, reminded, .help = "reminders and missed times to answer that were told"),
    JSON_BOOL(struct swept, more, .help = "there is more to do"),
};

static const char *text_at(struct arena *arena, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    return arena_strdup(arena, text);
}

static void batch_cut(struct work *w)
{
    w->more = w->n > BATCH;
    w->n = w->more ? BATCH : w->n;
}

/* ---- plan ---- */

/* Made at least `hours` ago, and less than `until_hours` when there is a later reminder: after a
 * long sleep of the engine only the last one is sent. */
static struct err unmarked(struct call *c, struct tx *tx, struct work *w, int64_t hours,
                           int64_t until_hours)
{
    const char *until = text_at(c->arena, tx->now_us - hours * HOUR_US);
    const char *after =
        until_hours == 0 ? NULL : text_at(c->arena, tx->now_us - until_hours * HOUR_US);
    TRY(arena_check(c->arena));
    TRY(escalations_unmarked(tx, c->arena, &w->mark, after, until, BATCH + 1, &w->ids, &w->n));
    batch_cut(w);
    return OK;
}

static struct err due_find(struct call *c, struct tx *tx, struct work *w)
{
    const struct policy_escalation *p = &c->policy->escalation;
    w->mark = (struct escalation_mark){.is_sla = true};
    TRY(unmarked(c, tx, w, p->sla_hours, 0));
    for (size_t i = p->reminder_hours_n; w->n == 0 && i > 0; i--) {
        int64_t later = i < p->reminder_hours_n ? p->reminder_hours[i] : 0;
        w->mark = (struct escalation_mark){.number = (int64_t)i};
        TRY(unmarked(c, tx, w, p->reminder_hours[i - 1], later));
    }
    return OK;
}

static struct err work_find(struct call *c, struct tx *tx, struct work *w)
{
    const char *now = text_at(c->arena, tx->now_us);
    TRY(arena_check(c->arena));
    TRY(escalations_expired(tx, c->arena, now, BATCH + 1, &w->ids, &w->n));
    w->expire = w->n > 0;
    batch_cut(w);
    return w->expire ? OK : due_find(c, tx, w);
}

static struct err plan(struct call *c, struct tx *tx)
{
    static const struct swept nothing = {.more = false};
    struct work *w = ARENA_NEW(c->arena, struct work);
    ENSURE(w != NULL, ERR_LIMIT, "out of memory");
    TRY(work_find(c, tx, w));
    c->object_type = "escalation";
    c->ask.state_valid = true;
    c->planned = w;
    if (w->n > 0)
        return OK;
    c->outcome = CALL_OK;
    return json_unbind(c->arena, JSON_FIELDS(result), &nothing, &c->result);
}

/* ---- apply ---- */

static struct err hours_waiting(const struct tx *tx, const struct escalation *e, int64_t *hours)
{
    int64_t made;
    TRY(instant_parse(e->created_at, &made));
    *hours = (tx->now_us - made) / HOUR_US;
    return OK;
}

static struct err expire(struct call *c, struct tx *tx, struct escalation *e)
{
    struct json *detail = json_object_new(c->arena);
    int64_t hours;
    TRY(hours_waiting(tx, e, &hours));
    json_put_int(c->arena, detail, "waiting_hours", hours);
    return settle_by_engine(c, tx, e, ESCALATION_EXPIRED, detail);
}

static struct err remind(struct call *c, struct tx *tx, const struct escalation *e,
                         struct escalation_mark mark)
{
    struct json *detail = json_object_new(c->arena);
    struct call own = *c;
    TRY(hours_waiting(tx, e, &mark.waiting_hours));
    if (!mark.is_sla)
        json_put_int(c->arena, detail, "reminder", mark.number);
    json_put_bool(c->arena, detail, "sla_breached",
                  mark.waiting_hours >= c->policy->escalation.sla_hours);
    json_put_int(c->arena, detail, "waiting_hours", mark.waiting_hours);
    own.verdict = (struct verdict){.row = NULL}; /* nothing was decided about it */
    own.detail = detail;
    TRY(escalation_mark_add(tx, e, &mark));
    return settle_event(&own, tx, e, "ESCALATION_REMINDED", escalation_state_name(e->state));
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct work *w = c->planned;
    struct swept done = {.more = true}; /* another kind of work may be due */
    for (size_t i = 0; i < w->n; i++) {
        struct escalation e;
        TRY(escalation_load(tx, c->arena, w->ids[i], &e));
        TRY(w->expire ? expire(c, tx, &e) : remind(c, tx, &e, w->mark));
        done.expired += w->expire;
        done.reminded += !w->expire;
    }
    TRY(json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result));
    struct json *detail;
    TRY(json_unbind(c->arena, JSON_FIELDS(result), &done, &detail));
    c->detail = detail;
    return OK;
}

const struct tool tool_sweep_escalations = {
    .name = "sweep_escalations",
    .title = "End and remind of what waits",
    .summary = "Expires escalations past their time and records reminders.",
    .tier = TIER_T0,
    .action = ACTION_SWEEP,
    .run = TOOL_CHANGE,
    .offer = 0,
    .idempotent = true,
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
