/* How a conversation begins and goes on: the same whether a page, `ask` or `run` brings the words.
 * Everything here is one transaction of the caller's with whatever else it records; llm_wake comes
 * after it. Any thread. */
#ifndef AGENT_LLM_BEGIN_H
#define AGENT_LLM_BEGIN_H

#include "agent/llm/llm.h"
#include "agent/store/talks.h"

#define LLM_SAID_MAX 20000 /* bytes that may be said at once */

struct llm_begin {
    const char *principal_id, *actor; /* who asks */
    const char *origin;               /* chat, ask, run */
    const char *entity_id;            /* NULL: of none in particular */
    const char *title;                /* NULL: its first line */
    const char *text;                 /* what is asked */
};

/* Keeps the words without account numbers: what a conversation keeps is what its model is sent. *t
 * is the conversation, its turn open; *n the row's number. ERR_INPUT at /text: it is blank. */
MUST_CHECK struct err llm_begin(struct llm *llm, struct agent_db *db, struct arena *arena,
                                const struct llm_begin *begin, struct talk *t, int64_t *n);

/* The next words in one that is there. ERR_CONFLICT: its turn is under way, or it has ended. */
MUST_CHECK struct err llm_say(struct llm *llm, struct agent_db *db, struct arena *arena,
                              struct talk *t, const char *text, int64_t *n);

/* recon://me of whoever asks lists the entity; NULL asks for none. ERR_INPUT at /entity_id. */
MUST_CHECK struct err llm_entity_check(const struct json *me, const char *entity_id);

#endif
