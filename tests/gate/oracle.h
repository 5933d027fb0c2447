/* The gate's policy a second time, written the slow obvious way from DESIGN §4 and ADR 4: no table,
 * no shared helper, one question after the other. What gate.c answers must be what this answers;
 * where the two differ, one of them has misread the page. */
#ifndef TESTS_GATE_ORACLE_H
#define TESTS_GATE_ORACLE_H

#include "engine/gate/gate.h"

struct oracle_answer {
    enum ruling ruling;
    enum reason reason;
    const char *row;
    const char *pointer; /* of the clause that must be quoted; "" when allowed */
};

struct oracle_answer oracle_decide(const struct policy *policy, const struct ask *ask);

#endif
