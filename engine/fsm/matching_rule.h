/* The machine of a learned matching rule: in force until it is retired, and again when its match
 * teaches it anew. Both are changes of master data. States bear the names of the book's rows. */
#ifndef ENGINE_FSM_MATCHING_RULE_H
#define ENGINE_FSM_MATCHING_RULE_H

#include "common/base/fsm.h"

enum matching_rule_event {
    MATCHING_RULE_EVENT_RETIRE,
    MATCHING_RULE_EVENT_RENEW,
    MATCHING_RULE_EVENTS
};

extern const struct fsm fsm_matching_rule;

#endif
