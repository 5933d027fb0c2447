/* Flows take turns, a flow keeps its order, and what was taken back waits where it was. */
#include "common/base/fair.h"

#include "tests/unit/test.h"

#define MANY 200

static struct fair fair;
static struct fair_item item[MANY];

static int popped(void)
{
    const struct fair_item *next = fair_pop(&fair);
    return next == NULL ? -1 : (int)(next - item);
}

START_TEST(a_flow_of_many_waits_behind_itself)
{
    fair_init(&fair);
    for (int i = 0; i < 10; i++)
        fair_push(&fair, &item[i], 7);
    fair_push(&fair, &item[10], 8);
    ck_assert_uint_eq(fair.n, 11);
    ck_assert_int_eq(popped(), 0);
    ck_assert_int_eq(popped(), 10);
    for (int i = 1; i < 10; i++)
        ck_assert_int_eq(popped(), i);
    ck_assert_int_eq(popped(), -1);
    ck_assert_uint_eq(fair.n, 0);
}
END_TEST

START_TEST(flows_that_share_a_slot_are_still_two)
{
    fair_init(&fair);
    for (int i = 0; i < 6; i++)
        fair_push(&fair, &item[i], i < 4 ? 1 : 1 + FAIR_SLOTS);
    static const int order[] = {0, 4, 1, 5, 2, 3, -1};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        ck_assert_int_eq(popped(), order[i]);
}
END_TEST

START_TEST(what_is_taken_back_in_reverse_changes_nothing)
{
    for (int took = 0; took <= 30; took++) {
        int order[30];
        fair_init(&fair);
        for (int i = 0; i < 30; i++)
            fair_push(&fair, &item[i], (uint64_t)(i * i) % 7);
        for (int i = 0; i < took; i++)
            order[i] = popped();
        for (int i = took; i-- > 0;)
            fair_unpop(&fair, &item[order[i]]);
        ck_assert_uint_eq(fair.n, 30);
        for (int i = 0; i < took; i++)
            ck_assert_int_eq(popped(), order[i]);
        for (int i = took; i < 30; i++)
            ck_assert_int_ge(popped(), 0);
        ck_assert_int_eq(popped(), -1);
    }
}
END_TEST

START_TEST(what_is_taken_back_is_next_whatever_came_meanwhile)
{
    fair_init(&fair);
    for (int i = 0; i < 3; i++)
        fair_push(&fair, &item[i], 1);
    const int first = popped();
    fair_push(&fair, &item[3], 2);
    fair_push(&fair, &item[4], 1);
    fair_unpop(&fair, &item[first]);
    ck_assert_int_eq(popped(), first);
    static const int order[] = {3, 1, 2, 4, -1};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        ck_assert_int_eq(popped(), order[i]);
}
END_TEST

/* Against the slow way: each flow's items in a list, flows in a list. */
START_TEST(it_is_what_turns_by_hand_would_be)
{
    int ring[MANY], ring_n = 0, queue[5][MANY], queue_n[5] = {0}, pushed = 0;
    unsigned seed = 1;
    fair_init(&fair);
    while (pushed < MANY || ring_n > 0) {
        seed = seed * 1103515245 + 12345;
        if (pushed < MANY && (seed >> 16) % 3 != 0) {
            const int f = (int)(seed >> 20) % 5;
            if (queue_n[f] == 0)
                ring[ring_n++] = f;
            queue[f][queue_n[f]++] = pushed;
            fair_push(&fair, &item[pushed++], (uint64_t)f);
            continue;
        }
        const int got = popped();
        if (ring_n == 0) {
            ck_assert_int_eq(got, -1);
            continue;
        }
        const int f = ring[0];
        ck_assert_int_eq(got, queue[f][0]);
        memmove(ring, ring + 1, (size_t)--ring_n * sizeof ring[0]);
        memmove(queue[f], queue[f] + 1, (size_t)--queue_n[f] * sizeof queue[f][0]);
        if (queue_n[f] > 0)
            ring[ring_n++] = f;
    }
}
END_TEST

TEST_MAIN("fair", a_flow_of_many_waits_behind_itself, flows_that_share_a_slot_are_still_two,
          what_is_taken_back_in_reverse_changes_nothing,
          what_is_taken_back_is_next_whatever_came_meanwhile, it_is_what_turns_by_hand_would_be)
