/* An entity's reconciled accounts by state, as recon://status tells them: counts and sums of what
 * is confirmed, proposed, an exception and open, and of all of it together. */
#ifndef ENGINE_CLI_TOTALS_H
#define ENGINE_CLI_TOTALS_H

#include "common/base/json.h"

/* A whole number of an object of ours; 0 when it is not there. */
int64_t figure(const struct json *o, const char *name);

/* The table of one entity of recon://status, indented, on standard output. */
MUST_CHECK struct err totals_print(struct arena *arena, const struct json *entity);

#endif
