/* Long work under an idempotency key: the answer is looked up before the work and kept after it, in
 * a transaction of its own. A crash in between leaves no answer, and repeating the work is then
 * right: every job goes on where it stopped. */
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/call/call.h"
#include "engine/store/idempotency.h"
#include "engine/tools/child.h"

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

static struct err answer_keep(struct call *c, struct job_port *port, const char *scope)
{
    CLEANUP(child_free) struct call *keep = child_new(c, &tool_keep_answer, "engine:jobs");
    struct str text;
    ENSURE(keep != NULL, ERR_LIMIT, "out of memory");
    TRY(jcs_text(c->arena, c->result, &text));
    struct keeping k = {.scope = scope,
                        .answer = {.args_sha256 = c->args_sha256,
                                   .outcome = c->outcome == CALL_DENIED ? "denied" : "ok",
                                   .result = text.at,
                                   .seq = c->seq}};
    keep->args = &k;
    return child_run(port, keep, c->arena);
}

struct err call_job(struct call *c, struct job_port *port)
{
    const char *scope = NULL;
    bool found = false;
    if (c->idempotency_key != NULL) {
        TRY(idempotency_scope(c->arena, c->actor.id, c->actor.client, c->tool->name,
                              c->idempotency_key, &scope));
        TRY(answer_find(c, port, scope, &found));
    }
    if (found)
        return arena_check(c->arena);
    TRY(c->tool->job(c, port));
    if (c->outcome == CALL_NONE)
        c->outcome = CALL_OK;
    if (scope != NULL && c->result != NULL)
        TRY(answer_keep(c, port, scope));
    return arena_check(c->arena);
}
