/* From rows to the people the gate looks at. Forgetting somebody here lets one person do what takes
 * two, so a list that does not fit is an error and never cut. */
#include "engine/tools/people_facts.h"

#include "common/base/civil.h"

struct people {
    const char **proposers, **agents, **seats;
    size_t proposers_n, agents_n, seats_n;
};

/* Lists with room for `n` people each. */
static struct err people_make(struct arena *arena, size_t n, struct people *who)
{
    *who = (struct people){.proposers = ARENA_ARRAY(arena, n, const char *),
                           .agents = ARENA_ARRAY(arena, n, const char *),
                           .seats = ARENA_ARRAY(arena, n, const char *)};
    return arena_check(arena);
}

static void people_add(const char **list, size_t *n, const char *principal)
{
    for (size_t i = 0; i < *n; i++) {
        if (text_eq(list[i], principal))
            return;
    }
    if (principal != NULL)
        list[(*n)++] = principal;
}

static void asked_for_it(struct people *who, enum party_role role, const char *principal)
{
    if (role == PARTY_REQUESTER)
        people_add(who->proposers, &who->proposers_n, principal);
    else if (role == PARTY_AGENT)
        people_add(who->agents, &who->agents_n, principal);
}

static void people_print(struct call *c, const struct people *who)
{
    c->ask.proposers = who->proposers;
    c->ask.proposers_n = who->proposers_n;
    c->ask.own_agents_of = who->agents;
    c->ask.own_agents_of_n = who->agents_n;
    c->ask.seats = who->seats;
    c->ask.seats_n = who->seats_n;
}

/* ---- stages ---- */

/* What stands beside the open escalation. */
struct open_one {
    struct escalation e;
    struct party *parties;
    struct seat *seats;
    size_t parties_n, seats_n;
};

/* A stage was approved of this version under this policy, and not for ever. */
static struct err stages_stand(const struct call *c, const struct tx *tx, const struct asked *what,
                               const struct escalation *e, bool *stand)
{
    int64_t expires;
    TRY(instant_parse(e->expires_at, &expires));
    *stand = tx->now_us < expires && e->object_version == what->object_version &&
             text_eq(e->policy_version, c->policy->digest);
    return OK;
}

/* Still one of us, and not one who proposed it or asked for it. */
static struct err may_stand(struct call *c, struct tx *tx, const char *principal, bool *yes)
{
    struct principal p = {.active = false};
    struct err e = principal_load(tx, c->arena, principal, &p);
    if (e.kind != ERR_NONE && e.kind != ERR_MISSING)
        return e;
    *yes = p.active && !gate_eyes_used(c->policy, &c->ask, principal);
    return OK;
}

/* An approval is its approver's and, on a lent seat, its lender's: neither may be the one who acts
 * now, and both must stand. */
static struct err approval_counts(struct call *c, struct tx *tx, const struct open_one *o,
                                  const char *approver, bool *counts)
{
    TRY(may_stand(c, tx, approver, counts));
    *counts = *counts && !text_eq(approver, c->actor.principal);
    for (size_t i = 0; *counts && i < o->seats_n; i++) {
        const struct seat *s = &o->seats[i];
        if (s->role != PARTY_APPROVER || !text_eq(s->principal_id, approver))
            continue;
        TRY(may_stand(c, tx, s->lender, counts));
        *counts = *counts && !text_eq(s->lender, c->actor.principal);
    }
    return OK;
}

/* Approvers, and whose seats they had: nobody sits on those again. */
static struct err approvers_fact(struct call *c, struct tx *tx, const struct open_one *o,
                                 struct people *who)
{
    for (size_t i = 0; i < o->parties_n; i++) {
        const char *approver = o->parties[i].principal_id;
        bool counts;
        if (o->parties[i].role != PARTY_APPROVER || approver == NULL)
            continue;
        people_add(who->seats, &who->seats_n, approver);
        TRY(approval_counts(c, tx, o, approver, &counts));
        c->ask.approvers_n += counts;
    }
    for (size_t i = 0; i < o->seats_n; i++) {
        if (o->seats[i].role == PARTY_APPROVER)
            people_add(who->seats, &who->seats_n, o->seats[i].lender);
    }
    return OK;
}

static struct err open_load(struct call *c, struct tx *tx, const struct asked *what, bool *found,
                            struct open_one *o)
{
    *o = (struct open_one){.parties_n = 0};
    TRY(escalation_of_object(tx, c->arena, what->tool, what->object_id, found, &o->e));
    if (!*found)
        return OK;
    TRY(escalation_parties(tx, c->arena, o->e.escalation_id, &o->parties, &o->parties_n));
    return escalation_seats(tx, c->arena, o->e.escalation_id, &o->seats, &o->seats_n);
}

struct err people_facts(struct call *c, struct tx *tx, const struct people_of *of)
{
    const struct asked what = {of->tool, of->object_id, of->version};
    struct asker *askers;
    struct open_one o;
    struct people who;
    size_t askers_n;
    bool found, stand = false;
    TRY(askers_load(tx, c->arena, &what, &askers, &askers_n));
    TRY(open_load(c, tx, &what, &found, &o));
    TRY(people_make(c->arena, 1 + askers_n + o.parties_n + o.seats_n, &who));
    c->ask.approvers_n = 0;
    people_add(who.proposers, &who.proposers_n, of->principal);
    people_add(who.agents, &who.agents_n, of->obo);
    for (size_t i = 0; i < askers_n; i++)
        asked_for_it(&who, askers[i].role, askers[i].principal_id);
    for (size_t i = 0; i < o.parties_n; i++)
        asked_for_it(&who, o.parties[i].role, o.parties[i].principal_id);
    people_print(c, &who); /* whoever asked is known before a stage is looked at */
    if (found)
        TRY(stages_stand(c, tx, &what, &o.e, &stand));
    if (stand)
        TRY(approvers_fact(c, tx, &o, &who));
    people_print(c, &who);
    return OK;
}
