/* The spine: what every request goes through, whoever sent it (DESIGN §2). call_run is the one
 * place where a verdict turns into an effect; the writer runs it in groups, the command line on a
 * locked book runs it alone. */
#ifndef ENGINE_CALL_CALL_H
#define ENGINE_CALL_CALL_H

#include "engine/tools/tool.h"

/* Binds `arguments` (an object; NULL is {}) to the tool's table and takes idempotency_key and
 * rationale out. ERR_INPUT with the JSON pointer. `c->tool`, `c->actor`, `c->arena`, `c->policy`
 * are set before. */
MUST_CHECK struct err call_bind(struct call *c, const struct json *arguments);

/* The tool's inputSchema (with idempotency_key where it changes something) and outputSchema. */
MUST_CHECK struct err tool_input_schema(struct arena *arena, const struct tool *tool,
                                        struct json **schema);
MUST_CHECK struct err tool_output_schema(struct arena *arena, const struct tool *tool,
                                         struct json **schema);

/* Plan, gate, effect or escalation or nothing, audit: inside the group's transaction, in a
 * savepoint the caller holds. Fills the answer. An error means: undo this call (c->err says why).
 * What its caller took back before is not judged: it has failed, and the event CANCELLED says so.
 */
MUST_CHECK struct err call_run(struct call *c, struct tx *tx);

/* Of a call with parts, after the last of them: keeps the whole answer under the call's key. */
MUST_CHECK struct err call_keep(struct call *c, struct tx *tx);

/* The first half of call_run: fills the ask from the book as it is and lets the gate decide.
 * Changes nothing, so a reader's snapshot will do: `policy explain`. A plan may settle the call by
 * itself (outcome set): then there is no verdict. */
MUST_CHECK struct err call_judge(struct call *c, struct tx *tx);

/* Runs a TOOL_JOB on the calling thread, under its idempotency key if it has one, and records the
 * end of its workflow run. Fills the answer. Opens the call first, unless somebody has. */
MUST_CHECK struct err call_job(struct call *c, struct job_port *port);

/* A job's request (tool->open) as a call of its own, on the job's arena and in its actor's name, to
 * be run before the job waits for its turn. NULL: there is no memory. */
struct call *call_open_new(struct call *c);
/* Takes over what became of the request. True: the job may run now. False: the call has its outcome
 * (denied, failed, or the answer that was kept under its key). */
bool call_opened(struct call *c, const struct call *open);

/* A job that was opened and will not run: its run has FAILED for this reason. */
void call_job_refuse(struct call *c, struct job_port *port, struct err why);

/* A group: begin, each call in its savepoint, one commit. Every call ends with an outcome. Used by
 * the writer thread, and by the command line on a locked book. Returns false when the connection
 * can no longer be trusted (a failed commit): close it and open it again. */
bool call_group(struct store *store, struct call **calls, size_t n, int64_t (*clock_us)(void));

/* The same with fewer calls: `more` is asked before each of them, and once it says no the rest is
 * left as it was. *ran says how many have their outcome: all, when a call took the group along. */
struct group_more {
    bool (*fn)(void *arg);
    void *arg;
    bool lost; /* set: the database took the whole group along */
};
bool call_group_while(struct store *store, struct call **calls, size_t n, int64_t (*clock_us)(void),
                      struct group_more *more, size_t *ran);

#endif
