/* Private to agent/store: how rows of agent_sessions and agent_traces are read, for the files that
 * read both. */
#ifndef AGENT_STORE_TRACES_OWN_H
#define AGENT_STORE_TRACES_OWN_H

#include "agent/store/agent_db_own.h"
#include "agent/store/traces.h"

/* Of agent_sessions s, for talk_read. */
#define TALK_COLUMNS                                                                               \
    "s.session_id, s.principal_id, s.actor, s.entity_id, s.origin, s.title, s.api, s.model, "      \
    "s.state, s.turn_open, s.version, s.created_us, s.used_us, s.ended_us, s.rows_n, s.nonce, "    \
    "s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.cost_micros"

MUST_CHECK struct err talk_read(struct stmt *q, int col, struct arena *arena, struct talk *t);

/* The five columns of a use, in the order of the struct. */
void trace_use_read(struct stmt *q, int col, struct trace_use *use);
void trace_use_bind(struct stmt *q, int i, const struct trace_use *use);

#endif
