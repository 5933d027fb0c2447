/* What waits for a thread of the spine, and in which order it is taken (docs/HTTP.md, "Whose turn
 * it is"): people before machines, machines before what long work hands over; and within a lane
 * whoever asks in turns, so that a loop of one waits behind itself. Private to engine/call. */
#ifndef ENGINE_CALL_LANES_H
#define ENGINE_CALL_LANES_H

#include "common/base/fair.h"
#include "common/sys/bus.h"
#include "engine/call/asker.h"

struct work;

struct lanes {
    struct fair lane[LANES];
    unsigned passed_over; /* times in a row that somebody further back was */
    size_t taken[LANES];  /* by lanes_gather, since the beginning */
};

void lanes_init(struct lanes *lanes);
size_t lanes_waiting(const struct lanes *lanes);

/* Takes in all that has arrived; with `wait` sleeps until something has. Errors as bus_recv. */
MUST_CHECK struct err lanes_gather(struct lanes *lanes, struct bus_port *port, bool wait);

/* Does somebody wait whose lane goes before this one? */
bool lanes_ahead(const struct lanes *lanes, enum lane lane);

/* Whose turn it is, over all lanes: the first lane that holds something, but now and then one
 * further back, which therefore never waits for ever. NULL: nobody waits. */
struct work *lanes_next(struct lanes *lanes);

/* The next of this lane; NULL: there is none. */
struct work *lane_next(struct lanes *lanes, enum lane lane);
/* What lane_next gave and was not run after all, the last one first. */
void lane_again(struct lanes *lanes, struct work *work);

#endif
