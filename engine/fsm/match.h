/* The match machine: what a proposal may become (DESIGN §7). States bear the names of the book's
 * rows. */
#ifndef ENGINE_FSM_MATCH_H
#define ENGINE_FSM_MATCH_H

#include "common/base/fsm.h"

enum match_event { MATCH_EVENT_CONFIRM, MATCH_EVENT_REJECT, MATCH_EVENT_UNMATCH, MATCH_EVENTS };

extern const struct fsm fsm_match;

#endif
