/* sweep_escalations: what waits too long. Past its time it expires, since nothing is approved by
 * time-out; before that people are reminded, and told once when the promised time to answer has
 * passed. The engine's own housekeeping (engine/call/sweeper.h): a bounded number a call, each with
 * its own event, which the workspace's notifier follows. */
#include "common/base/civil.h"
#include "engine/store/escalation_life.h"
#include "engine/store/master.h"
#include "engine/tools/settle.h"
#include "engine/tools/sla.h"

#define BATCH   100
#define HOUR_US (INT64_C(3600) * 1000000)

/* One kind of work a call: what has expired comes first, so that nobody is reminded of it. */
struct work {
    bool expire;
    struct escalation_mark mark; /* else */
    struct made_found found;
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
    w->more = w->found.n > BATCH;
    w->found.n = w->more ? BATCH : w->found.n;
}

/* ---- plan ---- */

/* Where the clock is read: one entity, none (NULL), or everywhere at once. */
struct place {
    struct sla *sla;
    bool of_entity;
    const char *entity_id;
};

/* Made at least `hours` ago, and less than `until_hours` when there is a later reminder: after a
 * long sleep of the engine only the last one is sent. */
static struct err unmarked(const struct place *at, struct work *w, int64_t hours,
                           int64_t until_hours)
{
    struct call *c = at->sla->c;
    struct str entity = at->entity_id == NULL ? STR("") : str_of(at->entity_id);
    struct made_between made = {.of_entity = at->of_entity, .entity_id = at->entity_id};
    TRY(sla_until(at->sla, entity, hours, &made.until));
    if (until_hours > 0)
        TRY(sla_until(at->sla, entity, until_hours, &made.after));
    TRY(escalations_unmarked(at->sla->tx, c->arena, &w->mark, &made, BATCH + 1, &w->found));
    batch_cut(w);
    return OK;
}

static struct err due_at(const struct place *at, struct work *w)
{
    const struct policy_escalation *p = &at->sla->c->policy->escalation;
    w->mark = (struct escalation_mark){.is_sla = true};
    TRY(unmarked(at, w, p->sla_hours, 0));
    for (size_t i = p->reminder_hours_n; w->found.n == 0 && i > 0; i--) {
        int64_t later = i < p->reminder_hours_n ? p->reminder_hours[i] : 0;
        w->mark = (struct escalation_mark){.number = (int64_t)i};
        TRY(unmarked(at, w, p->reminder_hours[i - 1], later));
    }
    return OK;
}

/* On business days every entity has a clock of its own. */
static struct err due_find(struct call *c, struct tx *tx, struct work *w)
{
    struct sla sla = {.c = c, .tx = tx};
    struct place at = {.sla = &sla, .of_entity = c->policy->escalation.clock == CLOCK_BUSINESS};
    struct entity *entities;
    size_t n;
    TRY(due_at(&at, w));
    if (!at.of_entity)
        return OK;
    TRY(entities_list(tx, c->arena, &entities, &n));
    for (size_t i = 0; w->found.n == 0 && i < n; i++) {
        at.entity_id = entities[i].entity_id;
        TRY(due_at(&at, w));
    }
    return OK;
}

static struct err work_find(struct call *c, struct tx *tx, struct work *w)
{
    const char *now = text_at(c->arena, tx->now_us);
    TRY(arena_check(c->arena));
    TRY(escalations_expired(tx, c->arena, now, BATCH + 1, &w->found.ids, &w->found.n));
    w->expire = w->found.n > 0;
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
    if (w->found.n > 0)
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

static struct err remind(struct sla *sla, const struct escalation *e, struct escalation_mark mark)
{
    struct call *c = sla->c, own = *c;
    struct tx *tx = sla->tx;
    struct json *detail = json_object_new(c->arena);
    int64_t due;
    TRY(sla_due(sla, e, c->policy->escalation.sla_hours, &due));
    TRY(hours_waiting(tx, e, &mark.waiting_hours));
    if (!mark.is_sla)
        json_put_int(c->arena, detail, "reminder", mark.number);
    json_put_bool(c->arena, detail, "sla_breached", tx->now_us >= due);
    json_put_int(c->arena, detail, "waiting_hours", mark.waiting_hours);
    own.verdict = (struct verdict){.row = NULL}; /* nothing was decided about it */
    own.detail = detail;
    TRY(escalation_mark_add(tx, e, &mark));
    return settle_event(&own, tx, e, "ESCALATION_REMINDED", escalation_state_name(e->state));
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct work *w = c->planned;
    struct sla sla = {.c = c, .tx = tx};
    struct swept done = {.more = true}; /* another kind of work may be due */
    for (size_t i = 0; i < w->found.n; i++) {
        struct escalation e;
        TRY(escalation_load(tx, c->arena, w->found.ids[i], &e));
        TRY(w->expire ? expire(c, tx, &e) : remind(&sla, &e, w->mark));
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
