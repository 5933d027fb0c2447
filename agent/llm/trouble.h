/* Why a provider gave no answer: whether asking again may help, when, and a sentence for people.
 * What the provider said is quoted, bounded, on one line, and never with our key in it. */
#ifndef AGENT_LLM_TROUBLE_H
#define AGENT_LLM_TROUBLE_H

#include "agent/llm/provider.h"

struct llm_trouble {
    bool again;           /* the same question may be answered later */
    int64_t after_ms;     /* not before; 0: nothing was said */
    const char *kind;     /* a stable word: "key" "quota" "model" "context" "question" "rate" "busy"
                             "unreachable" "timeout" "cut" "malformed" "too_large" "setting" "fault" */
    const char *sentence; /* what happened and what to do; NUL-terminated UTF-8 */
};

/* `e` is what the exchange or llm_reader_end said; `reply` the HTTP answer, NULL when there was
 * none (its status 200 tells nothing: then `e` counts). For a failure only: ERR_BUG when `e` is OK
 * and the reply is none or a stream. ERR_LIMIT: the arena is full. */
MUST_CHECK struct err llm_trouble_of(struct arena *arena, const struct llm_endpoint *to,
                                     struct err e, const struct fetch_reply *reply, int64_t now_us,
                                     struct llm_trouble *out);

#endif
