/* The proof of a policy: every point of the subspaces in which its rules meet is decided, and the
 * control invariants are held against each verdict. What breaks one is a counterexample: an ask and
 * what the gate said to it. Pure; the caller decides what a broken policy may still do (nothing).
 *
 * What is proved is about gate_decide and this policy over the domain's choices, not about the
 * facts: that the plans read them truly is the flows' to show. docs/adr/0013. */
#ifndef ENGINE_GATE_PROOF_H
#define ENGINE_GATE_PROOF_H

#include "engine/gate/domain.h"
#include "engine/gate/gate.h"

/* Raised when an invariant or a subspace changes: what was proved before is proved again. */
#define PROOF_VERSION 3

typedef struct verdict gate_fn(const struct policy *policy, const struct ask *ask);

/* What is to be proved. */
struct proof_of {
    const struct policy *policy;
    const struct json *tree; /* what it was loaded from: pointers resolve here */
    gate_fn *gate;           /* NULL: gate_decide; tests bring broken ones */
    /* On several processors: each proves its part of the subspaces, 0 … parts - 1, with an arena of
     * its own, and proof_join makes one report of theirs. parts 0: everything is proved here. */
    unsigned part, parts;
};

/* The first counterexample, in the order of the walk: what the gate said to these facts, and why
 * that must not be. */
struct proof_finding {
    const char *invariant; /* its name */
    const char *what;
    const struct ask *ask;
    struct verdict verdict;
    size_t space; /* in the order of the walk, for proof_join */
};

struct proof_invariant {
    const char *name;
    const char *sentence; /* for people */
    const char *spaces;   /* the subspaces it is checked on, comma-separated */
};

struct proof_report {
    bool holds;
    uint64_t points;  /* visited */
    uint64_t allowed; /* of them */
    uint64_t decided; /* verdicts asked of the gate: some points are asked more than once */
    bool whole;       /* false: too many rules, some products were walked over a part of them */
    const struct proof_invariant *invariants;
    size_t invariants_n;
    struct proof_finding finding; /* when it does not hold */
};

/* Walks everything, or until the first counterexample. The report lives in `arena`. An error is one
 * of memory; a policy that breaks an invariant is no error here. */
MUST_CHECK struct err policy_prove(struct arena *arena, const struct proof_of *of,
                                   struct proof_report *report);

/* Adds another part's report. Of two findings the one that a walk alone would have met stays. */
void proof_join(struct proof_report *report, const struct proof_report *part);

#endif
