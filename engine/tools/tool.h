/* A tool is one file and one row: its arguments (a field table that parses them and prints the
 * schema), what it plans and what it does. `plan` reads the facts and fills the ask; the gate
 * decides; `apply` acts. Reads have `read` instead, and never ask the gate. */
#ifndef ENGINE_TOOLS_TOOL_H
#define ENGINE_TOOLS_TOOL_H

#include <stdatomic.h>

#include "engine/gate/gate.h"
#include "engine/store/actors.h"
#include "engine/store/audit.h"
#include "engine/store/store.h"

struct call;
struct job_port;
struct receipt;

enum tool_run {
    TOOL_CHANGE, /* plan, gate, apply, audit: on the writer */
    TOOL_READ,   /* read: on a reader's snapshot */
    TOOL_JOB,    /* job: long work on a thread of its own that submits changes in chunks */
};

/* Where a tool may be called. */
enum tool_offer {
    OFFER_MCP = 1,       /* /mcp, listed by tools/list */
    OFFER_SOCKET = 2,    /* the engine's Unix socket and the command line: administration */
    OFFER_WORKSPACE = 4, /* /mcp, to people whom the workspace speaks for: the same, on screens */
    OFFER_SERVICE = 8,   /* /mcp, to services only */
};

struct tool {
    const char *name, *title, *summary;
    enum tier tier;
    enum action action;
    enum tool_run run;
    unsigned offer;
    bool destructive,
        idempotent; /* MCP annotations; readOnly is run == TOOL_READ; never openWorld */
    const struct json_field *fields; /* of `args_size` bytes at call->args */
    size_t fields_n, args_size;
    const struct json_field *result; /* the shape of a successful result: outputSchema */
    size_t result_n;
    bool when_held;   /* runs also while changes are held up (spine_hold) */
    bool result_open; /* the result may be that of another tool, which this one ran */
    /* May settle the call by itself (outcome and result set): then nothing is asked or recorded. */
    struct err (*plan)(struct call *c, struct tx *tx);
    struct err (*apply)(struct call *c, struct tx *tx);
    /* What is written down when the call begins to wait for a human; NULL: nothing but that. */
    struct err (*wait)(struct call *c, struct tx *tx);
    struct err (*read)(struct call *c, struct tx *tx);
    struct err (*job)(struct call *c, struct job_port *port);
    /* Of a job: the same arguments as a TOOL_CHANGE of the same name, run before the job waits for
     * its turn; it asks the gate and begins the workflow run. NULL: the job's chunks ask. */
    const struct tool *open;
};

enum call_outcome {
    CALL_NONE = 0, /* not run yet */
    CALL_OK,
    CALL_PENDING, /* policy reserves it for a human; escalation_id says where it waits */
    CALL_DENIED,
    CALL_FAILED, /* err says why; nothing was done (ERR_UNKNOWN: it is not known) */
};

/* One request on its way down the spine. Made by the edge, owned by whoever submitted it. */
struct call {
    struct arena *arena; /* everything below lives here */
    const struct tool *tool;
    struct actor actor;
    /* Who asked for the work that this call is a part of, and by which tool: once they are frozen
     * or disabled nothing comes of it any more, though the engine's hands do it. NULL: nobody but
     * the actor. */
    const struct actor *asker;
    const char *asker_tool;
    const struct json *args_tree; /* as bound; without idempotency_key */
    void *args;                   /* the tool's struct */
    const char *args_sha256;      /* of the canonical arguments */
    const char *idempotency_key, *rationale;
    const char *rationale_author; /* human, template, model */
    const char *opened_at;        /* when the human opened what they decide, as their screen says */
    const char *const *evidence_opened; /* and what they looked at */
    size_t evidence_opened_n;
    const char *request_id, *batch_id;
    const struct policy *policy; /* in force when the call was admitted */
    bool prod;
    int64_t caused_by;     /* seq of the event this call follows from */
    const char *run_id;    /* the workflow run this call belongs to; NULL when to none */
    bool run_over;         /* its end is recorded */
    int64_t clock_jump_us; /* set by the writer while a jump of its clock stops commits */
    int64_t until_seq;     /* a read of the log's tells of events up to this one; 0: of all */
    bool opens;            /* a job's request: the answer to keep is the job's */

