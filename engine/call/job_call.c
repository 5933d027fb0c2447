/* Long work: its request before it, its end after it. The end of its workflow run and the answer
 * under its idempotency key are one transaction. A crash before that leaves no answer, and
 * repeating the work is then right: every job goes on where it stopped. */
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/log.h"
#include "engine/call/call.h"
#include "engine/call/receipt.h"
#include "engine/store/idempotency.h"
#include "engine/tools/child.h"
#include "engine/tools/run.h"

/* What the keeping call carries in its args. */
struct keeping {
    const char *scope;
    struct kept_answer answer;
};

/* Settles by itself: it records an answer, not a decision. */
static struct err keep_plan(struct call *c, struct tx *tx)
{
    const struct keeping *k = c->args;
    c->outcome = CALL_OK;
    return idempotency_keep(tx, k->scope, &k->answer);
}

static const struct tool tool_keep_answer = {
    .name = "keep_answer",
    .title = "Keep an answer",
    .summary = "Keeps the answer of long work under its idempotency key.",
    .tier = TIER_T0,
    .run = TOOL_CHANGE,
    .plan = keep_plan,
};

static struct err answer_find(struct call *c, struct job_port *port, const char *scope, bool *found)
{
    struct kept_answer kept;
    struct tx tx;
    TRY(tx_read_begin(port->reader, c->arena, port->clock_us(), &tx));
    struct err e = idempotency_find(&tx, c->arena, scope, found, &kept);
    tx_read_end(&tx);
    TRY(e);
    if (!*found)
        return OK;
    ENSURE(text_eq(kept.args_sha256, c->args_sha256), ERR_CONFLICT,
           "this idempotency_key was used with other arguments");
    c->seq = kept.seq;
    c->outcome = text_eq(kept.outcome, "denied") ? CALL_DENIED : CALL_OK;
    return json_read(c->arena, str_of(kept.result), NULL, &c->result);
}

/* ---- the request ---- */

struct call *call_open_new(struct call *c)
{
    struct call *open = ARENA_NEW(c->arena, struct call);
    if (open == NULL)
        return NULL;
    *open = *c;
    open->tool = c->tool->open;
    open->opens = true;
    return open;
}

bool call_opened(struct call *c, const struct call *open)
{
    c->verdict = open->verdict;
    c->outcome = open->outcome;
    c->result = open->result;
    c->err = open->err;
    c->seq = open->seq;
    c->receipt = open->receipt;
    c->escalation_id = open->escalation_id;
    c->actor.jti = NULL; /* spent */
    if (open->outcome != CALL_OK || open->run_id == NULL)
        return false; /* without a run: an answer that was kept */
    c->outcome = CALL_NONE;
    c->result = NULL;
    c->run_id = c->batch_id = open->run_id;
    c->caused_by = open->seq;
    return true;
}

/* ---- the end ---- */

#define END_BYTES   ((size_t)64 << 20)
#define END_CALLS   2
#define END_TRIES   3
#define ERROR_BYTES 500

/* The calls that end a job, and what they carry: in memory of their own, since a job that has used
 * up its own must end, too. */
struct ending {
    struct arena *arena;
    struct call *calls[END_CALLS];
    size_t n;
    struct run_end end;
    struct keeping keep;
};

static void ending_fini(struct ending *e)
{
    for (size_t i = 0; i < e->n; i++)
        child_free(e->calls[i]);
    arena_free(e->arena);
}

static inline void ending_fini_cleanup(struct ending *e)
{
    ending_fini(e);
}

static struct err ending_add(struct ending *e, const struct call *c, const struct tool *tool,
                             void *args)
{
    struct call *child = child_new(c, tool, "engine:jobs");
    ENSURE(child != NULL, ERR_LIMIT, "out of memory");
    child->args = args;
    child->run_id = NULL; /* it ends there */
    e->calls[e->n++] = child;
    return OK;
}

static struct err end_add(struct ending *e, struct call *c, struct err why)
{
    struct str text;
    e->end = (struct run_end){.run_id = c->run_id, .event = RUN_EVENT_FAIL};
    if (why.kind != ERR_NONE && call_cancelled(c)) {
        e->end.event = RUN_EVENT_CANCEL;
        e->end.text = "cancelled by the client";
    } else if (why.kind != ERR_NONE) {
        e->end.text = arena_fmt(e->arena, "%s%s%.*s", why.where == NULL ? "" : why.where,
                                why.where == NULL ? "" : ": ", ERROR_BYTES, why.msg);
    } else if (c->outcome == CALL_OK) {
        TRY(jcs_text(e->arena, c->result, &text));
        e->end.event = RUN_EVENT_SUCCEED;
        e->end.text = text.at;
    } else {
        e->end.text = "policy denied a part of it";
    }
    TRY(arena_check(e->arena));
    return ending_add(e, c, &tool_run_end, &e->end);
}

static struct err keep_add(struct ending *e, struct call *c, const char *scope)
{
    struct str text;
    TRY(jcs_text(e->arena, c->result, &text));
    e->keep = (struct keeping){.scope = scope,
                               .answer = {.args_sha256 = c->args_sha256,
                                          .outcome = c->outcome == CALL_DENIED ? "denied" : "ok",
                                          .result = text.at,
                                          .seq = c->seq}};
    return ending_add(e, c, &tool_keep_answer, &e->keep);
}

