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

/* DIM(NAME, "the facts it sets, as ask_print spells them") */
#define DOMAIN_LIST(DIM)                                                                           \
    DIM(ACTION, "action")                                                                          \
    DIM(ACTOR, "actor_kind,actor,principal,on_behalf_of")                                          \
    DIM(AMOUNT, "amount,values")                                                                   \
    DIM(ENTITIES, "entities")                                                                      \
    DIM(ACCOUNTS, "accounts,events")                                                               \
    DIM(SOURCE, "source")                                                                          \
    DIM(STATE, "state")                                                                            \
    DIM(STATE_VALID, "state_valid")                                                                \
    DIM(ENTRY_TAKEN, "entry_taken")                                                                \
    DIM(MATCH_TYPE, "match_type")                                                                  \
    DIM(RATIONALE, "has_rationale")                                                                \
    DIM(RELATION, "proposers,own_agents_of")                                                       \
    DIM(ROLES, "roles")                                                                            \
    DIM(CHANNEL, "channel")                                                                        \
    DIM(LOGIN_AGE, "auth_age_s")                                                                   \
    DIM(LOGIN, "login_wanted,login_bound")                                                         \
    DIM(TIER, "tier")                                                                              \
    DIM(DECISION, "decision")                                                                      \
    DIM(APPROVERS, "approvers_n")                                                                  \
    DIM(SEATS, "seats")                                                                            \
    DIM(AMBIGUOUS, "ambiguous")                                                                    \
    DIM(ENTITY_MISMATCH, "entity_mismatch")                                                        \
    DIM(INTERCOMPANY, "intercompany,intercompany_paired")                                          \
    DIM(WINDOWS, "cumulative")                                                                     \
    DIM(CAP, "auto_confirmed,auto_confirmed_n")                                                    \
    DIM(SCORE, "sure,score_bp")                                                                    \
    DIM(FROZEN, "frozen,frozen_self")                                                              \
    DIM(PERIOD, "posting,period_closed")                                                           \
    DIM(OWN_SEAT, "own_seat")                                                                      \
    DIM(DELIVERY, "delivery_service")                                                              \
    DIM(SUBJECT, "subject")                                                                        \
    DIM(PROD, "prod")                                                                              \
    DIM(COUNTERPARTY, "counterparty")                                                              \
    DIM(TOOL, "tool")                                                                              \
    DIM(CHANGE, "change")                                                                          \
    DIM(KEEPS, "keeps_amount")                                                                     \
    DIM(BULK, "bulk_n,bulk_one_clause,bulk_reason,bulk_sum")

#define DOMAIN_ENUM(name, facts) DOMAIN_##name,
enum domain_dim { DOMAIN_LIST(DOMAIN_ENUM) DOMAIN_DIMS };
#undef DOMAIN_ENUM

struct domain;

/* The ask of a point; its lists are the domain's. May be copied. */
struct domain_point {
    struct ask ask;
};

/* `policy` must be bound to its entities for overrides without a currency to be looked at, and must
 * live as long as the domain. ERR_LIMIT when the arena is full. */
MUST_CHECK struct err domain_new(struct arena *arena, const struct policy *policy,
                                 struct domain **domain);

size_t domain_dims(const struct domain *domain);                       /* DOMAIN_DIMS */
const char *domain_dim_name(const struct domain *domain, size_t dim);  /* "amount" */
const char *domain_dim_facts(const struct domain *domain, size_t dim); /* "amount,values" */
size_t domain_choices(const struct domain *domain, size_t dim);        /* at least 1 */
/* For people: "10000.01 USD, 0 elsewhere". */
const char *domain_choice_name(const struct domain *domain, size_t dim, size_t choice);
/* How many of the first choices stand for all: one of each shape of rule. Products of many
 * dimensions are walked over these where the whole would be too much. At least 1. */
size_t domain_core(const struct domain *domain, size_t dim);
/* False: the policy has more limits or currencies than amounts were laid out for. */
bool domain_whole(const struct domain *domain);

/* The point: `choice` has domain_dims() of them. No allocation. */
void domain_ask(const struct domain *domain, const size_t *choice, struct domain_point *point);
/* One dimension of an ask, the other facts as they are: the next point of a walk, or the smallest
 * change of a recorded ask. No allocation. */
void domain_set(const struct domain *domain, size_t dim, size_t choice, struct ask *ask);

#endif
