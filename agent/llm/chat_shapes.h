/* What the chat's API answers, as tables (agent/call/shape.h): its handlers hold their answers
 * against them, and the workspace's types are printed from them. */
#ifndef AGENT_LLM_CHAT_SHAPES_H
#define AGENT_LLM_CHAT_SHAPES_H

#include "agent/call/shape.h"

/* All of them, each after those it uses. */
extern const struct shape_list chat_shapes;

extern const struct shape shape_chat_setup, shape_chat_sessions, shape_chat_taken,
    shape_model_tools;

/* Tables of what browsers send, beside their handlers. */
extern const struct shape shape_said, shape_first_said, shape_accept;

/* A conversation, {session, rows}: as shape_note, each row and each part of an answer by its kind.
 */
MUST_CHECK struct err chat_note_talk(struct request *r, const struct json *talk);

#endif
