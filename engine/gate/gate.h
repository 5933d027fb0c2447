/* The gate: one pure function from a policy and an ask to a verdict that quotes the rule.
 *
 * The rows are the published matrix (DESIGN §4), in its order; the first row that holds decides,
 * and an ask that no row answers is denied. No clock, no I/O, no global that changes, no
 * allocation: the same ask under the same policy gives the same verdict on every machine, for ever
 * (GATE_VERSION). */
#ifndef ENGINE_GATE_GATE_H
#define ENGINE_GATE_GATE_H

#include "engine/gate/ask.h"
#include "engine/gate/policy.h"

/* Raised when a row is added, moved or means something else. Recorded in every event. */
#define GATE_VERSION 3

enum ruling { RULING_DENY = 0, RULING_HUMAN, RULING_ALLOW };

struct verdict {
    enum ruling ruling;
    enum reason reason;
    const char *row;     /* "5", "10.3"; "-" when no row held */
    const char *clause;  /* the policy's sentence, word for word; "" for ALLOWED */
    const char *pointer; /* where in the policy it stands, RFC 6901; "" for ALLOWED */
};

struct verdict gate_decide(const struct policy *policy, const struct ask *ask);

/* As version 2 decided: for deciding again what it did, and nothing else. */
struct verdict gate_decide_2(const struct policy *policy, const struct ask *ask);

/* One row as gate_trace saw it. */
struct gate_step {
    const char *row;
    const char *meaning; /* the condition in words */
    const char
        *facts; /* the names of the facts it reads, comma-separated, as ask_print spells them */
    enum ruling ruling;
    enum reason reason;
    bool held;
};

/* The rows that speak of this action, in order, up to and including the one that holds. Returns how
 * many steps there are; at most `max` are written. The verdict is gate_decide's. */
size_t gate_trace(const struct policy *policy, const struct ask *ask, struct gate_step *steps,
                  size_t max, struct verdict *verdict);

/* Is this principal barred from deciding: it proposed it or asked for it, or its agent did and
 * sod.own_agent forbids? */
bool gate_eyes_used(const struct policy *policy, const struct ask *ask, const char *principal);

/* On whose lent seats the act rests, when the actor's own roles do not cover it: one lender when
 * one is enough, else every lender that counts. 0: on the actor's own seat, or on nobody's. */
size_t gate_seats(const struct policy *policy, const struct ask *ask, const char **lenders,
                  size_t max);

const char *ruling_name(enum ruling ruling); /* "allow", "human", "deny" */

#endif
