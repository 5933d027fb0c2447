/* Workflow runs and advisory locks: who holds what, what a run may become, two callers over one
 * account, a cancelled pass, a job that fails, a process that died. */
#include "engine/store/runs.h"

#include "engine/call/sweeper.h"
#include "engine/tools/run.h"
#include "tests/unit/spine_book.h"

/* ---- looking ---- */

static struct run run_of(const char *run_id)
{
    struct run r;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(run_load(&tx, arena, run_id, &r));
    tx_read_end(&tx);
    return r;
}

static int64_t locks_held(void)
{
    return spine_int("SELECT count(*) FROM advisory_locks", NULL);
}

static int64_t runs_in(const char *state)
{
    return spine_int("SELECT count(*) FROM workflow_runs WHERE state = ?1", state);
}

/* ---- calls ---- */

static struct call *pass_as(const struct actor *actor, const char *account, const char *key)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    if (account != NULL)
        json_put_text(arena, args, "account", account);
    return spine_call(actor, "run_recon_pass", key, args);
}

static struct call *cancel_as(const struct actor *actor, const char *run_id)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "run_id", run_id);
    json_put_text(arena, args, "rationale", "not today");
    return spine_run(spine_call(actor, "cancel_run", NULL, args));
}

/* The request alone: as the loop has it opened before the job waits for its turn. */
static struct call *opened(struct call *c)
{
    struct call *open = call_open_new(c);
    ck_assert_ptr_nonnull(open);
    spine_run(open);
    (void)call_opened(c, open);
    return c;
}

static struct job_port plain_port(void)
{
    return (struct job_port){.reader = book_reader,
                             .submit = book_submit,
                             .cancelled = book_cancelled,
                             .clock_us = book_clock};
}

static struct err job_run(struct call *c)
{
    struct job_port port = plain_port();
    return call_job(c, &port);
}

/* ---- advisory locks ---- */

static const char *take(struct tx *tx, const char *key, const char *parent, const char *run_id)
{
    const char *holder;
    ck_ok(lock_take(tx, arena, key, parent, run_id, lock_owner(), &holder));
    return holder;
}

START_TEST(a_lock_has_one_run_and_is_reentrant_for_it)
{
    struct tx tx;
    book_begin(&tx);
    ck_assert_ptr_null(take(&tx, "recon:US", NULL, "run_1"));
    ck_assert_ptr_null(take(&tx, "recon:US", NULL, "run_1"));
    ck_assert_str_eq(take(&tx, "recon:US", NULL, "run_2"), "run_1");
    ck_assert_ptr_null(take(&tx, "recon:UK", NULL, "run_2"));
    ck_ok(locks_free(&tx, "run_1"));
    ck_assert_ptr_null(take(&tx, "recon:US", NULL, "run_2"));
    ck_ok(locks_free(&tx, "run_2"));
    book_end(&tx);
    ck_assert_int_eq(locks_held(), 0);
}
END_TEST

START_TEST(a_lock_on_the_whole_and_one_on_a_part_exclude_each_other)
{
    struct tx tx;
    book_begin(&tx);
    ck_assert_ptr_null(take(&tx, "recon:US/1010", "recon:US", "run_1"));
    ck_assert_ptr_null(take(&tx, "recon:US/1020", "recon:US", "run_2"));
    ck_assert_ptr_nonnull(take(&tx, "recon:US", NULL, "run_3"));
    ck_assert_ptr_null(take(&tx, "recon:USA", NULL, "run_4")); /* another entity */
    ck_assert_ptr_null(take(&tx, "recon:U", NULL, "run_5"));
    ck_ok(locks_free(&tx, "run_1"));
    ck_ok(locks_free(&tx, "run_2"));
    ck_assert_ptr_null(take(&tx, "recon:US", NULL, "run_3"));
    ck_assert_str_eq(take(&tx, "recon:US/1010", "recon:US", "run_1"), "run_3");
    ck_assert_ptr_null(take(&tx, "recon:US/1010", "recon:US", "run_3")); /* its own part */
    book_end(&tx);
    ck_assert_int_eq(locks_held(), 4);
}
END_TEST

