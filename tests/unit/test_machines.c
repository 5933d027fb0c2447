/* The engine's machines are sound, speak the book's names, and stop what they have no row for. */
#include "engine/fsm/machines.h"

#include <string.h>

#include "engine/tools/transition.h"
#include "tests/unit/test.h"

START_TEST(every_machine_is_sound)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < fsm_machines_n; i++)
        ck_ok(fsm_check(fsm_machines[i], arena));
}
END_TEST

/* The same said the slow way, without fsm_check: every path of at most as many steps as there are
 * states is walked from the initial one. */
static void reach(const struct fsm *m, int state, size_t left, bool *seen, bool *ended)
{
    seen[state] = true;
    *ended = *ended || m->terminal[state];
    for (int event = 0; left > 0 && (size_t)event < m->n_events; event++) {
        const struct fsm_row *row = fsm_find(m, state, event);
        if (row != NULL && !seen[row->next])
            reach(m, row->next, left - 1, seen, ended);
    }
}

START_TEST(every_state_is_reached_and_has_a_way_out)
{
    for (size_t i = 0; i < fsm_machines_n; i++) {
        const struct fsm *m = fsm_machines[i];
        bool seen[FSM_STATES_MAX] = {false}, ended = false, ends = false;
        reach(m, m->initial, m->n_states, seen, &ended);
        for (size_t s = 0; s < m->n_states; s++)
            ends = ends || m->terminal[s];
        for (int s = 0; (size_t)s < m->n_states; s++) {
            bool from[FSM_STATES_MAX] = {false}, out = false, exits = false;
            ck_assert_msg(seen[s], "%s: nothing leads to %s", m->name, m->state_names[s]);
            for (int event = 0; (size_t)event < m->n_events; event++)
                exits = exits || fsm_find(m, s, event) != NULL;
            ck_assert_msg(exits != m->terminal[s], "%s: %s", m->name, m->state_names[s]);
            reach(m, s, m->n_states, from, &out);
            ck_assert_msg(out || !ends, "%s: %s never ends", m->name, m->state_names[s]);
        }
        for (int event = 0; (size_t)event < m->n_events; event++) {
            bool used = false;
            for (int s = 0; (size_t)s < m->n_states; s++)
                used = used || fsm_find(m, s, event) != NULL;
            ck_assert_msg(used, "%s: nothing uses %s", m->name, m->event_names[event]);
        }
    }
}
END_TEST

START_TEST(exception_states_are_the_books)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    int state;
    ck_assert_uint_eq(fsm_exception.n_states, EXCEPTION_STATES);
    for (unsigned s = 0; s < EXCEPTION_STATES; s++) {
        const enum exception_state x = (enum exception_state)s;
        ck_ok(fsm_state_parse(&fsm_exception, exception_state_name(x), arena, &state));
        ck_assert_int_eq(state, (int)s);
        ck_assert(fsm_exception.terminal[state] == !exception_is_open(x));
    }
}
END_TEST

START_TEST(an_exception_that_ended_stays_ended)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct call c = {.arena = arena};
    for (int event = 0; event < EXCEPTION_EVENTS; event++) {
        struct exception_row x = {.state = EXCEPTION_WRITTEN_OFF};
        ck_err(transition_exception(&c, NULL, &x, (enum exception_event)event, NULL), ERR_CONFLICT);
        x.state = EXCEPTION_RESOLVED;
        ck_err(transition_exception(&c, NULL, &x, (enum exception_event)event, NULL), ERR_CONFLICT);
    }
}
END_TEST

START_TEST(match_states_are_the_gates)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    int state;
    ck_assert_uint_eq(fsm_match.n_states, MATCH_REVERSED - MATCH_PROPOSED + 1);
    for (unsigned s = MATCH_PROPOSED; s <= MATCH_REVERSED; s++)
        ck_ok(fsm_state_parse(&fsm_match, match_state_name((enum match_state)s), arena, &state));
}
END_TEST

START_TEST(approval_ends_where_an_escalation_is_closed)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    int state;
    ck_assert_uint_eq(fsm_approval.n_states, ESCALATION_STALE - ESCALATION_PENDING + 1);
    for (unsigned s = ESCALATION_PENDING; s <= ESCALATION_STALE; s++) {
        const enum escalation_state e = (enum escalation_state)s;
        ck_ok(fsm_state_parse(&fsm_approval, escalation_state_name(e), arena, &state));
        ck_assert(fsm_approval.terminal[state] == !escalation_is_open(e));
    }
}
END_TEST

