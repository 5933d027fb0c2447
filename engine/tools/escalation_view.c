/* Escalations, shown. */
#include "engine/tools/escalation_view.h"

#include <string.h>

#include "common/base/civil.h"
#include "common/base/json_skim.h"
#include "engine/store/work.h"

/* ---- the list's part ---- */

static void facts_put(const struct call *c, struct json *o, const struct escalation *e, bool brief)
{
    struct arena *arena = c->arena;
    json_put_text(arena, o, "escalation_id", e->escalation_id);
    json_put_text(arena, o, "code", e->code);
    json_put_text(arena, o, "state", escalation_state_name(e->state));
    json_put_text(arena, o, "tool", e->tool);
    const struct tool *tool = tool_find(e->tool);
    if (tool != NULL)
        json_put_text(arena, o, "tier", tier_name(tool_tier(tool, c->policy, c->prod)));
    json_put_text(arena, o, "entity_id", e->entity_id);
    json_put_text(arena, o, "object_type", e->object_type);
    json_put_text(arena, o, "object_id", e->object_id);
    if (e->has_amount) {
        char amount[MONEY_TEXT_MAX];
        money_print(e->amount, amount);
        json_put_text(arena, o, "amount", amount);
        json_put_text(arena, o, "currency", e->amount.cur);
    }
    json_put_text(arena, o, "reason", e->reason);
    json_put_text(arena, o, "clause", e->clause);
    json_put_text(arena, o, "pointer", e->pointer);
    if (!brief)
        json_put_text(arena, o, "requester", e->requester);
    json_put_text(arena, o, "created_at", e->created_at);
    if (!brief)
        json_put_text(arena, o, "expires_at", e->expires_at);
    json_put_text(arena, o, "digest", e->digest);
}

/* By when an answer was promised, by today's policy. */
static struct err sla_put(struct sla *sla, const struct escalation *e, struct json *o)
{
    struct call *c = sla->c;
    char text[INSTANT_TEXT_MAX];
    int64_t due;
    TRY(sla_due(sla, e, c->policy->escalation.sla_hours, &due));
    instant_print(due, text);
    json_put_text(c->arena, o, "sla_due_at", text);
    json_put_bool(c->arena, o, "overdue", escalation_is_open(e->state) && sla->tx->now_us >= due);
    return OK;
}

