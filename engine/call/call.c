/* The spine: bind, plan, gate, act or escalate or refuse, audit. The facts judged, the effect and
 * the audit row stand or fall together (DESIGN §2). */
#include "engine/call/call.h"

#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/call/escalate.h"
#include "engine/call/measure.h"
#include "engine/call/receipt.h"
#include "engine/store/escalations.h"
#include "engine/store/idempotency.h"
#include "engine/tools/run.h"
#include "engine/tools/settle.h"

/* ---- binding ---- */

#define KEY_MAX 200

/* Takes idempotency_key out of the arguments: it names the call, it is not part of it. */
static struct err key_take(struct call *c, const struct json *arguments, struct json **rest)
{
    *rest = json_object_new(c->arena);
    if (arguments == NULL)
        return arena_check(c->arena);
    ENSURE(json_is(arguments, JSON_TYPE_OBJECT), ERR_INPUT, "arguments: expected an object");
    for (size_t i = 0; i < arguments->count; i++) {
        const struct json_member *m = &arguments->members[i];
        if (!str_is(m->key, "idempotency_key") || c->tool->run == TOOL_READ) {
            (void)json_add(c->arena, *rest, m->key, m->value);
            continue;
        }
        c->idempotency_key = json_text(m->value);
        if (text_empty(c->idempotency_key) || strlen(c->idempotency_key) > KEY_MAX)
            return err_at(ERR_INPUT, "/idempotency_key", "expected a text of 1 to 200 bytes");
    }
    return arena_check(c->arena);
}

struct err call_bind(struct call *c, const struct json *arguments)
{
    struct json *rest;
    struct str canonical;
    char hex[SHA256_HEX_SIZE];
    TRY(key_take(c, arguments, &rest));
    c->args_tree = rest;
    c->args = arena_alloc(c->arena, c->tool->args_size == 0 ? 1 : c->tool->args_size);
    ENSURE(c->args != NULL, ERR_LIMIT, "out of memory");
    TRY(json_bind(c->arena, c->tool->fields, c->tool->fields_n, rest, c->args));
    TRY(jcs_text(c->arena, rest, &canonical));
    sha256_hex(canonical.at, canonical.len, hex);
    c->args_sha256 = arena_strdup(c->arena, hex);
    c->rationale = json_get_text(rest, "rationale");
    if (!text_empty(c->rationale) && text_blank(c->rationale))
        return err_at(ERR_INPUT, "/rationale", "nothing is said: give a reason, or leave it out");
    if (c->rationale_author == NULL)
        c->rationale_author = c->actor.kind == ACTOR_HUMAN ? "human"
                              : c->actor.kind == ACTOR_LLM ? "model"
                                                           : "template";
    return arena_check(c->arena);
}

/* ---- kept answers ---- */

/* The state of now, for a call that was pending when its answer was kept. */
static struct err pending_now(struct call *c, struct tx *tx, const char *escalation_id)
{
    struct escalation e;
    TRY(escalation_load(tx, c->arena, escalation_id, &e));
    c->escalation_id = e.escalation_id;
    c->outcome = escalation_is_open(e.state) ? CALL_PENDING : CALL_OK;
    c->result = settled_outcome(c->arena, &e);
    json_put_int(c->arena, c->result, "seq", c->seq);
    return arena_check(c->arena);
}

static struct err kept_answer(struct call *c, struct tx *tx, const char *scope, bool *found)
{
    struct kept_answer kept;
    TRY(idempotency_find(tx, c->arena, scope, found, &kept));
    if (!*found)
        return OK;
    ENSURE(text_eq(kept.args_sha256, c->args_sha256), ERR_CONFLICT,
           "this idempotency_key was used with other arguments");
    c->seq = kept.seq;
    if (text_eq(kept.outcome, "pending") && kept.escalation_id != NULL)
        return pending_now(c, tx, kept.escalation_id);
    c->outcome = text_eq(kept.outcome, "ok")       ? CALL_OK
                 : text_eq(kept.outcome, "denied") ? CALL_DENIED
                                                   : CALL_PENDING;
    return json_read(c->arena, str_of(kept.result), NULL, &c->result);
}

static struct err answer_keep(struct call *c, struct tx *tx, const char *scope)
{
    static const char *const names[] = {"", "ok", "pending", "denied", ""};
    struct str text;
    TRY(jcs_text(c->arena, c->result, &text));
    const struct kept_answer kept = {.args_sha256 = c->args_sha256,
                                     .outcome = names[c->outcome],
                                     .result = text.at,
                                     .escalation_id = c->escalation_id,
                                     .seq = c->seq};
    return idempotency_keep(tx, scope, &kept);
}

/* ---- the act ---- */

static struct err event_of(struct call *c, struct tx *tx, const char *type)
{
    const char *const signers[] = {c->actor.principal};
    bool allowed = c->verdict.ruling == RULING_ALLOW;
    const struct event event = {
        .type = type,
        .actor = &c->actor,
        .tool = c->tool->name,
        .ask = &c->ask,
        .verdict = &c->verdict,
        .policy_version = c->policy->digest,
        .object_type = c->object_type,
        .object_id = c->object_id,
        .object_version = c->ask.object_version,
        .state_from = c->state_from,
        .state_to = allowed ? c->state_to : NULL,
        .match_id = c->match_id,
        .entity_id = c->entity_id,
        .escalation_id = c->escalation_id,
        .batch_id = c->batch_id,
        .request_id = c->request_id,
        .source = c->ask.source == SOURCE_NONE ? NULL : source_name(c->ask.source),
        .args_sha256 = c->args_sha256,
        .rationale = c->rationale,
        .rationale_author = c->rationale == NULL ? NULL : c->rationale_author,
        .opened_at = c->opened_at,
        .evidence_opened = c->evidence_opened,
        .evidence_opened_n = c->evidence_opened_n,
        .signers = signers,
        .signers_n = allowed && c->actor.principal != NULL ? 1 : 0,
        .caused_by = c->caused_by,
        .detail = c->detail,
    };
    return audit_append(tx, &event);
}