START_TEST(another_owner_s_locks_are_a_dead_process_s)
{
    const char *holder;
    struct tx tx;
    int64_t n;
    book_begin(&tx);
    ck_ok(lock_take(&tx, arena, "recon:US", NULL, "run_1", "dead", &holder));
    ck_assert_ptr_null(holder);
    ck_assert_ptr_null(take(&tx, "recon:UK", NULL, "run_2"));
    ck_assert_str_eq(take(&tx, "recon:US", NULL, "run_3"), "run_1"); /* until it is swept */
    ck_ok(locks_dead(&tx, lock_owner(), &n));
    ck_assert_int_eq(n, 1);
    ck_ok(locks_free_dead(&tx, lock_owner()));
    ck_ok(locks_dead(&tx, lock_owner(), &n));
    ck_assert_int_eq(n, 0);
    ck_assert_ptr_null(take(&tx, "recon:US", NULL, "run_3"));
    book_end(&tx);
    ck_assert_int_eq(locks_held(), 2);
    ck_assert_str_eq(lock_owner(), lock_owner());
    ck_assert_uint_eq(strlen(lock_owner()), 32);
}
END_TEST

/* ---- the row ---- */

static struct run made(struct tx *tx, const char *run_id, enum run_state state)
{
    struct run r = {.run_id = run_id,
                    .kind = "run_recon_pass",
                    .entity_id = "US",
                    .lock_key = "recon:US",
                    .state = state,
                    .started_by = "human:ana"};
    ck_ok(run_save(tx, &r));
    return r;
}

/* Each state takes each ending, or refuses it, as the machine's table says; the book holds what the
 * table led to. */
START_TEST(a_run_ends_as_the_machine_says_from_every_state)
{
    static const enum run_event ends[] = {RUN_EVENT_SUCCEED, RUN_EVENT_FAIL, RUN_EVENT_CANCEL};
    for (int s = 0; s < RUN_STATES; s++) {
        for (int i = 0; i < 3; i++) {
            struct tx tx;
            const char *id = arena_fmt(arena, "run_%d_%d", s, i);
            book_begin(&tx);
            struct run r = made(&tx, id, (enum run_state)s);
            const struct fsm_row *row = fsm_find(&fsm_workflow_run, s, (int)ends[i]);
            bool wanted = row != NULL || (s == RUN_QUEUED && ends[i] == RUN_EVENT_SUCCEED);
            struct err e = run_finish(&tx, &r, ends[i], "{}");
            ck_assert_int_eq(e.kind, wanted ? ERR_NONE : ERR_CONFLICT);
            book_end(&tx);
            ck_assert_int_eq(run_of(id).state, row != NULL ? row->next
                                               : wanted    ? RUN_SUCCEEDED
                                                           : s);
            ck_assert_int_eq(run_of(id).version, wanted ? 2 : 1);
        }
    }
    book_is_intact();
}
END_TEST

START_TEST(a_run_that_moved_on_is_not_written_over)
{
    struct run first, second;
    struct tx tx;
    book_begin(&tx);
    (void)made(&tx, "run_1", RUN_RUNNING);
    book_end(&tx);
    book_begin(&tx);
    ck_ok(run_load(&tx, arena, "run_1", &first));
    ck_ok(run_load(&tx, arena, "run_1", &second));
    ck_ok(run_advance(arena, &first, 7));
    ck_ok(run_save(&tx, &first));
    ck_err(run_finish(&tx, &second, RUN_EVENT_FAIL, "late"), ERR_CONFLICT);
    ck_err(run_load(&tx, arena, "run_none", &second), ERR_MISSING);
    book_end(&tx);
    ck_assert_int_eq(run_of("run_1").state, RUN_RUNNING);
    ck_assert_int_eq(run_of("run_1").rows, 7);
    book_is_intact();
}
END_TEST

/* ---- a pass ---- */

