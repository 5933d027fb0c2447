/* The picture after a pass: what is confirmed and by whom, what waits for a human under which
 * clause, what is an exception, and totals that add up. recon prints it, for people or as JSON. */
#ifndef ENGINE_CLI_PICTURE_H
#define ENGINE_CLI_PICTURE_H

#include "engine/cli/cli.h"

struct picture {
    const struct json *status;     /* recon://status */
    const struct json *exceptions; /* the first so many of each entity; status counts them all */
    struct json *waiting;          /* the oldest escalations that are open, so many */
    const struct json *counts;     /* of all that are open: total, by_reason … */
    struct json *asked;            /* by entity: how many of them ask to confirm a match */
};

/* In the command's arena; within what the person at the keyboard may see. */
MUST_CHECK struct err picture_load(struct cli *cli, struct picture *p);

/* On standard output, meant to fit in 100 columns. */
MUST_CHECK struct err picture_print(struct arena *arena, const struct picture *p);

#endif
