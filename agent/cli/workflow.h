/* Batches over the model's loop: a workflow is a row that says what its items are, what is asked of
 * the model about each, which tools it is offered for it, and what came of it. */
#ifndef AGENT_CLI_WORKFLOW_H
#define AGENT_CLI_WORKFLOW_H

#include "agent/cli/headless.h"
#include "agent/store/runs.h"

/* What an item came to, when a call of this tool is done; the first row that fits. */
struct workflow_act {
    const char *tool, *outcome;
};

struct workflow_of { /* what a run is of */
    const char *entity_id, *period;
    int64_t limit;
};

struct workflow {
    const char *name, *summary;
    const char *const *needs;        /* tools without which it does not begin; NULL ends it */
    const char *const *tools;        /* all that its model is offered; NULL ends it */
    const struct workflow_act *acts; /* a row of NULLs ends it; NULL: it only reads */
    int64_t steps;                   /* answers of the model an item */
    bool by_period;                  /* --period is needed */
    bool reports;                    /* its answers make a report */
    /* Its items, read as the model reads for the person. NULL: this version knows of none. */
    struct err (*list)(struct headless *h, const struct workflow_of *of, struct run_item **items,
                       size_t *n);
};

/* NULL: there is none of this name. */
const struct workflow *workflow_find(const char *name);
/* "triage, coding, close-prep" */
const char *workflow_names(struct arena *arena);

/* The model is offered the workflow's tools and no others, of those that the configuration allows,
 * and so many answers. Before headless_open. */
MUST_CHECK struct err workflow_narrow(struct cli *cli, const struct workflow *w);

/* NULL: all that it needs is there; else the sentence that says what is not. */
MUST_CHECK struct err workflow_lacks(struct headless *h, const struct workflow *w,
                                     const char **sentence);

/* A tool that reads, called for the person; *tree is its result. */
MUST_CHECK struct err workflow_read(struct headless *h, const char *tool, const struct json *args,
                                    const struct json **tree);

/* The Markdown report of a run whose answers make one. */
MUST_CHECK struct err workflow_report(struct headless *h, const struct agent_run *run,
                                      const struct run_item *items, size_t n, struct buf *out);

#endif
