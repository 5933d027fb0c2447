/* The agent_session machine: what may become of a conversation with the model (DESIGN §7). A state
 * is a row's; what a turn is doing within it (thinking, calling) is in the trace. States bear the
 * names of agent.db's rows. */
#ifndef AGENT_FSM_AGENT_SESSION_H
#define AGENT_FSM_AGENT_SESSION_H

#include "common/base/fsm.h"

enum agent_session_state {
    AGENT_SESSION_ACTIVE,
    AGENT_SESSION_WAITING_TOOL,  /* a call was recorded and has not returned */
    AGENT_SESSION_WAITING_HUMAN, /* its turn ended while approvals are open */
    AGENT_SESSION_ENDED,
    AGENT_SESSION_FAILED,
    AGENT_SESSION_STATES,
};

enum agent_session_event {
    AGENT_SESSION_EVENT_SAY, /* the person said something */
    AGENT_SESSION_EVENT_CALL,
    AGENT_SESSION_EVENT_RETURN,
    AGENT_SESSION_EVENT_HAND_OVER, /* the turn is over, people decide what it asked for */
    AGENT_SESSION_EVENT_SETTLE,    /* and they have */
    AGENT_SESSION_EVENT_FAIL,
    AGENT_SESSION_EVENT_RETRY,
    AGENT_SESSION_EVENT_END,
    AGENT_SESSION_EVENTS,
};

extern const struct fsm fsm_agent_session;

#endif
