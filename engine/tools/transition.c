/* The machines speak of names, the book's rows too; enums of either side never meet. */
#include "engine/tools/transition.h"

#include "engine/store/work.h"

struct err transition_exception(struct call *c, struct tx *tx, struct exception_row *x,
                                enum exception_event event, const char *outcome)
{
    int from, next;
    TRY(fsm_state_parse(&fsm_exception, exception_state_name(x->state), c->arena, &from));
    TRY(fsm_step(&fsm_exception, from, (int)event, c->arena, &next));
    const enum exception_state to = (enum exception_state)next;
    ENSURE(text_eq(fsm_state_name(&fsm_exception, next), exception_state_name(to)), ERR_BUG,
           "the exception machine has a state that the book does not know");
    return exception_move(tx, x, to, outcome, c->actor.id);
}

/* An entry of which a part is still open keeps its exception. */
static struct err matched_exception_end(struct call *c, struct tx *tx, const char *entry_id)
{
    const char *match_id;
    struct exception_row x;
    bool found;
    TRY(exception_of_entry(tx, c->arena, entry_id, &found, &x));
    if (!found || !exception_is_open(x.state))
        return OK;
    TRY(match_of_entry(tx, c->arena, entry_id, &match_id));
    return match_id == NULL ? OK
                            : transition_exception(c, tx, &x, EXCEPTION_EVENT_MATCH, "matched");
}

/* What became of the entry's matches is told by its events; one that stands is found without. */
static struct err leg_follow(struct call *c, struct tx *tx, const char *entry_id,
                             enum match_event event)
{
    if (event != MATCH_EVENT_CONFIRM)
        TRY(object_event_add(tx, object_key(tx->arena, OBJECT_ENTRY, entry_id)));
    return event == MATCH_EVENT_REJECT ? OK : matched_exception_end(c, tx, entry_id);
}

struct err transition_match(struct call *c, struct tx *tx, struct match *m, enum match_event event)
{
    enum match_state to;
    int from, next;
    TRY(fsm_state_parse(&fsm_match, match_state_name(m->state), c->arena, &from));
    TRY(fsm_step(&fsm_match, from, (int)event, c->arena, &next));
    ENSURE(match_state_find(fsm_state_name(&fsm_match, next), &to), ERR_BUG,
           "the match machine has a state that the gate does not know");
    for (size_t i = 0; i < m->legs_n; i++)
        TRY(leg_follow(c, tx, m->legs[i].entry_id, event));
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

static struct err step_escalation(struct call *c, const struct escalation *e, int event,
                                  enum escalation_state state)
{
    int from, next;
    TRY(fsm_state_parse(&fsm_approval, escalation_state_name(e->state), c->arena, &from));
    TRY(fsm_step(&fsm_approval, from, event, c->arena, &next));
    ENSURE(text_eq(fsm_state_name(&fsm_approval, next), escalation_state_name(state)), ERR_BUG,
           "the approval machine leads elsewhere");
    return OK;
}

struct err transition_escalation(struct call *c, struct tx *tx, struct escalation *e,
                                 enum escalation_state state, const char *result)
{
    TRY(step_escalation(c, e, event_to[state], state));
    return escalation_move(tx, e, state, c->actor.id, c->rationale, result);
}

struct err transition_answered(struct call *c, struct tx *tx, struct escalation *e, bool staged)
{
    enum escalation_state state = staged ? ESCALATION_STAGE_APPROVED : ESCALATION_PENDING;
    TRY(step_escalation(c, e, staged ? APPROVAL_EVENT_ANSWER_STAGE : APPROVAL_EVENT_ANSWER, state));
    return escalation_move(tx, e, state, c->actor.id, NULL, NULL);
}
