/* The abstract input space of one policy: every fact that a verdict can rest on, with the choices
 * that this policy can tell apart – amounts around each of its limits, each account, entity, role,
 * match type and blocked name it mentions and another one that it does not, rates that are known,
 * missing or stale – and what is no fact at all (an action that is none, a tier past the last).
 *
 * A point is one choice in every dimension; choice 0 is the plain one, and the point of all zeros
 * is the engine confirming a small, sure, exact match of the matcher's. Everything is laid out when
 * the domain is made: setting a choice copies a few words and allocates nothing, so that a point
 * costs about what gate_decide costs. Asks share the domain's lists: they live as long as it.
 * Read-only once made: threads may share it. */
#ifndef ENGINE_GATE_DOMAIN_H
#define ENGINE_GATE_DOMAIN_H

#include "engine/gate/ask.h"
#include "engine/gate/policy.h"

/* The dimensions, and the facts that each sets where it is not the one of its name. */
enum domain_dim {
    DOMAIN_ACTION,
    DOMAIN_ACTOR,  /* actor_kind, actor, principal, on_behalf_of */
    DOMAIN_AMOUNT, /* amount, values */
    DOMAIN_ENTITIES,
    DOMAIN_ACCOUNTS, /* accounts, events */
    DOMAIN_SOURCE,
    DOMAIN_STATE,
    DOMAIN_STATE_VALID,
    DOMAIN_ENTRY_TAKEN,
    DOMAIN_MATCH_TYPE,
    DOMAIN_RATIONALE, /* has_rationale */
    DOMAIN_RELATION,  /* proposers, own_agents_of */
    DOMAIN_ROLES,
    DOMAIN_CHANNEL,
    DOMAIN_LOGIN_AGE, /* auth_age_s */
    DOMAIN_LOGIN,     /* login_wanted, login_bound */
    DOMAIN_TIER,
    DOMAIN_DECISION,
    DOMAIN_APPROVERS, /* approvers_n */
    DOMAIN_SEATS,
    DOMAIN_AMBIGUOUS,
    DOMAIN_ENTITY_MISMATCH,
    DOMAIN_INTERCOMPANY, /* intercompany, intercompany_paired */
    DOMAIN_WINDOWS,      /* cumulative */
    DOMAIN_CAP,          /* auto_confirmed, auto_confirmed_n */
    DOMAIN_SCORE,        /* sure, score_bp */
    DOMAIN_FROZEN,       /* frozen, frozen_self */
    DOMAIN_PERIOD,       /* posting, period_closed */
    DOMAIN_OWN_SEAT,
    DOMAIN_DELIVERY, /* delivery_service */
    DOMAIN_SUBJECT,
    DOMAIN_PROD,
    DOMAIN_COUNTERPARTY,
    DOMAIN_TOOL,
    DOMAIN_CHANGE,
    DOMAIN_KEEPS, /* keeps_amount */
    DOMAIN_BULK,  /* bulk_n, bulk_one_clause, bulk_reason, bulk_sum */
    DOMAIN_DIMS
};

struct domain;

/* The ask of a point; its lists are the domain's. May be copied. */
struct domain_point {
    struct ask ask;
};

/* `policy` must be bound to its entities for overrides without a currency to be looked at, and must
 * live as long as the domain. ERR_LIMIT when the arena is full. */
MUST_CHECK struct err domain_new(struct arena *arena, const struct policy *policy,
                                 struct domain **domain);

size_t domain_choices(const struct domain *domain, size_t dim); /* at least 1 */
/* For people: "10000.01 USD, 0 elsewhere". */
const char *domain_choice_name(const struct domain *domain, size_t dim, size_t choice);
/* How many of the first choices stand for all: the first few rules of each kind, not each rule.
 * Products of many dimensions are walked over these where the whole would be too much, and are then
 * not proved whole. At least 1. */
size_t domain_core(const struct domain *domain, size_t dim);
/* False: the policy has more limits or currencies than amounts were laid out for. */
bool domain_whole(const struct domain *domain);

/* The point: `choice` has DOMAIN_DIMS of them. No allocation. */
void domain_ask(const struct domain *domain, const size_t *choice, struct domain_point *point);
/* One dimension of an ask, the other facts as they are: the next point of a walk, or the smallest
 * change of a recorded ask. No allocation. */
void domain_set(const struct domain *domain, size_t dim, size_t choice, struct ask *ask);

#endif
