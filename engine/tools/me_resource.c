/* recon://me: who the caller is to the engine, what they see, and what their roles let them do, in
 * words and amounts that a screen can show. The gate judges each act anew, with all its facts; this
 * says no more than what the policy grants to the roles. */
#include <ctype.h>
#include <string.h>

#include "common/base/civil.h"
#include "engine/store/delegations.h"
#include "engine/store/master.h"
#include "engine/tools/administer.h"
#include "engine/tools/resources_own.h"
#include "engine/tools/scope.h"

/* ---- who ---- */

static struct err person_put(struct call *c, struct tx *tx, struct json *o)
{
    struct person person;
    const char *subject;
    if (call_self(c) == NULL) {
        json_put(c->arena, o, "roles", json_array_new(c->arena));
        return arena_check(c->arena);
    }
    TRY(person_load(tx, c->arena, call_self(c), &person));
    TRY(identity_subject(tx, c->arena, "actor", call_self(c), &subject));
    json_put_text(c->arena, o, "principal_id", person.base.principal_id);
    if (subject != NULL)
        json_put_text(c->arena, o, "human", arena_fmt(c->arena, "human:%s", subject));
    json_put_text(c->arena, o, "name", person.base.name);
    json_put_text(c->arena, o, "status", person.base.active ? "active" : "disabled");
    json_put(c->arena, o, "roles", grants_print(c->arena, &person));
    return arena_check(c->arena);
}

static struct err entities_put(struct call *c, struct tx *tx, struct json *o)
{
    struct json *list = json_array_new(c->arena);
    struct entity *entities;
    struct scope scope;
    size_t n;
    TRY(scope_load(c, tx, &scope));
    TRY(entities_list(tx, c->arena, &entities, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        if (!scope_has(&scope, entities[i].entity_id))
            continue;
        json_put_text(c->arena, one, "entity_id", entities[i].entity_id);
        json_put_text(c->arena, one, "name", entities[i].name);
        json_put_text(c->arena, one, "currency", entities[i].functional_currency);
        json_put_text(c->arena, one, "zone", entities[i].zone);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "entities", list);
    json_put_bool(c->arena, o, "sees_all", scope.all);
    return arena_check(c->arena);
}

/* ---- what they may ---- */

static struct json *limit_print(struct arena *arena, const struct policy_limit *limit)
{
    struct json *o = json_object_new(arena);
    char text[DECIMAL_TEXT_MAX];
    decimal_print(limit->max, text);
    json_put_text(arena, o, "amount", text);
    json_put_text(arena, o, "currency", limit->cur);
    return o;
}

static struct json *grant_print(struct arena *arena, const struct policy_authority *g,
                                const struct ask_role *r, const char *entity)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "role", g->role);
    json_put_text(arena, o, "entity", entity == NULL ? "all" : entity);
    if (g->has_max)
        json_put(arena, o, "max", limit_print(arena, &g->max));
    if (g->has_single_max)
        json_put(arena, o, "single_max", limit_print(arena, &g->single_max));
    if (r->lender != NULL)
        json_put_text(arena, o, "lent_by", r->lender);
    return o;
}

/* Where a role is held and the policy's grant counts, too. */
static void grants_push(struct arena *arena, const struct policy_authority *g,
                        const struct ask_role *r, struct json *list)
{
    if (!text_eq(g->role, r->role) || text_eq(g->role, "engine"))
        return;
    if (g->entities_n == 0) {
        json_push(arena, list, grant_print(arena, g, r, r->entity));
        return;
    }
    for (size_t i = 0; i < g->entities_n; i++) {
        if (r->entity == NULL || text_eq(r->entity, g->entities[i]))
            json_push(arena, list, grant_print(arena, g, r, g->entities[i]));
    }
}

static struct json *grants_of(const struct call *c, const struct ask *facts, enum action action)
{
    struct json *list = json_array_new(c->arena);
    for (size_t i = 0; i < c->policy->authority_n; i++) {
        const struct policy_authority *g = &c->policy->authority[i];
        if ((g->actions & (UINT64_C(1) << action)) == 0)
            continue;
        for (size_t k = 0; k < facts->roles_n; k++) {
            const struct ask_role *r = &facts->roles[k];
            if (r->lender == NULL || action != ACTION_SET_DELEGATION) /* not lent on */
                grants_push(c->arena, g, r, list);
        }
    }
    return list;
}

