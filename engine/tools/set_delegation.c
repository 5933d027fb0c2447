/* set_delegation: a person lends their own seat to another for a while. The borrower then acts with
 * the lender's roles, too, under their own name; the gate never lets the two seats be two pairs of
 * eyes (engine/gate/rows_any.c). A new loan to the same person takes the place of the old one; one
 * that ends in the past takes it back. */
#include "engine/store/actors.h"
#include "engine/store/delegations.h"
#include "engine/store/escalations.h"

#include "common/base/civil.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/tool.h"

#define DAY_US   (INT64_C(86400) * 1000000)
#define DAYS_MAX 366

struct set_delegation {
    const char *to, *from, *until, *rationale;
};

static const char *instant_or_date(const char *text)
{
    struct date day;
    int64_t us;
    bool good =
        date_parse(text, &day).kind == ERR_NONE || instant_parse(text, &us).kind == ERR_NONE;
    return good ? NULL : "expected a date (2026-03-31) or an instant in UTC (2026-03-31T10:00:00Z)";
}

static const struct json_field fields[] = {
    JSON_TEXT(struct set_delegation, to, .required = true, .max = 136,
              .help = "who gets the seat: human:NAME or a principal id"),
    JSON_TEXT(struct set_delegation, from, .max = 40, .check = instant_or_date,
              .help = "first instant or date, UTC; default: now"),
    JSON_TEXT(struct set_delegation, until, .required = true, .max = 40, .check = instant_or_date,
              .help = "last instant or date, exclusive, UTC; in the past: the seat is taken back"),
    JSON_TEXT(struct set_delegation, rationale, .required = true, .max = 2000, .help = "why"),
};

struct delegated {
    const char *lender, *to, *from, *until;
    bool taken_back;
};

static const struct json_field result[] = {
    JSON_TEXT(struct delegated, lender, .help = "the principal whose seat it is"),
    JSON_TEXT(struct delegated, to, .help = "the principal who borrows it"),
    JSON_TEXT(struct delegated, from, .help = "from when on"),
    JSON_TEXT(struct delegated, until, .help = "until when, exclusive"),
    JSON_BOOL(struct delegated, taken_back, .help = "the loan has ended"),
};

/* ---- times ---- */

static struct err time_parse(const char *text, int64_t *us)
{
    struct date day;
    if (date_parse(text, &day).kind != ERR_NONE)
        return instant_parse(text, us);
    *us = date_begin_utc(day);
    return OK;
}

static const char *time_text(struct arena *arena, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    return arena_strdup(arena, text);
}

/* A loan is for the time to come: what began before now begins now. */
static struct err times_of(struct call *c, struct tx *tx, struct delegation *d, bool *back)
{
    const struct set_delegation *args = c->args;
    int64_t from = tx->now_us, until;
    if (args->from != NULL)
        TRY(time_parse(args->from, &from));
    TRY(time_parse(args->until, &until));
    *back = until <= tx->now_us;
    if (*back && d->version == 0)
        return err_at(ERR_INPUT, "/until", "is in the past, and no seat is lent to them");
    if (from < tx->now_us || *back)
        from = *back && from > until ? until : from;
    if (!*back && until <= from)
        return err_at(ERR_INPUT, "/until", "is not after from");
    if (from - tx->now_us > DAYS_MAX * DAY_US)
        return err_at(ERR_INPUT, "/from", "is more than 366 days from now");
    if (until - from > DAYS_MAX * DAY_US && !*back)
        return err_at(ERR_INPUT, "/until", "a seat is lent for at most 366 days");
    d->from = time_text(c->arena, from);
    d->until = time_text(c->arena, until);
    return arena_check(c->arena);
}

/* ---- plan ---- */

/* The principal who calls, or who asked for what is answered now. */
static struct err lender_find(struct call *c, struct tx *tx, const char **lender)
{
    const char *self = c->actor.kind == ACTOR_HUMAN ? c->actor.principal : c->actor.on_behalf_of;
    struct escalation e;
    *lender = self;
    c->ask.own_seat = c->actor.kind == ACTOR_HUMAN;
    ENSURE(self != NULL, ERR_INPUT, "nobody's seat can be lent: the caller acts for no person");
    if (c->escalation_id == NULL)
        return OK;
    TRY(escalation_load(tx, c->arena, c->escalation_id, &e));
    *lender = e.requester_principal != NULL ? e.requester_principal : e.requester_obo;
    c->ask.own_seat &= text_eq(self, *lender);
    return OK;
}

