/* Batches of the command line and their items. A batch is listed once, when it begins; whoever goes
 * on with it does what is left. Every change names the version it has read: of two processes at one
 * run the second gets ERR_CONFLICT and has written nothing. All that changes is in a transaction of
 * the caller's. */
#ifndef AGENT_STORE_RUNS_H
#define AGENT_STORE_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/store/agent_db.h"
#include "common/base/workflow_run.h"

#define RUN_ITEMS_MAX 1000

/* Texts live in the arena they were read into. */
struct agent_run {
    const char *run_id; /* wfr_… */
    const char *workflow;
    const char *principal_id, *actor;
    const char *entity_id, *period; /* NULL: of none */
    enum run_state state;
    const char *why; /* NULL unless it failed */
    int64_t version, items_n;
    int64_t created_us, updated_us;
};

enum run_item_state { RUN_ITEM_OPEN = 0, RUN_ITEM_STARTED, RUN_ITEM_DONE };
const char *run_item_state_name(enum run_item_state state); /* "OPEN" … */

struct run_item {
    int64_t n;
    const char *object, *title, *prompt;
    enum run_item_state state;
    const char *session_id; /* NULL while OPEN */
    const char *outcome;    /* NULL unless DONE */
    int64_t pending;        /* approvals that it opened */
};

/* Keeps a new one in QUEUED with its items, numbered from 0: workflow, whose, entity_id and period
 * are the caller's. ERR_LIMIT: more than RUN_ITEMS_MAX. */
MUST_CHECK struct err run_add(struct agent_db *db, struct arena *arena, struct agent_run *run,
                              struct run_item *items, size_t n, int64_t now_us);
/* ERR_MISSING: there is none. */
MUST_CHECK struct err run_load(struct agent_db *db, struct arena *arena, const char *run_id,
                               struct agent_run *run);
/* The newest first, at most `max`. */
MUST_CHECK struct err runs_list(struct agent_db *db, struct arena *arena, size_t max,
                                struct agent_run **out, size_t *n);
/* All of a run, in order. */
MUST_CHECK struct err run_items(struct agent_db *db, struct arena *arena, const char *run_id,
                                struct run_item **out, size_t *n);

/* A step of the machine; `why` of RUN_EVENT_FAIL, else NULL. ERR_CONFLICT: it has no such step, or
 * the run moved on. */
MUST_CHECK struct err run_move(struct agent_db *db, struct arena *arena, struct agent_run *run,
                               enum run_event event, const char *why, int64_t now_us);

/* An item's state, session, outcome and approvals as *item says, in a run that is RUNNING. */
MUST_CHECK struct err run_item_save(struct agent_db *db, struct agent_run *run,
                                    const struct run_item *item, int64_t now_us);

#endif
