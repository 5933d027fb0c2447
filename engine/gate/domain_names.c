/* The dimensions of names: who acts, in which entities, on which accounts, with which roles. Each
 * name of the policy is a choice, and so is one that the policy does not mention. */
#include <string.h>

#include "engine/gate/compare.h"
#include "engine/gate/domain_own.h"

enum { NAMES_MAX = 4096, ENTITIES_MAX = 512, CORE_MAX = 16 };

static bool begins(const char *text, const char *prefix)
{
    return prefix != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- lists of texts ---- */

static void texts_put(struct domain_build *b, enum domain_dim dim, const char *one, const char *two)
{
    size_t n = (size_t)(one != NULL) + (size_t)(two != NULL);
    const char **list = ARENA_ARRAY(b->arena, 2, const char *);
    const char *name = n == 0 ? "none" : n == 1 ? one : arena_fmt(b->arena, "%s and %s", one, two);
    struct texts_choice *to = DOMAIN_ADD(b, dim, struct texts_choice, name);
    if (to == NULL || list == NULL)
        return;
    list[0] = one;
    list[1] = two;
    *to = (struct texts_choice){list, n};
}

/* A text choice: "none" is NULL. */
static void text_put(struct domain_build *b, enum domain_dim dim, const char *text)
{
    const char **to = DOMAIN_ADD(b, dim, const char *, text == NULL ? "none" : text);
    if (to != NULL)
        *to = text;
}

static bool text_known(const struct domain_build *b, enum domain_dim dim, const char *text)
{
    const struct choices *c = &b->domain->dims[dim];
    const char *const *at = c->at;
    for (size_t i = 0; i < c->n; i++) {
        if (same_text(at[i], text))
            return true;
    }
    return false;
}

static void text_once(struct domain_build *b, enum domain_dim dim, const char *text)
{
    if (text != NULL && !text_known(b, dim, text))
        text_put(b, dim, text);
}

/* ---- who acts ---- */

static bool actor_blocked(const struct policy *p, const char *actor)
{
    for (size_t i = 0; i < p->blocked_n; i++) {
        if (same_text(p->blocked[i].actor, actor))
            return true;
    }
    return false;
}

/* A name of this kind that no blocked rule mentions. */
static const char *actor_other(struct domain_build *b, const char *name)
{
    for (int i = 2; name != NULL && actor_blocked(b->policy, name); i++)
        name = arena_fmt(b->arena, "%.*s.%d", (int)strcspn(name, "."), name, i);
    return name;
}

static void actor_put(struct domain_build *b, struct actor_choice who, const char *name)
{
    struct actor_choice *to = DOMAIN_ADD(b, DOMAIN_ACTOR, struct actor_choice, name);
    if (to != NULL)
        *to = who;
}

static void actor_named(struct domain_build *b, const char *actor)
{
    struct actor_choice who = {.kind = ACTOR_ENGINE, .actor = actor};
    if (begins(actor, "human:"))
        who.kind = ACTOR_HUMAN, who.principal = ANA;
    if (begins(actor, "llm:"))
        who.kind = ACTOR_LLM, who.on_behalf_of = ANA;
    actor_put(b, who, actor);
}

void domain_actors(struct domain_build *b)
{
    const char *person = actor_other(b, "human:ana");
    actor_named(b, "engine:auto-confirm");
    actor_named(b, actor_other(b, "llm:s-1"));
    actor_named(b, person);
    actor_named(b, actor_other(b, "engine:other"));
    actor_put(b, (struct actor_choice){.kind = ACTOR_HUMAN, .actor = person},
              "somebody whom no principal stands for");
    domain_core_here(b, DOMAIN_ACTOR);
    actor_put(b, (struct actor_choice){.kind = ACTOR_LLM, .actor = actor_other(b, "llm:s-2")},
              "an agent of nobody");
    actor_put(b, (struct actor_choice){.kind = ACTOR_NONE, .actor = ""}, "nobody");
    actor_put(b, (struct actor_choice){.kind = (enum actor_kind)7, .actor = "?"}, "of no kind");
    for (size_t i = 0; i < b->policy->blocked_n && i < NAMES_MAX; i++) {
        const char *actor = b->policy->blocked[i].actor;
        if (actor != NULL && strcmp(actor, "engine:auto-confirm") != 0)
            actor_named(b, actor);
    }
}

/* ---- where ---- */

/* The entities that the policy mentions, each once. */
struct mentioned {
    const char **at;
    size_t n, cap;
    bool all;
};

static void mention(struct mentioned *m, const char *entity)
{
    if (entity == NULL)
        return;
    for (size_t i = 0; i < m->n; i++) {
        if (same_text(m->at[i], entity))
            return;
    }
    m->all = m->all && m->n < m->cap;
    if (m->n < m->cap)
        m->at[m->n++] = entity;
}

static struct mentioned entities_find(struct domain_build *b)
{
    const struct policy *p = b->policy;
    struct mentioned m = {.at = ARENA_ARRAY(b->arena, ENTITIES_MAX, const char *), .all = true};
    m.cap = m.at == NULL ? 0 : ENTITIES_MAX;
    for (size_t i = 0; i < p->overrides_n; i++)
        mention(&m, p->overrides[i].entity);
    for (size_t i = 0; i < p->blocked_n; i++)
        mention(&m, p->blocked[i].entity);
    for (size_t i = 0; i < p->authority_n; i++) {
        for (size_t j = 0; j < p->authority[i].entities_n; j++)
            mention(&m, p->authority[i].entities[j]);
    }
    b->domain->whole = b->domain->whole && m.all;
    return m;
}

static const char *entity_other(struct domain_build *b, const struct mentioned *m)
{
    const char *name = "another-entity";
    for (size_t i = 0; i < m->n && name != NULL; i++) {
        if (same_text(m->at[i], name)) {
            name = arena_fmt(b->arena, "%s-", name);
            i = SIZE_MAX;
        }
    }
    return name;
}

/* How many grants of a confirmation are good there. */
static size_t confirmed_in(const struct policy *p, const char *entity)
{
    size_t n = 0;
    for (size_t i = 0; i < p->authority_n; i++) {
        const struct policy_authority *g = &p->authority[i];
        bool here = g->entities_n == 0;
        for (size_t j = 0; j < g->entities_n; j++)
            here = here || same_text(g->entities[j], entity);
        n += here && (g->actions >> ACTION_CONFIRM & 1) != 0;
    }
    return n;
}

/* The plain entity is another one, unless grants are for named ones only: then one in which most
 * may be done. */
static const char *entity_plain(const struct policy *p, const struct mentioned *m,
                                const char *other)
{
    const char *plain = other;
    bool anywhere = confirmed_in(p, other) > 0;
    for (size_t i = 0; !anywhere && i < m->n && i < CORE_MAX; i++) {
        if (confirmed_in(p, m->at[i]) > confirmed_in(p, plain))
            plain = m->at[i];
    }
    return plain;
}

void domain_entities(struct domain_build *b)
{
    const struct mentioned m = entities_find(b);
    const char *other = entity_other(b, &m), *plain = entity_plain(b->policy, &m, other);
    texts_put(b, DOMAIN_ENTITIES, plain, NULL);
    texts_put(b, DOMAIN_ENTITIES, NULL, NULL);
    if (plain != other)
        texts_put(b, DOMAIN_ENTITIES, other, NULL);
    for (size_t i = 0; i < m.n; i++) {
        if (m.at[i] != plain)
            texts_put(b, DOMAIN_ENTITIES, m.at[i], NULL);
        if (i < 2)
            texts_put(b, DOMAIN_ENTITIES, other, m.at[i]);
        if (i == 1)
            texts_put(b, DOMAIN_ENTITIES, m.at[0], m.at[1]);
        if (i == CORE_MAX / 2)
            domain_core_here(b, DOMAIN_ENTITIES);
    }
}

/* ---- accounts and events ---- */

/* Is this text an account that some rule names? */
static bool account_named(const struct policy *p, const char *id)
{
    for (size_t i = 0; i < p->accounts_n; i++) {
        if (same_text(p->accounts[i].id, id) || begins(id, p->accounts[i].prefix))
            return true;
    }
    for (size_t i = 0; i < p->blocked_n; i++) {
        if (same_text(p->blocked[i].account, id) || begins(id, p->blocked[i].account_prefix))
            return true;
    }
    return false;
}

static bool class_named(const struct policy *p, const char *class_)
{
    for (size_t i = 0; i < p->accounts_n; i++) {
        if (same_text(p->accounts[i].class_, class_) || same_text(p->accounts[i].event, class_))
            return true;
    }
    return false;
}

/* An account that no rule names, of a class that none names; NULL when prefixes cover everything.
 */
static const char *account_other(struct domain_build *b)
{
    for (int c = '0'; c <= 'z'; c++) {
        const char *id = arena_fmt(b->arena, "%c-another", c);
        if (id == NULL || !account_named(b->policy, id))
            return id;
    }
    return NULL;
}

static const char *class_other(struct domain_build *b)
{
    const char *class_ = "another_class";
    while (class_ != NULL && class_named(b->policy, class_))
        class_ = arena_fmt(b->arena, "%s_", class_);
    return class_;
}

struct account_names {
    const char *account, *class_;
};

/* The account being reconciled, and another leg; and what happened. */
static void legs_put(struct domain_build *b, const struct account_names *other,
                     const struct ask_account *leg, const char *event, const char *name)
{
    struct accounts_choice *to = DOMAIN_ADD(b, DOMAIN_ACCOUNTS, struct accounts_choice, name);
    struct ask_account *accounts = ARENA_ARRAY(b->arena, 2, struct ask_account);
    const char **events = ARENA_ARRAY(b->arena, 1, const char *);
    if (to == NULL || accounts == NULL || events == NULL)
        return;
    accounts[0] = (struct ask_account){other->account, other->class_, true, true};
    accounts[1] = *leg;
    events[0] = event;
    *to = (struct accounts_choice){accounts, 2, events, event != NULL};
}

static void leg_put(struct domain_build *b, const struct account_names *other, const char *id,
                    const char *class_, bool reconciled)
{
    const struct ask_account leg = {id == NULL ? other->account : id,
                                    class_ == NULL ? other->class_ : class_, true, reconciled};
    legs_put(b, other, &leg, NULL,
             arena_fmt(b->arena, "%s of class %s%s", leg.id == NULL ? "?" : leg.id, leg.class_,
                       reconciled ? ", being reconciled" : ""));
}

static void rule_put(struct domain_build *b, const struct account_names *other,
                     const struct policy_account *r)
{
    const struct ask_account plain = {other->account, other->class_, true, false};
    const char *id = r->prefix == NULL ? r->id : arena_fmt(b->arena, "%s0", r->prefix);
    if (r->event != NULL) {
        legs_put(b, other, &plain, r->event, r->event);
        return;
    }
    leg_put(b, other, id, r->class_, false);
    leg_put(b, other, id, r->class_, true);
}

/* The selector and its legs: rules that agree in these differ in a name only. */
static unsigned rule_shape(const struct policy_account *r)
{
    unsigned selector = r->id != NULL ? 0 : r->prefix != NULL ? 1 : r->class_ != NULL ? 2 : 3;
    return 2 * selector + r->legs_all;
}

static void rules_put(struct domain_build *b, const struct account_names *other, bool firsts)
{
    bool seen[8] = {false};
    for (size_t i = 0; i < b->policy->accounts_n; i++) {
        const struct policy_account *r = &b->policy->accounts[i];
        bool first = !seen[rule_shape(r)];
        seen[rule_shape(r)] = true;
        if (first == firsts)
            rule_put(b, other, r);
    }
}

static void blocked_accounts_put(struct domain_build *b, const struct account_names *other)
{
    for (size_t i = 0; i < b->policy->blocked_n; i++) {
        const struct policy_block *r = &b->policy->blocked[i];
        if (r->account != NULL)
            leg_put(b, other, r->account, NULL, false);
        if (r->account_prefix != NULL)
            leg_put(b, other, arena_fmt(b->arena, "%s1", r->account_prefix), NULL, false);
    }
}

void domain_accounts(struct domain_build *b)
{
    const struct account_names other = {account_other(b), class_other(b)};
    const struct ask_account plain = {other.account, other.class_, true, false};
    const struct ask_account unknown = {"9-unknown", NULL, false, false}, none = {NULL, NULL, 0, 0};
    legs_put(b, &other, &plain, NULL, "accounts that no rule names");
    legs_put(b, &other, &unknown, NULL, "an account that the chart does not know");
    legs_put(b, &other, &none, NULL, "a contra side that is not known");
    legs_put(b, &other, &plain, "another_event", "an event that no rule names");
    struct accounts_choice *nothing =
        DOMAIN_ADD(b, DOMAIN_ACCOUNTS, struct accounts_choice, "no accounts");
    if (nothing != NULL)
        *nothing = (struct accounts_choice){.accounts_n = 0};
    rules_put(b, &other, true);
    domain_core_here(b, DOMAIN_ACCOUNTS);
    rules_put(b, &other, false);
    blocked_accounts_put(b, &other);
}

/* ---- match types, counterparties, tools ---- */

void domain_match_types(struct domain_build *b)
{
    text_put(b, DOMAIN_MATCH_TYPE, "another_type");
    text_put(b, DOMAIN_MATCH_TYPE, NULL);
    for (size_t i = 0; i < b->policy->match_types_n; i++) {
        text_once(b, DOMAIN_MATCH_TYPE, b->policy->match_types[i].name);
        if (i == 0)
            domain_core_here(b, DOMAIN_MATCH_TYPE);
    }
}

void domain_counterparties(struct domain_build *b)
{
    const char *other = "another-counterparty";
    for (size_t i = 0; other != NULL && i < b->policy->blocked_n; i++) {
        if (same_text(b->policy->blocked[i].counterparty, other)) {
            other = arena_fmt(b->arena, "%s-", other);
            i = SIZE_MAX;
        }
    }
    text_put(b, DOMAIN_COUNTERPARTY, other);
    text_put(b, DOMAIN_COUNTERPARTY, NULL);
    for (size_t i = 0; i < b->policy->blocked_n && i < NAMES_MAX; i++) {
        text_once(b, DOMAIN_COUNTERPARTY, b->policy->blocked[i].counterparty);
        if (i + 1 == CORE_MAX)
            domain_core_here(b, DOMAIN_COUNTERPARTY);
    }
}

void domain_tools(struct domain_build *b)
{
    const char *other = "another_tool";
    for (size_t i = 0; other != NULL && i < b->policy->blocked_n; i++) {
        if (same_text(b->policy->blocked[i].tool, other)) {
            other = arena_fmt(b->arena, "%s_", other);
            i = SIZE_MAX;
        }
    }
    text_put(b, DOMAIN_TOOL, other);
    for (size_t i = 0; i < b->policy->blocked_n && i < NAMES_MAX; i++) {
        text_once(b, DOMAIN_TOOL, b->policy->blocked[i].tool);
        if (i + 1 == CORE_MAX)
            domain_core_here(b, DOMAIN_TOOL);
    }
}

/* ---- roles ---- */

static void roles_put(struct domain_build *b, const struct ask_role *one,
                      const struct ask_role *two, const char *name)
{
    size_t n = (size_t)(one != NULL) + (size_t)(two != NULL);
    struct roles_choice *to = DOMAIN_ADD(b, DOMAIN_ROLES, struct roles_choice, name);
    struct ask_role *roles = ARENA_ARRAY(b->arena, 2, struct ask_role);
    if (to == NULL || roles == NULL)
        return;
    if (one != NULL)
        roles[0] = *one;
    if (two != NULL)
        roles[1] = *two;
    *to = (struct roles_choice){roles, n};
}

static void role_put(struct domain_build *b, const char *role, const char *entity,
                     const char *lender)
{
    const struct ask_role r = {role, entity, lender};
    roles_put(b, &r, NULL,
              arena_fmt(b->arena, "%s in %s%s%s", role, entity == NULL ? "every entity" : entity,
                        lender == NULL ? "" : ", lent by ", lender == NULL ? "" : lender));
}

/* The role in one entity and, lent, everywhere: who has both sits on the lent seat elsewhere. */
static void role_and_lent(struct domain_build *b, const char *role, const char *entity)
{
    const struct ask_role own = {role, entity, NULL}, lent = {role, NULL, BOB};
    roles_put(b, &own, &lent,
              arena_fmt(b->arena, "%s in %s and, lent by " BOB ", in every entity", role, entity));
}

static bool role_seen(const struct policy *p, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (same_text(p->authority[j].role, p->authority[i].role))
            return true;
    }
    return false;
}

