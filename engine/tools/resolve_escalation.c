/* resolve_escalation: a human's answer to what policy reserved for a human. Confirming runs the
 * bound call as that human, through the gate again; rejecting a confirmation rejects the match.
 * What was bound must be what happens: whatever differs from it today ends the escalation as STALE,
 * and the answer shows the difference (DESIGN §6). Asking back and answering decide nothing. */
#include <string.h>

#include "common/base/civil.h"
#include "common/sys/json_read.h"
#include "engine/store/escalation_life.h"
#include "engine/tools/answer_facts.h"
#include "engine/tools/binding.h"
#include "engine/tools/match_facts.h"
#include "engine/tools/review.h"
#include "engine/tools/scope.h"
#include "engine/tools/settle.h"
#include "engine/tools/transition.h"

struct resolve_escalation {
    const char *escalation_id, *digest, *rationale;
    int decision; /* enum decision */
    struct review *review;
};

static const char *const decisions[] = {"",       "confirm", "reject", "withdraw", "request_info",
                                        "answer", NULL};

static const struct json_field fields[] = {
    JSON_TEXT(struct resolve_escalation, escalation_id, .required = true, .max = 64,
              .help = "the escalation to answer"),
    JSON_ENUM(struct resolve_escalation, decision, decisions, .required = true,
              .help =
                  "confirm, reject and request_info are for humans; withdraw and answer also for "
                  "whoever asked"),
    JSON_TEXT(struct resolve_escalation, digest, .required = true, .min = 64, .max = 64,
              .help = "of the facts that were shown, whole: 64 hex digits"),
    JSON_TEXT(struct resolve_escalation, rationale, .max = 2000,
              .help = "the decider's own words, needed above materiality; the question of a "
                      "request_info, the text of an answer"),
    JSON_OBJECT_PTR(struct resolve_escalation, review, review_fields,
                    .help = "what the reviewer looked at"),
};

struct resolved {
    const char *escalation_id, *match_id, *state, *next;
    int64_t version;
    const struct json *difference;
};

static const struct json_field result[] = {
    JSON_TEXT(struct resolved, escalation_id, .help = "the escalation"),
    JSON_TEXT(struct resolved, match_id, .help = "the match it was about"),
    JSON_TEXT(struct resolved, state, .help = "what the target became, or the escalation's state"),
    JSON_INT(struct resolved, version, .help = "of the target, after this"),
    JSON_ANY(struct resolved, difference, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .help = "of a stale one: array of {pointer, was, now} into the bound facts"),
    JSON_TEXT(struct resolved, next, .help = "of a stale one: what to do"),
};

/* From plan to apply. */
struct answer {
    struct escalation e;
    struct call inner; /* the bound call, or the rejection, asked by this human */
    bool has_inner;
    enum escalation_state to; /* without an inner call */
    bool answers;             /* what was asked back is told */
    struct json *difference;  /* of a stale one */
    bool other_policy;        /* it says the same of this, under another name */
};

extern const struct tool tool_reject_match;

/* ---- plan ---- */

/* Some acts want a reason. What is bound is without the asker's words, so it is those of whoever
 * answers; with none, those that were shown. */
static struct err reason_put(struct call *c, const struct tool *tool, const struct escalation *e,
                             struct json *tree)
{
    struct json *bound;
    bool wanted = false;
    for (size_t i = 0; i < tool->fields_n; i++)
        wanted |= tool->fields[i].required && text_eq(tool->fields[i].name, "rationale");
    if (!wanted)
        return OK;
    const char *words = c->rationale;
    if (text_empty(words)) {
        TRY(bound_read(c->arena, e, &bound));
        words = json_get_text(bound, "rationale");
    }
    json_put_text(c->arena, tree, "rationale", words == NULL ? "" : words);
    return arena_check(c->arena);
}

static struct err bound_args(struct call *c, struct call *inner, const struct escalation *e)
{
    struct json *tree;
    TRY(json_read(c->arena, str_of(e->args), NULL, &tree));
    TRY(reason_put(c, inner->tool, e, tree));
    inner->args = arena_alloc(c->arena, inner->tool->args_size);
    ENSURE(inner->args != NULL, ERR_LIMIT, "out of memory");
    inner->args_tree = tree;
    return json_bind(c->arena, inner->tool->fields, inner->tool->fields_n, tree, inner->args);
}

