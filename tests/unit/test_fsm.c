/* A machine does what its table says; a faulty table is named before anything runs on it. */
#include "common/base/fsm.h"

#include <string.h>

#include "tests/unit/test.h"

enum { PROPOSED, CONFIRMED, REJECTED, REVERSED, N_STATES };
enum { CONFIRM, REJECT, UNMATCH, N_EVENTS };

static const char *const states[] = {"PROPOSED_MATCH", "CONFIRMED", "REJECTED", "REVERSED"};
static const char *const events[] = {"confirm", "reject", "unmatch"};
static const bool terminal[] = {[REJECTED] = true, [REVERSED] = true};
static const struct fsm_row rows[] = {
    {PROPOSED, CONFIRM, CONFIRMED, 2},
    {PROPOSED, REJECT, REJECTED, 1},
    {CONFIRMED, UNMATCH, REVERSED, FSM_TIER_ENGINE},
};

static const struct fsm match = {
    .name = "match",
    .state_names = states,
    .event_names = events,
    .n_states = N_STATES,
    .n_events = N_EVENTS,
    .initial = PROPOSED,
    .terminal = terminal,
    .rows = rows,
    .n_rows = 3,
};

static struct fsm match_with(const struct fsm_row *other, size_t n)
{
    struct fsm machine = match;
    machine.rows = other;
    machine.n_rows = n;
    return machine;
}

static void ck_fault(const struct fsm *machine, const char *message)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct err e = fsm_check(machine, arena);
    ck_assert_int_eq(e.kind, ERR_BUG);
    ck_assert_msg(strstr(e.msg, message) != NULL, "%s, wanted %s", e.msg, message);
}

START_TEST(fsm_steps_along_its_rows)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    int next = -1;
    ck_ok(fsm_step(&match, PROPOSED, CONFIRM, arena, &next));
    ck_assert_int_eq(next, CONFIRMED);
    ck_assert_int_eq(fsm_find(&match, PROPOSED, CONFIRM)->tier, 2);
}
END_TEST

START_TEST(fsm_names_the_step_that_does_not_exist)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    int next = -1;
    struct err e = fsm_step(&match, REJECTED, CONFIRM, arena, &next);
    ck_assert_int_eq(e.kind, ERR_CONFLICT);
    ck_assert_str_eq(e.msg, "match: no confirm from REJECTED");
    ck_assert_int_eq(next, -1);
    ck_err(fsm_step(&match, 17, -4, arena, &next), ERR_CONFLICT);
}
END_TEST

START_TEST(fsm_states_are_read_by_name)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    int state = -1;
    for (int i = 0; i < N_STATES; i++) {
        ck_ok(fsm_state_parse(&match, states[i], arena, &state));
        ck_assert_int_eq(state, i);
    }
    ck_err(fsm_state_parse(&match, "confirmed", arena, &state), ERR_STORE);
    ck_err(fsm_state_parse(&match, NULL, arena, &state), ERR_STORE);
    ck_assert_str_eq(fsm_state_name(&match, 4), "?");
    ck_assert_str_eq(fsm_event_name(&match, -1), "?");
}
END_TEST

START_TEST(fsm_check_passes_a_sound_machine)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    ck_ok(fsm_check(&match, arena));
}
END_TEST

