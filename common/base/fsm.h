/* State machines as tables. A machine is data: its names, where it starts, where it may end, and
 * one row for each transition; what is not a row cannot happen. The engine's machines are in
 * engine/fsm, the agent's in agent/fsm, one table a file. Taking a step changes nothing: the caller
 * stores the new state in the same transaction as everything else. */
#ifndef COMMON_BASE_FSM_H
#define COMMON_BASE_FSM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"

enum {
    FSM_STATES_MAX = 64,
    FSM_EVENTS_MAX = 64,
    FSM_TIER_ENGINE = -1, /* not a tool's: the engine's sweeper, a time-out, a delivery */
    FSM_TIER_NONE = -2,   /* on every row of a machine that knows no tiers: the agent's */
};

struct fsm_row {
    int state, event, next;
    int tier; /* 0 to 3, or one of the FSM_TIER_… */
};

/* States and events are numbered from 0 without gaps: the enums of the machine's own header. */
struct fsm {
    const char *name; /* "match" */
    const char *const *state_names, *const *event_names;
    size_t n_states, n_events;
    int initial;
    const bool *terminal; /* n_states of them: where nothing more may happen */
    const struct fsm_row *rows;
    size_t n_rows;
};

/* The row for an event in a state, or NULL when there is none. */
const struct fsm_row *fsm_find(const struct fsm *machine, int state, int event);

/* *next is the state after the event. ERR_CONFLICT, with the machine, the state and the event named
 * in a message that lives in `arena`, when there is no such transition. */
MUST_CHECK struct err fsm_step(const struct fsm *machine, int state, int event, struct arena *arena,
                               int *next);

/* "?" for a number that is none. */
const char *fsm_state_name(const struct fsm *machine, int state);
const char *fsm_event_name(const struct fsm *machine, int event);

/* The state of that name, as a database row holds it. ERR_STORE when the machine has none. */
MUST_CHECK struct err fsm_state_parse(const struct fsm *machine, const char *name,
                                      struct arena *arena, int *state);

/* ERR_BUG, with the first fault named in a message in `arena`, unless: names are there and differ;
 * rows and tiers are in range; no state has two rows for one event; every state is reachable from
 * the initial one; a state is terminal if and only if it has no row out; from every state some
 * terminal state can be reached, if the machine has any; and every event is used. */
MUST_CHECK struct err fsm_check(const struct fsm *machine, struct arena *arena);

/* A Markdown section: a Mermaid diagram and a table of the rows, with their tiers if they have any.
 */
void fsm_print(const struct fsm *machine, struct buf *out);

#endif