/* Both tools' names are asked about: a rule that stops either stops the call. */
static const char *tool_asked(const struct call *c, const struct call *inner)
{
    struct ask outer = inner->ask;
    outer.tool = c->tool->name;
    return gate_decide(c->policy, &outer).ruling == RULING_DENY ? outer.tool : inner->tool->name;
}

/* The ask becomes the inner call's: what is judged is the act itself, by this human's authority. */
static void ask_as(struct call *c, const struct call *inner)
{
    c->ask = inner->ask;
    c->ask.tool = tool_asked(c, inner);
    c->object_type = inner->object_type;
    c->object_id = inner->object_id;
    c->match_id = inner->match_id;
    c->entity_id = inner->entity_id;
    c->state_from = inner->state_from;
    c->bound = inner->bound;
    c->bound_make = inner->bound_make;
    c->bound_of = inner->bound_of;
}

/* The bound call, asked anew: nothing but the caller comes from the answer. */
static struct err inner_begin(struct call *c, struct tx *tx, struct call *inner,
                              const struct tool *tool)
{
    *inner = *c;
    inner->tool = tool;
    inner->object_type = inner->object_id = inner->match_id = inner->entity_id = NULL;
    inner->state_from = NULL;
    inner->planned = NULL;
    inner->ask = (struct ask){.action = tool->action,
                              .tier = tool->tier,
                              .change = true,
                              .prod = c->prod,
                              .decision = c->ask.decision,
                              .has_rationale = c->ask.has_rationale};
    TRY(actor_facts(tx, c->arena, &c->actor, tool->name, &inner->ask));
    inner->ask.frozen |= c->ask.frozen;
    inner->ask.frozen_self |= c->ask.frozen_self;
    return OK;
}

static struct err plan_inner(struct call *c, struct tx *tx, struct answer *a,
                             const struct tool *tool)
{
    TRY(inner_begin(c, tx, &a->inner, tool));
    a->has_inner = true;
    TRY(bound_args(c, &a->inner, &a->e));
    TRY(tool->plan(&a->inner, tx));
    ask_as(c, &a->inner);
    return OK;
}

/* What the bound call cannot be planned for any more: its target is gone, or its arguments say
 * nothing that could still be done. */
static bool is_past(struct err e)
{
    return e.kind == ERR_MISSING || e.kind == ERR_INPUT || e.kind == ERR_CONFLICT;
}

static struct json *past_difference(struct arena *arena, const struct escalation *e,
                                    const char *why)
{
    struct json *list = json_array_new(arena), *one = json_object_new(arena);
    json_put_text(arena, one, "pointer", "/object");
    json_put_text(arena, one, "was", e->object_id);
    json_put_text(arena, one, "now", why);
    json_push(arena, list, one);
    return list;
}

/* Two words that count together are given under one policy. */
static struct json *policy_difference(struct arena *arena, const struct escalation *e,
                                      const struct policy *now)
{
    struct json *list = json_array_new(arena), *one = json_object_new(arena);
    json_put_text(arena, one, "pointer", "/policy_version");
    json_put_text(arena, one, "was", e->policy_version);
    json_put_text(arena, one, "now", now->digest);
    json_push(arena, list, one);
    return list;
}

/* Plans the bound call anew and says what is not as it was bound: NULL when nothing. */
static struct err replan(struct call *c, struct tx *tx, struct answer *a, const struct tool *tool,
                         struct json **difference)
{
    struct err e = plan_inner(c, tx, a, tool);
    *difference = NULL;
    if (is_past(e)) {
        *difference = past_difference(c->arena, &a->e, e.msg);
        return arena_check(c->arena);
    }
    TRY(e);
    if (a->inner.outcome != CALL_NONE) { /* it is so already */
        *difference = past_difference(c->arena, &a->e, "nothing is left to be done");
        return arena_check(c->arena);
    }
    TRY(bound_difference(&a->inner, tx, &a->e, difference));
    a->other_policy = !text_eq(a->e.policy_version, c->policy->digest);
    if ((*difference)->count == 0)
        *difference = NULL;
    return OK;
}

