/* The table of the agent_session machine. A call is the only way into WAITING_TOOL, and its return,
 * a failure or the end the only ways out: nothing is said to a model that is owed a result. */
#include "agent/fsm/agent_session.h"

enum {
    ACTIVE = AGENT_SESSION_ACTIVE,
    WAITING_TOOL = AGENT_SESSION_WAITING_TOOL,
    WAITING_HUMAN = AGENT_SESSION_WAITING_HUMAN,
    ENDED = AGENT_SESSION_ENDED,
    FAILED = AGENT_SESSION_FAILED,
    NONE = FSM_TIER_NONE,
};

static const char *const states[] = {"ACTIVE", "WAITING_TOOL", "WAITING_HUMAN", "ENDED", "FAILED"};
static const char *const events[] = {"say",    "call", "return", "hand over",
                                     "settle", "fail", "retry",  "end"};
static const bool terminal[AGENT_SESSION_STATES] = {[ENDED] = true};

/* clang-format off */
static const struct fsm_row rows[] = {
    {ACTIVE,        AGENT_SESSION_EVENT_SAY,       ACTIVE,        NONE},
    {ACTIVE,        AGENT_SESSION_EVENT_CALL,      WAITING_TOOL,  NONE},
    {ACTIVE,        AGENT_SESSION_EVENT_HAND_OVER, WAITING_HUMAN, NONE},
    {ACTIVE,        AGENT_SESSION_EVENT_FAIL,      FAILED,        NONE},
    {ACTIVE,        AGENT_SESSION_EVENT_END,       ENDED,         NONE},
    {WAITING_TOOL,  AGENT_SESSION_EVENT_RETURN,    ACTIVE,        NONE},
    {WAITING_TOOL,  AGENT_SESSION_EVENT_FAIL,      FAILED,        NONE},
    {WAITING_TOOL,  AGENT_SESSION_EVENT_END,       ENDED,         NONE},
    {WAITING_HUMAN, AGENT_SESSION_EVENT_SAY,       ACTIVE,        NONE},
    {WAITING_HUMAN, AGENT_SESSION_EVENT_SETTLE,    ACTIVE,        NONE},
    {WAITING_HUMAN, AGENT_SESSION_EVENT_END,       ENDED,         NONE},
    {FAILED,        AGENT_SESSION_EVENT_SAY,       ACTIVE,        NONE},
    {FAILED,        AGENT_SESSION_EVENT_RETRY,     ACTIVE,        NONE},
    {FAILED,        AGENT_SESSION_EVENT_END,       ENDED,         NONE},
};
/* clang-format on */

const struct fsm fsm_agent_session = {
    .name = "agent_session",
    .state_names = states,
    .event_names = events,
    .n_states = AGENT_SESSION_STATES,
    .n_events = AGENT_SESSION_EVENTS,
    .initial = ACTIVE,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