static struct err ending_submit(struct ending *e, struct call *c, struct job_port *port)
{
    struct err failed = OK;
    size_t recorded = 0;
    TRY(port->submit(port, e->calls, e->n));
    for (size_t i = 0; i < e->n; i++) {
        recorded += e->calls[i]->outcome != CALL_FAILED;
        if (e->calls[i]->outcome == CALL_FAILED && failed.kind == ERR_NONE)
            failed = e->calls[i]->err;
    }
    if (failed.kind == ERR_NONE)
        return OK;
    const char *msg = arena_strdup(c->arena, failed.msg); /* which goes with the ending */
    return err_new(recorded > 0 ? ERR_UNKNOWN : failed.kind, msg == NULL ? "out of memory" : msg);
}

/* `why` is OK when the work was done. */
static struct err end_try(struct call *c, struct job_port *port, const char *scope, struct err why)
{
    CLEANUP(ending_fini) struct ending e = {.arena = arena_new(END_BYTES)};
    ENSURE(e.arena != NULL, ERR_LIMIT, "out of memory");
    if (c->run_id != NULL && !c->run_over)
        TRY(end_add(&e, c, why));
    if (why.kind == ERR_NONE && scope != NULL && c->result != NULL)
        TRY(keep_add(&e, c, scope));
    return e.n == 0 ? OK : ending_submit(&e, c, port);
}

static bool may_pass(enum err_kind kind)
{
    return kind == ERR_STORE || kind == ERR_UNKNOWN || kind == ERR_LIMIT;
}

/* A disk or a heap that fails for a moment must not leave a lock behind: the end is said again. Of
 * which one try was in doubt is in doubt, whatever became of the next. */
static struct err job_end(struct call *c, struct job_port *port, const char *scope, struct err why)
{
    struct err err = end_try(c, port, scope, why);
    bool doubt = err.kind == ERR_UNKNOWN;
    for (int i = 1; i < END_TRIES && may_pass(err.kind); i++) {
        err = end_try(c, port, scope, why);
        doubt |= err.kind == ERR_UNKNOWN;
    }
    if (err.kind != ERR_NONE && doubt)
        err.kind = ERR_UNKNOWN;
    if (err.kind != ERR_NONE)
        log_error("the end of long work could not be recorded", LOG_TEXT("run", c->run_id),
                  LOG_ERR(err), LOG_END);
    return err;
}

/* A job that its caller took back before it had a run to end: the request is recorded as any call
 * that was taken back. */
static struct err take_back(struct call *c, struct job_port *port)
{
    CLEANUP(child_free) struct call *child = child_of(c, c->tool);
    ENSURE(child != NULL, ERR_LIMIT, "out of memory");
    child->cancelled = c->cancelled;
    return port->submit(port, &(struct call *){child}, 1);
}

/* The end of a job that did not do all of its work. */
static struct err job_break(struct call *c, struct job_port *port, struct err why)
{
    if (c->run_id == NULL)
        return call_cancelled(c) ? take_back(c, port) : OK;
    return job_end(c, port, NULL, why);
}

void call_job_refuse(struct call *c, struct job_port *port, struct err why)
{
    struct err e = job_break(c, port, why);
    (void)e; /* it is logged, and the next start of the engine sweeps the run */
}

/* ---- the job ---- */

/* *go is false when the call has its outcome already. */
static struct err job_open(struct call *c, struct job_port *port, bool *go)
{
    struct call *open = call_open_new(c);
    ENSURE(open != NULL, ERR_LIMIT, "out of memory");
    TRY(port->submit(port, &open, 1));
    *go = call_opened(c, open);
    return c->outcome == CALL_FAILED ? c->err : OK;
}

static struct err key_look_up(struct call *c, struct job_port *port, const char *scope, bool *go)
{
    bool found = false;
    if (scope != NULL)
        TRY(answer_find(c, port, scope, &found));
    *go = !found;
    return OK;
}

static struct err job_begin(struct call *c, struct job_port *port, const char **scope, bool *go)
{
    *scope = NULL;
    *go = true;
    if (c->idempotency_key != NULL)
        TRY(idempotency_scope(c->arena, c->actor.id, c->actor.client, c->tool->name,
                              c->idempotency_key, scope));
    if (c->tool->open == NULL)
        return key_look_up(c, port, *scope, go);
    return c->run_id == NULL ? job_open(c, port, go) : OK;
}

static struct err job_run(struct call *c, struct job_port *port)
{
    const char *scope;
    bool go;
    struct err e = job_begin(c, port, &scope, &go);
    if (e.kind != ERR_NONE && c->run_id != NULL) {
        struct err ended = job_break(c, port, e);
        (void)ended; /* it is logged */
    }
    TRY(e);
    if (!go)
        return arena_check(c->arena);
    e = c->tool->job(c, port);
    if (e.kind == ERR_NONE)
        e = arena_check(c->arena); /* or half a result would be kept */
    if (e.kind == ERR_NONE && c->outcome == CALL_NONE)
        c->outcome = CALL_OK;
    struct err ended = e.kind == ERR_NONE ? job_end(c, port, scope, e) : job_break(c, port, e);
    TRY(e);
    return ended;
}

struct err call_job(struct call *c, struct job_port *port)
{
    TRY(job_run(c, port));
    receipt_of_job(c, port);
    ENSURE(!arena_full(c->arena), ERR_UNKNOWN,
           "the work ended, but the answer is lost: repeat the call with the same idempotency_key");
    return OK;
}