static struct err plan_confirm(struct call *c, struct tx *tx, struct answer *a)
{
    const struct tool *tool = tool_find(a->e.tool);
    const struct call before = *c;
    ENSURE(tool != NULL, ERR_STORE, "the escalation is bound to a tool that is not there any more");
    TRY(replan(c, tx, a, tool, &a->difference));
    if (a->difference == NULL) {
        TRY(answer_facts(c, tx, &a->e));
        bool stage = gate_decide(c->policy, &c->ask).reason == REASON_SECOND_APPROVER_REQUIRED;
        if (!a->other_policy || !stage)
            return OK;
        a->difference = policy_difference(c->arena, &a->e, c->policy);
    }
    *c = before; /* it is about the escalation again */
    a->has_inner = false;
    a->to = ESCALATION_STALE;
    return arena_check(c->arena);
}

static struct err plan_reject(struct call *c, struct tx *tx, struct answer *a)
{
    a->to = ESCALATION_REJECTED;
    if (!text_eq(a->e.tool, "confirm_match"))
        return OK;
    return plan_inner(c, tx, a, &tool_reject_match);
}

/* One pair of eyes: people are compared, and sessions only where nobody stands behind them. */
static bool is_own(const struct call *c, const char *actor, const char *principal)
{
    const char *self = c->actor.principal != NULL ? c->actor.principal : c->actor.on_behalf_of;
    return self != NULL && principal != NULL ? text_eq(principal, self)
                                             : text_eq(actor, c->actor.id);
}

/* Whoever asked: in person, through their agent, or the agent itself. */
static struct err has_asked(struct call *c, struct tx *tx, const struct answer *a, bool *asked)
{
    struct party *parties;
    size_t n;
    TRY(escalation_parties(tx, c->arena, a->e.escalation_id, &parties, &n));
    *asked = false;
    for (size_t i = 0; i < n; i++)
        *asked |= parties[i].role != PARTY_APPROVER &&
                  is_own(c, parties[i].actor, parties[i].principal_id);
    return OK;
}

/* Whether it opened this and nobody else has asked for it: an agent that asks for what the engine
 * or somebody else has put before people cannot take it from them again. */
static struct err is_alone(struct call *c, struct tx *tx, const struct answer *a, bool *alone)
{
    const struct escalation *e = &a->e;
    struct party *parties;
    size_t n;
    TRY(escalation_parties(tx, c->arena, e->escalation_id, &parties, &n));
    *alone = is_own(c, e->requester,
                    e->requester_principal != NULL ? e->requester_principal : e->requester_obo);
    for (size_t i = 0; i < n; i++)
        *alone &= parties[i].role != PARTY_APPROVER &&
                  is_own(c, parties[i].actor, parties[i].principal_id);
    return OK;
}

static struct err plan_withdraw(struct call *c, struct tx *tx, struct answer *a)
{
    bool alone;
    TRY(is_alone(c, tx, a, &alone));
    c->ask.action = ACTION_WITHDRAW;
    c->ask.state_valid &= alone || c->actor.kind == ACTOR_HUMAN;
    a->to = ESCALATION_WITHDRAWN;
    return OK;
}

static struct err plan_request(struct call *c, struct answer *a)
{
    if (text_empty(c->rationale))
        return err_at(ERR_INPUT, "/rationale", "say what you want to know");
    a->to = ESCALATION_INFO_REQUESTED;
    return OK;
}

static struct err plan_answer(struct call *c, struct tx *tx, struct answer *a)
{
    bool asked;
    if (a->e.state != ESCALATION_INFO_REQUESTED)
        return err_fmt(c->arena, ERR_CONFLICT, "/decision",
                       "nothing was asked back: the escalation is %s",
                       escalation_state_name(a->e.state));
    if (text_empty(c->rationale))
        return err_at(ERR_INPUT, "/rationale", "an answer says something");
    TRY(has_asked(c, tx, a, &asked));
    if (!asked && c->actor.kind != ACTOR_HUMAN)
        return err_at(ERR_INPUT, "/escalation_id",
                      "the question is for whoever asked for this, or for an authorised person");
    a->answers = true;
    return OK;
}

