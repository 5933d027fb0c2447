/* Escalating: the call's exact effect is bound, hashed and shown to a human; nothing else happens.
 */
#include "engine/call/escalate.h"

#include "engine/tools/opening.h"
#include "engine/tools/settle.h"
#include "engine/tools/transition.h"

/* Whoever asks is a human barred from confirming, or an agent's human by policy; a human who may
 * approve, but not alone, has approved a stage. */
static struct err party_join(struct call *c, struct tx *tx, const struct escalation *e)
{
    if (c->actor.kind == ACTOR_ENGINE)
        return OK;
    enum party_role role = c->actor.kind == ACTOR_LLM ? PARTY_AGENT : PARTY_REQUESTER;
    if (c->verdict.reason == REASON_SECOND_APPROVER_REQUIRED)
        role = PARTY_APPROVER;
    return escalation_join(c, tx, e, role, &c->ask);
}

/* Joins; and when this was the first of two approvals, the stage advances. */
static struct err stage_join(struct call *c, struct tx *tx, struct escalation *e,
                             const char **event_type)
{
    TRY(party_join(c, tx, e));
    if (c->verdict.reason != REASON_SECOND_APPROVER_REQUIRED ||
        e->state == ESCALATION_STAGE_APPROVED)
        return OK; /* asking twice is still one pair of eyes */
    *event_type = "ESCALATION_STAGE_APPROVED";
    return transition_escalation(c, tx, e, ESCALATION_STAGE_APPROVED, NULL);
}

/* The call was an answer to an escalation: no escalation of an escalation. */
static struct err escalate_answer(struct call *c, struct tx *tx, struct escalation *e,
                                  const char **event_type)
{
    TRY(escalation_load(tx, c->arena, c->escalation_id, e));
    return c->verdict.reason == REASON_SECOND_APPROVER_REQUIRED ? stage_join(c, tx, e, event_type)
                                                                : OK;
}

struct err escalate(struct call *c, struct tx *tx, const char **event_type)
{
    struct escalation *e = ARENA_NEW(c->arena, struct escalation);
    ENSURE(e != NULL, ERR_LIMIT, "out of memory");
    *event_type = "ESCALATION_PENDING";
    if (c->escalation_id != NULL) {
        TRY(escalate_answer(c, tx, e, event_type));
    } else {
        TRY(escalation_ask(c, tx, e));
        TRY(stage_join(c, tx, e, event_type));
    }
    c->escalation_id = e->escalation_id;
    c->result = settled_outcome(c->arena, e);
    /* Why this caller was stopped, which may not be why the first one was. */
    json_put_text(c->arena, c->result, "reason", reason_name(c->verdict.reason));
    json_put_text(c->arena, c->result, "clause", c->verdict.clause);
    json_put_text(c->arena, c->result, "pointer", c->verdict.pointer);
    return arena_check(c->arena);
}
