/* The approval machine: what may become of an escalation (DESIGN §6). Time alone never approves. */
#ifndef ENGINE_FSM_APPROVAL_H
#define ENGINE_FSM_APPROVAL_H

#include "common/base/fsm.h"

enum approval_event {
    APPROVAL_EVENT_APPROVE,
    APPROVAL_EVENT_APPROVE_STAGE, /* one of several whose word is needed */
    APPROVAL_EVENT_REJECT,
    APPROVAL_EVENT_WITHDRAW,
    APPROVAL_EVENT_REQUEST_INFO,
    APPROVAL_EVENT_ANSWER,
    APPROVAL_EVENT_ANSWER_STAGE, /* what was asked back after a stage had been approved */
    APPROVAL_EVENT_EXPIRE,
    APPROVAL_EVENT_OUTDATE, /* what was bound has changed */
    APPROVAL_EVENTS,
};

extern const struct fsm fsm_approval;

#endif
