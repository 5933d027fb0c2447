/* The running spine: a loop, its threads and a book. What arrives while a commit is under way is
 * the next group, answers come after the commit, reads see what was answered, a job's chunks queue
 * behind nobody, a failed disk heals, and stopping answers everybody. Order is made by callers that
 * wait for each other, not by time. */
#include <pthread.h>
#include <sqlite3.h>

#include "tests/fault/fault_vfs.h"
#include "tests/unit/spine_threads.h"

#define MANY 40

static int waiting; /* answers still to come before the loop may stop */
static int answered[MANY + 8];
static int answered_n;

static int64_t clock_jump_us;

static void spine_begin(size_t in_flight_max)
{
    spine_begin_with((struct spine_options){
        .readers = 2, .in_flight_max = in_flight_max, .clock_jump_us = clock_jump_us});
}

static void on_answer(struct call *c, void *arg)
{
    (void)arg;
    ck_assert_int_ne(c->outcome, CALL_NONE);
    if (--waiting == 0)
        loop_stop(loop);
}

static void wait_for_all(void)
{
    if (waiting > 0)
        ck_ok(loop_run(loop));
    ck_assert_int_eq(waiting, 0);
}

static void submit(struct call *c)
{
    waiting++;
    ck_ok(spine_submit(spine, c, on_answer, NULL));
}

/* ---- a gate that holds the writer inside a group ---- */

static pthread_mutex_t gate_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_entered, gate_open;

static void gate_pass(void)
{
    pthread_mutex_lock(&gate_mutex);
    gate_entered = true;
    pthread_cond_broadcast(&gate_moved);
    while (!gate_open)
        pthread_cond_wait(&gate_moved, &gate_mutex);
    pthread_mutex_unlock(&gate_mutex);
}

static void gate_wait_entered(void)
{
    pthread_mutex_lock(&gate_mutex);
    while (!gate_entered)
        pthread_cond_wait(&gate_moved, &gate_mutex);
    pthread_mutex_unlock(&gate_mutex);
}

static void gate_release(void)
{
    pthread_mutex_lock(&gate_mutex);
    gate_open = true;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_mutex);
}

static struct tool held_tool;

static struct err apply_held(struct call *c, struct tx *tx)
{
    gate_pass();
    return tool_find("confirm_match")->apply(c, tx);
}

/* A confirmation that stays inside its group until gate_release. */
static struct call *held(const char *match_id)
{
    struct call *c = spine_on_match(&spine_ana, "confirm_match", match_id, NULL);
    held_tool = *tool_find("confirm_match");
    held_tool.apply = apply_held;
    c->tool = &held_tool;
    return c;
}

/* ---- groups ---- */

START_TEST(what_arrives_during_a_commit_is_one_group)
{
    const char **ids = spine_matches(1, MANY + 1, 1000);
    struct call *calls[MANY + 1] = {held(ids[0])};
    spine_begin(1000);
    submit(calls[0]);
    gate_wait_entered();
    for (int i = 1; i <= MANY; i++) {
        calls[i] = spine_on_match(&spine_ana, "confirm_match", ids[i], NULL);
        submit(calls[i]);
    }
    gate_release();
    wait_for_all();
    for (int i = 0; i <= MANY; i++)
        spine_is(calls[i], CALL_OK);
    struct spine_stats stats = spine_stats(spine);
    ck_assert_int_eq(stats.groups, 2);
    ck_assert_int_eq(stats.group_max, MANY);
    ck_assert_int_eq(stats.calls, MANY + 1);
    ck_assert_int_eq(stats.in_flight, 0);
    for (int i = 1; i <= MANY; i++) /* in the order they were submitted */
        ck_assert_int_eq(calls[i]->seq, calls[0]->seq + i);
    spine_end();
}
END_TEST

static void on_committed(struct call *c, void *arg)
{
    spine_is(c, CALL_OK);
    ck_assert_int_eq(spine_state(arg), MATCH_CONFIRMED);
    if (--waiting == 0)
        loop_stop(loop);
}

