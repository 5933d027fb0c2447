/* Workflow runs and the advisory locks they hold. Who writes here holds the writer's transaction:
 * state, lock and event are one commit. */
#ifndef ENGINE_STORE_RUNS_H
#define ENGINE_STORE_RUNS_H

#include "common/base/workflow_run.h"
#include "engine/store/store.h"

struct run {
    const char *run_id;
    const char *kind;      /* the tool */
    const char *entity_id; /* NULL when of none */
    const char *lock_key;
    enum run_state state;
    const char *started_by, *principal_id, *on_behalf_of, *request_id;
    const char *started_at, *moved_at; /* book time; given by run_save */
    int64_t chunks, rows;
    const char *result; /* JSON */
    const char *error;
    int64_t version; /* as it stands in the book; 0: it does not yet */
    int64_t seq;
};

/* ERR_MISSING when there is none. */
MUST_CHECK struct err run_load(struct tx *tx, struct arena *arena, const char *run_id,
                               struct run *run);
/* Only the state: for the check before every chunk. ERR_MISSING when there is none. */
MUST_CHECK struct err run_state_load(struct tx *tx, const char *run_id, enum run_state *state);

/* Writes the run as it is in memory, a new one (version 0) too, and notes its effect. ERR_CONFLICT
 * when the row has moved on since it was read. */
MUST_CHECK struct err run_save(struct tx *tx, struct run *run);

/* Newest first; `before` is a run_id, NULL for the beginning. */
MUST_CHECK struct err runs_list(struct tx *tx, struct arena *arena, const char *before,
                                int64_t limit, struct run **rows, size_t *n);
/* The live ones, oldest first. */
MUST_CHECK struct err runs_live(struct tx *tx, struct arena *arena, struct run **rows, size_t *n);
/* Of them, those that are queued or running without a lock of `owner`: their process is dead. */
MUST_CHECK struct err runs_orphaned(struct tx *tx, struct arena *arena, const char *owner,
                                    int64_t limit, struct run **rows, size_t *n);
/* Runs that failed since then. */
MUST_CHECK struct err runs_failed_since(struct tx *tx, int64_t since_us, int64_t *n);

/* ---- advisory locks ---- */

/* This process, as a lock's owner: another one at each start. */
const char *lock_owner(void);

/* Takes `key` for the run. A run may take its own lock again. Keys are a tree of two levels:
 * "recon:US" stands for every "recon:US/…"; `parent` is NULL for a key of the first level. *holder
 * is NULL when the lock was taken, and otherwise the run that holds the key, its parent, or one
 * below it; then nothing was taken. */
MUST_CHECK struct err lock_take(struct tx *tx, struct arena *arena, const char *key,
                                const char *parent, const char *run_id, const char *owner,
                                const char **holder);
/* The same question without taking; `run_id` (may be NULL) is not in its own way. */
MUST_CHECK struct err lock_holder(struct tx *tx, struct arena *arena, const char *key,
                                  const char *parent, const char *run_id, const char **holder);
MUST_CHECK struct err locks_free(struct tx *tx, const char *run_id);
/* Every lock of another owner than this one; *n of them. */
MUST_CHECK struct err locks_dead(struct tx *tx, const char *owner, int64_t *n);
MUST_CHECK struct err locks_free_dead(struct tx *tx, const char *owner);

#endif
