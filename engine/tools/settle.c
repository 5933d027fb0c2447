/* Settling: an escalation ends with the act it waited for, in the same transaction. */
#include "engine/tools/settle.h"

#include <ctype.h>

#include "common/sys/jcs.h"
#include "engine/tools/scope.h"
#include "engine/tools/transition.h"

/* "ESCALATION_APPROVED" and its like. */
static const char *event_name(struct arena *arena, enum escalation_state state)
{
    return arena_fmt(arena, "ESCALATION_%s", escalation_state_name(state));
}

struct json *refusal_print(struct call *c, const char *status)
{
    struct json *o = json_object_new(c->arena);
    json_put_text(c->arena, o, "status", status);
    json_put_text(c->arena, o, "reason", reason_name(c->verdict.reason));
    json_put_text(c->arena, o, "clause", c->verdict.clause);
    json_put_text(c->arena, o, "pointer", c->verdict.pointer);
    /* who has no authority there may not see it: the event names it, the answer does not */
    if (c->verdict.reason != REASON_NOT_AUTHORISED)
        json_put_known(c->arena, o, "match_id", c->match_id);
    return o;
}

struct json *settled_outcome(struct arena *arena, const struct escalation *e)
{
    struct json *o = json_object_new(arena);
    char *status = arena_strdup(arena, escalation_state_name(e->state));
    for (char *p = status; p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    json_put_text(arena, o, "status", escalation_is_open(e->state) ? "pending_approval" : status);
    json_put_text(arena, o, "escalation_id", e->escalation_id);
    json_put_text(arena, o, "code", e->code);
    json_put_text(arena, o, "digest", e->digest);
    json_put_text(arena, o, "reason", e->reason);
    json_put_text(arena, o, "clause", e->clause);
    json_put_text(arena, o, "pointer", e->pointer);
    json_put_text(arena, o, "expires_at", e->expires_at);
    if (e->decided_by != NULL && !escalation_is_open(e->state))
        json_put_text(arena, o, "decided_by", e->decided_by);
    if (text_eq(e->object_type, "match"))
        json_put_text(arena, o, "match_id", e->object_id);
    return o;
}

/* Who may read of it, also where no ask says whom it concerns. */
static struct err entities_of(struct call *c, const struct escalation *e,
                              const struct json **entities)
{
    struct json *bound;
    TRY(bound_read(c->arena, e, &bound));
    *entities = json_get(bound, "entities");
    return OK;
}

struct err settle_event(struct call *c, struct tx *tx, const struct escalation *e, const char *type,
                        const char *from)
{
    const char *const signers[] = {c->actor.principal};
    bool judged = c->verdict.row != NULL;
    struct event event = {
        .type = type,
        .actor = &c->actor,
        .tool = c->tool->name,
        .ask = judged ? &c->ask : NULL,
        .verdict = judged ? &c->verdict : NULL,
        .policy_version = c->policy->digest,
        .object_type = "escalation",
        .object_id = e->escalation_id,
        .object_version = e->version,
        .state_from = from,
        .state_to = escalation_state_name(e->state),
        .match_id = text_eq(e->object_type, "match") ? e->object_id : NULL,
        .entity_id = e->entity_id,
        .escalation_id = e->escalation_id,
        .batch_id = c->batch_id,
        .request_id = c->request_id,
        .rationale = c->rationale,
        .rationale_author = c->rationale == NULL ? NULL : c->rationale_author,
        .opened_at = c->opened_at,
        .evidence_opened = c->evidence_opened,
        .evidence_opened_n = c->evidence_opened_n,
        .signers = signers,
        .signers_n = c->actor.principal == NULL ? 0 : 1,
        .detail = c->detail,
    };
    TRY(entities_of(c, e, &event.entities));
    TRY(audit_append(tx, &event));
    c->caused_by = tx->event_seq;
    c->escalation_id = e->escalation_id;
    return OK;
}

struct err settle_move(struct call *c, struct tx *tx, struct escalation *e,
                       enum escalation_state state)
{
    struct str result = {.at = NULL};
    const char *from = escalation_state_name(e->state);
    if (!escalation_is_open(state)) {
        struct escalation after = *e;
        after.state = state;
        after.decided_by = c->actor.id;
        struct json *outcome = settled_outcome(c->arena, &after);
        TRY(arena_check(c->arena));
        TRY(jcs_text(c->arena, outcome, &result));
    }
    TRY(transition_escalation(c, tx, e, state, result.at));
    return settle_event(c, tx, e, event_name(c->arena, state), from);
}

struct err settle_by_engine(struct call *c, struct tx *tx, struct escalation *e,
                            enum escalation_state state, const struct json *detail)
{
    struct call own = *c;
    own.actor = (struct actor){.kind = ACTOR_ENGINE, .id = "engine:sweeper", .backend = "engine"};
    own.verdict = (struct verdict){.row = NULL};
    own.rationale = own.opened_at = NULL;
    own.evidence_opened_n = 0;
    own.detail = detail;
    return settle_move(&own, tx, e, state);
}

struct err settle_direct(struct call *c, struct tx *tx, const char *object_id,
                         enum escalation_state state)
{
    struct escalation *list;
    size_t n;
    bool human = c->actor.kind == ACTOR_HUMAN; /* nobody else approves: it is overtaken */
    TRY(escalations_of_object(tx, c->arena, object_id, &list, &n));
    for (size_t i = 0; i < n; i++) {
        enum escalation_state to = ESCALATION_STALE;
        if (text_eq(list[i].tool, c->tool->name))
            to = human ? ESCALATION_APPROVED : ESCALATION_STALE;
        else if (text_eq(list[i].tool, "confirm_match"))
            to = state;
        TRY(settle_move(c, tx, &list[i], to));
    }
    return OK;
}