static struct err act(struct call *c, struct tx *tx, const char **event_type)
{
    switch (c->verdict.ruling) {
    case RULING_ALLOW:
        TRY(c->tool->apply(c, tx));
        *event_type = c->event_type == NULL ? "OK" : c->event_type;
        c->outcome = CALL_OK;
        if (json_get(c->result, "status") == NULL)
            json_put_text(c->arena, c->result, "status", "ok");
        return OK;
    case RULING_HUMAN:
        c->outcome = CALL_PENDING;
        if (c->tool->wait != NULL)
            TRY(c->tool->wait(c, tx));
        return escalate(c, tx, event_type);
    case RULING_DENY:
        *event_type = "POLICY_VIOLATION";
        c->outcome = CALL_DENIED;
        c->result = refusal_print(c, "denied");
        return OK;
    }
    return err_new(ERR_BUG, "a verdict without a ruling");
}

/* Who asks, read now: a principal or client that was disabled since the request came in hears
 * nothing more, not even a kept answer. */
static struct err ask_begin(struct call *c, struct tx *tx)
{
    c->ask = (struct ask){.action = c->tool->action,
                          .tier = c->tool->tier,
                          .change = true,
                          .prod = c->prod,
                          .has_rationale = !text_empty(c->rationale)};
    TRY(actor_facts(tx, c->arena, &c->actor, c->tool->name, &c->ask));
    return c->asker == NULL ? OK : asker_facts(tx, c->asker, c->asker_tool, &c->ask);
}

static struct err judge(struct call *c, struct tx *tx)
{
    int64_t since = metric_now_us();
    TRY(c->tool->plan(c, tx));
    since = measure_step(STEP_PLAN, since);
    if (c->outcome != CALL_NONE)
        return OK; /* what ends the work of somebody disabled is still recorded */
    if (c->asker != NULL)
        TRY(asker_stands(tx, c->asker));
    c->verdict = gate_decide(c->policy, &c->ask);
    (void)measure_step(STEP_GATE, since);
    return OK;
}

struct err call_judge(struct call *c, struct tx *tx)
{
    TRY(ask_begin(c, tx));
    return judge(c, tx);
}

static struct err decide(struct call *c, struct tx *tx)
{
    const char *event_type = NULL;
    TRY(judge(c, tx));
    if (c->outcome != CALL_NONE)
        return OK; /* the plan found it settled: nothing asked, nothing changed */
    int64_t since = metric_now_us();
    TRY(act(c, tx, &event_type));
    since = measure_step(STEP_APPLY, since);
    TRY(event_of(c, tx, event_type));
    (void)measure_step(STEP_RECORD, since);
    c->seq = tx->event_seq;
    json_put_int(c->arena, c->result, "seq", c->seq);
    TRY(receipt_begin(c, tx));
    if (c->then != NULL)
        TRY(c->then(c, tx, c->then_arg));
    return arena_check(c->arena);
}

/* Taken back while it waited: that it was asked is recorded, and that nothing came of it. */
static struct err take_back(struct call *c, struct tx *tx)
{
    const struct event event = {
        .type = "CANCELLED",
        .actor = &c->actor,
        .tool = c->tool->name,
        .policy_version = c->policy->digest,
        .request_id = c->request_id,
        .args_sha256 = c->args_sha256,
        .caused_by = c->caused_by,
    };
    TRY(audit_append(tx, &event));
    c->seq = tx->event_seq;
    c->outcome = CALL_FAILED;
    c->err = err_new(ERR_CONFLICT, "cancelled by the client");
    return OK;
}

struct err call_run(struct call *c, struct tx *tx)
{
    const char *scope = NULL;
    bool kept = false;
    if (c->actor.jti != NULL)
        TRY(jti_spend(tx, c->actor.jti, c->actor.jti_expires_us));
    TRY(ask_begin(c, tx));
    if (c->idempotency_key != NULL) {
        TRY(idempotency_scope(c->arena, c->actor.id, c->actor.client, c->tool->name,
                              c->idempotency_key, &scope));
        TRY(kept_answer(c, tx, scope, &kept));
    }
    if (kept)
        return OK;
    if (call_cancelled(c))
        return take_back(c, tx);
    TRY(run_is_live(c, tx));
    TRY(decide(c, tx));
    if (c->seq != 0 && c->ask.login_bound && c->verdict.ruling != RULING_DENY)
        TRY(login_spend(tx, c->arena, c->actor.login));
    if (scope == NULL || c->seq == 0 || (c->opens && c->outcome == CALL_OK) || c->parts_n > 0)
        return OK;
    return answer_keep(c, tx, scope);
}

struct err call_keep(struct call *c, struct tx *tx)
{
    const char *scope;
    TRY(arena_check(c->arena));
    if (c->idempotency_key == NULL)
        return OK;
    TRY(idempotency_scope(c->arena, c->actor.id, c->actor.client, c->tool->name, c->idempotency_key,
                          &scope));
    return answer_keep(c, tx, scope);
}
