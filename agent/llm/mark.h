/* What a tool gave, wrapped for the model as data: an envelope whose end only we can write, a line
 * that says what it is, and the text itself with everything invisible taken out. Memos, invoices
 * and mails say what they like in there; they cannot say that they are over. Redact first
 * (agent/llm/redact.h): cutting a text could cut a number that would have been found. */
#ifndef AGENT_LLM_MARK_H
#define AGENT_LLM_MARK_H

#include "common/base/json.h"

#define MARK_NONCE_SIZE 33 /* 128 bits in lower-case hex, and NUL */

/* One a session, kept with it: the model must never be told another's. */
void mark_nonce(char nonce[MARK_NONCE_SIZE]);

struct mark {
    const char *nonce;
    size_t result_bytes; /* of the text within; what is more is left out, and a sentence says so */
};

/* *out is what the model is given for a result of `tool` (a tool's name as it was offered, or a
 * resource's address; what could be neither is not repeated). Valid UTF-8 whatever the text is.
 * ERR_LIMIT: arena full. */
MUST_CHECK struct err mark_result(struct arena *arena, const struct mark *mark, const char *tool,
                                  struct str text, struct str *out);
/* The same of a tree, as compact JSON. ERR_LIMIT also when it is deeper or larger than can be
 * written. */
MUST_CHECK struct err mark_tree(struct arena *arena, const struct mark *mark, const char *tool,
                                const struct json *tree, struct str *out);

/* For the system prompt: what the envelope means, with this session's nonce. NULL: arena full. */
const char *mark_explained(struct arena *arena, const struct mark *mark);

#endif
