/* Whose turn it is on the spine's threads: by the order in which decisions are recorded and reads
 * answered, while the thread in question is held, so that no time plays a part. */
#include <pthread.h>

#include "tests/unit/spine_threads.h"

#define LOOP 500

static int waiting, answered_n;
static const struct call *answered[2 * LOOP];
static struct actor greedy, modest;

static void on_answer(struct call *c, void *arg)
{
    (void)arg;
    answered[answered_n++] = c;
    if (--waiting == 0)
        loop_stop(loop);
}

static void submit(struct call *c)
{
    waiting++;
    ck_ok(spine_submit(spine, c, on_answer, NULL));
}

static void wait_for_all(void)
{
    ck_ok(loop_run(loop));
    ck_assert_int_eq(waiting, 0);
}

/* When it was answered; -1: it was not. */
static int place_of(const struct call *c)
{
    for (int i = 0; i < answered_n; i++)
        if (answered[i] == c)
            return i;
    return -1;
}

/* ---- a gate that holds the thread that comes through it ---- */

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

/* Opens the gate from another thread, for who is about to wait for the one that is held. */
static void *release_soon(void *arg)
{
    gate_release();
    return arg;
}

static void gate_release_soon(void)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, release_soon, NULL), 0);
    ck_assert_int_eq(pthread_detach(thread), 0);
}

static struct tool held_change, held_read;

static struct err plan_held(struct call *c, struct tx *tx)
{
    gate_pass();
    return tool_find("confirm_match")->plan(c, tx);
}

static struct err read_held(struct call *c, struct tx *tx)
{
    gate_pass();
    return tool_find("list_pending_escalations")->read(c, tx);
}

static struct call *confirm(const struct actor *actor, const char *match_id)
{
    return spine_on_match(actor, "confirm_match", match_id, NULL);
}

/* Stays inside its group until gate_release. */
static struct call *confirm_held(const struct actor *actor, const char *match_id)
{
    struct call *c = confirm(actor, match_id);
    held_change = *c->tool;
    held_change.plan = plan_held;
    c->tool = &held_change;
    return c;
}

static struct call *page(const struct actor *actor)
{
    return spine_call(actor, "list_pending_escalations", NULL, json_object_new(arena));
}

static struct call *page_held(const struct actor *actor)
{
    struct call *c = page(actor);
    held_read = *c->tool;
    held_read.read = read_held;
    c->tool = &held_read;
    return c;
}

static void begin(int readers, size_t in_flight_max)
{
    spine_begin_with((struct spine_options){.readers = readers, .in_flight_max = in_flight_max});
}

/* ---- the writer ---- */

START_TEST(a_click_is_recorded_before_the_five_hundred_calls_of_a_loop_that_came_before_it)
{
    const char **ids = spine_matches(1, LOOP + 2, 1000);
    struct call *held = confirm_held(&spine_ana, ids[0]), *calls[LOOP];
    struct call *click = confirm(&spine_ana, ids[1]);
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < LOOP; i++)
        submit(calls[i] = confirm(&greedy, ids[i + 2]));
    submit(click);
    gate_release();
    wait_for_all();
    spine_is(click, CALL_OK);
    ck_assert_int_eq(click->seq, held->seq + 1);
    for (int i = 0; i < LOOP; i++) { /* nobody is left out, and a loop keeps its order */
        ck_assert_int_ne(calls[i]->outcome, CALL_NONE);
        ck_assert_msg(calls[i]->outcome != CALL_FAILED, "%s", calls[i]->err.msg);
        ck_assert_int_gt(calls[i]->seq, i == 0 ? click->seq : calls[i - 1]->seq);
    }
    spine_end();
}
END_TEST

START_TEST(a_click_ends_the_group_that_a_loop_fills)
{
    const char **ids = spine_matches(1, 102, 1000);
    struct call *first = confirm(&spine_ana, ids[0]);
    struct call *held = confirm_held(&greedy, ids[1]), *calls[100];
    begin(1, 1000);
    submit(held);
    for (int i = 0; i < 100; i++)
        submit(calls[i] = confirm(&greedy, ids[i + 2]));
    gate_wait_entered(); /* as many of the hundred as had come are in its group */
    submit(first);
    gate_release();
    wait_for_all();
    spine_is(first, CALL_OK);
    ck_assert_int_eq(first->seq, held->seq + 1);
    ck_assert_int_gt(calls[0]->seq, first->seq);
    spine_end();
}
END_TEST