static struct err escalation_facts(struct call *c, const struct escalation *e)
{
    const char **entity = ARENA_ARRAY(c->arena, 1, const char *);
    ENSURE(entity != NULL, ERR_LIMIT, "out of memory");
    entity[0] = e->entity_id;
    c->object_type = c->ask.object_type = "escalation";
    c->object_id = c->ask.object_id = e->escalation_id;
    c->ask.object_version = e->version;
    c->ask.entities = entity;
    c->ask.entities_n = e->entity_id == NULL ? 0 : 1;
    c->ask.state_valid = true;
    c->entity_id = e->entity_id;
    c->match_id = text_eq(e->object_type, "match") ? e->object_id : NULL;
    c->escalation_id = e->escalation_id;
    c->state_from = escalation_state_name(e->state);
    return OK;
}

static struct err plan_decision(struct call *c, struct tx *tx, struct answer *a)
{
    switch (c->ask.decision) {
    case DECISION_CONFIRM:
        return c->actor.kind == ACTOR_HUMAN ? plan_confirm(c, tx, a) : OK;
    case DECISION_REJECT:
        return c->actor.kind == ACTOR_HUMAN ? plan_reject(c, tx, a) : OK;
    case DECISION_WITHDRAW:
        return plan_withdraw(c, tx, a);
    case DECISION_REQUEST_INFO:
        return plan_request(c, a);
    case DECISION_ANSWER:
        return plan_answer(c, tx, a);
    case DECISION_NONE:
        break;
    }
    return err_new(ERR_INPUT, "no decision");
}

static struct err tell_settled(struct call *c, struct tx *tx, const struct escalation *e)
{
    struct scope scope;
    struct json *bound;
    TRY(scope_load(c, tx, &scope));
    TRY(bound_read(c->arena, e, &bound));
    ENSURE(scope_has_escalation(&scope, e, bound), ERR_MISSING, "there is no such escalation");
    c->result = settled_outcome(c->arena, e);
    c->outcome = CALL_OK;
    return arena_check(c->arena);
}

/* When it was opened is the screen's word; it cannot be later than now, nor before there was
 * anything to open. */
static struct err review_take(struct call *c, struct tx *tx, const struct review *review,
                              const struct escalation *e)
{
    int64_t opened, made;
    if (review == NULL)
        return OK;
    c->evidence_opened = review->evidence_opened;
    c->evidence_opened_n = review->evidence_opened_n;
    if (review->opened_at == NULL)
        return OK;
    TRY(instant_parse(e->created_at, &made));
    if (instant_parse(review->opened_at, &opened).kind != ERR_NONE)
        return err_at(ERR_INPUT, "/review/opened_at",
                      "expected an instant in UTC, as in 2026-03-31T10:00:00Z");
    if (opened > tx->now_us)
        return err_at(ERR_INPUT, "/review/opened_at", "is in the future");
    if (opened < made)
        return err_at(ERR_INPUT, "/review/opened_at", "is before the escalation was made");
    c->opened_at = review->opened_at;
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct resolve_escalation *args = c->args;
    struct answer *a = ARENA_NEW(c->arena, struct answer);
    int64_t expires;
    ENSURE(a != NULL, ERR_LIMIT, "out of memory");
    TRY(escalation_load(tx, c->arena, args->escalation_id, &a->e));
    if (!escalation_is_open(a->e.state)) /* settled once; later callers hear how */
        return tell_settled(c, tx, &a->e);
    if (strcmp(args->digest, a->e.digest) != 0)
        return err_at(ERR_INPUT, "/digest",
                      "not the digest of this escalation: look at it again before deciding");
    TRY(instant_parse(a->e.expires_at, &expires));
    TRY(escalation_facts(c, &a->e));
    c->ask.state_valid = tx->now_us < expires;
    c->ask.decision = (enum decision)args->decision;
    TRY(review_take(c, tx, args->review, &a->e));
    c->planned = a;
    if (!c->ask.state_valid)
        return OK; /* expired: the gate says STATE_INVALID */
    TRY(plan_decision(c, tx, a));
    const struct tool *tool = tool_find(a->e.tool);
    answer_channel(c, tool == NULL ? ACTION_NONE : tool->action);
    return OK;
}

const struct json *answer_difference(const struct call *c)
{
    const struct answer *a = c->planned;
    return a == NULL ? NULL : a->difference;
}

/* ---- apply ---- */

