/* Whose a piece of work is, when it comes to whose turn it is. */
#ifndef ENGINE_CALL_ASKER_H
#define ENGINE_CALL_ASKER_H

#include "engine/store/actors.h"

enum lane {
    LANE_PEOPLE = 0, /* somebody waits in front of a screen; and what the engine asks for itself */
    LANE_MACHINES,
    LANE_WORK, /* what long work hands over */
    LANES
};

/* Those with the same flow wait behind each other. */
struct asker {
    enum lane lane;
    uint64_t flow;
};

/* A person, whatever client they use; of a machine the client and the person it acts for. The
 * session in its id does not count: opening another one is no second place. */
struct asker asker_of(const struct actor *actor);

/* Somebody of whom nothing is known yet but these bytes. */
struct asker asker_of_bytes(enum lane lane, const void *bytes, size_t len);
/* The same with more bytes. */
struct asker asker_with(struct asker asker, const void *bytes, size_t len);

#endif
