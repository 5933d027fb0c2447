/* The housekeeping tools, in the order of a round. Adding one: its file, its name here, before the
 * NULL that ends the list. */
#include "engine/tools/tool.h"

const struct tool *const sweeps[] = {
    NULL,
};
