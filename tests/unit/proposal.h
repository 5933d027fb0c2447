/* What the matcher would propose of these legs: the test fills or changes what it is about. */
#ifndef TESTS_UNIT_PROPOSAL_H
#define TESTS_UNIT_PROPOSAL_H

#include "engine/store/matches.h"

/* Of account 1010 of US; not measured, and without a composition. */
static inline struct match exact_proposal(struct leg *legs, size_t legs_n)
{
    return (struct match){.entity_id = "US",
                          .account_id = "1010",
                          .class_ = "exact_match",
                          .match_type = "exact",
                          .rule = "exact/1",
                          .rule_version = 1,
                          .source = SOURCE_MATCHER,
                          .proposer = "engine:matcher",
                          .legs = legs,
                          .legs_n = legs_n,
                          .evidence = "{}"};
}

/* The same, of which the matcher is as sure as can be. */
static inline struct match sure_proposal(struct leg *legs, size_t legs_n)
{
    struct match m = exact_proposal(legs, legs_n);
    m.score_bp = 10000;
    m.sure = true;
    return m;
}

#endif
