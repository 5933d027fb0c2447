/* The providers of language models, behind one door: a question becomes a request in the provider's
 * dialect, its stream of events becomes an answer. Two dialects: Anthropic's Messages API, and
 * OpenAI's Chat Completions, which most local servers and gateways speak too.
 *
 * Everything from a provider is outside bytes: bounded, mended to UTF-8, parsed strictly. Nothing
 * here talks to the network; the loop does (fetch_loop.h). */
#ifndef AGENT_LLM_PROVIDER_H
#define AGENT_LLM_PROVIDER_H

#include "agent/llm/talk.h"
#include "common/base/err.h"
#include "common/sys/fetch.h"
#include "common/sys/llm_config.h"

#define LLM_BODY_MAX      ((size_t)16 * 1024 * 1024) /* of a request */
#define LLM_EVENT_MAX     ((size_t)1024 * 1024)
#define LLM_TEXT_MAX      ((size_t)1024 * 1024) /* of an answer's text */
#define LLM_ARGUMENTS_MAX ((size_t)256 * 1024)  /* of one call's, as JSON text */
#define LLM_MALFORMED_MAX ((size_t)4096)        /* bytes that are kept of arguments that are none */
#define LLM_CALLS_MAX     64
#define LLM_STREAM        "stream:"
#define LLM_NAME_MAX      128 /* bytes of a tool's name, an id, a model's name */

struct llm_endpoint {
    int api;              /* enum llm_api (llm_config.h); not NONE */
    const char *base_url; /* without a slash at its end */
    const char *key;      /* NULL: a local server that wants none */
};

/* Method, URL, header fields and body of the exchange; ceilings and hooks are the caller's to set.
 * What is refused: ERR_LIMIT past LLM_BODY_MAX or the arena; ERR_INPUT for text that is not UTF-8;
 * ERR_BUG without an api. The body is the same bytes for the same question. */
MUST_CHECK struct err llm_request(struct arena *arena, const struct llm_endpoint *to,
                                  const struct llm_ask *ask, struct fetch_req *out);

/* What is told while an answer comes, from within llm_reader_put and llm_reader_end. `text` gets
 * whole characters, and all its pieces together are the answer's text; `call` the name of a tool
 * that the model begins to call, any text up to LLM_NAME_MAX. Either may be NULL. */
struct llm_hooks {
    void (*text)(void *ctx, struct str delta);
    void (*call)(void *ctx, const char *tool);
    void *ctx;
};

struct llm_reader;

/* Reads one answer. ERR_LIMIT: no memory. */
MUST_CHECK struct err llm_reader_new(int api, struct llm_hooks hooks, struct llm_reader **out);
void llm_reader_free(struct llm_reader *reader);
CLEANUP_DEFINE(struct llm_reader *, llm_reader_free)

/* Any number of bytes of the stream; a failure is kept for the end. */
void llm_reader_put(struct llm_reader *reader, const char *bytes, size_t n);
/* The stream is over: the answer, in the arena, once. ERR_UPSTREAM when it is none: *answer then
 * holds the text that came, without calls, stop CUT. The error's `where` is LLM_STREAM and a word:
 * "cut", "malformed", "too_large" or, when the provider sent an error, its own
 * ("overloaded_error"). Its message may quote the provider, so people see it by llm_trouble_of
 * only. ERR_LIMIT: the arena is full. */
MUST_CHECK struct err llm_reader_end(struct llm_reader *reader, struct arena *arena,
                                     struct llm_answer *answer);

#endif