static struct err notes_put(struct call *c, struct tx *tx, const struct escalation *e,
                            struct json *o)
{
    struct escalation_note *notes;
    struct json *list = json_array_new(c->arena);
    size_t n;
    TRY(escalation_notes(tx, c->arena, e->escalation_id, &notes, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        json_put_text(c->arena, one, "kind", notes[i].is_answer ? "answer" : "question");
        json_put_text(c->arena, one, "by", notes[i].actor);
        json_put_text(c->arena, one, "at", notes[i].at);
        json_put_text(c->arena, one, "text", notes[i].body);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "notes", list);
    return arena_check(c->arena);
}

static struct err addressees_put(struct call *c, struct tx *tx, const struct escalation *e,
                                 struct json *o)
{
    struct addressee *to;
    struct json *list = json_array_new(c->arena);
    size_t n;
    TRY(escalation_addressees(tx, c->arena, e->escalation_id, &to, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        json_put_text(c->arena, one, to[i].is_role ? "role" : "principal", to[i].who);
        json_put_text(c->arena, one, "by", to[i].actor);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "to", list);
    return arena_check(c->arena);
}

/* Who has it to look at, when that is not whom it was addressed to. */
static struct err assignee_put(struct call *c, struct tx *tx, const struct escalation *e,
                               struct json *o)
{
    static const char role[] = "role:";
    const char *key = object_key(c->arena, OBJECT_ESCALATION, e->escalation_id);
    struct assignment a;
    ENSURE(key != NULL, ERR_LIMIT, "out of memory");
    TRY(assignment_load(tx, c->arena, key, &a));
    if (a.assignee == NULL)
        return OK;
    struct json *one = json_object_new(c->arena);
    if (strncmp(a.assignee, role, sizeof role - 1) == 0)
        json_put_text(c->arena, one, "role", a.assignee + sizeof role - 1);
    else
        json_put_text(c->arena, one, "principal", a.assignee);
    json_put_text(c->arena, one, "by", a.assigned_by);
    json_put(c->arena, o, "assigned_to", one);
    return arena_check(c->arena);
}

/* Who asked, as a person or through an agent, is told so: another decides. */
static struct err own_put(struct call *c, struct tx *tx, const struct escalation *e, struct json *o)
{
    struct asker *list;
    const struct asked what = {e->tool, e->object_id, e->object_version};
    const char *self = c->actor.principal != NULL ? c->actor.principal : c->actor.on_behalf_of;
    size_t n;
    bool own = false;
    TRY(askers_load(tx, c->arena, &what, &list, &n));
    for (size_t i = 0; i < n; i++)
        own |= self != NULL && text_eq(list[i].principal_id, self);
    json_put_bool(c->arena, o, "you_asked", own);
    return OK;
}

struct err escalation_view(struct sla *sla, const struct escalation *e, const struct json *bound,
                           struct json **out)
{
    struct call *c = sla->c;
    struct tx *tx = sla->tx;
    struct json *o = json_object_new(c->arena);
    facts_put(c, o, e, false);
    json_put(c->arena, o, "bound", bound);
    TRY(sla_put(sla, e, o));
    TRY(notes_put(c, tx, e, o));
    TRY(addressees_put(c, tx, e, o));
    TRY(assignee_put(c, tx, e, o));
    TRY(own_put(c, tx, e, o));
    if (e->decided_by != NULL && !escalation_is_open(e->state))
        json_put_text(c->arena, o, "decided_by", e->decided_by);
    *out = o;
    return arena_check(c->arena);
}

/* ---- a row of it ---- */

/* Texts as they are written in what is bound, quotes and all; .at NULL: none. */
struct line {
    struct str counterparty, memo, amount; /* the first of each, the bank's */
    size_t bank_n;
};

/* What is empty is no name. */
static void keep_first(struct str *kept, struct str quoted)
{
    if (kept->at == NULL && quoted.len > sizeof "\"\"" - 1)
        *kept = quoted;
}

static void leg_take(struct json_skim *s, struct line *l)
{
    struct str key, text, amount = {.at = NULL};
    bool is_bank = false;
    if (!json_skim_into(s, '{')) {
        json_skim_pass(s);
        return;
    }
    while (json_skim_key(s, &key)) {
        if (!json_skim_text(s, &text))
            json_skim_pass(s);
        else if (str_is(key, "amount"))
            amount = text;
        else if (str_is(key, "counterparty"))
            keep_first(&l->counterparty, text);
        else if (str_is(key, "memo"))
            keep_first(&l->memo, text);
        else if (str_is(key, "side"))
            is_bank = str_is(text, "\"bank\"");
    }
    if (is_bank)
        l->amount = amount;
    l->bank_n += is_bank;
}

/* Steps before the value of this member of the object that begins here. */
static bool step_to(struct json_skim *s, const char *name)
{
    struct str key;
    if (!json_skim_into(s, '{'))
        return false;
    while (json_skim_key(s, &key)) {
        if (str_is(key, name))
            return true;
        json_skim_pass(s);
    }
    return false;
}

/* One line of what is bound, out of its text: a tree of each would be most of a page's work. */
static void line_put(struct arena *arena, const struct escalation *e, struct json *o)
{
    struct json_skim s = json_skim_of(str_of(e->bound));
    struct line l = {.bank_n = 0};
    if (!step_to(&s, "facts") || !step_to(&s, "legs") || !json_skim_into(&s, '['))
        return;
    while (json_skim_item(&s))
        leg_take(&s, &l);
    if (l.counterparty.at != NULL)
        json_put(arena, o, "counterparty", json_raw_new(arena, l.counterparty));
    else if (l.memo.at != NULL)
        json_put(arena, o, "memo", json_raw_new(arena, l.memo));
    if (l.amount.at != NULL && l.bank_n == 1)
        json_put(arena, o, "bank_amount", json_raw_new(arena, l.amount));
}

struct err escalation_brief(struct sla *sla, const struct escalation *e, struct json **out)
{
    struct call *c = sla->c;
    struct json *o = json_object_new(c->arena);
    facts_put(c, o, e, true);
    line_put(c->arena, e, o);
    TRY(sla_put(sla, e, o));
    *out = o;
    return arena_check(c->arena);
}

/* ---- the rest of its life ---- */

static struct err parties_put(struct call *c, struct tx *tx, const struct escalation *e,
                              struct json *o)
{
    static const char *const roles[] = {"requester", "agent", "approver"};
    struct party *parties;
    struct seat *seats;
    struct json *list = json_array_new(c->arena);
    size_t n, seats_n;
    TRY(escalation_parties(tx, c->arena, e->escalation_id, &parties, &n));
    TRY(escalation_seats(tx, c->arena, e->escalation_id, &seats, &seats_n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        json_put_text(c->arena, one, "role", roles[parties[i].role]);
        json_put_text(c->arena, one, "actor", parties[i].actor);
        for (size_t k = 0; k < seats_n; k++) {
            if (seats[k].role == parties[i].role &&
                text_eq(seats[k].principal_id, parties[i].principal_id))
                json_put_text(c->arena, one, "seat_of", seats[k].lender);
        }
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "parties", list);
    return arena_check(c->arena);
}

static struct err marks_put(struct call *c, struct tx *tx, const struct escalation *e,
                            struct json *o)
{
    struct escalation_mark *marks;
    struct json *list = json_array_new(c->arena);
    size_t n;
    TRY(escalation_marks(tx, c->arena, e->escalation_id, &marks, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        if (marks[i].is_sla)
            json_put_bool(c->arena, one, "sla_breached", true);
        else
            json_put_int(c->arena, one, "reminder", marks[i].number);
        json_put_int(c->arena, one, "waiting_hours", marks[i].waiting_hours);
        json_put_text(c->arena, one, "at", marks[i].at);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "reminders", list);
    return arena_check(c->arena);
}

static struct err deliveries_put(struct call *c, struct tx *tx, const struct escalation *e,
                                 struct json *o)
{
    struct delivery *d;
    struct json *list = json_array_new(c->arena);
    size_t n;
    TRY(deliveries_of(tx, c->arena, e->escalation_id, &d, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        json_put_text(c->arena, one, "channel", d[i].channel);
        json_put_text(c->arena, one, "status", d[i].status);
        json_put_int(c->arena, one, "attempts", d[i].attempts);
        json_put_text(c->arena, one, "at", d[i].at);
        json_put_known(c->arena, one, "detail", d[i].detail);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "deliveries", list);
    return arena_check(c->arena);
}

struct err escalation_view_life(struct call *c, struct tx *tx, const struct escalation *e,
                                struct json *o)
{
    TRY(parties_put(c, tx, e, o));
    TRY(marks_put(c, tx, e, o));
    TRY(deliveries_put(c, tx, e, o));
    return arena_check(c->arena);
}

/* ---- to whose attention ---- */

static bool role_granted(const struct policy *p, const char *role)
{
    for (size_t i = 0; i < p->authority_n; i++) {
        if (text_eq(p->authority[i].role, role) && !text_eq(role, "engine"))
            return true;
    }
    return false;
}

struct err person_parse(struct call *c, struct tx *tx, const char *text, const char *where,
                        struct person *person)
{
    struct err e = person_find(tx, c->arena, text, person);
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING)
        return e;
    if (e.kind == ERR_MISSING || !person->base.active)
        return err_at(ERR_INPUT, where,
                      "expected human:NAME or the principal id of somebody active");
    return OK;
}

struct err addressee_parse(struct call *c, struct tx *tx, const char *text, const char *where,
                           struct addressee *to)
{
    static const char role[] = "role:";
    struct person p;
    bool named = strncmp(text, role, sizeof role - 1) == 0;
    const char *name = named ? text + sizeof role - 1 : text;
    *to = (struct addressee){.is_role = true, .who = name, .actor = c->actor.id};
    if (role_granted(c->policy, name))
        return OK;
    if (named)
        return err_at(ERR_INPUT, where, "the policy grants nothing to a role of this name");
    TRY(person_parse(c, tx, text, where, &p));
    *to = (struct addressee){.who = p.base.principal_id, .actor = c->actor.id};
    return OK;
}
