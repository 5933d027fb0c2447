/* The table of the approval machine. An approval is the bound call's own act: its tier is that
 * call's, here the least it can be. */
#include "engine/fsm/approval.h"

enum { PENDING, STAGE, INFO, APPROVED, REJECTED, WITHDRAWN, EXPIRED, STALE, STATES };

static const char *const states[] = {"PENDING",  "STAGE_APPROVED", "INFO_REQUESTED", "APPROVED",
                                     "REJECTED", "WITHDRAWN",      "EXPIRED",        "STALE"};
static const char *const events[] = {"approve",        "approve a stage", "reject",
                                     "withdraw",       "request info",    "answer",
                                     "answer a stage", "expire",          "outdate"};
static const bool terminal[STATES] = {
    [APPROVED] = true, [REJECTED] = true, [WITHDRAWN] = true, [EXPIRED] = true, [STALE] = true};

/* clang-format off */
static const struct fsm_row rows[] = {
    {PENDING, APPROVAL_EVENT_APPROVE,       APPROVED,  2},
    {PENDING, APPROVAL_EVENT_APPROVE_STAGE, STAGE,     2},
    {PENDING, APPROVAL_EVENT_REJECT,        REJECTED,  1},
    {PENDING, APPROVAL_EVENT_WITHDRAW,      WITHDRAWN, 1},
    {PENDING, APPROVAL_EVENT_REQUEST_INFO,  INFO,      1},
    {PENDING, APPROVAL_EVENT_EXPIRE,        EXPIRED,   FSM_TIER_ENGINE},
    {PENDING, APPROVAL_EVENT_OUTDATE,       STALE,     FSM_TIER_ENGINE},
    {STAGE,   APPROVAL_EVENT_APPROVE,       APPROVED,  2},
    {STAGE,   APPROVAL_EVENT_REJECT,        REJECTED,  1},
    {STAGE,   APPROVAL_EVENT_WITHDRAW,      WITHDRAWN, 1},
    {STAGE,   APPROVAL_EVENT_REQUEST_INFO,  INFO,      1},
    {STAGE,   APPROVAL_EVENT_EXPIRE,        EXPIRED,   FSM_TIER_ENGINE},
    {STAGE,   APPROVAL_EVENT_OUTDATE,       STALE,     FSM_TIER_ENGINE},
    {INFO,    APPROVAL_EVENT_ANSWER,        PENDING,   1},
    {INFO,    APPROVAL_EVENT_ANSWER_STAGE,  STAGE,     1},
    {INFO,    APPROVAL_EVENT_APPROVE,       APPROVED,  2},
    {INFO,    APPROVAL_EVENT_APPROVE_STAGE, STAGE,     2},
    {INFO,    APPROVAL_EVENT_REJECT,        REJECTED,  1},
    {INFO,    APPROVAL_EVENT_WITHDRAW,      WITHDRAWN, 1},
    {INFO,    APPROVAL_EVENT_REQUEST_INFO,  INFO,      1},
    {INFO,    APPROVAL_EVENT_EXPIRE,        EXPIRED,   FSM_TIER_ENGINE},
    {INFO,    APPROVAL_EVENT_OUTDATE,       STALE,     FSM_TIER_ENGINE},
};
/* clang-format on */

const struct fsm fsm_approval = {
    .name = "approval",
    .state_names = states,
    .event_names = events,
    .n_states = STATES,
    .n_events = APPROVAL_EVENTS,
    .initial = PENDING,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