START_TEST(a_pass_is_a_run_from_its_request_to_its_end)
{
    struct call *c = pass_as(&spine_ana, NULL, NULL);
    spine_entries(1, 40, 1000);
    ck_ok(job_run(c));
    spine_is(c, CALL_OK);
    struct run r = run_of(json_get_text(c->result, "run_id"));
    ck_assert_int_eq(r.state, RUN_SUCCEEDED);
    ck_assert_str_eq(r.kind, "run_recon_pass");
    ck_assert_str_eq(r.lock_key, "recon:US");
    ck_assert_str_eq(r.started_by, "human:ana");
    ck_assert_str_eq(r.principal_id, "p-ana");
    ck_assert_int_eq(r.chunks, 1);
    ck_assert_int_eq(r.rows, 40);
    ck_assert_ptr_nonnull(strstr(r.result, "\"proposed\":40"));
    ck_assert_int_eq(locks_held(), 0);
    ck_assert_int_eq(spine_events_of("RUN_ENDED"), 1);
    /* every event of the pass names it: request, chunk, 40 confirmations, end */
    ck_assert_int_ge(spine_int("SELECT count(*) FROM audit_events"
                               " WHERE json_extract(event, '$.batch_id') = ?1",
                               r.run_id),
                     3);
    book_is_intact();
}
END_TEST

START_TEST(a_pass_with_nothing_to_do_succeeds_too)
{
    struct call *c = pass_as(&spine_ana, "1010", NULL);
    ck_ok(job_run(c));
    struct run r = run_of(json_get_text(c->result, "run_id"));
    ck_assert_int_eq(r.state, RUN_SUCCEEDED);
    ck_assert_int_eq(r.chunks, 0);
    ck_assert_str_eq(r.lock_key, "recon:US/1010");
    book_is_intact();
}
END_TEST

START_TEST(the_second_caller_hears_which_run_works_there)
{
    struct call *first = opened(pass_as(&spine_ana, NULL, NULL));
    struct call *whole = pass_as(&spine_ana, NULL, NULL), *part = pass_as(&spine_ana, "1010", NULL);
    ck_assert_int_eq(run_of(first->run_id).state, RUN_QUEUED);
    int64_t events = spine_events();
    ck_err(job_run(whole), ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(whole->err.msg, first->run_id));
    ck_err(job_run(part), ERR_CONFLICT);
    ck_assert_int_eq(spine_events(), events);
    ck_ok(job_run(first)); /* its turn has come */
    ck_assert_int_eq(run_of(first->run_id).state, RUN_SUCCEEDED);
    ck_ok(job_run(pass_as(&spine_ana, "1010", NULL)));
    ck_assert_int_eq(locks_held(), 0);
    book_is_intact();
}
END_TEST

START_TEST(what_is_not_there_begins_no_run)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "XX");
    ck_err(job_run(spine_call(&spine_ana, "run_recon_pass", NULL, args)), ERR_MISSING);
    ck_err(job_run(pass_as(&spine_ana, "4000", NULL)), ERR_MISSING); /* is not reconciled */
    ck_assert_int_eq(spine_int("SELECT count(*) FROM workflow_runs", NULL), 0);
    ck_assert_int_eq(locks_held(), 0);
}
END_TEST

START_TEST(a_repeated_key_begins_one_run)
{
    struct call *first = pass_as(&spine_ana, NULL, "k1"), *again = pass_as(&spine_ana, NULL, "k1"),
                *other = pass_as(&spine_ana, "1010", "k1");
    spine_entries(1, 3, 1000);
    ck_ok(job_run(first));
    ck_ok(job_run(again));
    spine_is(again, CALL_OK);
    ck_assert_str_eq(json_get_text(first->result, "run_id"),
                     json_get_text(again->result, "run_id"));
    ck_err(job_run(other), ERR_CONFLICT); /* the key with other arguments */
    ck_assert_int_eq(runs_in("SUCCEEDED"), 1);
    book_is_intact();
}
END_TEST

/* ---- cancelling ---- */

