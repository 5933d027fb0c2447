/* The registry over time: every change of it as its event tells it. */
#ifndef ENGINE_TOOLS_REGISTRY_HISTORY_H
#define ENGINE_TOOLS_REGISTRY_HISTORY_H

#include "engine/tools/tool.h"

/* One REGISTRY_CHANGED event. */
struct registry_event {
    int64_t seq;
    const char *at;          /* timestamp_utc */
    const char *asked_by;    /* the actor who asked for it */
    const char *approved_by; /* the second human; NULL when one was enough */
    const char *act;
    const struct json *before, *after; /* as person_print and client_print make them, or null */
};

/* All of them, oldest first. */
MUST_CHECK struct err registry_events(struct tx *tx, struct arena *arena,
                                      struct registry_event **events, size_t *n);

#endif
