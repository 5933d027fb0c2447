/* What the files of the engine's host share. Internal. */
#ifndef ENGINE_MCP_ENGINE_OWN_H
#define ENGINE_MCP_ENGINE_OWN_H

#include "engine/auth/prover.h"
#include "engine/mcp/engine_host.h"
#include "engine/mcp/exchange.h"
#include "engine/mcp/reply.h"
#include "engine/store/escalations.h"

struct feed;

struct engine_host {
    struct mcp_host serves;
    struct engine_host_options options;
    const struct policy *policy;
    const struct sweeper *sweeper;
    const struct feeder *feeder;
    int64_t started_us;
    struct feed *feed; /* NULL: nobody is told of changes */
};

/* A request's notes: who calls, and what the spine is doing for it. */
struct engine_req {
    struct engine_host *host;
    struct auth_check *check;
    struct asker asker; /* while nobody knows who it is */
    struct proof proof; /* of an access token that was not seen before */
    struct auth_result who;
    struct call call; /* of tools/call, resources/read and what is read for a task */
    const struct resource *resource;
    const char *uri, *resource_id, *task_id;
    struct json *answer;
    const struct receipt *receipt; /* of a call that waits, while its task is looked up */
    atomic_bool cancelled;         /* tools/call: the client takes it back */
    int64_t progress;              /* what it was told last */
};

struct engine_host *host_of(const struct mcp_req *r);
/* Reads for the caller, when it is their turn. */
MUST_CHECK struct err engine_read(struct mcp_req *r, spine_read_fn *fn, spine_read_done *done);
struct engine_req *engine_req(const struct mcp_req *r);
/* Fills the call's edge part: actor, policy, request id. */
void engine_call_init(struct mcp_req *r);
/* Whether the caller may call it through this door. */
bool engine_offers(const struct mcp_req *r, const struct tool *tool);

/* ---- engine_auth.c ---- */
void engine_authenticate(struct mcp_req *r);
/* Whether the caller's access token is good for this; false: answered with 403 and a challenge. */
bool engine_may(struct mcp_req *r, enum access_scope scope);
void engine_resource_metadata(struct mcp *mcp, struct web_req *web);

/* ---- engine_prompts.c ---- */
struct err engine_prompts_list(struct mcp_req *r, size_t from, struct json *rows, size_t *next);
void engine_prompts_get(struct mcp_req *r, const char *name, const struct json *arguments);
void engine_complete(struct mcp_req *r, const struct json *ref, const char *argument,
                     const char *value);

/* ---- engine_metrics.c ---- */
void engine_metrics(struct mcp *mcp, struct web_req *web);

/* ---- engine_tlog.c ---- */
void engine_tlog(struct mcp *mcp, struct web_req *web);

/* ---- engine_tasks.c: what waits for a human, by the protocol's own means ---- */
/* Answers a tools/call whose outcome is CALL_PENDING. */
void engine_pending(struct mcp_req *r, const struct call *call);
/* Answers the second round of one that was pending. True: it was one, and is answered. */
bool engine_pending_again(struct mcp_req *r);
void engine_task_get(struct mcp_req *r, const char *id);
void engine_task_update(struct mcp_req *r, const char *id, const struct json *responses);
void engine_task_cancel(struct mcp_req *r, const char *id);
/* For those who listen: the task as tasks/get answers it, and whose it is. ERR_MISSING when there
 * is none. */
MUST_CHECK struct err engine_task_load(struct tx *tx, struct arena *arena, const char *id,
                                       struct json **task, struct party **parties, size_t *n);
/* Whoever asked: this actor, or the person it is or acts for. */
bool engine_is_party(const struct actor *a, const struct party *parties, size_t n);

/* ---- engine_feed.c: who is told of what changed in the book ---- */
MUST_CHECK struct err feed_new(struct engine_host *host, struct loop *loop, struct mcp *mcp,
                               struct feed **feed);
void feed_free(struct feed *feed);
/* Whether changes of `uri` are ever told. */
bool feed_tells(const char *uri);
/* The scopes of mcp_host. */
void *feed_scope_new(struct mcp_req *r);
void feed_scope_free(void *scope);
bool feed_scope_sees(const void *scope, const void *change);

#endif