/* What the act tells of itself, and under which policy it was asked when that was another one. */
static const struct json *detail_of(struct call *c, const struct answer *a)
{
    const struct json *own = a->inner.detail;
    if (!a->other_policy)
        return own;
    struct json *o = json_object_new(c->arena);
    for (size_t i = 0; own != NULL && i < own->count; i++)
        (void)json_add(c->arena, o, own->members[i].key, own->members[i].value);
    json_put_text(c->arena, o, "asked_under", a->e.policy_version);
    return o;
}

static struct err apply_inner(struct call *c, struct tx *tx, struct answer *a)
{
    a->inner.ask = c->ask;
    a->inner.rationale = c->rationale;
    a->inner.verdict = c->verdict;
    a->inner.opened_at = c->opened_at;
    a->inner.detail = detail_of(c, a);
    TRY(a->inner.tool->apply(&a->inner, tx));
    a->inner.detail = detail_of(c, a);
    if (a->inner.caused_by == c->caused_by) /* the act itself did not settle it */
        TRY(settle_move(&a->inner, tx, &a->e,
                        c->ask.decision == DECISION_CONFIRM ? ESCALATION_APPROVED
                                                            : ESCALATION_REJECTED));
    c->caused_by = a->inner.caused_by;
    c->state_to = a->inner.state_to;
    c->event_type = a->inner.event_type;
    c->detail = a->inner.detail;
    c->then = a->inner.then;
    c->then_arg = a->inner.then_arg;
    c->result = a->inner.result;
    json_put_text(c->arena, c->result, "escalation_id", a->e.escalation_id);
    return arena_check(c->arena);
}

static struct err note_put(struct call *c, struct tx *tx, const struct answer *a)
{
    const struct escalation_note note = {.is_answer = a->answers,
                                         .actor = c->actor.id,
                                         .principal_id = c->actor.principal,
                                         .body = c->rationale};
    return escalation_note_add(tx, a->e.escalation_id, &note);
}

/* It waits again where it stood, and its clock has not stopped. */
static struct err apply_answer(struct call *c, struct tx *tx, struct answer *a)
{
    struct party *parties;
    size_t n;
    bool staged = false;
    const char *from = escalation_state_name(a->e.state);
    TRY(escalation_parties(tx, c->arena, a->e.escalation_id, &parties, &n));
    for (size_t i = 0; i < n; i++)
        staged |= parties[i].role == PARTY_APPROVER;
    TRY(note_put(c, tx, a));
    TRY(transition_answered(c, tx, &a->e, staged));
    return settle_event(c, tx, &a->e, "ESCALATION_ANSWERED", from);
}

static const char stale_next[] =
    "nothing was done: what was approved is not what would happen now; "
    "look at the difference and ask for it again";

static struct err apply_move(struct call *c, struct tx *tx, struct answer *a)
{
    if (a->to == ESCALATION_INFO_REQUESTED)
        TRY(note_put(c, tx, a));
    if (a->to == ESCALATION_STALE) {
        struct json *detail = json_object_new(c->arena);
        json_put(c->arena, detail, "difference", a->difference);
        c->detail = detail;
    }
    return settle_move(c, tx, &a->e, a->to);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct answer *a = c->planned;
    if (a->has_inner)
        return apply_inner(c, tx, a);
    TRY(a->answers ? apply_answer(c, tx, a) : apply_move(c, tx, a));
    c->state_to = escalation_state_name(a->e.state);
    c->result = settled_outcome(c->arena, &a->e);
    json_put_text(c->arena, c->result, "state", c->state_to);
    if (a->to == ESCALATION_STALE) {
        json_put(c->arena, c->result, "difference", a->difference);
        json_put_text(c->arena, c->result, "next", stale_next);
    }
    return arena_check(c->arena);
}

const struct tool tool_resolve_escalation = {
    .name = "resolve_escalation",
    .title = "Answer an escalation",
    .summary =
        "Confirms, rejects or withdraws what waits for a human, asks back or answers. A "
        "confirmation runs the bound call as the confirming human and is judged by policy again; "
        "what is not as it was bound ends as stale, with the difference.",
    .tier = TIER_T1,
    .action = ACTION_RESOLVE,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP | OFFER_SOCKET,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct resolve_escalation),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .result_open = true,
    .plan = plan,
    .apply = apply,
};