START_TEST(an_answer_comes_after_the_commit)
{
    const char **ids = spine_matches(1, MANY, 1000);
    spine_begin(1000);
    for (int i = 0; i < MANY; i++) {
        /* arg is passed on, not written */
        char *id = arena_strdup(arena, ids[i]);
        waiting++;
        ck_ok(spine_submit(spine, spine_on_match(&spine_ana, "confirm_match", id, NULL),
                           on_committed, id));
    }
    wait_for_all();
    spine_end();
}
END_TEST

/* ---- reads ---- */

struct look {
    const char *match_id;
    struct match m;
};

static struct err look_up(struct tx *tx, void *arg)
{
    struct look *l = arg;
    return match_load(tx, tx->arena, l->match_id, &l->m);
}

static struct err look_wanted;
static void on_look(struct err e, void *arg)
{
    (void)arg;
    look_wanted = e;
    if (--waiting == 0)
        loop_stop(loop);
}

START_TEST(a_read_sees_what_was_answered_and_not_what_is_under_way)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *c = held(ids[0]);
    struct look before = {.match_id = ids[0]}, after = before, none = {.match_id = "mat_none"};
    CLEANUP(arena_free) struct arena *own = arena_new(1 << 20);
    spine_begin(100);
    ck_ok(spine_submit(spine, c, on_answer, NULL));
    gate_wait_entered();
    waiting = 1;
    ck_ok(spine_read(spine, own, look_up, on_look, &before));
    wait_for_all(); /* while the writer is held */
    ck_ok(look_wanted);
    ck_assert_int_eq(before.m.state, MATCH_PROPOSED);
    waiting = 1;
    gate_release();
    wait_for_all();
    waiting = 1;
    ck_ok(spine_read(spine, own, look_up, on_look, &after));
    wait_for_all();
    ck_ok(look_wanted);
    ck_assert_int_eq(after.m.state, MATCH_CONFIRMED);
    waiting = 1;
    ck_ok(spine_read(spine, own, look_up, on_look, &none));
    wait_for_all();
    ck_err(look_wanted, ERR_MISSING);
    spine_end();
}
END_TEST

START_TEST(a_reading_tool_runs_beside_the_writer)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *c = held(ids[0]);
    struct json *none = json_object_new(arena);
    struct call *list = spine_call(&spine_ana, "list_pending_escalations", NULL, none);
    spine_begin(100);
    ck_ok(spine_submit(spine, c, on_answer, NULL));
    gate_wait_entered();
    submit(list);
    wait_for_all();
    spine_is(list, CALL_OK);
    ck_assert_int_eq(c->outcome, CALL_NONE); /* still held */
    waiting = 1;
    gate_release();
    wait_for_all();
    spine_is(c, CALL_OK);
    spine_end();
}
END_TEST

/* ---- ceilings and stopping ---- */

START_TEST(more_than_the_ceiling_is_refused_at_once)
{
    const char **ids = spine_matches(1, 4, 1000);
    struct call *extra = spine_on_match(&spine_ana, "confirm_match", ids[3], NULL);
    spine_begin(3);
    submit(held(ids[0]));
    gate_wait_entered();
    submit(spine_on_match(&spine_ana, "confirm_match", ids[1], NULL));
    submit(spine_on_match(&spine_ana, "confirm_match", ids[2], NULL));
    ck_err(spine_submit(spine, extra, on_answer, NULL), ERR_LIMIT);
    gate_release();
    wait_for_all();
    ck_assert_int_eq(extra->outcome, CALL_NONE);
    submit(extra); /* there is room again */
    wait_for_all();
    spine_is(extra, CALL_OK);
    spine_end();
}
END_TEST

