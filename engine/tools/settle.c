/* Settling: an escalation ends with the act it waited for, in the same transaction. */
#include "engine/tools/settle.h"

#include <ctype.h>

#include "common/sys/jcs.h"
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
    if (c->match_id != NULL)
        json_put_text(c->arena, o, "match_id", c->match_id);
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
    if (e->decided_by != NULL)
        json_put_text(arena, o, "decided_by", e->decided_by);
    if (text_eq(e->object_type, "match"))
        json_put_text(arena, o, "match_id", e->object_id);
    return o;
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
    const char *const signers[] = {c->actor.principal};
    struct event event = {
        .type = event_name(c->arena, state),
        .actor = &c->actor,
        .tool = c->tool->name,
        .policy_version = c->policy->digest,
        .object_type = "escalation",
        .object_id = e->escalation_id,
        .object_version = e->version,
        .state_from = from,
        .state_to = escalation_state_name(state),
        .match_id = text_eq(e->object_type, "match") ? e->object_id : NULL,
        .entity_id = e->entity_id,
        .escalation_id = e->escalation_id,
        .request_id = c->request_id,
        .rationale = c->rationale,
        .rationale_author = c->rationale == NULL ? NULL : c->rationale_author,
        .opened_at = c->opened_at,
        .signers = signers,
        .signers_n = c->actor.principal == NULL ? 0 : 1,
        .detail = c->detail,
    };
    TRY(audit_append(tx, &event));
    c->caused_by = tx->event_seq;
    c->escalation_id = e->escalation_id;
    return OK;
}

struct err settle_direct(struct call *c, struct tx *tx, const char *match_id,
                         enum escalation_state state)
{
    return settle_tool(c, tx, "confirm_match", match_id, state);
}

struct err settle_tool(struct call *c, struct tx *tx, const char *tool, const char *match_id,
                       enum escalation_state state)
{
    struct escalation *e = ARENA_NEW(c->arena, struct escalation);
    bool found;
    ENSURE(e != NULL, ERR_LIMIT, "out of memory");
    TRY(escalation_of_object(tx, c->arena, tool, match_id, &found, e));
    return found ? settle_move(c, tx, e, state) : OK;
}
