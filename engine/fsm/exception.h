/* The exception machine: what may become of an entry that could not be matched (DESIGN §7). What
 * ended stays ended: an entry that is found wanting again has a new exception. */
#ifndef ENGINE_FSM_EXCEPTION_H
#define ENGINE_FSM_EXCEPTION_H

#include "common/base/fsm.h"

enum exception_event {
    EXCEPTION_EVENT_INVESTIGATE, /* somebody took it */
    EXCEPTION_EVENT_RELEASE,     /* and gave it back */
    EXCEPTION_EVENT_ESCALATE,    /* it grew old */
    EXCEPTION_EVENT_RESOLVE,
    EXCEPTION_EVENT_WRITE_OFF,
    EXCEPTION_EVENT_MATCH,      /* its entry was matched after all */
    EXCEPTION_EVENT_RECLASSIFY, /* somebody flagged its entry as something else */
    EXCEPTION_EVENTS,
};

extern const struct fsm fsm_exception;

#endif