static void on_late_answer(struct call *c, void *arg)
{
    struct call *late = arg;
    ck_err(spine_submit(spine, late, on_answer, NULL), ERR_LIMIT);
    spine_is(c, CALL_OK);
    waiting--;
}

START_TEST(stopping_answers_everybody_and_takes_nothing_more)
{
    const char **ids = spine_matches(1, MANY + 1, 1000);
    struct call *late = spine_on_match(&spine_ana, "confirm_match", ids[MANY], NULL);
    spine_begin(1000);
    for (int i = 0; i < MANY; i++) {
        waiting++;
        ck_ok(spine_submit(spine, spine_on_match(&spine_ana, "confirm_match", ids[i], NULL),
                           on_late_answer, late));
    }
    spine_end(); /* the loop never ran */
    ck_assert_int_eq(waiting, 0);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(spine_state(ids[i]), MATCH_CONFIRMED);
    ck_assert_int_eq(spine_state(ids[MANY]), MATCH_PROPOSED);
}
END_TEST

START_TEST(a_spine_that_never_worked_stops)
{
    spine_begin(1000);
    spine_end();
    struct spine *none = NULL;
    const struct spine_options options = {.book_path = "/tmp/closegate-no-such-book",
                                          .readers = 1,
                                          .in_flight_max = 1,
                                          .clock_us = book_clock};
    ck_ok(loop_new(&loop));
    ck_err(spine_start(loop, &options, &none), ERR_MISSING);
    loop_free(loop);
    spine_stop(NULL);
}
END_TEST

/* ---- jobs ---- */

static struct call *pass_call(void)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    return spine_call(&spine_ana, "run_recon_pass", NULL, args);
}

START_TEST(a_pass_runs_and_finds_what_is_open)
{
    struct call *pass = pass_call(), *again = pass_call();
    spine_entries(1, 100, 1000);
    spine_begin(1000);
    submit(pass);
    wait_for_all();
    spine_is(pass, CALL_OK);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches", NULL), 100);
    int64_t events = spine_events();
    submit(again);
    wait_for_all();
    spine_is(again, CALL_OK);
    ck_assert_int_le(spine_events(), events + 2); /* the request and the run's end */
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches", NULL), 100);
    spine_end();
}
END_TEST

static struct call *between[MANY];
static const char **between_ids;

/* One change after the other, as long as the job runs: each is answered before the next is asked.
 */
static void on_between(struct call *c, void *arg)
{
    int *next = arg;
    ck_assert(c->outcome == CALL_OK || c->outcome == CALL_DENIED); /* the pass was faster */
    answered[answered_n++] = (int)c->seq;
    if (waiting == 1 || *next == MANY) { /* the job is done, or there is nothing left */
        if (--waiting == 0)
            loop_stop(loop);
        return;
    }
    between[*next] = spine_on_match(&spine_ana, "confirm_match", between_ids[*next], NULL);
    ck_ok(spine_submit(spine, between[(*next)++], on_between, next));
}

START_TEST(a_job_s_chunks_and_other_calls_take_turns)
{
    struct call *pass = pass_call();
    int next = 1;
    between_ids = spine_matches(1, MANY, 1000);
    spine_entries(1000, 1200, 1000000); /* three chunks, then auto-confirm in batches */
    spine_begin(1000);
    submit(pass);
    waiting++;
    between[0] = spine_on_match(&spine_ana, "confirm_match", between_ids[0], NULL);
    ck_ok(spine_submit(spine, between[0], on_between, &next));
    wait_for_all();
    spine_is(pass, CALL_OK);
    ck_assert_int_gt(answered_n, 3);
    int64_t last = spine_int("SELECT max(seq) FROM audit_events WHERE actor_id ="
                             " 'engine:auto-confirm'",
                             NULL);
    ck_assert_int_lt(answered[0], last); /* did not wait for the end of the pass */
    spine_end();
}
END_TEST

/* Long work that hands over a thousand confirmations, 256 at a time; the first one is held. */
#define BATCH 1000
static struct call *batch[BATCH];

