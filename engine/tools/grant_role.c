/* grant_role: gives a person a role of the policy, in one entity or in all, or takes it back. */
#include "common/base/buf.h"
#include "engine/store/master.h"
#include "engine/tools/administer.h"

enum act { ACT_NONE, ACT_GRANT, ACT_REVOKE };
static const char *const acts[] = {"", "grant", "revoke", NULL};

struct grant_role {
    int act;
    const char *person, *role, *entity, *rationale;
};

static const struct json_field fields[] = {
    JSON_ENUM(struct grant_role, act, acts, .required = true, .help = "what to do"),
    JSON_TEXT(struct grant_role, person, .required = true, .max = 140,
              .help = "human:<id>, the id alone, or a principal_id"),
    JSON_TEXT(struct grant_role, role, .required = true, .max = 64,
              .help = "a role of the policy's authority, or auditor, which reads and may do "
                      "nothing"),
    JSON_TEXT(struct grant_role, entity, .required = true, .max = 64,
              .help = "where: an entity id, or all"),
    JSON_TEXT(struct grant_role, rationale, .max = 2000, .help = "why"),
};

struct planned {
    struct person before, after;
    const char *entity;         /* NULL: all */
    const struct grant *stands; /* the one that is there already */
};

/* ---- what there is ---- */

static bool role_known(const struct policy *policy, const char *role)
{
    for (size_t i = 0; i < policy->authority_n; i++) {
        if (text_eq(policy->authority[i].role, role))
            return !text_eq(role, "engine");
    }
    return text_eq(role, ROLE_AUDITOR);
}

static struct err role_unknown(struct call *c, const char *role)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf names;
    buf_init(&names, 4096);
    buf_putf(&names, "%s", ROLE_AUDITOR);
    for (size_t i = 0; i < c->policy->authority_n; i++) {
        const char *name = c->policy->authority[i].role;
        bool seen = text_eq(name, "engine") || text_eq(name, ROLE_AUDITOR);
        for (size_t k = 0; k < i; k++)
            seen |= text_eq(c->policy->authority[k].role, name);
        if (!seen)
            buf_putf(&names, ", %s", name);
    }
    return err_fmt(c->arena, ERR_INPUT, "/role", "the policy has no role \"%s\": it has %s", role,
                   buf_text(&names));
}

static struct err place_check(struct call *c, struct tx *tx, struct planned *p)
{
    const struct grant_role *a = c->args;
    struct entity entity;
    p->entity = text_eq(a->entity, "all") ? NULL : a->entity;
    if (a->act == ACT_GRANT && !role_known(c->policy, a->role))
        return role_unknown(c, a->role);
    if (a->act == ACT_GRANT && p->entity != NULL)
        return err_in(entity_load(tx, c->arena, p->entity, &entity), "/entity");
    return OK;
}

/* ---- the change ---- */

static struct err after_grant(struct call *c, struct planned *p)
{
    const struct grant_role *a = c->args;
    size_t n = p->before.grants_n;
    struct grant *all = ARENA_ARRAY(c->arena, n + 1, struct grant);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    ENSURE(p->before.base.active, ERR_CONFLICT, "this person is disabled");
    for (size_t i = 0; i < n; i++)
        all[i] = p->before.grants[i];
    all[n] = (struct grant){.role = a->role, .entity = p->entity};
    p->after.grants = all;
    p->after.grants_n = n + 1;
    return OK;
}

static struct err after_revoke(struct call *c, struct tx *tx, struct planned *p)
{
    struct grant *rest = ARENA_ARRAY(c->arena, p->before.grants_n, struct grant);
    ENSURE(rest != NULL, ERR_LIMIT, "out of memory");
    p->after.grants_n = 0;
    for (size_t i = 0; i < p->before.grants_n; i++) {
        if (&p->before.grants[i] != p->stands)
            rest[p->after.grants_n++] = p->before.grants[i];
    }
    p->after.grants = rest;
    return administrators_stay(c, tx, &p->after);
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct grant_role *a = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    c->planned = p;
    TRY(place_check(c, tx, p));
    TRY(err_in(person_find(tx, c->arena, a->person, &p->before), "/person"));
    p->after = p->before;
    for (size_t i = 0; i < p->before.grants_n; i++) {
        const struct grant *g = &p->before.grants[i];
        if (text_eq(g->role, a->role) && text_eq(g->entity, p->entity))
            p->stands = g;
    }
    if ((a->act == ACT_GRANT) == (p->stands != NULL))
        return administer_same(c, "principal_id", p->before.base.principal_id);
    if (a->act == ACT_GRANT)
        TRY(after_grant(c, p));
    else
        TRY(after_revoke(c, tx, p));
    return administer_person(c, acts[a->act], &p->before, &p->after);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct grant_role *a = c->args;
    const struct planned *p = c->planned;
    const char *id = p->before.base.principal_id;
    if (p->stands == NULL)
        TRY(role_grant(tx, id, a->role, p->entity));
    else
        TRY(role_revoke(tx, p->stands));
    return administer_done(c, "principal_id", id);
}

const struct tool tool_grant_role = {
    .name = "grant_role",
    .title = "Grant a role",
    .summary = "Gives a person a role in one entity or in all, or takes it back. In prod a second "
               "human confirms it, never the person concerned.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_REGISTRY,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct grant_role),
    .result = person_changed_fields,
    .result_n = PERSON_CHANGED_N,
    .plan = plan,
    .apply = apply,
};