START_TEST(a_queued_run_is_cancelled_and_its_job_does_nothing)
{
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    spine_entries(1, 5, 1000);
    struct call *cancel = cancel_as(&spine_ana, c->run_id);
    spine_is(cancel, CALL_OK);
    ck_assert_str_eq(json_get_text(cancel->result, "state"), "CANCELLED");
    ck_err(job_run(c), ERR_CONFLICT);
    struct run r = run_of(c->run_id);
    ck_assert_int_eq(r.state, RUN_CANCELLED);
    ck_assert_str_eq(r.error, "cancelled by human:ana: not today");
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches", NULL), 0);
    ck_assert_int_eq(locks_held(), 0);
    spine_is(cancel_as(&spine_ana, c->run_id), CALL_DENIED); /* it has ended */
    book_is_intact();
}
END_TEST

static const char *to_cancel;
static int submits;

/* Somebody cancels behind the pass's first chunk. */
static struct err submit_then_cancel(struct job_port *port, struct call **calls, size_t n)
{
    TRY(book_submit(port, calls, n));
    if (++submits == 1)
        spine_is(cancel_as(&spine_ana, to_cancel), CALL_OK);
    return OK;
}

START_TEST(a_working_run_stops_at_its_next_chunk_and_what_it_wrote_stands)
{
    struct job_port port = plain_port();
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    spine_entries(1, 1200, 1000);
    submits = 0;
    to_cancel = c->run_id;
    port.submit = submit_then_cancel;
    ck_err(call_job(c, &port), ERR_CONFLICT);
    struct run r = run_of(to_cancel);
    ck_assert_int_eq(r.state, RUN_CANCELLED);
    ck_assert_int_eq(r.chunks, 1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches", NULL), r.rows);
    ck_ok(job_run(pass_as(&spine_ana, NULL, NULL)));
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches", NULL), 1200);
    ck_assert_int_eq(spine_events_of("RUN_ENDED"), 1); /* cancel_run's own event said the other */
    book_is_intact();
}
END_TEST

START_TEST(a_run_is_cancelled_by_whoever_asked_or_a_person_with_authority)
{
    const struct actor of_ben = spine_agent("ben"), of_ana = spine_agent("ana"),
                       ben = spine_human("ben");
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    spine_is(cancel_as(&of_ben, c->run_id), CALL_DENIED);
    ck_assert_int_eq(run_of(c->run_id).state, RUN_QUEUED);
    spine_is(cancel_as(&of_ana, c->run_id), CALL_OK);
    c = opened(pass_as(&of_ana, NULL, NULL));
    spine_is(cancel_as(&spine_ana, c->run_id), CALL_OK);
    c = opened(pass_as(&of_ana, NULL, NULL));
    spine_is(cancel_as(&ben, c->run_id), CALL_OK);
    spine_failed(cancel_as(&ben, "run_none"), ERR_MISSING);
    ck_assert_int_eq(runs_in("CANCELLED"), 3);
    book_is_intact();
}
END_TEST

/* ---- taken back by whoever called ---- */

static atomic_bool taken_back;

static bool is_taken_back(struct job_port *port)
{
    (void)port;
    return atomic_load(&taken_back);
}

/* Behind the pass's first chunk. */
static struct err submit_then_take_back(struct job_port *port, struct call **calls, size_t n)
{
    TRY(book_submit(port, calls, n));
    atomic_store(&taken_back, true);
    return OK;
}

START_TEST(a_pass_taken_back_ends_as_cancelled_at_its_next_chunk)
{
    struct job_port port = plain_port();
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    spine_entries(1, 1200, 1000);
    atomic_store(&taken_back, false);
    c->cancelled = &taken_back;
    port.submit = submit_then_take_back;
    port.cancelled = is_taken_back;
    ck_err(call_job(c, &port), ERR_CONFLICT);
    struct run r = run_of(c->run_id);
    ck_assert_int_eq(r.state, RUN_CANCELLED);
    ck_assert_str_eq(r.error, "cancelled by the client");
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches", NULL), r.rows);
    ck_assert_int_eq(locks_held(), 0);
    ck_assert_int_eq(spine_events_of("RUN_ENDED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_pass_taken_back_before_it_began_is_only_an_event)
{
    struct job_port port = plain_port();
    struct call *c = pass_as(&spine_ana, NULL, NULL);
    atomic_store(&taken_back, true);
    c->cancelled = &taken_back;
    ck_err(call_job(c, &port), ERR_CONFLICT);
    ck_assert_int_eq(spine_events_of("CANCELLED"), 1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM workflow_runs", NULL), 0);
    book_is_intact();
}
END_TEST

static int64_t told[4096];
static size_t told_n;

static void on_told(struct job_port *port, int64_t done, int64_t total)
{
    (void)port;
    ck_assert_int_eq(total, -1); /* what there is to find is known at the end */
    ck_assert_uint_lt(told_n, sizeof told / sizeof told[0]);
    told[told_n++] = done;
}

START_TEST(a_pass_says_how_far_it_is_and_never_goes_back)
{
    struct job_port port = plain_port();
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    spine_entries(1, 1200, 1000);
    told_n = 0;
    port.progress = on_told;
    ck_ok(call_job(c, &port));
    ck_assert_uint_gt(told_n, 2);
    for (size_t i = 1; i < told_n; i++)
        ck_assert_int_ge(told[i], told[i - 1]);
    ck_assert_int_ge(told[told_n - 1], 2400 + 1200); /* entries looked at, and what was proposed */
}
END_TEST

/* ---- failing ---- */

static bool always_cancelled(struct job_port *port)
{
    (void)port;
    return true;
}

START_TEST(a_job_that_fails_says_so_and_gives_its_lock_back)
{
    struct job_port port = plain_port();
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    spine_entries(1, 3, 1000);
    port.cancelled = always_cancelled;
    ck_err(call_job(c, &port), ERR_CONFLICT);
    struct run r = run_of(c->run_id);
    ck_assert_int_eq(r.state, RUN_FAILED);
    ck_assert_str_eq(r.error, "the pass was cancelled");
    ck_assert_int_eq(locks_held(), 0);
    c = opened(pass_as(&spine_ana, NULL, NULL));
    call_job_refuse(c, &port, err_new(ERR_CONFLICT, "the engine is stopping; nothing was begun"));
    ck_assert_int_eq(run_of(c->run_id).state, RUN_FAILED);
    book_is_intact();
}
END_TEST

static int to_fail;

static struct err submit_failing(struct job_port *port, struct call **calls, size_t n)
{
    if (calls[0]->tool == &tool_run_end && to_fail-- > 0)
        return err_new(ERR_STORE, "the disk is full");
    return book_submit(port, calls, n);
}

START_TEST(the_end_is_said_again_when_the_disk_failed_for_a_moment)
{
    struct job_port port = plain_port();
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    port.submit = submit_failing;
    to_fail = 1;
    ck_ok(call_job(c, &port));
    ck_assert_int_eq(run_of(c->run_id).state, RUN_SUCCEEDED);
    c = opened(pass_as(&spine_ana, NULL, NULL));
    to_fail = 100; /* for good: no success is claimed */
    ck_err(call_job(c, &port), ERR_STORE);
    ck_assert_int_eq(run_of(c->run_id).state, RUN_QUEUED);
    book_is_intact();
}
END_TEST

/* ---- a process that died ---- */

static void its_process_dies(void)
{
    const struct db_sql sql = {"test", "UPDATE advisory_locks SET owner = 'dead'"};
    struct stmt *q;
    ck_ok(stmt_new(store_db(book_writer), &sql, &q));
    ck_ok(stmt_run(q));
    stmt_free(q);
}

static struct sweep_report swept(void)
{
    static const struct tool *const recovery[] = {&tool_sweep_runs, NULL};
    const struct sweeper_options options = {.sweeps = recovery, .engine_id = "engine:recovery"};
    struct sweep_report report;
    ck_ok(sweep_book(book_writer, &options, book_policy, book_clock, arena, &report));
    return report;
}

START_TEST(what_a_dead_process_left_behind_fails_visibly_in_one_event)
{
    struct call *queued = opened(pass_as(&spine_ana, NULL, NULL));
    struct tx tx;
    book_begin(&tx);
    (void)made(&tx, "run_load", RUN_RUNNING);
    (void)made(&tx, "run_waits", RUN_WAITING_HUMAN);
    (void)made(&tx, "run_done", RUN_SUCCEEDED);
    book_end(&tx);
    its_process_dies();
    int64_t events = spine_events();
    ck_assert_int_eq(swept().acted, 1);
    ck_assert_int_eq(spine_events(), events + 1);
    ck_assert_int_eq(spine_events_of("RECOVERY_SWEEP"), 1);
    ck_assert_int_eq(
        spine_int("SELECT json_extract(event, '$.detail.runs_failed') FROM audit_events"
                  " WHERE event_type = ?1",
                  "RECOVERY_SWEEP"),
        2);
    struct run r = run_of(queued->run_id);
    ck_assert_int_eq(r.state, RUN_FAILED);
    ck_assert_ptr_nonnull(strstr(r.error, "run it again"));
    ck_assert_int_eq(run_of("run_load").state, RUN_FAILED);
    ck_assert_int_eq(run_of("run_waits").state, RUN_WAITING_HUMAN); /* needs no process */
    ck_assert_int_eq(run_of("run_done").state, RUN_SUCCEEDED);
    ck_assert_int_eq(locks_held(), 0);
    ck_assert_int_eq(swept().acted, 0);
    ck_assert_int_eq(spine_events(), events + 1);
    ck_ok(job_run(pass_as(&spine_ana, NULL, NULL)));
    book_is_intact();
}
END_TEST

START_TEST(our_own_runs_are_not_swept)
{
    struct call *c = opened(pass_as(&spine_ana, NULL, NULL));
    int64_t events = spine_events();
    ck_assert_int_eq(swept().acted, 0);
    ck_assert_int_eq(spine_events(), events);
    ck_assert_int_eq(run_of(c->run_id).state, RUN_QUEUED);
}
END_TEST

START_TEST(more_than_one_call_may_sweep_is_swept_in_several)
{
    struct tx tx;
    book_begin(&tx);
    for (int i = 0; i < 250; i++)
        (void)made(&tx, arena_fmt(arena, "run_%03d", i), RUN_RUNNING);
    book_end(&tx);
    ck_assert_int_eq(swept().acted, 3);
    ck_assert_int_eq(runs_in("FAILED"), 250);
    ck_assert_int_eq(runs_in("RUNNING"), 0);
    book_is_intact();
}
END_TEST

/* Its request's memory is used up before its end is: the lock is given back nevertheless. */
START_TEST(a_job_without_any_memory_left_ends_all_the_same)
{
    struct call *c = opened(pass_as(&spine_ana, NULL, "key-memory"));
    ck_assert_int_eq(locks_held(), 1);
    ck_assert_ptr_null(arena_alloc(c->arena, (size_t)1 << 40));
    ck_err(job_run(c), ERR_LIMIT);
    ck_assert_int_eq(runs_in("FAILED"), 1);
    ck_assert_int_eq(locks_held(), 0);
    book_is_intact();
}
END_TEST

SPINE_MAIN("runs", spine_up, spine_down, a_lock_has_one_run_and_is_reentrant_for_it,
           a_lock_on_the_whole_and_one_on_a_part_exclude_each_other,
           another_owner_s_locks_are_a_dead_process_s,
           a_run_ends_as_the_machine_says_from_every_state, a_run_that_moved_on_is_not_written_over,
           a_pass_is_a_run_from_its_request_to_its_end, a_pass_with_nothing_to_do_succeeds_too,
           the_second_caller_hears_which_run_works_there, what_is_not_there_begins_no_run,
           a_repeated_key_begins_one_run, a_queued_run_is_cancelled_and_its_job_does_nothing,
           a_working_run_stops_at_its_next_chunk_and_what_it_wrote_stands,
           a_run_is_cancelled_by_whoever_asked_or_a_person_with_authority,
           a_pass_taken_back_ends_as_cancelled_at_its_next_chunk,
           a_pass_taken_back_before_it_began_is_only_an_event,
           a_pass_says_how_far_it_is_and_never_goes_back,
           a_job_that_fails_says_so_and_gives_its_lock_back,
           the_end_is_said_again_when_the_disk_failed_for_a_moment,
           a_job_without_any_memory_left_ends_all_the_same,
           what_a_dead_process_left_behind_fails_visibly_in_one_event, our_own_runs_are_not_swept,
           more_than_one_call_may_sweep_is_swept_in_several)