static struct err batch_job(struct call *c, struct job_port *port)
{
    TRY(port->submit(port, batch, BATCH));
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

static struct call *batch_call(const char **ids)
{
    static struct tool tool;
    struct call *c = pass_call();
    tool = *c->tool;
    tool.open = NULL;
    tool.job = batch_job;
    c->tool = &tool;
    batch[0] = held(ids[0]);
    for (int i = 1; i < BATCH; i++)
        batch[i] = spine_on_match(&spine_ana, "confirm_match", ids[i], NULL);
    return c;
}

START_TEST(who_calls_while_a_batch_is_under_way_is_in_the_next_group)
{
    const char **ids = spine_matches(1, BATCH + 3, 1000);
    struct call *job = batch_call(ids), *calls[3];
    spine_begin(100);
    submit(job);
    gate_wait_entered(); /* 255 more of the batch wait */
    for (int i = 0; i < 3; i++) {
        calls[i] = spine_on_match(&spine_ana, "confirm_match", ids[BATCH + i], NULL);
        submit(calls[i]);
    }
    gate_release();
    wait_for_all();
    spine_is(job, CALL_OK);
    for (int i = 0; i < 3; i++) {
        spine_is(calls[i], CALL_OK);
        ck_assert_int_eq(calls[i]->seq, batch[0]->seq + 1 + i);
    }
    for (int i = 0; i < BATCH; i++) { /* nobody is left out, and a batch keeps its order */
        spine_is(batch[i], CALL_OK);
        ck_assert(i == 0 || batch[i]->seq > batch[i - 1]->seq);
    }
    spine_end();
}
END_TEST

START_TEST(stopping_cancels_a_pass_and_answers_it)
{
    struct call *passes[] = {pass_call(), pass_call(), pass_call()};
    spine_entries(1, 1500, 1000);
    spine_begin(1000);
    for (int i = 0; i < 3; i++)
        submit(passes[i]);
    waiting++; /* never runs the loop's end */
    spine_end();
    ck_assert_int_eq(waiting, 1);
    for (int i = 0; i < 3; i++)
        ck_assert_int_ne(passes[i]->outcome, CALL_NONE);
    spine_failed(passes[2], ERR_CONFLICT);
}
END_TEST

/* ---- a clock that jumps ---- */

#define HOUR_US INT64_C(3600000000)

static struct call *acknowledge(const struct actor *actor)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "rationale", "the time server was unreachable");
    return spine_call(actor, "acknowledge_clock", NULL, args);
}

static struct call *confirm_now(const char *match_id)
{
    struct call *c = spine_on_match(&spine_ana, "confirm_match", match_id, NULL);
    submit(c);
    wait_for_all();
    return c;
}

static struct call *acknowledged_by(const struct actor *actor)
{
    struct call *c = acknowledge(actor);
    submit(c);
    wait_for_all();
    return c;
}

static void spine_begin_watching(void)
{
    clock_jump_us = HOUR_US;
    spine_begin(100);
    clock_jump_us = 0;
}

START_TEST(a_clock_that_jumps_forward_stops_commits_until_somebody_acknowledges)
{
    const char **ids = spine_matches(1, 4, 1000);
    spine_begin_watching();
    spine_is(confirm_now(ids[0]), CALL_OK);
    spine_failed(acknowledged_by(&spine_ana), ERR_CONFLICT); /* nothing has jumped */
    atomic_fetch_add(&threads_now, 2 * HOUR_US);
    int64_t events = spine_events();
    spine_failed(confirm_now(ids[1]), ERR_STORE);
    spine_failed(confirm_now(ids[2]), ERR_STORE);
    ck_assert_int_eq(spine_events(), events);
    struct call *ack = acknowledged_by(&spine_ana);
    spine_is(ack, CALL_OK);
    ck_assert_int_eq(spine_events_of("CLOCK_ACKNOWLEDGED"), 1);
    spine_is(confirm_now(ids[1]), CALL_OK);
    spine_failed(acknowledged_by(&spine_ana), ERR_CONFLICT);
    spine_end();
}
END_TEST

