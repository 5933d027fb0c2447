/* link_identity: says by what a person is known (an issuer's sub, a proxy's header value, a Slack
 * id, a user of a host, an actor id), or takes it back. An identity is one person's for good: what
 * was somebody's is never another's, or one pair of eyes could become two. */
#include "engine/tools/administer.h"

enum act { ACT_NONE, ACT_LINK, ACT_UNLINK };
static const char *const acts[] = {"", "link", "unlink", NULL};
static const char *const kinds[] = {"", "oidc", "header", "slack", "os", "actor", NULL};
enum { KIND_OIDC = 1, KIND_ACTOR = 5 };

struct link_identity {
    int act, kind;
    const char *person, *issuer, *subject, *rationale;
};

static const struct json_field fields[] = {
    JSON_ENUM(struct link_identity, act, acts, .required = true, .help = "what to do"),
    JSON_TEXT(struct link_identity, person, .required = true, .max = 140,
              .help = "human:<id>, the id alone, or a principal_id"),
    JSON_ENUM(struct link_identity, kind, kinds, .required = true,
              .help = "where the person is known by it"),
    JSON_TEXT(struct link_identity, issuer, .max = 300, .check = shown_name_check,
              .help = "oidc: the issuer, to the letter"),
    JSON_TEXT(struct link_identity, subject, .required = true, .max = 300,
              .check = shown_name_check,
              .help = "oidc: the sub; header: the value; slack: the user id; os: host:uid; actor: "
                      "the id of human:<id>"),
    JSON_TEXT(struct link_identity, rationale, .max = 2000, .help = "why"),
};

struct planned {
    struct person before, after;
    struct identity last;
    const char *issuer;
};

static struct err shape_check(struct call *c, const struct link_identity *a)
{
    struct actor_id id;
    if ((a->kind == KIND_OIDC) != (a->issuer != NULL))
        return err_at(ERR_INPUT, "/issuer", "oidc has an issuer, and nothing else has one");
    if (a->kind == KIND_ACTOR &&
        actor_parse(str_of(arena_fmt(c->arena, "human:%s", a->subject)), &id).kind != ERR_NONE)
        return err_at(ERR_INPUT, "/subject", "expected the id of human:<id>");
    return OK;
}

static struct err plan_link(struct call *c, struct planned *p, bool found)
{
    const struct link_identity *a = c->args;
    size_t n = p->before.identities_n;
    bool own = found && text_eq(p->last.principal_id, p->before.base.principal_id);
    if (own && p->last.active)
        return administer_same(c, "principal_id", p->before.base.principal_id);
    ENSURE(!found || own, ERR_CONFLICT,
           "this identity is or was another person's; an identity is one person's for good");
    struct identity *all = ARENA_ARRAY(c->arena, n + 1, struct identity);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        all[i] = p->before.identities[i];
    all[n] = (struct identity){
        .kind = kinds[a->kind], .issuer = p->issuer, .subject = a->subject, .active = true};
    p->after.identities = all;
    p->after.identities_n = n + 1;
    return administer_person(c, acts[a->act], &p->before, &p->after);
}

static struct err plan_unlink(struct call *c, struct tx *tx, struct planned *p, bool found)
{
    const struct link_identity *a = c->args;
    size_t n = p->before.identities_n;
    bool own = found && text_eq(p->last.principal_id, p->before.base.principal_id);
    ENSURE(own, ERR_MISSING, "this person is not known by that");
    if (!p->last.active)
        return administer_same(c, "principal_id", p->before.base.principal_id);
    struct identity *rest = ARENA_ARRAY(c->arena, n, struct identity);
    ENSURE(rest != NULL, ERR_LIMIT, "out of memory");
    p->after.identities_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!text_eq(p->before.identities[i].identity_id, p->last.identity_id))
            rest[p->after.identities_n++] = p->before.identities[i];
    }
    p->after.identities = rest;
    TRY(administrators_stay(c, tx, &p->after));
    return administer_person(c, acts[a->act], &p->before, &p->after);
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct link_identity *a = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    bool found;
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    TRY(shape_check(c, a));
    TRY(err_in(person_find(tx, c->arena, a->person, &p->before), "/person"));
    p->after = p->before;
    p->issuer = a->issuer == NULL ? "" : a->issuer;
    TRY(identity_last(tx, c->arena, kinds[a->kind], p->issuer, a->subject, &found, &p->last));
    c->planned = p;
    return a->act == ACT_LINK ? plan_link(c, p, found) : plan_unlink(c, tx, p, found);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct link_identity *a = c->args;
    const struct planned *p = c->planned;
    const char *id = p->before.base.principal_id;
    if (a->act == ACT_LINK)
        TRY(identity_link(tx, id, kinds[a->kind], p->issuer, a->subject));
    else
        TRY(identity_unlink(tx, &p->last));
    return administer_done(c, "principal_id", id);
}

const struct tool tool_link_identity = {
    .name = "link_identity",
    .title = "Link an identity",
    .summary = "Says by what a person is known, or takes it back. In prod a second human confirms "
               "it.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_REGISTRY,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct link_identity),
    .result = person_changed_fields,
    .result_n = PERSON_CHANGED_N,
    .plan = plan,
    .apply = apply,
};
