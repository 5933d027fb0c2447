/* Between the files of the domain only: its tables, one a dimension whose choices the policy makes,
 * and what fills them. */
#ifndef ENGINE_GATE_DOMAIN_OWN_H
#define ENGINE_GATE_DOMAIN_OWN_H

#include "engine/gate/domain.h"

/* Who is who in every domain: the actor is Ana, Bob asked or lends, Cem and Dia are others. */
#define ANA "p-ana"
#define BOB "p-bob"
#define CEM "p-cem"
#define DIA "p-dia"

/* The choices of one dimension: `at` holds n of `size` bytes, names as many. A dimension whose
 * choices are known without the policy has names only. */
struct choices {
    void *at;
    const char **names;
    size_t size, n, cap, names_cap;
    size_t core; /* 0: all of them */
};

struct actor_choice {
    enum actor_kind kind;
    const char *actor, *principal, *on_behalf_of;
};

struct amount_choice {
    struct money amount;
    bool has_amount;
    const struct ask_value *values;
    size_t values_n;
};

struct texts_choice {
    const char *const *at;
    size_t n;
};

struct accounts_choice {
    const struct ask_account *accounts;
    size_t accounts_n;
    const char *const *events;
    size_t events_n;
};

struct relation_choice {
    struct texts_choice proposers, own_agents_of;
};

struct roles_choice {
    const struct ask_role *roles;
    size_t n;
};

struct windows_choice {
    const struct ask_cumulative *at;
    size_t n;
};

struct cap_choice {
    struct ask_cumulative sum;
    int64_t n;
};

struct score_choice {
    bool sure;
    int64_t bp;
};

struct bulk_choice {
    int64_t n;
    const char *reason;
    bool one_clause;
    struct ask_cumulative sum;
};

struct domain {
    const struct policy *policy;
    struct choices dims[DOMAIN_DIMS];
    bool whole;
};

/* What is being built, and where. */
struct domain_build {
    struct arena *arena;
    const struct policy *policy;
    struct domain *domain;
};

/* A new choice of `dim`, zeroed, called `name`; NULL once the arena is full, which domain_new asks
 * at its end. The first one is the plain one. */
void *domain_add(struct domain_build *b, enum domain_dim dim, size_t size, const char *name);
#define DOMAIN_ADD(b, dim, type, name) ((type *)domain_add((b), (dim), sizeof(type), (name)))
/* What was added so far stands for all. */
void domain_core_here(struct domain_build *b, enum domain_dim dim);

/* domain_amount.c: AMOUNT, WINDOWS, CAP, BULK */
void domain_amounts(struct domain_build *b);
void domain_windows(struct domain_build *b);
void domain_cap(struct domain_build *b);
void domain_bulk(struct domain_build *b);

/* domain_names.c: ACTOR, ENTITIES, ACCOUNTS, MATCH_TYPE, ROLES, COUNTERPARTY, TOOL */
void domain_actors(struct domain_build *b);
void domain_entities(struct domain_build *b);
void domain_accounts(struct domain_build *b);
void domain_match_types(struct domain_build *b);
void domain_roles(struct domain_build *b);
void domain_counterparties(struct domain_build *b);
void domain_tools(struct domain_build *b);

#endif
