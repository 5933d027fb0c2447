/* The housekeeping tools, in the order of a round. Adding one: its file, its name here, before the
 * NULL that ends the list. */
#include "engine/tools/run.h"

extern const struct tool tool_sweep_escalations, tool_sweep_exceptions;

const struct tool *const sweeps[] = {
    &tool_sweep_escalations,
    &tool_sweep_runs,
    &tool_sweep_exceptions,
    NULL,
};
