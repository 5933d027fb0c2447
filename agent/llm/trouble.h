/* Why a provider gave no answer: whether asking again may help, when, and a sentence for people.
 * What the provider said is quoted, bounded, on one line, and never with our key in it. */
#ifndef AGENT_LLM_TROUBLE_H
#define AGENT_LLM_TROUBLE_H

#include "agent/llm/provider.h"

/* Kinds, stable words: "key" "quota" "model" "context" "question" "refused" "rate" "busy"
 * "unreachable" "timeout" "cut" "malformed" "too_large" "setting" "fault". */
struct llm_trouble {
    bool again;       /* the same question may be answered later */
    int64_t after_ms; /* not before; 0: nothing was said */
    const char *kind;
    const char *sentence; /* what happened and what to do; NUL-terminated UTF-8 */
};

/* `e` is what the exchange or llm_reader_end said, OK when neither failed; `reply` the HTTP answer,
 * NULL when there was none. An answer that is no stream (another status than 2xx, or with a body of
 * its own) counts before `e`. For a failure only: ERR_BUG when nothing is wrong. ERR_LIMIT: the
 * arena is full. */
MUST_CHECK struct err llm_trouble_of(struct arena *arena, const struct llm_endpoint *to,
                                     struct err e, const struct fetch_reply *reply, int64_t now_us,
                                     struct llm_trouble *out);

#endif
