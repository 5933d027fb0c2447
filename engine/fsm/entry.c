/* The table of the entry machine. What was resolved or written off is unmatched again and nothing
 * else: the book does not say that cash agreed when it did not. */
#include "engine/fsm/entry.h"

enum { UNMATCHED, PROPOSED, MATCHED, EXCEPTION, STATES };

static const char *const states[] = {"UNMATCHED", "PROPOSED", "MATCHED", "EXCEPTION"};
static const char *const events[] = {"propose",  "confirm", "reject", "reject what is listed",
                                     "unmatch",  "list",    "flag",   "resolve",
                                     "write off"};
static const bool terminal[STATES] = {false};

/* clang-format off */
static const struct fsm_row rows[] = {
    {UNMATCHED, ENTRY_EVENT_PROPOSE,       PROPOSED,  0},
    {UNMATCHED, ENTRY_EVENT_LIST,          EXCEPTION, FSM_TIER_ENGINE},
    {UNMATCHED, ENTRY_EVENT_FLAG,          EXCEPTION, 1},
    {PROPOSED,  ENTRY_EVENT_CONFIRM,       MATCHED,   2},
    {PROPOSED,  ENTRY_EVENT_REJECT,        UNMATCHED, 1},
    {PROPOSED,  ENTRY_EVENT_REJECT_LISTED, EXCEPTION, 1},
    {MATCHED,   ENTRY_EVENT_UNMATCH,       UNMATCHED, 2},
    {EXCEPTION, ENTRY_EVENT_PROPOSE,       PROPOSED,  0},
    {EXCEPTION, ENTRY_EVENT_LIST,          EXCEPTION, FSM_TIER_ENGINE},
    {EXCEPTION, ENTRY_EVENT_FLAG,          EXCEPTION, 1},
    {EXCEPTION, ENTRY_EVENT_RESOLVE,       UNMATCHED, 1},
    {EXCEPTION, ENTRY_EVENT_WRITE_OFF,     UNMATCHED, 1},
};
/* clang-format on */

const struct fsm fsm_entry = {
    .name = "entry",
    .state_names = states,
    .event_names = events,
    .n_states = STATES,
    .n_events = ENTRY_EVENTS,
    .initial = UNMATCHED,
    .terminal = terminal,
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
};
