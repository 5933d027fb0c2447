/* What a run says: a line an item, and the summary at its end. */
#ifndef AGENT_CLI_RUN_TOLD_H
#define AGENT_CLI_RUN_TOLD_H

#include "agent/cli/headless.h"
#include "agent/store/runs.h"

/* "[3/20] BANK_FEE, 12.34 USD of 2026-03-03: proposed", on standard error. */
void run_told_progress(const struct run_item *item, size_t n);

/* Approvals that the items opened and nobody has decided, asked of the engine. */
MUST_CHECK struct err run_told_waiting(struct headless *h, const struct run_item *items, size_t n,
                                       int64_t *open);

/* On standard output: a few lines, or with --json one object with the run, its items and `report`.
 * Where the report stands on standard output itself, the lines go to standard error. */
MUST_CHECK struct err run_told_summary(struct headless *h, const struct agent_run *run,
                                       const struct run_item *items, size_t n, struct str report);

struct json *run_told_json(struct arena *arena, const struct agent_run *run);
struct json *run_told_items(struct arena *arena, const struct run_item *items, size_t n);

#endif
