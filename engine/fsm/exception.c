/* The table of the exception machine. Writing off above the policy's limit is judged as T2; here
 * stands the least it can be. */
#include "engine/fsm/exception.h"

enum { OPEN, INVESTIGATING, ESCALATED, RESOLVED, WRITTEN_OFF, STATES };

static const char *const states[] = {"OPEN", "INVESTIGATING", "ESCALATED", "RESOLVED",
                                     "WRITTEN_OFF"};
static const char *const events[] = {"investigate", "release", "escalate",  "resolve",
                                     "write off",   "match",   "reclassify"};
static const bool terminal[STATES] = {[RESOLVED] = true, [WRITTEN_OFF] = true};

/* clang-format off */
static const struct fsm_row rows[] = {
    {OPEN,          EXCEPTION_EVENT_INVESTIGATE, INVESTIGATING, 1},
    {OPEN,          EXCEPTION_EVENT_ESCALATE,    ESCALATED,     FSM_TIER_ENGINE},
    {OPEN,          EXCEPTION_EVENT_RESOLVE,     RESOLVED,      1},
    {OPEN,          EXCEPTION_EVENT_WRITE_OFF,   WRITTEN_OFF,   1},
    {OPEN,          EXCEPTION_EVENT_MATCH,       RESOLVED,      2},
    {OPEN,          EXCEPTION_EVENT_RECLASSIFY,  RESOLVED,      1},
    {INVESTIGATING, EXCEPTION_EVENT_RELEASE,     OPEN,          1},
    {INVESTIGATING, EXCEPTION_EVENT_ESCALATE,    ESCALATED,     FSM_TIER_ENGINE},
    {INVESTIGATING, EXCEPTION_EVENT_RESOLVE,     RESOLVED,      1},
    {INVESTIGATING, EXCEPTION_EVENT_WRITE_OFF,   WRITTEN_OFF,   1},
    {INVESTIGATING, EXCEPTION_EVENT_MATCH,       RESOLVED,      2},
    {INVESTIGATING, EXCEPTION_EVENT_RECLASSIFY,  RESOLVED,      1},
    {ESCALATED,     EXCEPTION_EVENT_RESOLVE,     RESOLVED,      1},
    {ESCALATED,     EXCEPTION_EVENT_WRITE_OFF,   WRITTEN_OFF,   1},
    {ESCALATED,     EXCEPTION_EVENT_MATCH,       RESOLVED,      2},
    {ESCALATED,     EXCEPTION_EVENT_RECLASSIFY,  RESOLVED,      1},
};
/* clang-format on */

const struct fsm fsm_exception = {
    .name = "exception",
    .state_names = states,
    .event_names = events,
    .n_states = STATES,
    .n_events = EXCEPTION_EVENTS,
    .initial = OPEN,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
