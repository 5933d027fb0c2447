/* One request on its way: what a host may know of it, and how it is answered. Valid until it is
 * answered. */
#ifndef ENGINE_MCP_EXCHANGE_H
#define ENGINE_MCP_EXCHANGE_H

#include <sys/queue.h>

#include "common/sys/web.h"
#include "engine/mcp/era.h"
#include "engine/mcp/host.h"
#include "proto/jsonrpc.h"

struct mcp;
struct session;
struct stream;

struct mcp_req {
    struct mcp *mcp;
    struct web_req *web; /* NULL: the client left */
    struct arena *arena; /* the request lives in it */
    bool admin;          /* through /admin */
    struct jsonrpc_msg msg;
    struct era_found era;
    const struct http_pair *fields; /* of the answer, whatever it is; the host's */
    size_t fields_n;
    int64_t until_us;        /* when what the caller showed ends, and streams with it; 0: never */
    const char *owner;       /* who calls, for what outlives the request; set by the host */
    struct session *session; /* legacy, when one was named */
    struct stream *stream;   /* of the session, once the answer is a stream */
    bool streaming;          /* the answer is a stream of events */
    bool deaf;               /* the answer is not wanted any more */
    bool left;               /* the client closed its side */
    void (*on_cancel)(struct mcp_req *r); /* at most once: the client does not want it any more */
    void *host;                           /* the host's own notes */
    const struct json *state;             /* what req_input_required sealed, or NULL */
    char request_id[40];                  /* the trace's id, or the connection's */
    uint8_t caller[16];                   /* whose it is, once req_admit has counted it */
    bool counted;
    int64_t retry_after_s; /* of a refusal; 0: a second */
    TAILQ_ENTRY(mcp_req) link;
};

/* ---- who calls ---- */
void req_known(struct mcp_req *r); /* goes on with the message */
void req_refuse(struct mcp_req *r, int status, const char *why);
/* Counts the request as one of the caller whom these 16 bytes name, until its end; before
 * req_known. False: that caller asks too often, or for too much at a time, and was told so (429,
 * Retry-After).
 */
bool req_admit(struct mcp_req *r, const uint8_t caller[16]);

/* ---- what the client can do, by its own word (of this request, or of the session) ---- */
bool req_client_can(const struct mcp_req *r, const char *capability, const char *mode);
bool req_client_extension(const struct mcp_req *r, const char *name);

/* ---- on the way ---- */
bool req_wants_progress(const struct mcp_req *r);
/* notifications/progress, when the request asked for it; values must rise. `total` < 0: not known.
 */
void req_progress(struct mcp_req *r, int64_t progress, int64_t total, const char *message);
/* notifications/message, when the client wants this level. */
void req_log(struct mcp_req *r, const char *level, const char *logger, const struct json *data);
/* Legacy with a session: asks the client something in the middle of the call; `answer` gets its
 * result, or NULL when it refused, cannot, or left. False: it cannot be asked (then nothing is
 * called). */
typedef void req_answer(struct mcp_req *r, const struct json *result);
bool req_ask(struct mcp_req *r, const char *method, const struct json *params, req_answer *answer);
/* Legacy with a session: lets the connection go in the middle; the client comes back for the rest.
 */
void req_let_go(struct mcp_req *r, int64_t retry_ms);

/* ---- the end; the request is gone afterwards ---- */
void req_result(struct mcp_req *r, struct json *result); /* completed for the era */
void req_cacheable(struct mcp_req *r, struct json *result, int64_t ttl_ms);
void req_fault(struct mcp_req *r, struct jsonrpc_fault fault);
void req_accepted(struct mcp_req *r); /* 202, no body */
/* Modern: the call needs more from the client. `state` comes back as r->state, sealed meanwhile. */
void req_input_required(struct mcp_req *r, struct json *requests, const struct json *state);
/* The client's answer under this key, or NULL. */
const struct json *req_input(const struct mcp_req *r, const char *key);
/* Modern: -32021 naming what the client would have to declare. */
void req_needs(struct mcp_req *r, const char *capability, const char *extension);

#endif