/* The caller's roles, or the lender's when another one answers. */
static struct err roles_find(struct call *c, struct tx *tx, const char *lender, struct ask *ask)
{
    const struct actor actor = {.kind = ACTOR_HUMAN, .id = lender, .principal = lender};
    *ask = c->ask;
    if (c->escalation_id == NULL || c->ask.own_seat)
        return OK;
    ask->roles_n = 0;
    struct err e = actor_facts(tx, c->arena, &actor, c->tool->name, ask);
    return e.kind == ERR_AUTH ? OK : e;
}

/* Where the lender's own roles are: who holds them in some entities lends in those. */
static struct err entities_fact(struct call *c, struct tx *tx, const char *lender)
{
    struct ask ask;
    TRY(roles_find(c, tx, lender, &ask));
    const char **list = ARENA_ARRAY(c->arena, ask.roles_n + 1, const char *);
    size_t n = 0;
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < ask.roles_n; i++) {
        const struct ask_role *r = &ask.roles[i];
        bool known = false;
        if (r->lender != NULL)
            continue;
        if (r->entity == NULL)
            return OK; /* the whole book */
        for (size_t k = 0; k < n; k++)
            known |= text_eq(list[k], r->entity);
        if (!known)
            list[n++] = r->entity;
    }
    c->ask.entities = list;
    c->ask.entities_n = n;
    return OK;
}

/* What a human would see of an agent's request: whose seat, to whom, and the times as asked. */
static void bound_fact(struct call *c, const struct delegation *d)
{
    const struct set_delegation *args = c->args;
    struct json *o = json_object_new(c->arena);
    json_put_text(c->arena, o, "lender", d->lender);
    json_put_text(c->arena, o, "to", d->borrower);
    json_put_known(c->arena, o, "from", args->from);
    json_put_text(c->arena, o, "until", args->until);
    c->bound = o;
}

static struct err answer_print(struct call *c, const struct delegation *d, bool back,
                               struct json **out)
{
    const struct delegated done = {d->lender, d->borrower, d->from, d->until, back};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, out);
}

struct planned {
    struct delegation d;
    bool back;
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct set_delegation *args = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    struct person to;
    const char *lender;
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    TRY(lender_find(c, tx, &lender));
    TRY(person_parse(c, tx, args->to, "/to", &to));
    if (text_eq(to.base.principal_id, lender))
        return err_at(ERR_INPUT, "/to", "a seat is lent to somebody else");
    TRY(delegation_load(tx, c->arena, lender, to.base.principal_id, &p->d));
    TRY(times_of(c, tx, &p->d, &p->back));
    TRY(entities_fact(c, tx, lender));
    p->d.rationale = args->rationale;
    bound_fact(c, &p->d);
    c->object_type = c->ask.object_type = "delegation";
    c->object_id = c->ask.object_id = arena_fmt(c->arena, "%s|%s", lender, to.base.principal_id);
    c->ask.object_version = p->d.version;
    c->ask.state_valid = true;
    c->event_type = "DELEGATION_SET";
    c->planned = p;
    return arena_check(c->arena);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct planned *p = c->planned;
    struct json *detail;
    TRY(delegation_put(tx, &p->d));
    TRY(answer_print(c, &p->d, p->back, &detail));
    c->detail = detail;
    return answer_print(c, &p->d, p->back, &c->result);
}

const struct tool tool_set_delegation = {
    .name = "set_delegation",
    .title = "Lend one's seat",
    .summary = "Lends the caller's own seat to another person for a while, or takes it back. Seats "
               "are lent, never merged: nobody approves twice by it, nor lends on what was lent.",
    .tier = TIER_T1,
    .action = ACTION_SET_DELEGATION,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct set_delegation),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