START_TEST(a_clock_that_is_set_right_needs_no_acknowledgement)
{
    const char **ids = spine_matches(1, 3, 1000);
    const struct actor agent = spine_agent("ana");
    spine_begin_watching();
    spine_is(confirm_now(ids[0]), CALL_OK);
    atomic_fetch_add(&threads_now, HOUR_US / 2); /* within the limit */
    spine_is(confirm_now(ids[1]), CALL_OK);
    atomic_fetch_add(&threads_now, 10 * HOUR_US);
    spine_failed(confirm_now(ids[2]), ERR_STORE);
    int64_t events = spine_events();
    spine_failed(acknowledged_by(&agent), ERR_AUTH); /* a machine does not say so */
    ck_assert_int_eq(spine_events(), events);        /* nothing bears a time that may be wrong */
    atomic_fetch_sub(&threads_now, 10 * HOUR_US);
    spine_is(confirm_now(ids[2]), CALL_OK);
    spine_end();
}
END_TEST

START_TEST(a_clock_that_fell_back_and_is_set_right_has_not_jumped)
{
    const char **ids = spine_matches(1, 3, 1000);
    spine_begin_watching();
    spine_is(confirm_now(ids[0]), CALL_OK);
    atomic_fetch_sub(&threads_now, 10 * HOUR_US);
    spine_failed(confirm_now(ids[1]), ERR_STORE);
    atomic_fetch_add(&threads_now, 10 * HOUR_US);
    spine_is(confirm_now(ids[1]), CALL_OK);
    atomic_fetch_add(&threads_now, 2 * HOUR_US); /* a jump is one, nevertheless */
    spine_failed(confirm_now(ids[2]), ERR_STORE);
    atomic_fetch_sub(&threads_now, 2 * HOUR_US);
    spine_end();
}
END_TEST

/* ---- a disk that fails under the running engine ---- */

START_TEST(after_a_commit_of_unknown_outcome_the_next_call_goes_through)
{
    const char **ids = spine_matches(1, 3, 1000);
    spine_begin(1000);
    for (int i = 0; i < 3; i++) {
        struct call *lost = spine_keyed(&spine_ana, ids[i], "k");
        lost->idempotency_key = ids[i];
        struct call *again = spine_keyed(&spine_ana, ids[i], ids[i]);
        fault_vfs_fail_syncs(0, SQLITE_IOERR_FSYNC);
        submit(lost);
        wait_for_all();
        spine_failed(lost, ERR_UNKNOWN);
        fault_vfs_fail_syncs(0, 0);
        submit(again);
        wait_for_all();
        spine_is(again, CALL_OK);
        ck_assert_int_eq(spine_state(ids[i]), MATCH_CONFIRMED);
    }
    spine_end();
}
END_TEST

START_TEST(while_the_disk_is_gone_everybody_is_told_and_then_it_goes_on)
{
    const char **ids = spine_matches(1, 1, 1000);
    spine_begin(1000);
    fault_vfs_fail_syncs(0, SQLITE_IOERR_FSYNC);
    fault_vfs_fail_writes(0, SQLITE_IOERR_WRITE);
    fault_vfs_fail_reads(0, SQLITE_IOERR_READ);
    for (int i = 0; i < 5; i++) {
        struct call *c = spine_keyed(&spine_ana, ids[0], "k");
        submit(c);
        wait_for_all();
        spine_is(c, CALL_FAILED);
        ck_assert(c->err.kind == ERR_STORE || c->err.kind == ERR_UNKNOWN);
    }
    ck_assert(!spine_writable(spine));
    fault_vfs_fail_syncs(0, 0);
    fault_vfs_fail_writes(0, 0);
    fault_vfs_fail_reads(0, 0);
    struct call *c = spine_keyed(&spine_ana, ids[0], "k");
    submit(c);
    wait_for_all();
    spine_is(c, CALL_OK);
    ck_assert(spine_writable(spine));
    ck_assert_int_eq(spine_stats(spine).head_seq, c->seq);
    spine_end();
}
END_TEST

