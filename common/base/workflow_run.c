/* The table of the workflow_run machine. */
#include "common/base/workflow_run.h"

static const char *const states[] = {"QUEUED",    "RUNNING", "WAITING_HUMAN",
                                     "SUCCEEDED", "FAILED",  "CANCELLED"};
static const char *const events[] = {"start", "wait", "resume", "succeed", "fail", "cancel"};
static const bool terminal[RUN_STATES] = {
    [RUN_SUCCEEDED] = true, [RUN_FAILED] = true, [RUN_CANCELLED] = true};

static const struct fsm_row rows[] = {
    {RUN_QUEUED, RUN_EVENT_START, RUN_RUNNING, FSM_TIER_ENGINE},
    {RUN_QUEUED, RUN_EVENT_FAIL, RUN_FAILED, FSM_TIER_ENGINE},
    {RUN_QUEUED, RUN_EVENT_CANCEL, RUN_CANCELLED, 1},
    {RUN_RUNNING, RUN_EVENT_WAIT, RUN_WAITING_HUMAN, FSM_TIER_ENGINE},
    {RUN_RUNNING, RUN_EVENT_SUCCEED, RUN_SUCCEEDED, FSM_TIER_ENGINE},
    {RUN_RUNNING, RUN_EVENT_FAIL, RUN_FAILED, FSM_TIER_ENGINE},
    {RUN_RUNNING, RUN_EVENT_CANCEL, RUN_CANCELLED, 1},
    {RUN_WAITING_HUMAN, RUN_EVENT_RESUME, RUN_RUNNING, FSM_TIER_ENGINE},
    {RUN_WAITING_HUMAN, RUN_EVENT_FAIL, RUN_FAILED, FSM_TIER_ENGINE},
    {RUN_WAITING_HUMAN, RUN_EVENT_CANCEL, RUN_CANCELLED, 1},
};

const struct fsm fsm_workflow_run = {
    .name = "workflow_run",
    .state_names = states,
    .event_names = events,
    .n_states = RUN_STATES,
    .n_events = RUN_EVENTS,
    .initial = RUN_QUEUED,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
