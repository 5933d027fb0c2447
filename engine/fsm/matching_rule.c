/* The table of the learned rule's machine. */
#include "engine/fsm/matching_rule.h"

enum { ACTIVE, RETIRED, STATES };

static const char *const states[] = {"ACTIVE", "RETIRED"};
static const char *const events[] = {"retire", "renew"};
static const bool terminal[STATES] = {false}; /* none: what was retired may be taught again */

static const struct fsm_row rows[] = {
    {ACTIVE, MATCHING_RULE_EVENT_RETIRE, RETIRED, 1},
    {RETIRED, MATCHING_RULE_EVENT_RENEW, ACTIVE, 1},
};

const struct fsm fsm_matching_rule = {
    .name = "matching_rule",
    .state_names = states,
    .event_names = events,
    .n_states = STATES,
    .n_events = MATCHING_RULE_EVENTS,
    .initial = ACTIVE,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
