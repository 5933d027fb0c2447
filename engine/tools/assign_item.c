/* assign_item: who has it to do. An open exception that is given to somebody is INVESTIGATING, and
 * one that is given back is OPEN again. */
#include <string.h>

#include "engine/tools/object.h"
#include "engine/tools/transition.h"

struct assign_item {
    const char *object, *to, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct assign_item, object, .required = true, .max = OBJECT_TEXT_MAX,
              .help = OBJECT_HELP),
    JSON_TEXT(struct assign_item, to, .max = 160,
              .help =
                  "human:NAME, a principal_id, or role:NAME; without it nobody has it any more"),
    JSON_TEXT(struct assign_item, rationale, .max = 2000, .help = "why"),
};

struct assigned {
    const char *object, *assignee, *state;
    int64_t version;
};

static const struct json_field result[] = {
    JSON_TEXT(struct assigned, object, .help = "what was assigned, as kind:id"),
    JSON_TEXT(struct assigned, assignee, .help = "a principal_id or role:NAME; absent: nobody"),
    JSON_TEXT(struct assigned, state, .help = "of an exception, after this"),
    JSON_INT(struct assigned, version, .help = "of the assignment, after this"),
};

/* From plan to apply. */
struct assigning {
    struct object o;
    struct assignment now;
    const char *to;
    struct exception_row x; /* of an exception */
};

static struct err done(struct call *c, const struct assigning *a)
{
    const struct assigned d = {
        .object = a->o.key,
        .assignee = a->now.assignee,
        .state = a->o.kind == OBJECT_EXCEPTION ? exception_state_name(a->x.state) : NULL,
        .version = a->now.version};
    return json_unbind(c->arena, JSON_FIELDS(result), &d, &c->result);
}

/* ---- to whom ---- */

static struct err nobody_such(void)
{
    return err_at(ERR_INPUT, "/to", "there is nobody of that name who may see it");
}

static struct err role_find(const struct call *c, const char *role)
{
    for (size_t i = 0; i < c->policy->authority_n; i++) {
        if (text_eq(c->policy->authority[i].role, role) && !text_eq(role, "engine"))
            return OK;
    }
    return err_at(ERR_INPUT, "/to", "the policy knows no such role");
}

/* Active, and of every entity the object is of. */
static struct err person_check(struct call *c, struct tx *tx, const struct object *o,
                               const struct principal *p)
{
    const struct actor person = {.kind = ACTOR_HUMAN, .principal = p->principal_id};
    const char *const *entities;
    size_t n;
    bool all;
    if (!p->active)
        return nobody_such();
    TRY(actor_scope(tx, c->arena, &person, &all, &entities, &n));
    for (size_t i = 0; !all && i < o->entities_n; i++) {
        size_t at = 0;
        while (at < n && !text_eq(entities[at], o->entities[i]))
            at++;
        if (at == n)
            return nobody_such();
    }
    return all || o->entities_n > 0 ? OK : nobody_such();
}

static struct err person_find(struct call *c, struct tx *tx, const struct object *o,
                              const char *name, const char **to)
{
    static const char human[] = "human:";
    struct principal p;
    struct err e = strncmp(name, human, sizeof human - 1) == 0
                       ? identity_find(tx, c->arena, "actor", "", name + sizeof human - 1, &p)
                       : principal_load(tx, c->arena, name, &p);
    if (e.kind == ERR_MISSING)
        return nobody_such();
    TRY(e);
    TRY(person_check(c, tx, o, &p));
    *to = p.principal_id;
    return OK;
}

static struct err to_find(struct call *c, struct tx *tx, struct assigning *a)
{
    static const char role[] = "role:";
    const struct assign_item *args = c->args;
    a->to = args->to;
    if (args->to == NULL)
        return OK;
    if (strncmp(args->to, role, sizeof role - 1) == 0)
        return role_find(c, args->to + sizeof role - 1);
    return person_find(c, tx, &a->o, args->to, &a->to);
}

/* ---- plan and apply ---- */

static struct err plan(struct call *c, struct tx *tx)
{
    const struct assign_item *args = c->args;
    struct assigning *a = ARENA_NEW(c->arena, struct assigning);
    ENSURE(a != NULL, ERR_LIMIT, "out of memory");
    TRY(object_plan(c, tx, args->object, &a->o));
    TRY(to_find(c, tx, a));
    TRY(assignment_load(tx, c->arena, a->o.key, &a->now));
    if (a->o.kind == OBJECT_EXCEPTION)
        TRY(exception_load(tx, c->arena, a->o.id, &a->x));
    c->ask.state_valid = a->o.open;
    c->planned = a;
    if (!a->o.open || !text_eq(a->now.assignee, a->to))
        return OK;
    c->outcome = CALL_OK; /* it is so already */
    TRY(done(c, a));
    json_put_text(c->arena, c->result, "status", "ok");
    return arena_check(c->arena);
}

static struct err state_follow(struct call *c, struct tx *tx, struct assigning *a)
{
    c->state_from = exception_state_name(a->x.state);
    if (a->to != NULL && a->x.state == EXCEPTION_OPEN)
        TRY(transition_exception(c, tx, &a->x, EXCEPTION_EVENT_INVESTIGATE, NULL));
    else if (a->to == NULL && a->x.state == EXCEPTION_INVESTIGATING)
        TRY(transition_exception(c, tx, &a->x, EXCEPTION_EVENT_RELEASE, NULL));
    c->state_to = exception_state_name(a->x.state);
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct assigning *a = c->planned;
    struct json *detail = json_object_new(c->arena);
    json_put_text(c->arena, detail, "from", a->now.assignee);
    json_put_text(c->arena, detail, "to", a->to);
    c->detail = detail;
    TRY(assignment_put(tx, a->o.key, a->to, c->actor.id, &a->now));
    if (a->o.kind == OBJECT_ESCALATION) {
        c->event_type = "ESCALATION_REASSIGNED";
        c->escalation_id = a->o.id;
    }
    if (a->o.kind == OBJECT_EXCEPTION)
        TRY(state_follow(c, tx, a));
    return done(c, a);
}

const struct tool tool_assign_item = {
    .name = "assign_item",
    .title = "Assign an item",
    .summary = "Gives a match, exception, escalation or entry to a person or a role to work on, or "
               "takes it back. Decides nothing about it; an escalation waits for their attention, "
               "and for nobody else's whom it was addressed to.",
    .tier = TIER_T1,
    .action = ACTION_ASSIGN,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct assign_item),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
