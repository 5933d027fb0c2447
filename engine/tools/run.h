/* Private to engine/tools and engine/call: the workflow run of a long call, and the only way it
 * changes its state. A run begins and moves in transactions that are there anyway (the request's,
 * a chunk's); only its end may need one of its own. */
#ifndef ENGINE_TOOLS_RUN_H
#define ENGINE_TOOLS_RUN_H

#include "engine/store/runs.h"
#include "engine/tools/tool.h"

/* What a run works on. */
struct run_place {
    const char *entity_id;
    const char *lock_key, *lock_parent; /* store/runs.h: lock_take */
};

/* For a plan: ERR_CONFLICT that names the run which works there now. */
MUST_CHECK struct err run_may_begin(struct call *c, struct tx *tx, const struct run_place *place);

/* For an apply: a new run in QUEUED with its lock taken; call->run_id is set. The row is the
 * caller's to save, after what else it does to the run in this transaction. */
MUST_CHECK struct err run_begin(struct call *c, struct tx *tx, const struct run_place *place,
                                struct run *run);

/* For the apply of a chunk: the call's run has written `rows` more. Starts one that was queued.
 * Nothing when the call belongs to no run. */
MUST_CHECK struct err run_chunk(struct call *c, struct tx *tx, int64_t rows);
/* The same on a run in memory, not saved. */
MUST_CHECK struct err run_advance(struct arena *arena, struct run *run, int64_t rows);

/* Ends a run (RUN_EVENT_SUCCEED, _FAIL or _CANCEL), frees its locks and saves it. `text` is the
 * result's JSON of one that succeeded, otherwise the reason. */
MUST_CHECK struct err run_finish(struct tx *tx, struct run *run, enum run_event event,
                                 const char *text);

/* Before anything a call of a run does: ERR_CONFLICT once the run has ended (somebody cancelled
 * it). */
MUST_CHECK struct err run_is_live(struct call *c, struct tx *tx);

/* The args of the internal tool run_end, which records the end of a run in the engine's name. A run
 * that has ended already is left alone. */
struct run_end {
    const char *run_id;
    enum run_event event;
    const char *text;
};
extern const struct tool tool_run_end;

/* Housekeeping: fails the runs and frees the locks of processes that are dead. */
extern const struct tool tool_sweep_runs;

#endif