/* Every entity that a grant of this role is written for. */
static void role_in_entities(struct domain_build *b, const char *role)
{
    const struct policy *p = b->policy;
    for (size_t i = 0; i < p->authority_n; i++) {
        if (!same_text(p->authority[i].role, role))
            continue;
        for (size_t j = 0; j < p->authority[i].entities_n && j < CORE_MAX; j++)
            role_put(b, role, p->authority[i].entities[j], NULL);
    }
}

/* The plain person has every role there is, so that nothing plain is refused for want of one. */
static void every_role_put(struct domain_build *b)
{
    const struct policy *p = b->policy;
    struct roles_choice *to = DOMAIN_ADD(b, DOMAIN_ROLES, struct roles_choice, "every role");
    struct ask_role *roles = ARENA_ARRAY(b->arena, CORE_MAX, struct ask_role);
    if (to == NULL || roles == NULL)
        return;
    to->roles = roles;
    for (size_t i = 0; i < p->authority_n && to->n < CORE_MAX; i++) {
        if (!role_seen(p, i) && !same_text(p->authority[i].role, "engine"))
            roles[to->n++] = (struct ask_role){.role = p->authority[i].role};
    }
}

void domain_roles(struct domain_build *b)
{
    const struct mentioned m = entities_find(b);
    const char *other = entity_other(b, &m);
    const struct policy *p = b->policy;
    size_t distinct = 0;
    every_role_put(b);
    for (size_t i = 0; i < p->authority_n; i++) {
        if (role_seen(p, i))
            continue;
        role_put(b, p->authority[i].role, NULL, NULL);
        role_put(b, p->authority[i].role, NULL, BOB);
        if (++distinct == CORE_MAX)
            domain_core_here(b, DOMAIN_ROLES);
    }
    roles_put(b, NULL, NULL, "none");
    role_put(b, "another_role", NULL, NULL);
    role_put(b, "engine", NULL, NULL);
    for (size_t i = 0; i < p->authority_n; i++) {
        if (role_seen(p, i))
            continue;
        role_put(b, p->authority[i].role, other, NULL);
        role_put(b, p->authority[i].role, other, CEM);
        role_and_lent(b, p->authority[i].role, other);
        role_in_entities(b, p->authority[i].role);
    }
}