    /* the plan's */
    struct ask ask;
    const char *object_type, *object_id, *match_id, *entity_id;
    const char *state_from, *state_to;
    const struct json *bound; /* facts a human will see beside the ask's (legs, evidence) */
    /* Makes `bound` when somebody asks for it (call_bound): most calls need no human. */
    const struct json *(*bound_make)(struct arena *arena, const void *bound_of);
    const void *bound_of;
    const char *escalation_id; /* the one this call settles, or opened */
    void *planned;             /* the tool's own notes from plan to apply */
    const char *event_type;    /* what to record when allowed; NULL: OK */
    const struct json *detail; /* for the event */
    /* Set by apply: what follows the call's own event, in the same transaction. */
    struct err (*then)(struct call *c, struct tx *tx, void *then_arg);
    void *then_arg;
    bool policy_loaded; /* another policy is in force once this is committed */
    /* Set by apply: calls that this one consists of. The group runs each behind this call's own
     * event, in a savepoint and with an event of its own, whatever became of the others; the answer
     * is kept after the last. part_make: NULL when there is no memory. part_take: what became of
     * it, which goes into the answer; frees it (NULL: it was not made). */
    size_t parts_n;
    struct call *(*part_make)(struct call *c, size_t i);
    void (*part_take)(struct call *c, size_t i, struct call *part);

    /* the answer */
    struct verdict verdict;
    enum call_outcome outcome;
    struct json *result; /* OK: the tool's; PENDING and DENIED: what the caller may know */
    struct err err;
    int64_t seq; /* of the event that recorded it */
    /* Whoever is answered gets a receipt of that event; set by the edge. Made after the commit;
     * NULL: nobody signs, or it is not the caller's to read. */
    bool wants_receipt;
    struct receipt *receipt;

    /* the edge's */
    void *edge;
    int64_t received_us;
    const atomic_bool *cancelled; /* true: the caller does not want it any more. NULL: never */
    /* How far long work has come, on the loop thread while it is under way; total < 0: not known.
     * NULL: nobody asks. */
    void (*progress)(struct call *c, int64_t done, int64_t total);
};

/* The long work's way back to the writer: submits calls as one batch and waits until all are
 * durable (or failed). Reads use the job's own reader. */
struct job_port {
    struct store *reader;
    struct err (*submit)(struct job_port *port, struct call **calls, size_t n);
    bool (*cancelled)(struct job_port *port);
    int64_t (*clock_us)(void);
    /* At most 256 calls in two steps, so that the job can go on while the writer works: one batch
     * is under way at a time, and it is the writer's until finish has returned. NULL, both: submit
     * does (child.h). */
    struct err (*begin)(struct job_port *port, struct call **calls, size_t n);
    struct err (*finish)(struct job_port *port);
    /* How far the job has come, as often as it likes; `done` must rise. NULL: nobody listens. */
    void (*progress)(struct job_port *port, int64_t done, int64_t total);
};

/* Whether the caller took it back. What already ran stands. */
static inline bool call_cancelled(const struct call *c)
{
    return c->cancelled != NULL && atomic_load(c->cancelled);
}

/* Every tool, in the published order. */
extern const struct tool *const tools[];
extern const size_t tools_n;
const struct tool *tool_find(const char *name); /* NULL when there is none */

/* What a decision by this tool is under this policy: its own tier, but that another policy is T3 in
 * prod where the policy says so. */
enum tier tool_tier(const struct tool *tool, const struct policy *policy, bool prod);

/* Housekeeping (engine/tools/sweeps.c): tools of run TOOL_CHANGE and without an offer, so that only
 * the engine calls them. Each takes no arguments, handles a bounded number of rows, settles itself
 * in its plan when there is nothing to do (outcome CALL_OK: nothing is recorded), and says
 * `more: true` in its result when rows are left. engine/call/sweeper.h submits them. Ended by NULL.
 */
extern const struct tool *const sweeps[];

/* A resource: read like a T0 tool. `uri` may end in "{id}"; what stands there is passed on. */
struct resource {
    const char *uri, *name, *title, *description, *mime;
    struct err (*read)(struct call *c, struct tx *tx, const char *id);
};
extern const struct resource resources[];
extern const size_t resources_n;
/* Whether recon://feed tells of an event that names an escalation. tool may be NULL. */
bool feed_tells_event(const char *type, const char *tool);

#endif
