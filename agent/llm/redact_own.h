/* Shared by redact.c and redact_tree.c only. */
#ifndef AGENT_LLM_REDACT_OWN_H
#define AGENT_LLM_REDACT_OWN_H

#include "agent/llm/find.h"
#include "agent/llm/redact.h"

/* As redact_text, of what a member holds whose name says `named` (but .all: that is below). */
MUST_CHECK struct err redact_behind(const struct redactor *r, struct arena *arena, struct str text,
                                    struct named named, struct str *out, size_t *count);

/* All of a text as one number when it has `least` digits; else *out is `text` and *hidden false. */
MUST_CHECK struct err redact_whole(struct arena *arena, struct str text, unsigned least,
                                   struct str *out, bool *hidden);

#endif
