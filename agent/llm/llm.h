/* The chat: sessions with a model that works by the engine's tools. What a session is stands in
 * agent.db (agent/store/talks.h, traces.h); here is what happens in it now. The loop thread owns
 * everything live: exchanges with the provider, readers of their streams, who looks on. A pool of
 * workers does what blocks: agent.db, and the engine as llm:chat.<session> on behalf of the person.
 * A turn is steps, each from the rows alone, so a crash costs nothing but time (ADR 0009). */
#ifndef AGENT_LLM_LLM_H
#define AGENT_LLM_LLM_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/call/request.h"
#include "common/base/buf.h"
#include "common/sys/loop.h"

struct llm;

struct llm_options {
    struct loop *loop;
    const struct agent *agent;
    const char *db_path;
    int64_t (*clock_us)(void);
    size_t workers; /* 0: 8 */
    bool resume;    /* take up the turns that a stop or a crash cut off, and forget old sessions */
    /* Whether a browser's session holds still; asked of every stream with every heartbeat. Loop
     * thread. */
    bool (*still)(void *ctx, const uint8_t *session);
    void *ctx;
};

/* *out is NULL when no model is configured. ERR_INPUT: a pattern of CLOSEGATE_LLM_REDACT is none.
 */
MUST_CHECK struct err llm_start(const struct llm_options *options, struct llm **out);
/* Ends every stream and exchange, and waits for the workers: what they do is finished and recorded.
 * Turns under way stay open, for the next start. Loop thread. NULL is taken, in all of these. */
void llm_stop(struct llm *llm);
/* After llm_stop, when no request can call the others any more. */
void llm_free(struct llm *llm);

/* Ends the browsers' streams, before draining. Loop thread. */
void llm_end_streams(struct llm *llm);

/* ---- any thread ---- */

/* There is something to do in the session: somebody said something, or wants it tried again. */
void llm_wake(struct llm *llm, const char *session_id);
/* The same for a turn that a stop or a crash cut off, in another process: noted in it. */
void llm_resume(struct llm *llm, const char *session_id);
/* Its turn stops: at once when the model speaks, else after the call that is under way. */
void llm_halt(struct llm *llm, const char *session_id);
/* The person's streams end (NULL: everybody's), for a session of theirs has. */
void llm_hang_up(struct llm *llm, const char *principal_id);

/* ---- who looks on; loop thread ---- */

/* What a watcher is told: "row", "text", "call" or "state", and the JSON of docs/LLM.md. */
typedef void llm_watch_fn(void *ctx, const char *event, struct str json);
struct llm_watcher;
MUST_CHECK struct err llm_watch(struct llm *llm, const char *session_id, llm_watch_fn *fn,
                                void *ctx, struct llm_watcher **out);
void llm_unwatch(struct llm_watcher *watcher);

/* Figures for Prometheus. Loop thread. */
void llm_metrics_print(const struct llm *llm, struct buf *out);

/* GET chat …; with no model configured they say so. */
extern const struct routes llm_routes;

#endif
