/* The sweeper: what has nothing to do records nothing, what has more is asked again at once, a
 * failure or a denial stops nobody else, a round of 0 seconds never begins by itself, and a locked
 * book is swept the same way. The tools here are made up; those of the engine have their own tests.
 */
#include "engine/call/sweeper.h"

#include "tests/unit/spine_threads.h"

static struct sweeper *sweeper;

/* ---- made-up tools: how much each has to do, and how often it was asked ---- */

static atomic_int dust, asked, asked_last;

static struct err dust_plan(struct call *c, struct tx *tx)
{
    (void)tx;
    atomic_fetch_add(&asked, 1);
    c->ask.state_valid = true;
    c->result = json_object_new(c->arena);
    if (atomic_load(&dust) == 0)
        c->outcome = CALL_OK;
    return arena_check(c->arena);
}

static struct err dust_apply(struct call *c, struct tx *tx)
{
    (void)tx;
    json_put_bool(c->arena, c->result, "more", atomic_fetch_sub(&dust, 1) > 1);
    return arena_check(c->arena);
}

static struct err broken_plan(struct call *c, struct tx *tx)
{
    (void)c;
    (void)tx;
    atomic_fetch_add(&asked, 1);
    return err_new(ERR_STORE, "the broom broke");
}

static struct err last_plan(struct call *c, struct tx *tx)
{
    (void)tx;
    atomic_fetch_add(&asked_last, 1);
    c->outcome = CALL_OK;
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

static const struct tool tool_dust = {.name = "sweep_dust",
                                      .action = ACTION_SWEEP,
                                      .run = TOOL_CHANGE,
                                      .plan = dust_plan,
                                      .apply = dust_apply};
static const struct tool tool_broken = {
    .name = "sweep_broken", .action = ACTION_SWEEP, .run = TOOL_CHANGE, .plan = broken_plan};
static const struct tool tool_last = {
    .name = "sweep_last", .action = ACTION_SWEEP, .run = TOOL_CHANGE, .plan = last_plan};

static const struct tool *const dust_and_last[] = {&tool_dust, &tool_last, NULL};
static const struct tool *const broken_and_last[] = {&tool_broken, &tool_last, NULL};
static const struct tool *const none[] = {NULL};

/* ---- the running sweeper ---- */

static void sweeper_up(const struct tool *const *list, int64_t every_s)
{
    spine_begin_with((struct spine_options){.readers = 1, .in_flight_max = 16});
    const struct sweeper_options sweep = {.spine = spine, .every_s = every_s, .sweeps = list};
    ck_ok(sweeper_start(loop, &sweep, &sweeper));
    sweeper_set_policy(sweeper, book_policy);
}

static void sweeper_down(void)
{
    spine_stop(spine);
    sweeper_free(sweeper);
    spine_ended();
}

static int64_t rounds_wanted;

static void on_look(void *ctx)
{
    const struct sweeper_stats stats = sweeper_stats(sweeper);
    (void)ctx;
    if (stats.rounds >= rounds_wanted && !stats.under_way)
        loop_stop(loop);
}

static void wait_for_rounds(int64_t n)
{
    struct loop_timer *look;
    rounds_wanted = n;
    ck_ok(loop_timer_new(loop, 1, true, on_look, NULL, &look));
    ck_ok(loop_run(loop));
    loop_timer_free(look);
}

static void round_of(void)
{
    sweeper_round(sweeper);
    wait_for_rounds(sweeper_stats(sweeper).rounds);
}

static void tools_reset(int things)
{
    atomic_store(&dust, things);
    atomic_store(&asked, 0);
    atomic_store(&asked_last, 0);
}

/* ---- tests ---- */

START_TEST(nothing_to_do_records_nothing)
{
    tools_reset(0);
    int64_t events = spine_events();
    sweeper_up(dust_and_last, 0);
    round_of();
    round_of();
    ck_assert_int_eq(spine_events(), events);
    ck_assert_int_eq(sweeper_stats(sweeper).rounds, 2);
    ck_assert_int_eq(sweeper_stats(sweeper).calls, 4);
    ck_assert_int_eq(sweeper_stats(sweeper).acted, 0);
    ck_assert_int_eq(atomic_load(&asked_last), 2);
    sweeper_down();
}
END_TEST

START_TEST(what_has_more_is_asked_again_at_once)
{
    tools_reset(5);
    int64_t events = spine_events();
    sweeper_up(dust_and_last, 0);
    round_of();
    ck_assert_int_eq(atomic_load(&dust), 0);
    ck_assert_int_eq(atomic_load(&asked), 5);
    ck_assert_int_eq(atomic_load(&asked_last), 1);
    ck_assert_int_eq(spine_events(), events + 5);
    ck_assert_int_eq(
        spine_int("SELECT count(*) FROM audit_events WHERE actor_id = ?1", "engine:sweeper"), 5);
    sweeper_down();
}
END_TEST

START_TEST(a_failure_is_counted_and_the_next_has_its_turn)
{
    tools_reset(0);
    int64_t events = spine_events();
    sweeper_up(broken_and_last, 0);
    round_of();
    round_of();
    ck_assert_int_eq(sweeper_stats(sweeper).failed, 2);
    ck_assert_int_eq(atomic_load(&asked_last), 2);
    ck_assert_int_eq(spine_events(), events);
    sweeper_down();
}
END_TEST

static void freeze_engine(void)
{
    struct tx tx;
    const struct db_sql sql = {
        "test", "INSERT INTO freezes (freeze_id, scope, value, status, reason, version, seq)"
                " VALUES ('frz_1', 'kind', 'engine', 'frozen', 'a drill', 1, ?1)"};
    struct stmt *q;
    book_begin(&tx);
    ck_ok(stmt_new(tx.db, &sql, &q));
    stmt_bind_int(q, 1, tx_seq(&tx));
    ck_ok(stmt_run(q));
    stmt_free(q);
    ck_ok(effect_row(&tx, TABLE_FREEZES, "frz_1"));
    book_end(&tx);
}

START_TEST(a_frozen_sweeper_is_denied_and_asks_less_and_less_often)
{
    tools_reset(3);
    freeze_engine();
    sweeper_up(dust_and_last, 0);
    for (int i = 0; i < 12; i++)
        round_of();
    ck_assert_int_eq(atomic_load(&asked), 3); /* in rounds 1, 3 and 7 */
    ck_assert_int_eq(sweeper_stats(sweeper).denied, atomic_load(&asked));
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), atomic_load(&asked));
    ck_assert_int_eq(atomic_load(&dust), 3);
    ck_assert_int_eq(atomic_load(&asked_last), 12); /* which had nothing to ask the gate */
    sweeper_down();
}
END_TEST

