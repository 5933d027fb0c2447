/* The workers: in order, each job once, no more waiting than was said, and what still waits at the
 * end is given back. */
#include "agent/call/pool.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/log.h"
#include "tests/unit/test.h"

#define JOBS 200

struct job {
    bool blocks;
    int worked; /* the how manyth on a worker; 0: not worked */
    int done;
};

static struct {
    char folder[64], path[96];
    struct loop *loop;
    struct mcpc_shared *engine;
    struct pool *pool;
    sem_t begun;       /* by blocking jobs */
    sem_t gate;        /* what they wait for */
    atomic_int worked; /* jobs */
    int done, wanted;  /* loop thread, which is the test's */
    struct job jobs[JOBS];
} t;

static int64_t clock_us(void)
{
    return INT64_C(1772529302000000);
}

static void work(void *arg, const struct worker_tools *tools)
{
    struct job *job = arg;
    ck_assert_ptr_nonnull(tools->db);
    ck_assert_ptr_nonnull(tools->mcpc);
    if (job->blocks) {
        sem_post(&t.begun);
        sem_wait(&t.gate);
    }
    job->worked = atomic_fetch_add(&t.worked, 1) + 1;
}

static void done(void *arg, void *ctx)
{
    struct job *job = arg;
    (void)ctx;
    job->done++;
    if (++t.done == t.wanted)
        loop_stop(t.loop);
}

static struct pool_options options_of(size_t workers, size_t waiting_max)
{
    return (struct pool_options){.name = "test",
                                 .workers = workers,
                                 .waiting_max = waiting_max,
                                 .db_path = t.path,
                                 .engine = t.engine,
                                 .work = work,
                                 .done = done};
}

static void start(size_t workers, size_t waiting_max)
{
    const struct mcpc_options engine = {.url = "http://127.0.0.1:9", .clock_us = clock_us};
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    int migrated;
    log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
    memset(&t, 0, sizeof t);
    strcpy(t.folder, "/tmp/closegate-pool-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(t.folder));
    snprintf(t.path, sizeof t.path, "%s/agent.db", t.folder);
    ck_ok(agent_db_migrate(t.path, "2026-03-03T09:15:02Z", arena, &migrated));
    ck_ok(mcpc_shared_new(&engine, &t.engine));
    ck_ok(loop_new(&t.loop));
    sem_init(&t.begun, 0, 0);
    sem_init(&t.gate, 0, 0);
    const struct pool_options options = options_of(workers, waiting_max);
    ck_ok(pool_start(t.loop, &options, &t.pool));
}

static void finish(void)
{
    char path[128];
    pool_stop(t.pool);
    loop_free(t.loop);
    mcpc_shared_free(t.engine);
    sem_destroy(&t.begun);
    sem_destroy(&t.gate);
    unlink(t.path);
    snprintf(path, sizeof path, "%s-wal", t.path);
    unlink(path);
    snprintf(path, sizeof path, "%s-shm", t.path);
    unlink(path);
    rmdir(t.folder);
}

static void run_until(int wanted)
{
    t.wanted = wanted;
    if (t.done < wanted)
        ck_ok(loop_run(t.loop));
    ck_assert_int_eq(t.done, wanted);
}

START_TEST(one_worker_works_in_the_order_in_which_jobs_came)
{
    start(1, JOBS);
    for (int i = 0; i < JOBS; i++)
        ck_ok(pool_submit(t.pool, &t.jobs[i]));
    ck_assert_uint_eq(pool_in_flight(t.pool), JOBS);
    run_until(JOBS);
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(t.jobs[i].worked, i + 1);
        ck_assert_int_eq(t.jobs[i].done, 1);
    }
    ck_assert_uint_eq(pool_in_flight(t.pool), 0);
    finish();
}
END_TEST

START_TEST(many_workers_do_each_job_once)
{
    start(8, JOBS);
    for (int i = 0; i < JOBS; i++)
        ck_ok(pool_submit(t.pool, &t.jobs[i]));
    run_until(JOBS);
    for (int i = 0; i < JOBS; i++)
        ck_assert(t.jobs[i].worked > 0 && t.jobs[i].done == 1);
    finish();
}
END_TEST

