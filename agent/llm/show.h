/* Rows and sessions as people are shown them (docs/LLM.md), by the workspace's API and the command
 * line. */
#ifndef AGENT_LLM_SHOW_H
#define AGENT_LLM_SHOW_H

#include "agent/store/traces.h"

/* NULL for a row that is not shown. */
struct json *show_row(struct arena *arena, const struct trace *row, const struct json *body);
struct json *show_talk(struct arena *arena, const struct talk *talk);
/* Micro-dollars as dollars: "0.0123". */
const char *show_cost(struct arena *arena, int64_t micros);

#endif