/* What the caller may be offered, and what they hold. */
struct means {
    unsigned doors;
    bool granted[ACTION_COUNT];
    bool registry;        /* they read it */
    struct client client; /* of a service */
};

static struct err means_of(struct call *c, struct tx *tx, struct means *m)
{
    const bool person = c->actor.kind == ACTOR_HUMAN && c->actor.client_kind == CLIENT_WORKSPACE;
    m->doors = person ? OFFER_MCP | OFFER_WORKSPACE : OFFER_MCP;
    m->registry = registry_readable(c, tx).kind == ERR_NONE;
    if (c->actor.client_kind != CLIENT_SERVICE)
        return OK;
    m->doors = OFFER_MCP | OFFER_SERVICE;
    return client_load(tx, c->arena, c->actor.client, &m->client);
}

/* A tool that the caller is offered, and whose act a role of theirs covers. */
static bool may_call(const struct call *c, const struct tool *t, const struct means *m)
{
    if ((t->offer & m->doors) == 0)
        return false;
    if (c->actor.client_kind == CLIENT_SERVICE)
        return client_allows(&m->client, t->name);
    if (t->run == TOOL_READ)
        return (t->offer & OFFER_MCP) != 0 || m->registry;
    return m->granted[t->action];
}

static const char *lower(struct arena *arena, const char *name)
{
    char *text = arena_strdup(arena, name);
    for (char *p = text; p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return text;
}

static struct err may_put(struct call *c, struct tx *tx, struct json *o)
{
    struct json *may = json_object_new(c->arena), *names = json_array_new(c->arena);
    struct means m = {.registry = false};
    struct ask facts = {.change = false};
    TRY(actor_facts(tx, c->arena, &c->actor, "", &facts));
    for (unsigned a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        struct json *list = grants_of(c, &facts, (enum action)a);
        m.granted[a] = list->count > 0;
        if (m.granted[a])
            json_put(c->arena, may, lower(c->arena, action_name((enum action)a)), list);
    }
    TRY(means_of(c, tx, &m));
    for (size_t i = 0; i < tools_n; i++) {
        if (may_call(c, tools[i], &m))
            json_push(c->arena, names, json_text_new(c->arena, tools[i]->name));
    }
    json_put(c->arena, o, "may", may);
    json_put(c->arena, o, "tools", names);
    return arena_check(c->arena);
}

/* ---- seats and freezes ---- */

static struct err seats_print(struct call *c, struct tx *tx, bool lent, struct json **out)
{
    struct delegation *loans;
    size_t n;
    *out = json_array_new(c->arena);
    TRY(delegations_now(tx, c->arena, call_self(c), lent, &loans, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        const char *other = lent ? loans[i].borrower : loans[i].lender;
        struct principal p;
        TRY(principal_load(tx, c->arena, other, &p));
        json_put_text(c->arena, one, "principal_id", other);
        json_put_text(c->arena, one, "name", p.name);
        json_put_text(c->arena, one, "from", loans[i].from);
        json_put_text(c->arena, one, "until", loans[i].until);
        json_put_text(c->arena, one, "rationale", loans[i].rationale);
        json_push(c->arena, *out, one);
    }
    return arena_check(c->arena);
}

static struct err delegations_put(struct call *c, struct tx *tx, struct json *o)
{
    struct json *both = json_object_new(c->arena), *lent = json_array_new(c->arena),
                *borrowed = json_array_new(c->arena);
    if (call_self(c) != NULL) {
        TRY(seats_print(c, tx, true, &lent));
        TRY(seats_print(c, tx, false, &borrowed));
    }
    json_put(c->arena, both, "lent", lent);
    json_put(c->arena, both, "borrowed", borrowed);
    json_put(c->arena, o, "delegations", both);
    return arena_check(c->arena);
}

static bool concerns(const struct call *c, const struct freeze *f)
{
    if (text_eq(f->scope, "actor"))
        return text_eq(f->value, c->actor.id) ||
               (call_self(c) != NULL && text_eq(f->value, call_self(c)));
    return !text_eq(f->scope, "kind") || text_eq(f->value, actor_kind_name(c->actor.kind));
}

static struct err freezes_put(struct call *c, struct tx *tx, struct json *o)
{
    struct json *list = json_array_new(c->arena);
    struct freeze *freezes;
    size_t n;
    TRY(freezes_list(tx, c->arena, &freezes, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(c->arena);
        if (!concerns(c, &freezes[i]))
            continue;
        json_put_text(c->arena, one, "scope", freezes[i].scope);
        json_put_text(c->arena, one, "value", freezes[i].value);
        json_put_text(c->arena, one, "reason", freezes[i].reason);
        json_put_int(c->arena, one, "seq", freezes[i].seq);
        json_push(c->arena, list, one);
    }
    json_put(c->arena, o, "freezes", list);
    return arena_check(c->arena);
}

/* ---- where they are ---- */

/* What may be decided in one act; no reasons: whatever the reason. */
static struct json *bulk_print(struct arena *arena, const struct policy_bulk *bulk)
{
    struct json *o = json_object_new(arena), *reasons = json_array_new(arena);
    for (unsigned r = REASON_ALLOWED + 1; r < REASON_COUNT && bulk->reasons != ~UINT64_C(0); r++) {
        if ((bulk->reasons >> r & 1) != 0)
            json_push(arena, reasons, json_text_new(arena, reason_name((enum reason)r)));
    }
    json_put_int(arena, o, "max_items", bulk->max_items);
    json_put(arena, o, "max_amount", limit_print(arena, &bulk->max_amount));
    if (reasons->count > 0)
        json_put(arena, o, "reasons", reasons);
    return o;
}

static struct json *policy_print(const struct call *c)
{
    static const char *const own_agents[] = {"deny", "below_materiality", "allow"};
    static const char *const tiers[] = {"T0", "T1", "T2", "T3"};
    const struct policy *p = c->policy;
    struct json *o = json_object_new(c->arena), *ages = json_object_new(c->arena),
                *of = json_object_new(c->arena);
    for (size_t i = 0; i < 4; i++) {
        if (p->login_age_max_s[i] > 0)
            json_put_int(c->arena, ages, tiers[i], p->login_age_max_s[i]);
    }
    json_put_text(c->arena, o, "version", p->digest);
    json_put(c->arena, o, "materiality", limit_print(c->arena, &p->materiality));
    for (size_t i = 0; i < p->overrides_n; i++)
        json_put(c->arena, of, p->overrides[i].entity,
                 limit_print(c->arena, &p->overrides[i].limit));
    json_put(c->arena, o, "materiality_of", of);
    json_put(c->arena, o, "bulk", bulk_print(c->arena, &p->bulk));
    json_put_int(c->arena, o, "sla_hours", p->escalation.sla_hours);
    json_put_int(c->arena, o, "expiry_hours", p->escalation.expiry_hours);
    json_put_text(c->arena, o, "own_agent", own_agents[p->own_agent]);
    json_put(c->arena, o, "login_age_max_s", ages);
    return o;
}

static struct err engine_put(struct call *c, struct tx *tx, struct json *o)
{
    struct json *head = json_object_new(c->arena);
    struct chain_head last;
    char hex[65], at[INSTANT_TEXT_MAX] = "";
    TRY(audit_head(tx, &last));
    hex_print(last.hash, sizeof last.hash, hex);
    if (last.seq > 0)
        instant_print(last.timestamp_us, at);
    json_put_int(c->arena, head, "seq", last.seq);
    json_put_text(c->arena, head, "hash", hex);
    json_put_text(c->arena, head, "at", at);
    json_put_text(c->arena, o, "env", c->prod ? "prod" : "dev");
    json_put_text(c->arena, o, "engine_version", CLOSEGATE_VERSION);
    json_put_text(c->arena, o, "book_id", store_book_id(tx->store));
    json_put(c->arena, o, "head", head);
    json_put_text(c->arena, o, "policy_version", c->policy->digest);
    json_put(c->arena, o, "policy", policy_print(c));
    return arena_check(c->arena);
}

struct err me_read(struct call *c, struct tx *tx, const char *id)
{
    struct json *o = json_object_new(c->arena);
    (void)id;
    json_put_text(c->arena, o, "actor", c->actor.id);
    json_put_text(c->arena, o, "kind", actor_kind_name(c->actor.kind));
    json_put_text(c->arena, o, "channel", channel_name(c->actor.channel));
    TRY(person_put(c, tx, o));
    TRY(entities_put(c, tx, o));
    TRY(may_put(c, tx, o));
    TRY(delegations_put(c, tx, o));
    TRY(freezes_put(c, tx, o));
    TRY(engine_put(c, tx, o));
    c->result = o;
    return arena_check(c->arena);
}