START_TEST(of_two_loops_neither_waits_for_the_other_s_end)
{
    const char **ids = spine_matches(1, 206, 1000);
    struct call *held = confirm_held(&spine_ana, ids[0]), *many[200], *few[5];
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < 200; i++)
        submit(many[i] = confirm(&greedy, ids[i + 1]));
    for (int i = 0; i < 5; i++)
        submit(few[i] = confirm(&modest, ids[i + 201]));
    gate_release();
    wait_for_all();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_gt(few[i]->seq, many[i]->seq);
        ck_assert_int_lt(few[i]->seq, many[i + 1]->seq);
    }
    spine_end();
}
END_TEST

/* Other sessions, and other words in the id, are no second place in the turns. */
START_TEST(a_loop_that_opens_session_after_session_is_one_loop)
{
    const char **ids = spine_matches(1, 102, 1000);
    struct call *held = confirm_held(&spine_ana, ids[0]), *one = confirm(&modest, ids[101]);
    struct call *second = NULL;
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < 100; i++) {
        struct actor session = greedy;
        session.id = arena_fmt(arena, "llm:greedy.s-%d", i);
        struct call *c = confirm(&session, ids[i + 1]);
        second = i == 1 ? c : second;
        submit(c);
    }
    submit(one);
    gate_release();
    wait_for_all();
    ck_assert_int_lt(one->seq, second->seq);
    spine_end();
}
END_TEST

START_TEST(a_loop_is_heard_while_people_never_pause)
{
    const char **ids = spine_matches(1, 22, 1000);
    struct call *held = confirm_held(&spine_ana, ids[0]), *machine = confirm(&greedy, ids[1]);
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    submit(machine);
    for (int i = 0; i < LOOP + 20; i++) /* more than a group holds */
        submit(confirm(&spine_ana, ids[2 + i % 20]));
    gate_release();
    wait_for_all();
    const struct spine_stats stats = spine_stats(spine);
    ck_assert_int_gt(stats.groups, 2);
    ck_assert_int_ne(machine->outcome, CALL_FAILED);
    ck_assert_int_lt(place_of(machine), LOOP + 20); /* in the next group, whoever still waits */
    spine_end();
}
END_TEST

/* ---- the readers ---- */

START_TEST(a_person_s_page_is_read_before_a_loop_s)
{
    struct call *held = page_held(&spine_ana), *calls[LOOP], *mine = page(&spine_ana);
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < LOOP; i++)
        submit(calls[i] = page(&greedy));
    submit(mine);
    gate_release();
    wait_for_all();
    ck_assert_int_eq(place_of(held), 0);
    ck_assert_int_eq(place_of(mine), 1);
    for (int i = 0; i < LOOP; i++)
        ck_assert_int_eq(place_of(calls[i]), i + 2);
    spine_end();
}
END_TEST

START_TEST(now_and_then_a_machine_reads_among_people)
{
    struct call *held = page_held(&spine_ana), *machine = page(&greedy);
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    submit(machine);
    for (int i = 0; i < 100; i++)
        submit(page(&spine_ana));
    gate_release();
    wait_for_all();
    ck_assert_int_gt(place_of(machine), 1);
    ck_assert_int_lt(place_of(machine), 12);
    spine_end();
}
END_TEST

START_TEST(a_read_goes_to_the_reader_that_has_nothing_to_do)
{
    struct call *held = page_held(&greedy);
    begin(2, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < 7; i++) {
        struct call *mine = page(&spine_ana);
        submit(mine);
        while (place_of(mine) < 0) { /* the held one is not answered, so the loop goes on by us */
            waiting--;
            ck_ok(loop_run(loop));
            waiting++;
        }
    }
    ck_assert_int_eq(place_of(held), -1);
    gate_release();
    wait_for_all();
    spine_end();
}
END_TEST

/* ---- long work ---- */

static struct tool held_job, plain_job;

