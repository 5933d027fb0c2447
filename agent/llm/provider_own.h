/* Between the door (provider.h), the dialects and what reads their streams. Private to agent/llm's
 * provider files. */
#ifndef AGENT_LLM_PROVIDER_OWN_H
#define AGENT_LLM_PROVIDER_OWN_H

#include "agent/llm/mend.h"
#include "agent/llm/provider.h"
#include "common/sys/json_write.h"
#include "common/sys/sse_read.h"

#define WIRE_PAIRS_MAX 4
#define WIRE_NAME_MAX  64 /* of a tool, in a request; what every provider takes */
#define SAID_MAX       600

/* A question as both dialects want it: neighbours of a role are one message, the results first in
 * it, and texts of nothing but blanks are left out. */
struct wire_ask {
    const struct llm_ask *ask;
    struct llm_message *messages;
    size_t n;
    const struct llm_endpoint *to;
    struct arena *arena;
    struct err failed; /* what could not be written; the first of it */
};

struct llm_dialect {
    const char *path; /* behind the base URL */
    /* Header fields that name us: at most WIRE_PAIRS_MAX; how many. */
    size_t (*pairs)(struct arena *arena, const char *key, struct http_pair *pairs);
    void (*body)(struct jw *w, struct wire_ask *wire);
    /* One event's data: `tree` is NULL when it is no JSON. */
    void (*event)(struct llm_reader *r, struct str data, const struct json *tree);
};

extern const struct llm_dialect llm_anthropic, llm_openai;

/* The row of an api; NULL for none. */
const struct llm_dialect *llm_dialect_of(int api);

void wire_fail(struct wire_ask *wire, struct err e); /* OK is none */
/* A tool's name in characters that every provider takes. */
const char *wire_name(struct arena *arena, const char *tool);
/* An object, always: arguments that were none are wrapped, so that the model sees what it wrote. */
void wire_arguments(struct jw *w, const char *key, const struct llm_part *call);

/* ---- what a dialect does with an event ---- */

/* A text, or a call with its arguments as they come. */
struct piece {
    bool is_call;
    int64_t index; /* the provider's number for it */
    struct mend mend;
    struct buf text;
    char id[LLM_NAME_MAX + 1], tool[LLM_NAME_MAX + 1]; /* of a call; "" so far */
    bool whole;                                        /* its arguments came at once */
};

/* The stream cannot be followed. Nothing more is read. */
void reader_fail(struct llm_reader *r, const char *where, const char *msg);
void reader_malformed(struct llm_reader *r);
/* The provider's own error, by its word for it. */
void reader_fail_said(struct llm_reader *r, const struct json *event);

/* Text that belongs to the block `index`; anything but text is passed over. */
void reader_text(struct llm_reader *r, int64_t index, const struct json *text);
/* A new call; `id` and `tool` may be NULL, or come later by reader_name. NULL: too many. */
struct piece *reader_call(struct llm_reader *r, int64_t index, const struct json *id,
                          const struct json *tool);
/* What is not known yet, of either. */
void reader_name(struct llm_reader *r, struct piece *call, const struct json *id,
                 const struct json *tool);
/* The latest call of that number; NULL: none. */
struct piece *reader_find(const struct llm_reader *r, int64_t index);
struct piece *reader_last_call(const struct llm_reader *r);
/* A piece of the arguments' JSON text, or (an object) all of them at once. */
void reader_arguments(struct llm_reader *r, struct piece *call, const struct json *arguments);

/* Why the answer ended; what comes behind it can only be numbers. */
void reader_stop(struct llm_reader *r, enum llm_stop stop);
/* Nothing follows. */
void reader_close(struct llm_reader *r);
bool reader_is_empty(const struct llm_reader *r); /* neither text nor a call came */
struct llm_usage *reader_usage(struct llm_reader *r);
void reader_told(struct llm_reader *r, const struct json *id, const struct json *model);

/* A count of tokens that a provider tells; unchanged when it is none. */
void reader_count(const struct json *usage, const char *key, int64_t *count);

/* ---- what a provider says went wrong ---- */

/* "" when it did not say. In the arena of the tree. */
struct llm_said {
    const char *type, *code, *message;
};

/* The shapes that are about: {"error": {"type", "code", "message"}}, {"error": "…"}, the same in an
 * array, {"message"}, {"detail"}. False: none of them. */
bool llm_said_read(const struct json *tree, struct llm_said *said);

#endif
