/* The workflow_run machine: what may become of a piece of long work (DESIGN §7). What has ended
 * never goes on: who wants more begins another run. States bear the names of the book's rows. */
#ifndef COMMON_BASE_WORKFLOW_RUN_H
#define COMMON_BASE_WORKFLOW_RUN_H

#include "common/base/fsm.h"

enum run_state {
    RUN_QUEUED,
    RUN_RUNNING,
    RUN_WAITING_HUMAN,
    RUN_SUCCEEDED,
    RUN_FAILED,
    RUN_CANCELLED,
    RUN_STATES,
};

enum run_event {
    RUN_EVENT_START,
    RUN_EVENT_WAIT, /* it cannot go on before a human has decided */
    RUN_EVENT_RESUME,
    RUN_EVENT_SUCCEED,
    RUN_EVENT_FAIL, /* also: its process died */
    RUN_EVENT_CANCEL,
    RUN_EVENTS,
};

extern const struct fsm fsm_workflow_run;

#endif