START_TEST(the_timer_begins_rounds_by_itself)
{
    tools_reset(2);
    sweeper_up(dust_and_last, 1);
    wait_for_rounds(1);
    ck_assert_int_eq(atomic_load(&dust), 0);
    sweeper_down();
}
END_TEST

static void on_late(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

START_TEST(zero_seconds_is_off_and_without_a_policy_nothing_begins)
{
    struct loop_timer *late;
    tools_reset(2);
    sweeper_up(dust_and_last, 0);
    ck_ok(loop_timer_new(loop, 1200, false, on_late, NULL, &late));
    ck_ok(loop_run(loop));
    loop_timer_free(late);
    ck_assert_int_eq(sweeper_stats(sweeper).rounds, 0);
    sweeper_set_policy(sweeper, NULL);
    sweeper_round(sweeper);
    ck_assert_int_eq(sweeper_stats(sweeper).rounds, 0);
    ck_assert_int_eq(atomic_load(&asked), 0);
    sweeper_down();
}
END_TEST

START_TEST(an_empty_list_and_a_round_under_way_are_fine)
{
    tools_reset(1);
    sweeper_up(none, 0);
    round_of();
    ck_assert_int_eq(sweeper_stats(sweeper).calls, 0);
    sweeper_down();
    sweeper_up(dust_and_last, 0);
    sweeper_round(sweeper);
    sweeper_round(sweeper); /* one at a time */
    wait_for_rounds(1);
    ck_assert_int_eq(sweeper_stats(sweeper).rounds, 1);
    sweeper_down();
    sweeper_free(NULL);
}
END_TEST

START_TEST(stopping_in_the_middle_of_a_round_ends_it)
{
    tools_reset(100);
    sweeper_up(dust_and_last, 0);
    sweeper_round(sweeper);
    sweeper_down(); /* the loop never ran: the first call's answer comes, the next is refused */
    ck_assert_int_eq(atomic_load(&dust), 99);
}
END_TEST

START_TEST(a_locked_book_is_swept_the_same_way)
{
    const struct sweeper_options list = {.sweeps = dust_and_last},
                                 broken = {.sweeps = broken_and_last};
    struct sweep_report report;
    tools_reset(4);
    int64_t events = spine_events();
    ck_ok(sweep_book(book_writer, &list, book_policy, book_clock, arena, &report));
    ck_assert_int_eq(report.acted, 4);
    ck_assert_int_eq(report.calls, 5);
    ck_assert_int_eq(spine_events(), events + 4);
    ck_ok(sweep_book(book_writer, &list, book_policy, book_clock, arena, &report));
    ck_assert_int_eq(report.acted, 0);
    ck_assert_int_eq(spine_events(), events + 4);
    ck_ok(sweep_book(book_writer, &broken, book_policy, book_clock, arena, &report));
    ck_assert_int_eq(report.failed, 1);
    ck_assert_str_eq(report.why.where, "sweep_broken");
    ck_assert_int_eq(atomic_load(&asked_last), 3);
}
END_TEST

START_TEST(the_engine_s_sweeps_are_for_the_engine_alone)
{
    for (size_t i = 0; sweeps[i] != NULL; i++) {
        ck_assert_uint_eq(sweeps[i]->offer, 0);
        ck_assert_int_eq(sweeps[i]->action, ACTION_SWEEP);
        ck_assert_int_eq(sweeps[i]->run, TOOL_CHANGE);
        ck_assert_ptr_null(tool_find(sweeps[i]->name));
    }
}
END_TEST

SPINE_MAIN("sweeper", spine_up, spine_down, nothing_to_do_records_nothing,
           what_has_more_is_asked_again_at_once, a_failure_is_counted_and_the_next_has_its_turn,
           a_frozen_sweeper_is_denied_and_asks_less_and_less_often,
           the_timer_begins_rounds_by_itself,
           zero_seconds_is_off_and_without_a_policy_nothing_begins,
           an_empty_list_and_a_round_under_way_are_fine, stopping_in_the_middle_of_a_round_ends_it,
           a_locked_book_is_swept_the_same_way, the_engine_s_sweeps_are_for_the_engine_alone)
