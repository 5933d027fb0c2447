/* For `doctor`. */
#ifndef AGENT_LLM_CHECK_H
#define AGENT_LLM_CHECK_H

#include "common/base/arena.h"
#include "common/sys/llm_config.h"

/* OK when no model is configured, or its provider takes the key and lists the model (a server that
 * has no such list is taken at its word). Else the error's message says what is wrong. Blocks. */
MUST_CHECK struct err llm_check(struct arena *arena, const struct llm_config *config,
                                int64_t now_us);

#endif
