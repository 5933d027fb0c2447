/* change_person: adds a person to the registry, renames, disables or enables one. Whoever is
 * disabled, and every agent of theirs, is refused from the next call on. */
#include "engine/tools/administer.h"

enum act { ACT_NONE, ACT_ADD, ACT_RENAME, ACT_DISABLE, ACT_ENABLE };
static const char *const acts[] = {"", "add", "rename", "disable", "enable", NULL};

struct change_person {
    int act; /* enum act */
    const char *person, *name, *rationale;
};

static const struct json_field fields[] = {
    JSON_ENUM(struct change_person, act, acts, .required = true, .help = "what to do"),
    JSON_TEXT(struct change_person, person, .required = true, .max = 140,
              .help = "human:<id>, the id alone, or a principal_id; of a new person the id that "
                      "human:<id> will have"),
    JSON_TEXT(struct change_person, name, .max = 200, .check = shown_name_check,
              .help = "add and rename: the name people read"),
    JSON_TEXT(struct change_person, rationale, .max = 2000, .help = "why"),
};

struct planned {
    struct person before, after;
    const char *actor; /* of a new person */
};

static struct err add_ask(struct call *c, const struct planned *p)
{
    const struct admin_change change = {
        .act = acts[ACT_ADD],
        .object_type = "principal",
        .object_id = p->actor,
        .after = person_print(c->arena, &p->after),
        .event_type = "REGISTRY_CHANGED",
    };
    return administer(c, &change);
}

/* "human:ana" or "ana": the id, if it is one that nobody ever had. */
static struct err plan_add(struct call *c, struct tx *tx, struct planned *p)
{
    const struct change_person *a = c->args;
    struct identity last, *own = ARENA_NEW(c->arena, struct identity);
    struct actor_id id;
    bool found;
    struct str kind, name;
    if (a->name == NULL)
        return err_at(ERR_INPUT, "/name", "a new person needs a name");
    if (!str_cut(str_of(a->person), ':', &kind, &name))
        name = str_of(a->person);
    struct err e = actor_parse(str_of(arena_fmt(c->arena, "human:%s", name.at)), &id);
    if (e.kind != ERR_NONE || (name.at != a->person && !str_is(kind, "human")))
        return err_at(ERR_INPUT, "/person",
                      "expected human:<id>: letters, digits and . _ @ -, at most 128");
    TRY(identity_last(tx, c->arena, "actor", "", name.at, &found, &last));
    ENSURE(!found, ERR_CONFLICT,
           "this id is or was somebody's; an identity is one person's for good");
    ENSURE(own != NULL, ERR_LIMIT, "out of memory");
    *own = (struct identity){.kind = "actor", .issuer = "", .subject = name.at, .active = true};
    p->actor = name.at;
    p->after = (struct person){
        .base = {.name = a->name, .active = true}, .identities = own, .identities_n = 1};
    return add_ask(c, p);
}

static struct err plan_change(struct call *c, struct tx *tx, struct planned *p)
{
    const struct change_person *a = c->args;
    TRY(err_in(person_find(tx, c->arena, a->person, &p->before), "/person"));
    p->after = p->before;
    if (a->act == ACT_RENAME && a->name == NULL)
        return err_at(ERR_INPUT, "/name", "renaming needs the new name");
    if (a->act != ACT_RENAME && a->name != NULL)
        return err_at(ERR_INPUT, "/name", "a name goes with add and rename");
    if (a->act == ACT_RENAME)
        p->after.base.name = a->name;
    else
        p->after.base.active = a->act == ACT_ENABLE;
    if (text_eq(p->after.base.name, p->before.base.name) &&
        p->after.base.active == p->before.base.active)
        return administer_same(c, "principal_id", p->before.base.principal_id);
    TRY(administrators_stay(c, tx, &p->after));
    return administer_person(c, acts[a->act], &p->before, &p->after);
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct change_person *a = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    c->planned = p;
    return a->act == ACT_ADD ? plan_add(c, tx, p) : plan_change(c, tx, p);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct planned *p = c->planned;
    const char *id = p->actor == NULL ? p->after.base.principal_id : tx_new_id(tx, "prn");
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    TRY(principal_put(tx, id, p->after.base.name, p->after.base.active));
    if (p->actor != NULL) {
        TRY(identity_link(tx, id, "actor", "", p->actor));
        p->after.base.principal_id = id; /* the event names who came to be */
        TRY(add_ask(c, p));
    }
    return administer_done(c, "principal_id", id);
}

const struct tool tool_change_person = {
    .name = "change_person",
    .title = "Change a person",
    .summary = "Adds, renames, disables or enables a person of the registry. In prod a second "
               "human confirms it.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_REGISTRY,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct change_person),
    .result = person_changed_fields,
    .result_n = PERSON_CHANGED_N,
    .plan = plan,
    .apply = apply,
};