START_TEST(no_more_wait_than_was_said_and_there_is_room_again_after)
{
    start(2, 3);
    t.jobs[0].blocks = t.jobs[1].blocks = true;
    for (int i = 0; i < 5; i++)
        ck_ok(pool_submit(t.pool, &t.jobs[i]));
    ck_err(pool_submit(t.pool, &t.jobs[5]), ERR_LIMIT);
    ck_assert_uint_eq(pool_in_flight(t.pool), 5);
    sem_post(&t.gate);
    sem_post(&t.gate);
    run_until(5);
    ck_assert_int_eq(t.jobs[5].done, 0);
    ck_ok(pool_submit(t.pool, &t.jobs[5]));
    run_until(6);
    finish();
}
END_TEST

START_TEST(a_pool_whose_workers_wait_does_not_hold_up_another)
{
    struct pool *quick;
    start(1, 8);
    struct pool_options options = options_of(1, 8);
    options.name = "test-quick";
    ck_ok(pool_start(t.loop, &options, &quick));
    t.jobs[0].blocks = true;
    ck_ok(pool_submit(t.pool, &t.jobs[0]));
    ck_ok(pool_submit(t.pool, &t.jobs[1]));
    ck_ok(pool_submit(quick, &t.jobs[2]));
    run_until(1);
    ck_assert(t.jobs[2].done == 1 && t.jobs[1].done == 0);
    sem_post(&t.gate);
    run_until(3);
    pool_stop(quick);
    finish();
}
END_TEST

static void *let_go(void *arg)
{
    (void)arg;
    usleep(100 * 1000);
    sem_post(&t.gate);
    return NULL;
}

START_TEST(what_waits_when_it_stops_is_given_back_unworked)
{
    pthread_t thread;
    start(1, 8);
    t.jobs[0].blocks = true;
    for (int i = 0; i < 4; i++)
        ck_ok(pool_submit(t.pool, &t.jobs[i]));
    sem_wait(&t.begun); /* what no worker has taken is given back, too */
    ck_assert_int_eq(pthread_create(&thread, NULL, let_go, NULL), 0);
    pool_stop(t.pool);
    t.pool = NULL;
    pthread_join(thread, NULL);
    ck_assert_int_eq(t.done, 4);
    ck_assert(t.jobs[0].worked == 1 && t.jobs[0].done == 1); /* it was under way */
    for (int i = 1; i < 4; i++)
        ck_assert(t.jobs[i].worked == 0 && t.jobs[i].done == 1);
    finish();
}
END_TEST

START_TEST(what_was_worked_and_not_fetched_when_it_stops_is_given_back_once)
{
    start(4, 8);
    for (int i = 0; i < 4; i++)
        ck_ok(pool_submit(t.pool, &t.jobs[i]));
    while (atomic_load(&t.worked) < 4)
        usleep(1000);
    pool_stop(t.pool); /* the loop never ran */
    t.pool = NULL;
    for (int i = 0; i < 4; i++)
        ck_assert(t.jobs[i].worked > 0 && t.jobs[i].done == 1);
    finish();
}
END_TEST

START_TEST(a_pool_that_cannot_start_leaves_nothing)
{
    struct pool *other = NULL;
    start(1, 8);
    struct pool_options options = options_of(2, 8);
    ck_err(pool_start(t.loop, &options, &other), ERR_CONFLICT); /* its name is taken */
    options.name = "test-lost";
    options.db_path = "/nonexistent/agent.db";
    struct err e = pool_start(t.loop, &options, &other);
    ck_assert_int_ne(e.kind, ERR_NONE);
    ck_assert_ptr_null(other);
    ck_ok(pool_submit(t.pool, &t.jobs[0]));
    run_until(1);
    finish();
}
END_TEST

TEST_MAIN("agent_pool", one_worker_works_in_the_order_in_which_jobs_came,
          many_workers_do_each_job_once, no_more_wait_than_was_said_and_there_is_room_again_after,
          a_pool_whose_workers_wait_does_not_hold_up_another,
          what_waits_when_it_stops_is_given_back_unworked,
          what_was_worked_and_not_fetched_when_it_stops_is_given_back_once,
          a_pool_that_cannot_start_leaves_nothing)
