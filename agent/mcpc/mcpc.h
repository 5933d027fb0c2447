/* The agent's only way to the engine: an MCP client over HTTP. It speaks 2026-07-28, where every
 * request stands alone, and 2025-11-25 (with a session) to a server that does not know that. Each
 * request says who acts by an assertion that the workspace's key signs (proto/PROTOCOL.md), made
 * anew for every repetition. Nothing here judges: what the person may do is the engine's to say.
 *
 * One struct mcpc_shared a process, any thread; one struct mcpc a thread. Calls block: never on the
 * loop thread. Following what changes: agent/mcpc/listen.h.
 *
 * What is repeated, at most twice more and only within the call's time: a read, a call of a tool
 * that tools/list calls read-only, and a change whose arguments hold an `idempotency_key`. A change
 * without one goes out once; only if no connection came about is it tried again, because then
 * nothing went out.
 *
 * Errors of everything here (`msg` keeps the engine's own sentence where there is one):
 *   ERR_UPSTREAM  the engine is not there, is too busy, or failed: nothing was done (mcpc_health)
 *   ERR_UNKNOWN   it was asked and no whole answer came, or it cannot tell itself: a change may
 *                 have happened; repeat with the same idempotency_key
 *   ERR_AUTH      it does not accept the workspace's word for this actor, or not this call at all
 *   ERR_MISSING   it has no such resource, or the actor may not see it
 *   ERR_INPUT     it does not take the request as worded
 *   ERR_LIMIT     the answer is larger than reply_max, or memory ran out
 * A denial, an open approval and a call that failed are results, not errors. */
#ifndef AGENT_MCPC_MCPC_H
#define AGENT_MCPC_MCPC_H

#include "common/base/json.h"
#include "common/sys/tls.h"

struct mcpc;
struct mcpc_shared;

struct mcpc_options {
    const char *url;         /* "http://127.0.0.1:8001/mcp" */
    const char *unix_socket; /* NULL: TCP; else the engine's socket (url gives Host and path) */
    struct tls_files tls;    /* for https: fetch.h's */
    const char *client_id;   /* of people and agents; NULL: "workspace" */
    const char *key_path;    /* its private key; need not be there yet */
    const char *service_id;  /* of the agent itself; NULL: "notifier" */
    const char *service_key_path;
    const char *audience; /* NULL: ASSERTION_AUD */
    const char *version;  /* ours, told as clientInfo */
    uint32_t connect_ms;  /* 0: 2 s */
    uint32_t call_ms;     /* one exchange; 0: 30 s. A call with its repetitions: twice that */
    size_t reply_max;     /* 0: 16 MiB */
    int64_t (*clock_us)(void);
};

/* Copies the options. The key is read when it is first needed and again after the engine refused an
 * assertion, so the engine may make it (and its book) after the agent has started. */
MUST_CHECK struct err mcpc_shared_new(const struct mcpc_options *options,
                                      struct mcpc_shared **shared);
/* After the last struct mcpc. */
void mcpc_shared_free(struct mcpc_shared *shared);
CLEANUP_DEFINE(struct mcpc_shared *, mcpc_shared_free)

MUST_CHECK struct err mcpc_new(struct mcpc_shared *shared, struct mcpc **mcpc);
void mcpc_free(struct mcpc *mcpc);
CLEANUP_DEFINE(struct mcpc *, mcpc_free)

/* Who acts, by the session (never by what a browser sent). NULL or 0: not claimed. */
struct mcpc_actor {
    bool service;          /* the agent itself: signed by service_key_path's client */
    const char *sub;       /* "human:maria", "llm:chat.s-17" */
    const char *principal; /* of a human: principal_id */
    const char *obo;       /* of an llm: the principal_id it acts for */
    const char *channel;   /* "web", "slack", "chat" or "api" */
    const char *acr;
    const char **amr;
    size_t amr_n;
    int64_t auth_time;       /* seconds since 1970 */
    const char *id_token;    /* of a fresh login for one decision: goes with this one request */
    const char *model;       /* of an llm */
    const char *traceparent; /* of the request that this one serves */
};

/* The agent itself, for what nobody asked for (docs/IDENTITY.md, "The workspace's service"):
 * llm:<service_id>.service over the channel api. Its text lives as long as `shared`. */
struct mcpc_actor mcpc_service(const struct mcpc_shared *shared);

struct mcpc_result {
    bool is_error;
    /* "failed" without structured content; else the status that stands in it ("ok",
     * "pending_approval", "denied", what an escalation became), "ok" when there is none. */
    const char *status;
    const struct json *structured; /* what outputSchema promises; NULL when it failed */
    struct str text;               /* the first text of the content, as it was sent */
    /* Of a call that was recorded: its event with the proof that the signed log holds it
     * (closegate-receipt/1, docs/EVIDENCE.md), as it was sent: whoever shows it checks it. NULL
     * when the engine gave none. */
    const struct json *receipt;
    /* of "failed": */
    const char *error;      /* "input", "missing", "conflict" …: err_kind_name */
    const char *message;    /* the engine's sentence */
    const char *pointer;    /* into the arguments, or another place; or NULL */
    const char *request_id; /* the engine's, for the log; or NULL */
};

/* Calls a tool as `actor`. `args` is an object; NULL: {}. ERR_UNKNOWN also when the engine itself
 * says that the outcome is unknown. */
MUST_CHECK struct err mcpc_call(struct mcpc *mcpc, struct arena *arena,
                                const struct mcpc_actor *actor, const char *tool,
                                const struct json *args, struct mcpc_result *result);

/* What a "failed" result says, as an error of that kind, in the arena; OK for any other status. For
 * handlers that have nothing of their own to say about it. */
MUST_CHECK struct err mcpc_failure(struct arena *arena, const struct mcpc_result *result);

/* The text of a resource: JSON for every recon:// address but recon://policy's YAML. */
MUST_CHECK struct err mcpc_read(struct mcpc *mcpc, struct arena *arena,
                                const struct mcpc_actor *actor, const char *uri, struct str *text);
/* The same, parsed. */
MUST_CHECK struct err mcpc_read_json(struct mcpc *mcpc, struct arena *arena,
                                     const struct mcpc_actor *actor, const char *uri,
                                     const struct json **tree);

/* The rows of tools/list as this actor sees them (all pages), asked anew. */
MUST_CHECK struct err mcpc_tools(struct mcpc *mcpc, struct arena *arena,
                                 const struct mcpc_actor *actor, const struct json **tools);

/* GET /readyz: is the engine there and ready? Needs no actor. Keeps the health fresh. */
MUST_CHECK struct err mcpc_ready(struct mcpc *mcpc, struct arena *arena);

/* How the engine answered last, whoever asked. Any thread. */
struct mcpc_health {
    bool reachable;    /* false also before the first answer */
    int64_t since_us;  /* of this state; at first, when the struct was made */
    int64_t heard_us;  /* the last answer; 0: none yet */
    char why[200];     /* the last failure's sentence; "" while reachable */
    char version[64];  /* the engine's, when it told; "" before */
    char protocol[16]; /* "2026-07-28" or "2025-11-25"; "" before the first answer */
    int64_t comebacks; /* how often it came back: what was cached of it is then forgotten */
};
void mcpc_health(struct mcpc_shared *shared, struct mcpc_health *out);

/* The engine said that its tools changed: the next call asks for the list anew. Any thread. */
void mcpc_tools_changed(struct mcpc_shared *shared);

#endif