START_TEST(time_alone_approves_nothing)
{
    for (size_t i = 0; i < fsm_approval.n_rows; i++) {
        const struct fsm_row *row = &fsm_approval.rows[i];
        if (row->tier == FSM_TIER_ENGINE)
            ck_assert(row->event == APPROVAL_EVENT_EXPIRE || row->event == APPROVAL_EVENT_OUTDATE);
    }
}
END_TEST

/* Each is stopped before the book is touched: there is none. */
START_TEST(a_match_does_not_take_a_step_that_no_row_has)
{
    static const struct {
        enum match_state from;
        enum match_event event;
    } wrong[] = {
        {MATCH_CONFIRMED, MATCH_EVENT_CONFIRM}, {MATCH_CONFIRMED, MATCH_EVENT_REJECT},
        {MATCH_REJECTED, MATCH_EVENT_CONFIRM},  {MATCH_REJECTED, MATCH_EVENT_UNMATCH},
        {MATCH_REVERSED, MATCH_EVENT_CONFIRM},  {MATCH_PROPOSED, MATCH_EVENT_UNMATCH},
    };
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct call c = {.arena = arena};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct match m = {.state = wrong[i].from};
        ck_err(transition_match(&c, NULL, &m, wrong[i].event), ERR_CONFLICT);
        ck_assert_int_eq(m.state, wrong[i].from);
    }
}
END_TEST

START_TEST(a_settled_escalation_stays_settled)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct call c = {.arena = arena};
    for (unsigned from = ESCALATION_APPROVED; from <= ESCALATION_STALE; from++) {
        for (unsigned to = ESCALATION_NONE; to <= ESCALATION_STALE; to++) {
            struct escalation e = {.state = (enum escalation_state)from};
            ck_err(transition_escalation(&c, NULL, &e, (enum escalation_state)to, NULL),
                   ERR_CONFLICT);
        }
    }
}
END_TEST

START_TEST(a_new_escalation_is_never_moved_to_pending_again)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct call c = {.arena = arena};
    struct escalation e = {.state = ESCALATION_PENDING};
    ck_err(transition_escalation(&c, NULL, &e, ESCALATION_PENDING, NULL), ERR_CONFLICT);
}
END_TEST

/* Every sequence of events there is, up to this length. */
#define WALK_MAX 6

static int64_t walked;

static void walk(struct arena *arena, int state, int depth)
{
    bool cancelled = fsm_find(&fsm_workflow_run, state, RUN_EVENT_CANCEL) != NULL;
    ck_assert_int_lt(state, RUN_STATES);
    ck_assert(cancelled == !fsm_workflow_run.terminal[state]); /* what lives can be stopped */
    walked++;
    for (int event = 0; depth < WALK_MAX && event < RUN_EVENTS; event++) {
        int next = -1;
        struct err e = fsm_step(&fsm_workflow_run, state, event, arena, &next);
        if (fsm_workflow_run.terminal[state] || e.kind != ERR_NONE) {
            ck_err(e, ERR_CONFLICT);
            continue;
        }
        ck_assert(next != RUN_SUCCEEDED || state == RUN_RUNNING);
        ck_assert(next != RUN_WAITING_HUMAN || state == RUN_RUNNING);
        ck_assert_int_ne(next, RUN_QUEUED); /* what has begun is never new again */
        walk(arena, next, depth + 1);
    }
}

START_TEST(however_a_run_goes_it_ends_once_and_can_be_stopped_before)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    walked = 0;
    walk(arena, fsm_workflow_run.initial, 0);
    ck_assert_int_gt(walked, 20);
}
END_TEST

TEST_MAIN("machines", every_machine_is_sound, every_state_is_reached_and_has_a_way_out,
          exception_states_are_the_books, an_exception_that_ended_stays_ended,
          match_states_are_the_gates, approval_ends_where_an_escalation_is_closed,
          time_alone_approves_nothing, a_match_does_not_take_a_step_that_no_row_has,
          a_settled_escalation_stays_settled, a_new_escalation_is_never_moved_to_pending_again,
          however_a_run_goes_it_ends_once_and_can_be_stopped_before)
