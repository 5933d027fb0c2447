/* Private to engine/tools: calls that a long job makes in the engine's own name. */
#ifndef ENGINE_TOOLS_CHILD_H
#define ENGINE_TOOLS_CHILD_H

#include "engine/tools/tool.h"

/* A call of the engine's own process ("engine:matcher"), on an arena of its own, under the parent's
 * policy. The parent's actor, if it has one, is its asker, so the parent must outlive it. Freed by
 * child_free. NULL when there is no memory. */
struct call *child_new(const struct call *parent, const struct tool *tool, const char *engine_id);
/* The same in the parent's actor's name: for the parent's own request. */
struct call *child_of(const struct call *parent, const struct tool *tool);
void child_free(struct call *c);
CLEANUP_DEFINE(struct call *, child_free)

/* The parent is denied as a part of it was, whose event is its answer's; an error that ends the
 * work. */
MUST_CHECK struct err child_denied(struct call *parent, const struct call *c);

/* Submits one call and gives its error, if it failed; the error lives in `arena`, since the child's
 * own goes with the child. */
MUST_CHECK struct err child_run(struct job_port *port, struct call *c, struct arena *arena);

/* Hands a call to the writer and goes on; every child_begin that returned OK wants its child_finish
 * before the next one, and before the call's memory goes. */
MUST_CHECK struct err child_begin(struct job_port *port, struct call *c);
/* Waits for the call; its error as child_run has it. */
MUST_CHECK struct err child_finish(struct job_port *port, struct call *c, struct arena *arena);

/* The same for a batch; each call has its outcome after children_finish. */
MUST_CHECK struct err children_begin(struct job_port *port, struct call **calls, size_t n);
MUST_CHECK struct err children_finish(struct job_port *port);

/* Says how far the job has come; total < 0: not known. */
void progress_tell(struct job_port *port, int64_t done, int64_t total);

#endif
