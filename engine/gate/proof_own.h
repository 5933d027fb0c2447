/* Between the files of the proof only. */
#ifndef ENGINE_GATE_PROOF_OWN_H
#define ENGINE_GATE_PROOF_OWN_H

#include "engine/gate/proof.h"

/* The pointers that were looked up already, by address: there are as many as the policy has rules.
 */
struct seen {
    const char *pointer[256];
};

/* A walk and where it stands. */
struct walk {
    struct arena *arena;
    const struct policy *policy;
    const struct json *tree;
    gate_fn *gate;
    const struct domain *domain;
    struct proof_report *report;
    size_t choice[DOMAIN_DIMS]; /* the point */
    struct ask ask;             /* its facts */
    struct verdict verdict;     /* what the gate says to them */
    struct policy *blocking;    /* for each action a copy of the policy with one rule against it */
    struct policy *nobody;      /* and one in which nobody holds any grant */
    struct seen seen;
    size_t space; /* under way */
};

/* One more verdict that is not the point's own. */
static inline struct verdict walk_decide(struct walk *w, const struct policy *p,
                                         const struct ask *a)
{
    w->report->decided++;
    return w->gate(p, a);
}

/* What is wrong at this point; NULL: nothing. */
typedef const char *rule_fn(struct walk *w);

/* proof_rules.c: asked at points of this ruling and of those after it (deny < human < allow). */
rule_fn rule_default_deny, rule_deny_trumps, rule_frozen, rule_t2_human, rule_t3_three, rule_llm,
    rule_clause;
MUST_CHECK struct err proof_rules_begin(struct walk *w);

/* proof_limits.c: every limit of the policy, one at a time, in a copy. */
struct limit_site {
    const char *pointer; /* where it stands in the policy */
    struct policy copy;  /* the policy with this limit raised above every amount of the domain */
    uint64_t lifts;      /* reasons whose denial this limit is for, bit 1 << enum reason */
    bool by_materiality, by_write_off;
};
MUST_CHECK struct err proof_limits_find(struct walk *w, struct limit_site **sites, size_t *n);
/* What is wrong at the walk's point when this limit is raised; NULL: nothing. */
const char *proof_limit_holds(struct walk *w, const struct limit_site *site);

/* proof_again.c: one subspace, walked before and after everything else. */
struct again {
    uint32_t *first; /* of each point's verdict */
    size_t n;
    struct arena *scratch;
};
MUST_CHECK struct err proof_again_begin(struct again *again, struct arena *arena, size_t points);
void proof_again_first(struct again *again, size_t i, const struct verdict *v);
/* *problem: what is wrong at the walk's point, the i-th; NULL: nothing. */
MUST_CHECK struct err proof_again_holds(struct again *again, size_t i, struct walk *w,
                                        const char **problem);
void proof_again_end(struct again *again);

#endif
