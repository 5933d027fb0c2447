/* Batches: how they move, what is never done again, and what two processes at one get. */
#include "agent/store/runs.h"

#include "common/base/id.h"
#include "tests/unit/talk_book.h"

static struct agent_run run_of(struct fixture *f, size_t n)
{
    static struct run_item items[4];
    struct agent_run run = {.workflow = "triage",
                            .principal_id = "prn_maria",
                            .actor = "human:maria",
                            .entity_id = "US"};
    for (size_t i = 0; i < n; i++)
        items[i] = (struct run_item){.object = arena_fmt(f->arena, "exception:%zu", i),
                                     .title = "An exception",
                                     .prompt = "Look."};
    ck_ok(in_tx(f, run_add(f->db, f->arena, &run, items, n, NOW)));
    return run;
}

static struct err moved(struct fixture *f, struct agent_run *run, enum run_event event)
{
    return in_tx(f, run_move(f->db, f->arena, run, event, NULL, NOW + MINUTE));
}

static struct err saved(struct fixture *f, struct agent_run *run, const struct run_item *item)
{
    return in_tx(f, run_item_save(f->db, run, item, NOW + MINUTE));
}

START_TEST(a_run_comes_back_with_its_items_as_it_was_kept)
{
    FRESH(f);
    const struct agent_run run = run_of(&f, 3);
    struct agent_run got;
    struct run_item *items;
    size_t n;
    ck_assert(id_valid(run.run_id, "wfr"));
    ck_ok(run_load(f.db, f.arena, run.run_id, &got));
    ck_assert_str_eq(got.workflow, "triage");
    ck_assert_str_eq(got.principal_id, "prn_maria");
    ck_assert_str_eq(got.actor, "human:maria");
    ck_assert_str_eq(got.entity_id, "US");
    ck_assert_ptr_null(got.period);
    ck_assert_ptr_null(got.why);
    ck_assert_int_eq(got.state, RUN_QUEUED);
    ck_assert_int_eq(got.items_n, 3);
    ck_assert_int_eq(got.created_us, NOW);
    ck_ok(run_items(f.db, f.arena, run.run_id, &items, &n));
    ck_assert_uint_eq(n, 3);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(items[i].n, (int64_t)i);
        ck_assert_int_eq(items[i].state, RUN_ITEM_OPEN);
        ck_assert_ptr_null(items[i].session_id);
        ck_assert_ptr_null(items[i].outcome);
    }
    ck_assert_str_eq(items[2].object, "exception:2");
    ck_err(run_load(f.db, f.arena, "wfr_none", &got), ERR_MISSING);
    teardown(&f);
}
END_TEST

START_TEST(an_item_goes_forward_and_what_is_done_is_not_done_again)
{
    FRESH(f);
    struct agent_run run = run_of(&f, 1);
    struct run_item item = {
        .n = 0, .state = RUN_ITEM_STARTED, .session_id = "ses_1", .outcome = NULL};
    ck_err(saved(&f, &run, &item), ERR_CONFLICT); /* it has not begun */
    ck_ok(moved(&f, &run, RUN_EVENT_START));
    ck_ok(saved(&f, &run, &item));
    item = (struct run_item){.n = 0, .state = RUN_ITEM_OPEN};
    ck_assert(saved(&f, &run, &item).kind != ERR_NONE);
    ck_ok(run_load(f.db, f.arena, run.run_id, &run));
    item = (struct run_item){
        .n = 0, .state = RUN_ITEM_DONE, .session_id = "ses_1", .outcome = "waiting", .pending = 2};
    ck_ok(saved(&f, &run, &item));
    ck_ok(run_load(f.db, f.arena, run.run_id, &run));
    item.outcome = "proposed";
    ck_assert(saved(&f, &run, &item).kind != ERR_NONE);
    struct run_item *items;
    size_t n;
    ck_ok(run_items(f.db, f.arena, run.run_id, &items, &n));
    ck_assert_str_eq(items[0].outcome, "waiting");
    ck_assert_int_eq(items[0].pending, 2);
    ck_ok(run_load(f.db, f.arena, run.run_id, &run));
    item.n = 7;
    ck_err(saved(&f, &run, &item), ERR_MISSING);
    teardown(&f);
}
END_TEST

