/* The table of the match machine. */
#include "engine/fsm/match.h"

enum { PROPOSED, CONFIRMED, REJECTED, REVERSED, STATES };

static const char *const states[] = {"PROPOSED_MATCH", "CONFIRMED", "REJECTED", "REVERSED"};
static const char *const events[] = {"confirm", "reject", "unmatch"};
static const bool terminal[STATES] = {[REJECTED] = true, [REVERSED] = true};

static const struct fsm_row rows[] = {
    {PROPOSED, MATCH_EVENT_CONFIRM, CONFIRMED, 2},
    {PROPOSED, MATCH_EVENT_REJECT, REJECTED, 1},
    {CONFIRMED, MATCH_EVENT_UNMATCH, REVERSED, 2},
};

const struct fsm fsm_match = {
    .name = "match",
    .state_names = states,
    .event_names = events,
    .n_states = STATES,
    .n_events = MATCH_EVENTS,
    .initial = PROPOSED,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
