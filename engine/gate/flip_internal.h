/* Between flip.c and flip_facts.c: one fact as it could be otherwise. */
#ifndef ENGINE_GATE_FLIP_INTERNAL_H
#define ENGINE_GATE_FLIP_INTERNAL_H

#include "engine/gate/flip.h"

/* The ask as it is, and what its facts could be taken from. */
struct flipping {
    struct arena *arena;
    const struct policy *policy;
    const struct ask *ask;
    struct ask plain; /* of the same action: no rule of the policy speaks of its accounts */
};

struct flip_fact {
    const char *facts; /* names of gate_input */
    enum flip_by by;
    /* Whether `a` can be so, and makes it so; `choice` counts the ways, from 0. */
    bool (*set)(struct flipping *f, size_t choice, struct ask *a);
    const char *(*words)(struct flipping *f, size_t choice);
    size_t choices; /* at most this many ways */
};

extern const struct flip_fact flip_facts[];
extern const size_t flip_facts_n;

#endif