static struct err job_plain(struct call *c, struct job_port *port)
{
    (void)port;
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

static struct err job_held(struct call *c, struct job_port *port)
{
    gate_pass();
    return job_plain(c, port);
}

static struct call *job_of(const struct actor *actor, struct tool *tool,
                           struct err (*work)(struct call *, struct job_port *))
{
    struct call *c = page(actor);
    *tool = *c->tool;
    tool->run = TOOL_JOB;
    tool->read = NULL;
    tool->job = work;
    c->tool = tool;
    return c;
}

static struct call *job_by(const struct actor *actor)
{
    return job_of(actor, &plain_job, job_plain);
}

START_TEST(a_person_s_long_work_goes_before_a_machine_s_and_machines_take_turns)
{
    struct call *held = job_of(&greedy, &held_job, job_held), *many[5];
    struct call *mine, *few = job_by(&modest);
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < 5; i++)
        submit(many[i] = job_by(&greedy));
    submit(few);
    submit(mine = job_by(&spine_ana));
    gate_release();
    wait_for_all();
    const struct call *order[] = {held, mine, many[0], few, many[1], many[2], many[3], many[4]};
    for (int i = 0; i < 8; i++) {
        spine_is(order[i], CALL_OK);
        ck_assert_int_eq(place_of(order[i]), i);
    }
    spine_end();
}
END_TEST

START_TEST(now_and_then_a_machine_s_long_work_runs_among_people_s)
{
    struct call *held = job_of(&spine_ana, &held_job, job_held), *machine = job_by(&greedy);
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    submit(machine);
    for (int i = 0; i < 30; i++)
        submit(job_by(&spine_ana));
    gate_release();
    wait_for_all();
    ck_assert_int_gt(place_of(machine), 1);
    ck_assert_int_lt(place_of(machine), 12);
    spine_end();
}
END_TEST

START_TEST(long_work_that_waits_when_the_engine_stops_is_answered)
{
    struct call *held = job_of(&spine_ana, &held_job, job_held), *waits[3];
    begin(1, 1000);
    submit(held);
    gate_wait_entered();
    for (int i = 0; i < 3; i++)
        submit(waits[i] = job_by(i == 0 ? &spine_ana : &greedy));
    gate_release_soon();
    spine_stop(spine);
    spine_ended();
    ck_assert_int_eq(answered_n, 4);
    spine_is(held, CALL_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_ne(waits[i]->outcome, CALL_NONE);
}
END_TEST

/* ---- room ---- */

START_TEST(machines_leave_room_to_people)
{
    const char **ids = spine_matches(1, 10, 1000);
    struct call *over = confirm(&greedy, ids[8]);
    begin(1, 8);
    submit(confirm_held(&greedy, ids[0]));
    gate_wait_entered();
    for (int i = 1; i < 7; i++)
        submit(confirm(&greedy, ids[i]));
    ck_err(spine_submit(spine, over, on_answer, NULL), ERR_LIMIT);
    submit(confirm(&spine_ana, ids[9]));
    ck_err(spine_submit(spine, confirm(&spine_ana, ids[7]), on_answer, NULL), ERR_LIMIT);
    gate_release();
    wait_for_all();
    ck_assert_int_eq(answered_n, 8);
    spine_end();
}
END_TEST

static void fair_up(void)
{
    spine_up();
    greedy = spine_agent("ana");
    modest = spine_agent("ben");
    waiting = answered_n = 0;
    gate_entered = gate_open = false;
}

SPINE_MAIN("spine_fair", fair_up, spine_down,
           a_click_is_recorded_before_the_five_hundred_calls_of_a_loop_that_came_before_it,
           a_click_ends_the_group_that_a_loop_fills, of_two_loops_neither_waits_for_the_other_s_end,
           a_loop_that_opens_session_after_session_is_one_loop,
           a_loop_is_heard_while_people_never_pause, a_person_s_page_is_read_before_a_loop_s,
           now_and_then_a_machine_reads_among_people,
           a_read_goes_to_the_reader_that_has_nothing_to_do,
           a_person_s_long_work_goes_before_a_machine_s_and_machines_take_turns,
           now_and_then_a_machine_s_long_work_runs_among_people_s,
           long_work_that_waits_when_the_engine_stops_is_answered, machines_leave_room_to_people)
