/* Who stands behind an escalation that is being answered. */
#include "engine/tools/answer_facts.h"

#include "engine/store/escalation_life.h"
#include "engine/store/registry.h"

bool is_administration(enum action action)
{
    return action == ACTION_CHANGE_REGISTRY || action == ACTION_CHANGE_POLICY ||
           action == ACTION_CHANGE_MASTER_DATA || action == ACTION_THAW;
}

/* What a frozen actor asked for waits until they are thawed. */
static struct err frozen_add(struct call *c, struct tx *tx, const char *actor,
                             const char *principal)
{
    bool self, any;
    TRY(freeze_on(tx, actor, principal, &self, &any));
    c->ask.frozen |= any;
    c->ask.frozen_self |= self;
    return OK;
}

/* Whoever was disabled since has no say any more. */
static struct err still_here(struct call *c, struct tx *tx, const char *principal_id, bool *yes)
{
    struct principal p;
    struct err e = principal_load(tx, c->arena, principal_id, &p);
    *yes = e.kind == ERR_NONE && p.active;
    return e.kind == ERR_MISSING ? OK : e;
}

/* Whoever asked, and on whose seats: the act rests on them already. */
struct requesters {
    const char **proposers, **seats;
    size_t proposers_n, seats_n;
    bool self, other;
};

static struct err requester_add(struct call *c, struct tx *tx, const char *principal,
                                struct requesters *r)
{
    bool here, same = text_eq(principal, c->actor.principal);
    TRY(still_here(c, tx, principal, &here));
    r->proposers[r->proposers_n++] = r->seats[r->seats_n++] = principal;
    r->self |= same;
    r->other |= !same && here;
    return OK;
}

static bool listed(const char *const *list, size_t n, const char *principal)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(list[i], principal))
            return true;
    }
    return false;
}

/* Others who have said yes already, and have not asked for it themselves. */
static struct err approvers_count(struct call *c, struct tx *tx, const struct party *parties,
                                  size_t n, struct requesters *r)
{
    for (size_t i = 0; i < n; i++) {
        const char *who = parties[i].principal_id;
        bool here;
        if (parties[i].role != PARTY_APPROVER || who == NULL || listed(r->seats, r->seats_n, who))
            continue;
        r->seats[r->seats_n++] = who;
        TRY(still_here(c, tx, who, &here));
        c->ask.approvers_n += here && !text_eq(who, c->actor.principal);
    }
    return OK;
}

static struct err requesters_ask(struct call *c, struct tx *tx, const struct escalation *e,
                                 const struct party *parties, size_t n)
{
    struct seat *seats;
    size_t seats_n;
    TRY(escalation_seats(tx, c->arena, e->escalation_id, &seats, &seats_n));
    struct requesters r = {.proposers = ARENA_ARRAY(c->arena, n + 1, const char *),
                           .seats = ARENA_ARRAY(c->arena, n + seats_n + 1, const char *)};
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < n; i++) {
        if (parties[i].role == PARTY_REQUESTER && parties[i].principal_id != NULL)
            TRY(requester_add(c, tx, parties[i].principal_id, &r));
    }
    if (is_administration(c->ask.action))
        TRY(approvers_count(c, tx, parties, n, &r));
    for (size_t i = 0; i < seats_n; i++) { /* asked on a lent seat: the lender's word, too */
        r.seats[r.seats_n++] = seats[i].lender;
        r.self |= text_eq(seats[i].lender, c->actor.principal);
    }
    if (is_administration(c->ask.action)) {
        c->ask.proposers = r.proposers;
        c->ask.proposers_n = r.proposers_n;
        c->ask.seats = r.seats;
        c->ask.seats_n = r.seats_n;
    }
    c->ask.approvers_n += r.other && !r.self;
    return OK;
}

struct err answer_facts(struct call *c, struct tx *tx, const struct escalation *e)
{
    struct party *parties;
    size_t n;
    TRY(frozen_add(c, tx, e->requester,
                   e->requester_principal != NULL ? e->requester_principal : e->requester_obo));
    TRY(escalation_parties(tx, c->arena, e->escalation_id, &parties, &n));
    for (size_t i = 0; i < n; i++)
        TRY(frozen_add(c, tx, parties[i].actor, parties[i].principal_id));
    /* the people of a confirmation are the match's: its plan reads them */
    return c->ask.action == ACTION_CONFIRM ? OK : requesters_ask(c, tx, e, parties, n);
}

void answer_channel(struct call *c, enum action action)
{
    bool decides = c->ask.decision == DECISION_CONFIRM || c->ask.decision == DECISION_REJECT;
    if (c->actor.channel == CHANNEL_CLI && decides && !is_administration(action) &&
        c->ask.tier < TIER_T2)
        c->ask.tier = TIER_T2;
}
