/* The tools a model is offered, kept between steps: asked of the engine anew after a minute, and
 * when the engine has come back. Any thread. */
#ifndef AGENT_LLM_TOOLS_KEPT_H
#define AGENT_LLM_TOOLS_KEPT_H

#include "agent/call/pool.h"
#include "agent/llm/toolset.h"

struct tools_kept;

MUST_CHECK struct err tools_kept_new(struct mcpc_shared *engine, const struct setting_list *wanted,
                                     struct tools_kept **out);
void tools_kept_free(struct tools_kept *kept);

/* One state of them; not changed while somebody holds it. */
struct tools_held {
    struct toolset set;
    struct arena *arena; /* private, as what follows */
    int64_t at_us, comebacks;
    size_t holders;
};

/* As `actor`, an llm. What was never seen before is noted in agent.db; what is pinned decides. The
 * errors are mcpc_tools's and agent.db's, their words in `arena`. Each hold ends in tools_release.
 */
MUST_CHECK struct err tools_hold(struct tools_kept *kept, const struct worker_tools *worker,
                                 struct arena *arena, const struct mcpc_actor *actor,
                                 int64_t now_us, struct tools_held **out);
void tools_release(struct tools_kept *kept, struct tools_held *held);

/* A pin has changed: the next hold looks anew. */
void tools_forget(struct tools_kept *kept);

#endif
