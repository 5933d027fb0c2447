/* From rows to the people the gate looks at. Forgetting somebody here lets one person do what takes
 * two, so a list that does not fit is an error and never cut. */
#include "engine/tools/people_facts.h"

#include "common/base/civil.h"

/* People around one object: makers, askers, parties and the seats they sat on. */
#define PEOPLE_MAX 1100

struct people {
    const char **proposers, **agents, **seats;
    size_t proposers_n, agents_n, seats_n;
};

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

static struct err askers_fact(struct call *c, struct tx *tx, const struct asked *what,
                              struct people *who)
{
    struct asker *list;
    size_t n;
    TRY(askers_load(tx, c->arena, what, &list, &n));
    for (size_t i = 0; i < n; i++)
        asked_for_it(who, list[i].role, list[i].principal_id);
    return OK;
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

static struct err open_fact(struct call *c, struct tx *tx, const struct asked *what,
                            struct people *who)
{
    struct open_one o;
    bool found, stand;
    TRY(escalation_of_object(tx, c->arena, what->tool, what->object_id, &found, &o.e));
    if (!found)
        return OK;
    TRY(escalation_parties(tx, c->arena, o.e.escalation_id, &o.parties, &o.parties_n));
    TRY(escalation_seats(tx, c->arena, o.e.escalation_id, &o.seats, &o.seats_n));
    for (size_t i = 0; i < o.parties_n; i++)
        asked_for_it(who, o.parties[i].role, o.parties[i].principal_id);
    people_print(c, who); /* whoever asked is known before a stage is looked at */
    TRY(stages_stand(c, tx, what, &o.e, &stand));
    return stand ? approvers_fact(c, tx, &o, who) : OK;
}

struct err people_facts(struct call *c, struct tx *tx, const struct people_of *of)
{
    const struct asked what = {of->tool, of->object_id, of->version};
    struct people who = {.proposers = ARENA_ARRAY(c->arena, PEOPLE_MAX, const char *),
                         .agents = ARENA_ARRAY(c->arena, PEOPLE_MAX, const char *),
                         .seats = ARENA_ARRAY(c->arena, PEOPLE_MAX, const char *)};
    TRY(arena_check(c->arena));
    c->ask.approvers_n = 0;
    people_add(who.proposers, &who.proposers_n, of->principal);
    people_add(who.agents, &who.agents_n, of->obo);
    TRY(askers_fact(c, tx, &what, &who));
    TRY(open_fact(c, tx, &what, &who));
    people_print(c, &who);
    return OK;
}