START_TEST(of_two_processes_at_one_run_the_second_writes_nothing)
{
    FRESH(f);
    struct agent_run mine = run_of(&f, 2), theirs = mine;
    ck_ok(moved(&f, &mine, RUN_EVENT_START));
    ck_err(moved(&f, &theirs, RUN_EVENT_START), ERR_CONFLICT);
    ck_ok(run_load(f.db, f.arena, mine.run_id, &theirs));
    const struct run_item first = {.n = 0, .state = RUN_ITEM_STARTED, .session_id = "ses_1"};
    const struct run_item same = {.n = 0, .state = RUN_ITEM_STARTED, .session_id = "ses_2"};
    struct run_item *items;
    size_t n;
    ck_ok(saved(&f, &mine, &first));
    ck_err(saved(&f, &theirs, &same), ERR_CONFLICT);
    ck_ok(run_items(f.db, f.arena, mine.run_id, &items, &n));
    ck_assert_str_eq(items[0].session_id, "ses_1");
    teardown(&f);
}
END_TEST

START_TEST(it_moves_as_the_machine_says_and_what_has_ended_stays)
{
    FRESH(f);
    struct agent_run run = run_of(&f, 0);
    ck_err(moved(&f, &run, RUN_EVENT_SUCCEED), ERR_CONFLICT);
    ck_ok(moved(&f, &run, RUN_EVENT_START));
    ck_ok(moved(&f, &run, RUN_EVENT_WAIT));
    ck_err(moved(&f, &run, RUN_EVENT_SUCCEED), ERR_CONFLICT);
    ck_ok(moved(&f, &run, RUN_EVENT_RESUME));
    ck_ok(in_tx(&f, run_move(f.db, f.arena, &run, RUN_EVENT_FAIL, "no tools", NOW + MINUTE)));
    ck_err(moved(&f, &run, RUN_EVENT_RESUME), ERR_CONFLICT);
    ck_ok(run_load(f.db, f.arena, run.run_id, &run));
    ck_assert_int_eq(run.state, RUN_FAILED);
    ck_assert_str_eq(run.why, "no tools");
    ck_assert(by_hand(&f, "UPDATE agent_runs SET state = 'RUNNING', version = version + 1").kind !=
              ERR_NONE);
    teardown(&f);
}
END_TEST

START_TEST(runs_are_listed_the_newest_first)
{
    FRESH(f);
    struct agent_run *runs, late = {.workflow = "close-prep",
                                    .principal_id = "prn_maria",
                                    .actor = "human:maria",
                                    .period = "2026-03"};
    size_t n;
    (void)run_of(&f, 1);
    ck_ok(in_tx(&f, run_add(f.db, f.arena, &late, NULL, 0, NOW + DAY)));
    ck_ok(runs_list(f.db, f.arena, 10, &runs, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(runs[0].period, "2026-03");
    ck_ok(runs_list(f.db, f.arena, 1, &runs, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(runs[0].workflow, "close-prep");
    ck_err(in_tx(&f, run_add(f.db, f.arena, &late, NULL, RUN_ITEMS_MAX + 1, NOW)), ERR_LIMIT);
    teardown(&f);
}
END_TEST

TEST_MAIN("agent_runs", a_run_comes_back_with_its_items_as_it_was_kept,
          an_item_goes_forward_and_what_is_done_is_not_done_again,
          of_two_processes_at_one_run_the_second_writes_nothing,
          it_moves_as_the_machine_says_and_what_has_ended_stays, runs_are_listed_the_newest_first)
