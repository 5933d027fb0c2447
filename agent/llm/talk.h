/* What is said between us and a language model, in no provider's dialect: messages of parts, the
 * tools on offer, an answer. Whoever keeps a transcript keeps it in these terms;
 * agent/llm/provider.h puts them into a provider's words and back. Nothing here owns memory: all of
 * it lives in the arena it was made in.
 *
 * A transcript is well formed when every CALL of an assistant's message has its RESULT, by call_id,
 * in the user's message behind it; providers refuse anything else. */
#ifndef AGENT_LLM_TALK_H
#define AGENT_LLM_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/json.h"
#include "common/base/str.h"

enum llm_role { LLM_USER = 0, LLM_ASSISTANT };

enum llm_part_kind {
    LLM_TEXT = 0,
    LLM_CALL,   /* of an assistant's message: a tool, to be called */
    LLM_RESULT, /* of a user's message: what came of it */
};

struct llm_part {
    enum llm_part_kind kind;
    struct str text;              /* TEXT: UTF-8 without NUL. RESULT: what the model is given. CALL
                                     with malformed arguments: what it wrote, or its beginning */
    const char *call_id;          /* CALL, RESULT: letters, digits, '_' and '-' */
    const char *tool;             /* CALL, RESULT: as the model wrote it, whether offered or not */
    const struct json *arguments; /* CALL: an object; NULL when what it wrote is none */
    bool is_error;                /* RESULT */
};

/* Neighbours of the same role count as one message. */
struct llm_message {
    enum llm_role role;
    const struct llm_part *parts;
    size_t n;
};

struct llm_tool {
    const char *name;
    struct str description;
    const struct json *schema; /* of its arguments: JSON Schema, an object */
};

struct llm_ask {
    const char *model;
    struct str system;
    const struct llm_message *messages;
    size_t messages_n;
    const struct llm_tool *tools;
    size_t tools_n;
    int64_t answer_tokens; /* the answer's ceiling, at least 1 */
};

enum llm_stop {
    LLM_STOP_CUT = 0, /* the stream ended before the answer did */
    LLM_STOP_END,
    LLM_STOP_CALLS,   /* there are calls, and their results are waited for */
    LLM_STOP_LENGTH,  /* answer_tokens or the model's context is used up; a call may be cut */
    LLM_STOP_REFUSED, /* by the model, or a filter of the provider */
};

struct llm_usage {
    int64_t input, output; /* input without the two below */
    int64_t cache_read, cache_write;
    bool told; /* the provider said so; false: all 0 */
};

struct llm_answer {
    const struct llm_part *parts; /* TEXT (never empty) and CALL, as they came */
    size_t n;
    enum llm_stop stop;
    struct llm_usage usage;
    const char *model; /* as the provider names what answered; NULL: not told; so for the id */
    const char *id;    /* of the answer, the provider's */
};

#endif