START_TEST(fsm_check_finds_faulty_rows)
{
    const struct fsm_row twice[] = {rows[0], rows[1], rows[2], {PROPOSED, CONFIRM, REJECTED, 2}};
    const struct fsm_row leaves_end[] = {
        rows[0], rows[1], rows[2], {REJECTED, CONFIRM, PROPOSED, 2}};
    const struct fsm_row tier[] = {rows[0], rows[1], {CONFIRMED, UNMATCH, REVERSED, 4}};
    const struct fsm_row no_state[] = {rows[0], rows[1], {CONFIRMED, UNMATCH, N_STATES, 1}};
    const struct fsm_row no_event[] = {rows[0], rows[1], {CONFIRMED, -1, REVERSED, 1}};
    struct fsm machine = match_with(twice, 4);
    ck_fault(&machine, "two rows for confirm from PROPOSED_MATCH");
    machine = match_with(leaves_end, 4);
    ck_fault(&machine, "a row leaves the terminal state REJECTED");
    machine = match_with(tier, 3);
    ck_fault(&machine, "no such tier on unmatch");
    machine = match_with(no_state, 3);
    ck_fault(&machine, "a row names a state that is none");
    machine = match_with(no_event, 3);
    ck_fault(&machine, "a row names an event that is none");
    machine = match_with(rows, 2);
    ck_fault(&machine, "no row uses the event unmatch");
}
END_TEST

START_TEST(fsm_check_finds_states_that_lead_nowhere_or_are_never_reached)
{
    const struct fsm_row unreached[] = {rows[0], {PROPOSED, REJECT, REVERSED, 1}, rows[2]};
    struct fsm machine = match_with(unreached, 3);
    ck_fault(&machine, "nothing leads to the state REJECTED");

    const bool no_reversed[] = {[REJECTED] = true, [REVERSED] = false};
    machine = match;
    machine.terminal = no_reversed;
    ck_fault(&machine, "a dead end that is not terminal: REVERSED");

    const struct fsm_row circle[] = {rows[0], rows[1], rows[2], {REVERSED, CONFIRM, CONFIRMED, 2}};
    machine = match_with(circle, 4);
    machine.terminal = no_reversed;
    ck_fault(&machine, "no terminal state can be reached from CONFIRMED");
}
END_TEST

START_TEST(fsm_check_finds_faulty_names)
{
    const char *const twins[] = {"A", "B", "A", "C"};
    const char *const missing[] = {"A", NULL, "C", "D"};
    struct fsm machine = match;
    machine.state_names = twins;
    ck_fault(&machine, "two are called A");
    machine.state_names = missing;
    ck_fault(&machine, "a name is missing");
    machine = match;
    machine.initial = N_STATES;
    ck_fault(&machine, "the initial state is none");
    machine = match;
    machine.n_states = FSM_STATES_MAX + 1;
    ck_fault(&machine, "too many states");
}
END_TEST

START_TEST(fsm_print_draws_every_row)
{
    struct buf out CLEANUP(buf_fini);
    buf_init(&out, 1 << 16);
    fsm_print(&match, &out);
    ck_ok(buf_check(&out));
    ck_assert_str_eq(buf_text(&out), "## match\n"
                                     "\n"
                                     "```mermaid\n"
                                     "stateDiagram-v2\n"
                                     "    [*] --> PROPOSED_MATCH\n"
                                     "    PROPOSED_MATCH --> CONFIRMED: confirm\n"
                                     "    PROPOSED_MATCH --> REJECTED: reject\n"
                                     "    CONFIRMED --> REVERSED: unmatch\n"
                                     "    REJECTED --> [*]\n"
                                     "    REVERSED --> [*]\n"
                                     "```\n"
                                     "\n"
                                     "| state | event | next | tier |\n"
                                     "|---|---|---|---|\n"
                                     "| PROPOSED_MATCH | confirm | CONFIRMED | T2 |\n"
                                     "| PROPOSED_MATCH | reject | REJECTED | T1 |\n"
                                     "| CONFIRMED | unmatch | REVERSED | engine |\n");
}
END_TEST

TEST_MAIN("fsm", fsm_steps_along_its_rows, fsm_names_the_step_that_does_not_exist,
          fsm_states_are_read_by_name, fsm_check_passes_a_sound_machine,
          fsm_check_finds_faulty_rows,
          fsm_check_finds_states_that_lead_nowhere_or_are_never_reached,
          fsm_check_finds_faulty_names, fsm_print_draws_every_row)
