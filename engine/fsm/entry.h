/* The entry machine: where a ledger line stands (DESIGN §7). No row of the book holds this state:
 * it follows from the live matches and the exceptions, and this table says which way it can go. It
 * has no end: a confirmed match can be unmatched as long as the books are open. */
#ifndef ENGINE_FSM_ENTRY_H
#define ENGINE_FSM_ENTRY_H

#include "common/base/fsm.h"

enum entry_event {
    ENTRY_EVENT_PROPOSE,
    ENTRY_EVENT_CONFIRM,
    ENTRY_EVENT_REJECT,
    ENTRY_EVENT_REJECT_LISTED, /* the proposal is rejected while an exception of it is open */
    ENTRY_EVENT_UNMATCH,
    ENTRY_EVENT_LIST, /* a pass could not place it */
    ENTRY_EVENT_FLAG, /* somebody says what is wrong with it */
    ENTRY_EVENT_RESOLVE,
    ENTRY_EVENT_WRITE_OFF,
    ENTRY_EVENTS,
};

extern const struct fsm fsm_entry;

#endif
