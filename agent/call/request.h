/* One request of a browser or a chat app, on a worker thread. A handler reads downward: what was
 * asked, what the engine says to it, the reply. All of it lives in `arena` and leaves together. A
 * handler that returns an error has not replied: reply_failure words it. */
#ifndef AGENT_CALL_REQUEST_H
#define AGENT_CALL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/mcpc/mcpc.h"
#include "agent/store/sessions.h"
#include "common/base/json.h"
#include "common/sys/agent_config.h"
#include "common/sys/http_reply.h"
#include "common/sys/http_req.h"
#include "common/sys/web.h"

#define REPLY_PAIRS_MAX 12

struct reply {
    int status; /* 0: not replied */
    const char *content_type;
    struct str body; /* in the request's arena, or static */
    struct http_pair pairs[REPLY_PAIRS_MAX];
    size_t pairs_n;
};

/* What the workers share; set once at start, read by all. Topics: agent/call/topic.h. */
struct agent {
    const struct agent_config *config;
    struct mcpc_shared *engine;
    void (*tell)(void *ctx, unsigned topics); /* to every browser that listens; any thread */
    /* somebody's session has ended, so that their streams do; NULL: whose is not known; any thread
     */
    void (*hang_up)(void *ctx, const char *principal_id);
    void *tell_ctx;        /* of both */
    struct signin *signin; /* agent/oidc */
    struct seals *seals;   /* agent/call/seals.h */
    struct notify *notify; /* agent/notify; NULL when nothing is configured */
    struct llm *llm;       /* agent/llm; NULL when no model is configured */
    int64_t started_us;
};

struct request {
    struct arena *arena;
    const struct agent *agent;
    const struct agent_config *config; /* agent->config */
    struct agent_db *db;               /* this worker's */
    struct mcpc *mcpc;                 /* this worker's client of the engine */
    const struct http_req *http;
    const struct web_peer *peer;
    const char *id;    /* of the request, 16 hex digits */
    const char *trace; /* of a well-formed traceparent, or NULL */
    struct str rest;   /* of the path, behind the route's '*' */
    int64_t now_us;
    bool signed_in;
    struct session session; /* when signed_in */
    struct reply reply;
    bool looks_on; /* of the route: see LOOKS_ON */
    bool live; /* answered with a stream of what changes, by the loop thread (agent/web/live.h) */
    /* Or with a stream of its own: called on the loop thread instead of a reply, and `web` is then
     * its to end. While stopping, and after a reply, it is not called. */
    void (*stream)(struct request *r, struct web_req *web);
    const void *stream_of; /* what it is a stream of, in the arena */
};

typedef struct err request_fn(struct request *r);

enum {
    NEEDS_NOTHING = 0,
    NEEDS_SESSION = 1, /* 401 without one */
    NEEDS_CSRF = 2, /* X-CSRF-Token is the session's, Origin is ours: every change by a browser */
    LOOKS_ON = 4,   /* a page asks this by itself: it does not count as use of the session */
    NO_ENGINE = 8,  /* from agent.db alone: never waits behind requests that wait for the engine */
};

/* Paths as in struct web_route: one that ends in '*' fits every path that begins so. */
struct route {
    unsigned methods; /* sum of enum http_method */
    const char *path;
    size_t body_max;
    unsigned needs;
    request_fn *fn;
};

struct routes {
    const struct route *rows;
    size_t n;
};

/* ---- what was asked ---- */

/* The JSON body by a field table. ERR_INPUT with a JSON pointer; 415 is the server's. Call as
 * TRY(request_body(r, JSON_FIELDS(fields), &args)). */
MUST_CHECK struct err request_body(struct request *r, const struct json_field *fields, size_t n,
                                   void *out);
/* The query `a=1&b=x%20y` by a field table: TEXT, INT, BOOL, ENUM and DECIMAL rows; a parameter
 * that is unknown, given twice or empty where it must not be is ERR_INPUT, `where` "/name". */
MUST_CHECK struct err request_query(struct request *r, const struct json_field *fields, size_t n,
                                    void *out);
/* A cookie's value, in the arena; NULL when it is not there or there twice. */
const char *request_cookie(struct request *r, const char *name);

/* Who asks, to the engine: the signed-in person, on the web. */
struct mcpc_actor request_actor(const struct request *r);
/* A resource as that person. */
MUST_CHECK struct err request_read(struct request *r, const char *uri, const struct json **tree);
/* A tool's call as that person, replied as reply_result does. */
MUST_CHECK struct err request_call(struct request *r, const char *tool,
                                   const struct json *arguments);

/* ---- what is replied ---- */

void reply_json(struct request *r, int status, const struct json *tree);
/* JSON text that is known to be good. */
void reply_raw(struct request *r, int status, struct str json);
void reply_text(struct request *r, int status, const char *content_type, struct str body);
void reply_redirect(struct request *r, const char *url); /* 303 */
void reply_pair(struct request *r, const char *name, const char *value);
/* `__Host-` cookies: Secure, HttpOnly, Path=/, SameSite=Lax; max_age_s < 0: for the browser's
 * session, 0: gone. */
void reply_cookie(struct request *r, const char *name, const char *value, int64_t max_age_s);

/* {"error", "message", "pointer"?, "request_id"}: `message` is a sentence for people. */
void reply_error(struct request *r, int status, const char *error, const char *message,
                 const char *pointer);
/* What a handler could not do, in the usual words and status. */
void reply_failure(struct request *r, struct err e);

/* An engine tool's answer as the workspace's API gives it: 200 done, 202 waits for a person, 403
 * denied, 409 stale or settled by somebody else or a conflict, 422 arguments, 404 missing; the body
 * is the structured result, with the engine's receipt as `receipt` when it gave one, or for a
 * failure
 * {"error", "message", "pointer"}. */
void reply_result(struct request *r, const struct mcpc_result *result);

#endif
