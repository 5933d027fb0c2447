/* The tools that the model may be offered, as somebody accepted them: a pin holds a definition's
 * digest and text, and beside it what the engine offered last. Whoever offers tools compares the
 * two; a definition that changed is shown to a person before it is shown to a model. */
#ifndef AGENT_STORE_TOOL_PINS_H
#define AGENT_STORE_TOOL_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"

/* Texts live in the arena they were read into. */
struct tool_pin {
    const char *name;
    const char *sha256, *definition; /* as accepted; both NULL, and the next two, until it was */
    const char *accepted_by;         /* a principal, or what accepted it on its own */
    int64_t accepted_us;
    const char *seen_sha256, *seen_definition; /* as offered last */
    int64_t seen_us;
};

/* The engine offers it, so defined, now. Inside a transaction of the caller's, as pin_accept. */
MUST_CHECK struct err pin_see(struct agent_db *db, const char *name, const char *sha256,
                              const char *definition, int64_t now_us);

/* Accepts what was seen last. ERR_CONFLICT when that is another than `sha256` by now (show it
 * again); ERR_MISSING when no such tool was ever seen. */
MUST_CHECK struct err pin_accept(struct agent_db *db, const char *name, const char *sha256,
                                 const char *who, int64_t now_us);

/* All, by name: as many as the engine ever offered. */
MUST_CHECK struct err pin_list(struct agent_db *db, struct arena *arena, struct tool_pin **out,
                               size_t *n);

#endif
