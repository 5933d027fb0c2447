/* freeze: the kill switch. An actor, a person with all their sessions and agents, a tool, a kind of
 * actor or everything changes nothing any more, from the next call on; what waits for approval
 * waits on. Any human whose role allows it throws it; taking it back is `thaw`, which no freeze
 * stops. */
#include <string.h>

#include "engine/tools/administer.h"

enum scope { SCOPE_NONE, SCOPE_ACTOR, SCOPE_TOOL, SCOPE_KIND, SCOPE_ALL };
static const char *const scopes[] = {"", "actor", "tool", "kind", "all", NULL};

struct freeze_args {
    int scope; /* enum scope */
    const char *value, *reason;
};

static const struct json_field fields[] = {
    JSON_ENUM(struct freeze_args, scope, scopes, .required = true, .help = "what is frozen"),
    JSON_TEXT(struct freeze_args, value, .max = 140,
              .help = "actor: human:<id> or a principal_id (the person and all their agents), "
                      "llm:… or engine:…; tool: its name; kind: human, llm or engine; all: absent"),
    JSON_TEXT(struct freeze_args, reason, .required = true, .max = 2000, .help = "why"),
};

struct frozen {
    const char *freeze_id;
    bool changed;
};

static const struct json_field result[] = {
    JSON_TEXT(struct frozen, freeze_id, .help = "what thaw takes"),
    JSON_BOOL(struct frozen, changed, .help = "false: it is frozen already"),
};

struct planned {
    const char *value;
    const char *principal; /* of a frozen person */
    const char *name;
};

/* A person is frozen as a person, whatever they call themselves. */
static struct err person_value(struct call *c, struct tx *tx, const char *value, struct planned *p)
{
    struct person person;
    TRY(err_in(person_find(tx, c->arena, value, &person), "/value"));
    p->value = p->principal = person.base.principal_id;
    p->name = person.base.name;
    return OK;
}

static struct err actor_value(struct call *c, struct tx *tx, const char *value, struct planned *p)
{
    struct actor_id id;
    struct err e = actor_parse(str_of(value), &id);
    if (e.kind != ERR_NONE || id.kind == ACTOR_HUMAN)
        return person_value(c, tx, value, p);
    p->value = value;
    return OK;
}

static bool is_kind(const char *value)
{
    return text_eq(value, "human") || text_eq(value, "llm") || text_eq(value, "engine");
}

static struct err value_read(struct call *c, struct tx *tx, struct planned *p)
{
    const struct freeze_args *a = c->args;
    if ((a->scope == SCOPE_ALL) != (a->value == NULL))
        return err_at(ERR_INPUT, "/value", "expected with actor, tool and kind, and not with all");
    p->value = a->value == NULL ? "" : a->value;
    switch ((enum scope)a->scope) {
    case SCOPE_ACTOR:
        return actor_value(c, tx, a->value, p);
    case SCOPE_TOOL:
        return tool_find(a->value) != NULL ? OK
                                           : err_at(ERR_INPUT, "/value", "there is no such tool");
    case SCOPE_KIND:
        return is_kind(a->value) ? OK
                                 : err_at(ERR_INPUT, "/value", "expected human, llm or engine");
    case SCOPE_ALL:
    case SCOPE_NONE:
        return OK;
    }
    return OK;
}

/* A person who is frozen does not thaw: enough others must be left who can. */
static struct err thaw_stays(struct call *c, struct tx *tx, const struct planned *p)
{
    struct person *people;
    size_t n, able = 0, needed = administrators_needed(c);
    TRY(people_list(tx, c->arena, &people, &n));
    for (size_t i = 0; i < n; i++) {
        const char *id = people[i].base.principal_id, *name = NULL;
        bool self, any;
        TRY(identity_subject(tx, c->arena, "actor", id, &name));
        const char *actor = arena_fmt(c->arena, "human:%s", name == NULL ? id : name);
        TRY(arena_check(c->arena));
        TRY(freeze_on(tx, actor, id, &self, &any));
        able +=
            person_able(c->policy, ACTION_THAW, &people[i]) && !self && !text_eq(id, p->principal);
    }
    if (able < needed)
        return err_fmt(c->arena, ERR_CONFLICT, NULL,
                       "%zu people would be left who may thaw, and it takes %zu%s", able, needed,
                       p->principal == NULL
                           ? ""
                           : "; freeze everything instead: then nobody changes anything, and "
                             "everybody who may thaw still can");
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct freeze_args *a = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    struct freeze stands;
    bool found;
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    c->planned = p;
    c->rationale = a->reason;
    c->ask.has_rationale = true;
    TRY(value_read(c, tx, p));
    TRY(freeze_find(tx, c->arena, scopes[a->scope], p->value, &found, &stands));
    if (found)
        return administer_same(c, "freeze_id", stands.freeze_id);
    TRY(thaw_stays(c, tx, p));
    struct json *after = json_object_new(c->arena);
    json_put_text(c->arena, after, "scope", scopes[a->scope]);
    json_put_text(c->arena, after, "value", p->value);
    json_put_known(c->arena, after, "name", p->name);
    json_put_text(c->arena, after, "reason", a->reason);
    const struct admin_change change = {
        .act = "freeze",
        .object_type = "freeze",
        .object_id = arena_fmt(c->arena, "%s:%s", scopes[a->scope], p->value),
        .after = after,
        .event_type = "FROZEN"};
    TRY(arena_check(c->arena));
    return administer(c, &change);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct freeze_args *a = c->args;
    const struct planned *p = c->planned;
    const char *id = NULL;
    TRY(freeze_put(tx, scopes[a->scope], p->value, a->reason, &id));
    c->object_id = id;
    return administer_done(c, "freeze_id", id);
}

const struct tool tool_freeze = {
    .name = "freeze",
    .title = "Freeze",
    .summary = "The kill switch: an actor, a tool, a kind of actor or everything changes nothing "
               "any more until it is thawed.",
    .tier = TIER_T1,
    .action = ACTION_FREEZE,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .destructive = true,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct freeze_args),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
