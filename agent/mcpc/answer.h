/* What the engine answered, as bytes, made into a result or an error. Pure but for the parser: the
 * bytes come from outside, and whatever they are, one of the two comes out. Internal to agent/mcpc.
 */
#ifndef AGENT_MCPC_ANSWER_H
#define AGENT_MCPC_ANSWER_H

#include "agent/mcpc/mcpc.h"

#define ANSWER_DEPTH_MAX 40u /* the protocol's own 32, and what is around a structured content */
#define ANSWER_NODES_MAX ((size_t)4 * 1000 * 1000)

/* One HTTP answer to the JSON-RPC request `id`. */
struct answer_http {
    int status;
    const char *content_type; /* NULL: none */
    struct str body;
    int64_t id;
};

/* Either `result`, an object, or what was said against the request. */
struct answer {
    const struct json *result;
    int status;              /* HTTP */
    int code;                /* JSON-RPC; 0: there was no JSON-RPC error */
    const char *message;     /* the engine's sentence; NULL: it said none */
    const struct json *data; /* of the error; or NULL */
    bool knows_mcp;          /* the error was JSON-RPC */
};

/* Reads the message that answers the request; of a stream of events, the one with its id. OK when
 * there is one, or when the status alone says no. ERR_UPSTREAM: not an answer in any way we know;
 * ERR_LIMIT: memory. */
MUST_CHECK struct err answer_read(struct arena *arena, const struct answer_http *http,
                                  struct answer *out);

/* The error that an answer without a result stands for (mcpc.h), with its sentence. */
MUST_CHECK struct err answer_error(struct arena *arena, const struct answer *answer);

/* The result of tools/call. ERR_UPSTREAM when it is none; ERR_UNKNOWN when it says so. */
MUST_CHECK struct err answer_call(struct arena *arena, const struct json *result,
                                  struct mcpc_result *out);

/* The text of the contents of resources/read. */
MUST_CHECK struct err answer_text(const struct json *result, struct str *text);

#endif