START_TEST(a_reader_that_lost_its_disk_reads_again_once_it_is_back)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct look look = {.match_id = ids[0]};
    struct call *c = spine_on_match(&spine_ana, "confirm_match", ids[0], NULL);
    int failed = 0;
    spine_begin(1000);
    submit(c);
    wait_for_all(); /* what the readers remember is out of date now */
    spine_is(c, CALL_OK);
    fault_vfs_fail_reads(0, SQLITE_IOERR_READ);
    for (int i = 0; i < 6; i++) {
        waiting++;
        ck_ok(spine_read(spine, arena, look_up, on_look, &look));
        wait_for_all();
        failed += look_wanted.kind == ERR_STORE;
        ck_assert(look_wanted.kind == ERR_STORE || look_wanted.kind == ERR_NONE);
    }
    ck_assert_int_gt(failed, 0);
    fault_vfs_fail_reads(0, 0);
    int opened = fault_vfs_opens();
    for (int i = 0; i < 6; i++) {
        waiting++;
        ck_ok(spine_read(spine, arena, look_up, on_look, &look));
        wait_for_all();
        ck_ok(look_wanted);
        ck_assert_int_eq(look.m.state, MATCH_CONFIRMED);
    }
    ck_assert_int_gt(fault_vfs_opens(), opened); /* not on the connections that failed */
    opened = fault_vfs_opens();
    for (int i = 0; i < 6; i++) {
        waiting++;
        ck_ok(spine_read(spine, arena, look_up, on_look, &look));
        wait_for_all();
    }
    ck_assert_int_eq(fault_vfs_opens(), opened); /* and not each time */
    spine_end();
}
END_TEST

START_TEST(a_full_disk_fails_a_group_and_the_next_goes_through)
{
    const char **ids = spine_matches(1, 2, 1000);
    spine_begin(1000);
    fault_vfs_fail_writes(0, SQLITE_FULL);
    struct call *c = spine_keyed(&spine_ana, ids[0], "k");
    submit(c);
    wait_for_all();
    spine_failed(c, ERR_STORE);
    fault_vfs_fail_writes(0, 0);
    submit(c = spine_keyed(&spine_ana, ids[0], "k"));
    wait_for_all();
    spine_is(c, CALL_OK);
    spine_end();
}
END_TEST

static void threads_up(void)
{
    fault_vfs_install();
    spine_up();
}

SPINE_MAIN("spine", threads_up, spine_down,
           a_clock_that_jumps_forward_stops_commits_until_somebody_acknowledges,
           a_clock_that_is_set_right_needs_no_acknowledgement,
           a_clock_that_fell_back_and_is_set_right_has_not_jumped,
           what_arrives_during_a_commit_is_one_group, an_answer_comes_after_the_commit,
           a_read_sees_what_was_answered_and_not_what_is_under_way,
           a_reading_tool_runs_beside_the_writer, more_than_the_ceiling_is_refused_at_once,
           stopping_answers_everybody_and_takes_nothing_more, a_spine_that_never_worked_stops,
           a_pass_runs_and_finds_what_is_open, a_job_s_chunks_and_other_calls_take_turns,
           who_calls_while_a_batch_is_under_way_is_in_the_next_group,
           stopping_cancels_a_pass_and_answers_it,
           after_a_commit_of_unknown_outcome_the_next_call_goes_through,
           while_the_disk_is_gone_everybody_is_told_and_then_it_goes_on,
           a_reader_that_lost_its_disk_reads_again_once_it_is_back,
           a_full_disk_fails_a_group_and_the_next_goes_through)
