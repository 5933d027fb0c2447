/* What is submitted is run once, away from the loop, and answered once, on it; stopping loses
 * nothing. */
#include "engine/auth/prover.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/test.h"

#define MANY 500

static struct loop *loop;
static struct prover *prover;
static pthread_t loop_thread;
static struct proof proofs[PROVER_DEPTH + 1];
static atomic_int runs;
static int answers, wanted;
static atomic_bool held;
static bool strayed;

static void run(void *arg)
{
    int *n = arg;
    while (atomic_load(&held))
        sched_yield();
    if (pthread_equal(pthread_self(), loop_thread))
        strayed = true;
    (*n)++;
    atomic_fetch_add(&runs, 1);
}

static void done(void *arg)
{
    const int *n = arg;
    if (!pthread_equal(pthread_self(), loop_thread) || *n != 1)
        strayed = true;
    if (++answers == wanted)
        loop_stop(loop);
}

static int counts[PROVER_DEPTH + 1];

static struct err submit(size_t i)
{
    counts[i] = 0;
    proofs[i] = (struct proof){.run = run, .done = done, .arg = &counts[i]};
    return prover_submit(prover, &proofs[i]);
}

static void up(void)
{
    loop_thread = pthread_self();
    answers = wanted = 0;
    strayed = false;
    atomic_store(&runs, 0);
    atomic_store(&held, false);
    ck_ok(loop_new(&loop));
    ck_ok(prover_start(loop, &prover));
}

static void down(void)
{
    loop_free(loop);
}

START_TEST(each_is_run_once_and_answered_once)
{
    wanted = MANY;
    for (size_t i = 0; i < MANY; i++)
        ck_ok(submit(i));
    ck_ok(loop_run(loop));
    ck_assert_int_eq(answers, MANY);
    ck_assert(!strayed);
    prover_stop(prover);
    ck_assert_int_eq(answers, MANY);
}
END_TEST

START_TEST(stopping_answers_what_was_submitted)
{
    for (size_t i = 0; i < MANY; i++)
        ck_ok(submit(i));
    prover_stop(prover);
    ck_assert_int_eq(answers, MANY);
    ck_assert_int_eq(atomic_load(&runs), MANY);
    ck_assert(!strayed);
}
END_TEST

START_TEST(more_than_may_wait_is_refused_and_not_lost)
{
    atomic_store(&held, true);
    for (size_t i = 0; i < PROVER_DEPTH; i++)
        ck_ok(submit(i));
    ck_err(submit(PROVER_DEPTH), ERR_LIMIT);
    atomic_store(&held, false);
    prover_stop(prover);
    ck_assert_int_eq(answers, PROVER_DEPTH);
}
END_TEST

START_TEST(one_that_never_began_stops)
{
    prover_stop(prover);
    prover_stop(NULL);
    ck_assert_int_eq(answers, 0);
}
END_TEST

TEST_MAIN_AROUND("prover", up, down, each_is_run_once_and_answered_once,
                 stopping_answers_what_was_submitted, more_than_may_wait_is_refused_and_not_lost,
                 one_that_never_began_stops)
