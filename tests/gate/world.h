/* The gate's input space in pieces: a policy with every kind of rule, and the facts of an ask one
 * dimension at a time. A point is one choice in every dimension; the theorems walk all points of a
 * subspace, or many points of the whole. Amounts come in levels around every limit of the policy,
 * written out in each currency (no conversion: what is equal is exactly equal). */
#ifndef TESTS_GATE_WORLD_H
#define TESTS_GATE_WORLD_H

#include "engine/gate/gate.h"

enum {
    WORLD_CURRENCIES_MAX = 8,
    WORLD_LISTS_MAX = 4,
};

/* Four policies with the same limits. */
enum world_policy {
    POLICY_BELOW, /* sod.own_agent: below_materiality */
    POLICY_DENY,  /* deny */
    POLICY_OWN,   /* allow */
    POLICY_BARE,  /* auto-confirm off; no overrides, lists, limits or blocked rules */
    WORLD_POLICIES,
};

struct world_policies {
    const struct policy *policy[WORLD_POLICIES];
    const struct json *tree[WORLD_POLICIES]; /* what each was loaded from: pointers resolve here */
};

/* Loads them from YAML, as a book would; ends the process when one does not load. */
struct world_policies world_policies_load(struct arena *arena);

/* Amounts, from nothing to more than anybody may confirm. */
enum level {
    LEVEL_SMALL,
    LEVEL_BELOW,      /* one cent below materiality: 9999.99 USD, 7999.99 GBP, 999999 JPY */
    LEVEL_EQUAL,      /* exactly materiality */
    LEVEL_HAIR,       /* strictly more, by less than a cent */
    LEVEL_ABOVE,      /* one cent more */
    LEVEL_SINGLE,     /* exactly single_max, 20000 USD */
    LEVEL_TWO_PEOPLE, /* one cent above it */
    LEVEL_MAX,        /* exactly the controller's max, 50000 USD */
    LEVEL_TOO_MUCH,   /* one cent above it */
    LEVEL_BLOCKED,    /* above the blocked rule's 90000 USD */
    LEVELS,
};

enum rates {
    RATES_KNOWN,
    RATES_USD_MISSING,
    RATES_GBP_STALE,
    RATES_MISSING,
    RATES_STALE,
    RATES_NONE,    /* the plan valued nothing */
    RATES_SWAPPED, /* valued for another policy: the currencies stand elsewhere */
    RATES_NO_AMOUNT,
    RATES,
};

/* An ask and the memory its lists live in. Not to be copied: the ask points into it. */
struct world {
    const struct policy *policy;
    struct ask ask;
    enum level level;
    enum rates rates;
    struct ask_role roles[WORLD_LISTS_MAX];
    struct ask_account accounts[WORLD_LISTS_MAX];
    const char *entities[WORLD_LISTS_MAX];
    const char *events[WORLD_LISTS_MAX];
    const char *proposers[WORLD_LISTS_MAX];
    const char *agents[WORLD_LISTS_MAX];
    const char *seats[WORLD_LISTS_MAX];
    struct ask_value values[WORLD_CURRENCIES_MAX];
    struct ask_cumulative cumulative[WORLD_LISTS_MAX];
};

/* One fact (or a few that belong together) and its possible values; 0 is the plain one. */
struct dim {
    const char *name;
    size_t n;
    void (*set)(struct world *w, size_t choice);
};

enum {
    DIM_KIND,
    DIM_ACTION,
    DIM_LEVEL,
    DIM_RATES,
    DIM_ENTITIES,
    DIM_ACCOUNTS,
    DIM_SOURCE,
    DIM_STATE,
    DIM_MATCH_TYPE,
    DIM_RATIONALE,
    DIM_RELATION,
    DIM_ROLES,
    DIM_PLACE, /* tier, channel, age of the login */
    DIM_TIER,
    DIM_APPROVERS,
    DIM_FLAGS, /* ambiguous, entity_mismatch, intercompany, intercompany_paired */
    DIM_WINDOWS,
    DIM_CAP,
    DIM_SCORE,
    DIM_FROZEN,
    DIM_PERIOD,
    DIM_STATE_VALID,
    DIM_DECISION,
    DIM_SEAT, /* own_seat, delivery_service */
    DIM_SUBJECT,
    DIM_PROD,
    DIM_BLOCKED, /* counterparty, tool, actor */
    DIM_CHANGE,
    DIM_KEEPS, /* keeps_amount */
    DIM_SEATS, /* who approved a stage before, or lent the seat for it */
    DIM_LOGIN, /* login_wanted, login_bound */
    DIM_BULK,  /* how many at once, worth what */
    DIMS,
};

extern const struct dim world_dims[DIMS];

/* Everything plain: the engine confirms a small, sure, exact match of the matcher's, and may. */
void world_begin(struct world *w, const struct policy *policy);
/* One choice in one dimension. */
void world_set(struct world *w, size_t dim, size_t choice);
/* world_begin, then a choice in every dimension; a level and rates last, so that they fit. */
void world_make(struct world *w, const struct policy *policy, const size_t choice[DIMS]);

#endif
