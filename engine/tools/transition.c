/* The machines speak of names, the book's rows too; enums of either side never meet. */
#include "engine/tools/transition.h"

struct err transition_match(struct call *c, struct tx *tx, struct match *m, enum match_event event)
{
    enum match_state to;
    int from, next;
    TRY(fsm_state_parse(&fsm_match, match_state_name(m->state), c->arena, &from));
    TRY(fsm_step(&fsm_match, from, (int)event, c->arena, &next));
    ENSURE(match_state_find(fsm_state_name(&fsm_match, next), &to), ERR_BUG,
           "the match machine has a state that the gate does not know");
    return match_transition(tx, m, to, c->actor.id);
}

/* What leads to a state; a new escalation leads to none. */
static const int event_to[] = {
    [ESCALATION_NONE] = -1,
    [ESCALATION_PENDING] = APPROVAL_EVENT_ANSWER,
    [ESCALATION_STAGE_APPROVED] = APPROVAL_EVENT_APPROVE_STAGE,
    [ESCALATION_INFO_REQUESTED] = APPROVAL_EVENT_REQUEST_INFO,
    [ESCALATION_APPROVED] = APPROVAL_EVENT_APPROVE,
    [ESCALATION_REJECTED] = APPROVAL_EVENT_REJECT,
    [ESCALATION_WITHDRAWN] = APPROVAL_EVENT_WITHDRAW,
    [ESCALATION_EXPIRED] = APPROVAL_EVENT_EXPIRE,
    [ESCALATION_STALE] = APPROVAL_EVENT_OUTDATE,
};

struct err transition_escalation(struct call *c, struct tx *tx, struct escalation *e,
                                 enum escalation_state state, const char *result)
{
    int from, next;
    TRY(fsm_state_parse(&fsm_approval, escalation_state_name(e->state), c->arena, &from));
    TRY(fsm_step(&fsm_approval, from, event_to[state], c->arena, &next));
    ENSURE(text_eq(fsm_state_name(&fsm_approval, next), escalation_state_name(state)), ERR_BUG,
           "the approval machine leads elsewhere");
    return escalation_move(tx, e, state, c->actor.id, c->rationale, result);
}
