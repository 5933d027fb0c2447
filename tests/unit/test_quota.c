/* A burst, then the rate; so many at a time; whoever stays within is forgotten. */
#include "common/sys/quota.h"

#include <string.h>

#include "tests/unit/test.h"

#define SECOND INT64_C(1000000)

static int64_t wait_us;

static enum quota_verdict enter(struct quota *q, int who, int64_t now_us)
{
    uint8_t key[QUOTA_KEY] = {0};
    memcpy(key, &who, sizeof who);
    return quota_enter(q, key, now_us, &wait_us);
}

static void leave(struct quota *q, int who)
{
    uint8_t key[QUOTA_KEY] = {0};
    memcpy(key, &who, sizeof who);
    quota_leave(q, key);
}

static enum quota_verdict pass(struct quota *q, int who, int64_t now_us)
{
    const enum quota_verdict verdict = enter(q, who, now_us);
    if (verdict == QUOTA_TAKEN)
        leave(q, who);
    return verdict;
}

START_TEST(after_the_burst_the_rate_counts)
{
    struct quota *q = quota_new(&(struct quota_limits){.per_second = 10, .burst = 20});
    int64_t now = 5 * SECOND;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(pass(q, 1, now), QUOTA_TAKEN);
    ck_assert_int_eq(pass(q, 1, now), QUOTA_TOO_FAST);
    ck_assert_int_gt(wait_us, 99000);
    ck_assert_int_lt(wait_us, 101000);
    ck_assert_int_eq(pass(q, 1, now + wait_us), QUOTA_TAKEN); /* what it said is true */
    ck_assert_int_eq(pass(q, 1, now + wait_us), QUOTA_TOO_FAST);
    int taken = 0;
    for (int64_t t = now + SECOND; t < now + 11 * SECOND; t += 1000)
        taken += pass(q, 1, t) == QUOTA_TAKEN;
    ck_assert_int_ge(taken, 100); /* ten seconds, and what the second before paid back */
    ck_assert_int_le(taken, 110);
    quota_free(q);
}
END_TEST

START_TEST(one_who_is_refused_takes_nothing_from_another)
{
    struct quota *q = quota_new(&(struct quota_limits){.per_second = 1, .burst = 1});
    ck_assert_int_eq(pass(q, 1, SECOND), QUOTA_TAKEN);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(pass(q, 1, SECOND), QUOTA_TOO_FAST);
    ck_assert_int_eq(pass(q, 2, SECOND), QUOTA_TAKEN);
    ck_assert_int_eq(pass(q, 1, 2 * SECOND), QUOTA_TAKEN); /* nor by asking again and again */
    quota_free(q);
}
END_TEST

START_TEST(so_many_at_a_time)
{
    struct quota *q = quota_new(&(struct quota_limits){.at_a_time = 2});
    ck_assert_int_eq(enter(q, 1, 0), QUOTA_TAKEN);
    ck_assert_int_eq(enter(q, 1, 0), QUOTA_TAKEN);
    ck_assert_int_eq(enter(q, 1, 99 * SECOND), QUOTA_TOO_MANY);
    ck_assert_int_gt(wait_us, 0);
    ck_assert_int_eq(enter(q, 2, 0), QUOTA_TAKEN);
    leave(q, 1);
    ck_assert_int_eq(enter(q, 1, 0), QUOTA_TAKEN);
    leave(q, 1);
    leave(q, 1);
    leave(q, 2);
    quota_free(q);
}
END_TEST

START_TEST(no_limit_is_none)
{
    struct quota *q = quota_new(&(struct quota_limits){0});
    for (int i = 0; i < 100000; i++)
        ck_assert_int_eq(enter(q, 1, 0), QUOTA_TAKEN);
    ck_assert_uint_eq(quota_known(q), 1);
    quota_free(q);
}
END_TEST

START_TEST(a_clock_that_goes_back_gives_nothing)
{
    struct quota *q = quota_new(&(struct quota_limits){.per_second = 1, .burst = 2});
    ck_assert_int_eq(pass(q, 1, 100 * SECOND), QUOTA_TAKEN);
    ck_assert_int_eq(pass(q, 1, 100 * SECOND), QUOTA_TAKEN);
    ck_assert_int_eq(pass(q, 1, 50 * SECOND), QUOTA_TOO_FAST);
    ck_assert_int_eq(pass(q, 1, INT64_MIN), QUOTA_TOO_FAST);
    ck_assert_int_eq(pass(q, 1, INT64_MAX), QUOTA_TAKEN); /* and one that leaps does not overflow */
    quota_free(q);
}
END_TEST

START_TEST(who_owes_nothing_is_forgotten_and_who_is_there_is_not)
{
    struct quota *q = quota_new(&(struct quota_limits){.per_second = 100, .burst = 100});
    ck_assert_int_eq(enter(q, -1, SECOND), QUOTA_TAKEN);
    for (int i = 0; i < 30000; i++)
        ck_assert_int_eq(pass(q, i, SECOND), QUOTA_TAKEN);
    ck_assert_uint_eq(quota_known(q), 30001);
    for (int i = 30000; i < 90000; i++) /* enough to have looked into every slot */
        ck_assert_int_eq(pass(q, i, SECOND + i * SECOND), QUOTA_TAKEN);
    ck_assert_uint_lt(quota_known(q), 9000);
    leave(q, -1);
    quota_free(q);
}
END_TEST

START_TEST(a_table_that_is_full_takes_nobody_new)
{
    struct quota *q = quota_new(&(struct quota_limits){.per_second = 1, .burst = 5});
    for (size_t i = 0; i < QUOTA_MAX; i++)
        ck_assert_int_eq(pass(q, (int)i, SECOND), QUOTA_TAKEN);
    ck_assert_int_eq(pass(q, -1, SECOND), QUOTA_TOO_MANY);
    ck_assert_int_gt(wait_us, 0);
    ck_assert_int_eq(pass(q, 7, SECOND), QUOTA_TAKEN);
    ck_assert_uint_eq(quota_known(q), QUOTA_MAX);
    quota_free(q);
}
END_TEST

TEST_MAIN("quota", after_the_burst_the_rate_counts, one_who_is_refused_takes_nothing_from_another,
          so_many_at_a_time, no_limit_is_none, a_clock_that_goes_back_gives_nothing,
          who_owes_nothing_is_forgotten_and_who_is_there_is_not,
          a_table_that_is_full_takes_nobody_new)
