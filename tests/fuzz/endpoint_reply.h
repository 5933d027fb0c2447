/* What a client hears of the endpoint: whole HTTP answers, and what must hold of each whatever was
 * asked. */
#ifndef TESTS_FUZZ_ENDPOINT_REPLY_H
#define TESTS_FUZZ_ENDPOINT_REPLY_H

#include "proto/jsonrpc.h"

struct reply {
    int status;
    struct str head, body; /* the body as it was meant: chunks are put together */
};

/* Takes the next whole answer off `rest`; false: there is none any more. What is there and is no
 * HTTP answer is a broken INVARIANT; one that is cut off is only allowed where `cut` says so. */
bool reply_take(struct arena *arena, struct str *rest, bool cut, struct reply *reply);

/* A header field of the answer; .at NULL when it is not there. */
struct str reply_field(const struct reply *reply, const char *name);

/* Every JSON-RPC message that is in it. `asked` is what was posted to /mcp or /admin, as far as it
 * was a message (kind JSONRPC_NONE: it was none); NULL: something else was asked. */
typedef void reply_message(void *ctx, const struct json *message);
void reply_judge(struct arena *arena, const struct reply *reply, const struct jsonrpc_msg *asked,
                 reply_message *fn, void *ctx);

#endif
