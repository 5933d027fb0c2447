/* The agent_session machine, walked: however a conversation goes, what is owed a result is told
 * nothing else, what ended stays ended, and everything that lives can be ended. */
#include "agent/fsm/agent_session.h"

#include <string.h>

#include "tests/unit/test.h"

#define WALK_MAX 7

START_TEST(the_machine_is_sound)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    ck_ok(fsm_check(&fsm_agent_session, arena));
    ck_assert_int_eq(fsm_agent_session.initial, AGENT_SESSION_ACTIVE);
}
END_TEST

static int64_t walked;

/* Every sequence of events there is up to WALK_MAX; `owed`: calls that have not returned. */
static void walk(struct arena *arena, int state, int owed, int depth)
{
    ck_assert_int_lt(state, AGENT_SESSION_STATES);
    ck_assert_int_eq(owed, state == AGENT_SESSION_WAITING_TOOL ? 1 : 0);
    ck_assert((fsm_find(&fsm_agent_session, state, AGENT_SESSION_EVENT_END) != NULL) ==
              (state != AGENT_SESSION_ENDED));
    walked++;
    for (int event = 0; depth < WALK_MAX && event < AGENT_SESSION_EVENTS; event++) {
        int next = -1, still = owed;
        struct err e = fsm_step(&fsm_agent_session, state, event, arena, &next);
        if (e.kind != ERR_NONE) {
            ck_err(e, ERR_CONFLICT);
            continue;
        }
        if (event == AGENT_SESSION_EVENT_CALL)
            still++;
        else if (owed > 0) /* it returned, or nobody waits for it any more */
            still--;
        walk(arena, next, still, depth + 1);
    }
}

START_TEST(however_it_goes_a_call_returns_before_anything_else_is_said)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)256 << 20);
    walked = 0;
    walk(arena, fsm_agent_session.initial, 0, 0);
    ck_assert_int_gt(walked, 1000);
    ck_ok(arena_check(arena));
}
END_TEST

/* The frame's table, said once more the slow way. */
START_TEST(each_event_leads_where_it_should_and_from_nowhere_else)
{
    enum { NO = -1, A = AGENT_SESSION_ACTIVE, T, H, E, F };
    static const int wanted[AGENT_SESSION_EVENTS][AGENT_SESSION_STATES] = {
        /* from                               A   T   H   E   F */
        [AGENT_SESSION_EVENT_SAY] = {A, NO, A, NO, A},
        [AGENT_SESSION_EVENT_CALL] = {T, NO, NO, NO, NO},
        [AGENT_SESSION_EVENT_RETURN] = {NO, A, NO, NO, NO},
        [AGENT_SESSION_EVENT_HAND_OVER] = {H, NO, NO, NO, NO},
        [AGENT_SESSION_EVENT_SETTLE] = {NO, NO, A, NO, NO},
        [AGENT_SESSION_EVENT_FAIL] = {F, F, NO, NO, NO},
        [AGENT_SESSION_EVENT_RETRY] = {NO, NO, NO, NO, A},
        [AGENT_SESSION_EVENT_END] = {E, E, E, NO, E},
    };
    ck_assert_int_eq(F, AGENT_SESSION_FAILED);
    for (int event = 0; event < AGENT_SESSION_EVENTS; event++) {
        for (int state = 0; state < AGENT_SESSION_STATES; state++) {
            const struct fsm_row *row = fsm_find(&fsm_agent_session, state, event);
            ck_assert_int_eq(row == NULL ? NO : row->next, wanted[event][state]);
        }
    }
}
END_TEST

START_TEST(the_machine_knows_no_tiers_and_its_page_shows_none)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, 1 << 16);
    fsm_print(&fsm_agent_session, &out);
    ck_ok(buf_check(&out));
    ck_assert_ptr_nonnull(strstr(buf_text(&out), "\n| state | event | next |\n|---|---|---|\n| "));
    ck_assert_ptr_null(strstr(buf_text(&out), "tier"));
}
END_TEST

TEST_MAIN("agent_session", the_machine_is_sound,
          however_it_goes_a_call_returns_before_anything_else_is_said,
          each_event_leads_where_it_should_and_from_nowhere_else,
          the_machine_knows_no_tiers_and_its_page_shows_none)
