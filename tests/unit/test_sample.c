/* common/verify/sample.h against figures that a few lines of another language gave, and the edges
 * of monetary unit sampling. */
#include <string.h>

#include "common/verify/sample.h"
#include "tests/unit/test.h"

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)256 << 20);
}

static void down(void)
{
    arena_free(arena);
}

static struct sample_item item(int64_t seq, int64_t minor, const char *cur)
{
    struct sample_item it = {.seq = seq, .minor = minor};
    memcpy(it.cur, cur, strlen(cur) + 1);
    return it;
}

static void picked(const struct sample *s, const int64_t *seqs, size_t n)
{
    ck_assert_uint_eq(s->n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(s->picks[i].item.seq, seqs[i]);
}

static const struct sample_stratum *stratum(const struct sample *s, const char *cur)
{
    for (size_t i = 0; i < s->strata_n; i++) {
        if (strcmp(s->strata[i].cur, cur) == 0)
            return &s->strata[i];
    }
    ck_abort_msg("no stratum %s", cur);
    return NULL;
}

static const struct sample_item *hundred(void)
{
    struct sample_item *items = ARENA_ARRAY(arena, 100, struct sample_item);
    for (int64_t i = 0; i < 100; i++)
        items[i] = item(i + 1, i, "USD");
    return items;
}

/* ---- random ---- */

START_TEST(a_random_sample_is_the_known_one)
{
    static const int64_t five[] = {10, 26, 60, 62, 68}, eight[] = {10, 21, 26, 56, 60, 62, 68, 85};
    struct sample_plan plan = {.method = SAMPLE_RANDOM, .seed = "2026-q1", .n = 5};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CONFIRM", hundred(), 100, &s));
    picked(&s, five, 5);
    plan.n = 8; /* contains the smaller one */
    ck_ok(sample_pick(arena, &plan, "CONFIRM", hundred(), 100, &s));
    picked(&s, eight, 8);
}
END_TEST

START_TEST(another_seed_or_population_is_another_sample)
{
    static const int64_t five[] = {10, 26, 60, 62, 68};
    static const char *const seeds[] = {"2026-q2", "2026-q1"}, *const populations[] = {"CONFIRM",
                                                                                       "REJECT"};
    for (size_t i = 0; i < 2; i++) {
        const struct sample_plan plan = {.method = SAMPLE_RANDOM, .seed = seeds[i], .n = 5};
        struct sample s;
        size_t same = 0;
        ck_ok(sample_pick(arena, &plan, populations[i], hundred(), 100, &s));
        for (size_t k = 0; k < 5; k++)
            same += s.picks[k].item.seq == five[k];
        ck_assert_uint_lt(same, 5);
    }
}
END_TEST

START_TEST(a_sample_of_more_than_there_is_is_all)
{
    const struct sample_plan plan = {.method = SAMPLE_RANDOM, .seed = "s", .n = 200};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CONFIRM", hundred(), 100, &s));
    ck_assert_uint_eq(s.n, 100);
    for (size_t i = 0; i < 100; i++)
        ck_assert_int_eq(s.picks[i].item.seq, (int64_t)i + 1);
    ck_ok(sample_pick(arena, &plan, "CONFIRM", NULL, 0, &s));
    ck_assert_uint_eq(s.n, 0);
    ck_assert_int_eq(s.strata[0].items, 0);
}
END_TEST

START_TEST(what_has_no_amount_can_be_drawn_at_random)
{
    const struct sample_item items[] = {item(7, 0, ""), item(9, -5, "USD")};
    const struct sample_plan plan = {.method = SAMPLE_RANDOM, .seed = "s", .n = 2};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CHANGE_POLICY", items, 2, &s));
    ck_assert_uint_eq(s.n, 2);
}
END_TEST

/* ---- monetary units ---- */

START_TEST(a_sample_of_monetary_units_is_the_known_one)
{
    static const int64_t both[] = {5, 9, 10, 17, 22, 27, 29};
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "2026-q1", .interval = "100.00"};
    struct sample_item items[30];
    struct sample s;
    for (int64_t i = 1; i <= 30; i++)
        items[i - 1] = item(i, i * 7919 % 5000 - 100, i % 3 == 0 ? "GBP" : "USD");
    ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 30, &s));
    picked(&s, both, 7);
    const struct sample_stratum *usd = stratum(&s, "USD"), *gbp = stratum(&s, "GBP");
    ck_assert_int_eq(usd->start, 6778);
    ck_assert_int_eq(gbp->start, 7168);
    ck_assert(usd->total == 48700 && gbp->total == 20751);
    ck_assert_int_eq(usd->picked, 5);
    ck_assert_int_eq(gbp->picked, 2);
}
END_TEST

START_TEST(an_item_larger_than_the_interval_is_picked_for_certain_and_once)
{
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "s", .interval = "1.00"};
    const struct sample_item items[] = {item(1, 1, "USD"), item(2, 1000, "USD"), item(3, 1, "USD")};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 3, &s));
    size_t large = 0;
    for (size_t i = 0; i < s.n; i++) {
        ck_assert_int_eq(s.picks[i].certain, s.picks[i].item.seq == 2);
        if (s.picks[i].item.seq == 2) {
            large++;
            ck_assert_int_ge(s.picks[i].hits, 9);
            ck_assert_int_le(s.picks[i].hits, 11);
        }
    }
    ck_assert_uint_eq(large, 1);
}
END_TEST

START_TEST(an_item_of_just_the_interval_is_certain_one_below_is_not)
{
    const struct sample_item items[] = {item(1, 99, "USD"), item(2, 100, "USD"), item(3, 99, "USD"),
                                        item(4, 100, "USD")};
    for (char seed = 'a'; seed <= 'z'; seed++) {
        const char text[] = {seed, '\0'};
        const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = text, .interval = "1.00"};
        struct sample s;
        bool two = false, four = false;
        ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 4, &s));
        for (size_t i = 0; i < s.n; i++) {
            two |= s.picks[i].item.seq == 2;
            four |= s.picks[i].item.seq == 4;
            ck_assert_int_eq(s.picks[i].hits, 1);
            ck_assert_int_eq(s.picks[i].certain, s.picks[i].item.minor == 100);
        }
        ck_assert(two && four);
    }
}
END_TEST

START_TEST(zero_negative_and_no_amounts_are_left_out_and_counted)
{
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "s", .n = 3};
    const struct sample_item items[] = {item(1, 0, "USD"), item(2, -500, "USD"), item(3, 0, ""),
                                        item(4, 300, "USD")};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 4, &s));
    ck_assert_uint_eq(s.n, 1);
    ck_assert_int_eq(s.picks[0].item.seq, 4);
    ck_assert_int_eq(s.picks[0].hits, 3);
    ck_assert_int_eq(stratum(&s, "USD")->left_out, 2);
    ck_assert_int_eq(stratum(&s, "USD")->items, 1);
    ck_assert_int_eq(stratum(&s, "")->left_out, 1);
    ck_assert_int_eq(stratum(&s, "")->interval, 0);
}
END_TEST

START_TEST(nothing_with_an_amount_is_no_sample_and_no_error)
{
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "s", .n = 3};
    const struct sample_item items[] = {item(1, 0, "USD"), item(2, -500, "EUR"), item(3, 0, "")};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 3, &s));
    ck_assert_uint_eq(s.n, 0);
    ck_assert_uint_eq(s.strata_n, 3);
}
END_TEST

START_TEST(currencies_are_drawn_apart)
{
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "s", .n = 4};
    struct sample_item items[40], alone[20];
    struct sample both, one;
    size_t usd = 0;
    for (int64_t i = 0; i < 40; i++) {
        items[i] = item(i + 1, 100 + i, i % 2 == 0 ? "USD" : "JPY");
        if (i % 2 == 0)
            alone[i / 2] = items[i];
    }
    ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 40, &both));
    ck_ok(sample_pick(arena, &plan, "CONFIRM", alone, 20, &one));
    for (size_t i = 0; i < both.n; i++) {
        if (strcmp(both.picks[i].item.cur, "USD") != 0)
            continue;
        ck_assert_int_eq(both.picks[i].item.seq, one.picks[usd].item.seq);
        usd++;
    }
    ck_assert_uint_eq(usd, one.n);
    ck_assert_int_ge(stratum(&both, "JPY")->hits, 4);
}
END_TEST

START_TEST(sums_beyond_64_bits_are_exact)
{
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "s", .n = 2};
    const struct sample_item items[] = {item(1, INT64_MAX, "USD"), item(2, INT64_MAX, "USD")};
    struct sample s;
    ck_ok(sample_pick(arena, &plan, "CONFIRM", items, 2, &s));
    ck_assert_int_eq(s.strata[0].interval, INT64_MAX);
    ck_assert_uint_eq(s.n, 2);
    ck_assert_str_eq(minor_text(arena, s.strata[0].total, "USD"), "184467440737095516.14");
    ck_assert_str_eq(minor_text(arena, -5, "USD"), "-0.05");
    ck_assert_str_eq(minor_text(arena, -5, "JPY"), "-5");
    ck_assert_str_eq(minor_text(arena, 0, "KWD"), "0.000");
    ck_assert_str_eq(minor_text(arena, 0, "JPY"), "0");
}
END_TEST

START_TEST(a_plan_is_checked)
{
    static const struct sample_plan bad[] = {
        {.method = SAMPLE_RANDOM, .seed = "s", .n = 0},
        {.method = SAMPLE_RANDOM, .seed = "s", .n = SAMPLE_N_MAX + 1},
        {.method = SAMPLE_RANDOM, .seed = "", .n = 1},
        {.method = SAMPLE_RANDOM, .seed = NULL, .n = 1},
        {.method = SAMPLE_RANDOM, .seed = "a/b", .n = 1},
        {.method = SAMPLE_RANDOM, .seed = "../x", .n = 1},
        {.method = SAMPLE_RANDOM, .seed = "a\nb", .n = 1},
        {.method = SAMPLE_RANDOM, .seed = "s", .interval = "10"},
        {.method = SAMPLE_MUS, .seed = "s", .interval = "0"},
        {.method = SAMPLE_MUS, .seed = "s", .interval = "-1"},
        {.method = SAMPLE_MUS, .seed = "s", .interval = "1e3"},
        {.method = SAMPLE_MUS, .seed = "s", .n = 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(sample_plan_check(&bad[i]), ERR_INPUT);
}
END_TEST

START_TEST(an_interval_finer_than_a_currency_is_refused)
{
    const struct sample_plan plan = {.method = SAMPLE_MUS, .seed = "s", .interval = "0.50"};
    const struct sample_item yen[] = {item(1, 100, "JPY")};
    struct sample s;
    ck_err(sample_pick(arena, &plan, "CONFIRM", yen, 1, &s), ERR_INPUT);
}
END_TEST

START_TEST(a_plan_is_printed_and_read_again)
{
    static const struct sample_plan plans[] = {
        {.method = SAMPLE_NONE},
        {.method = SAMPLE_RANDOM, .seed = "q.1", .n = 25},
        {.method = SAMPLE_MUS, .seed = "q-1", .n = 60},
        {.method = SAMPLE_MUS, .seed = "q_1", .interval = "2500.50"}};
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct sample_plan again;
        ck_ok(sample_plan_read(sample_plan_print(arena, &plans[i]), &again));
        ck_assert_int_eq(again.method, plans[i].method);
        ck_assert_int_eq(again.n, plans[i].n);
        ck_assert(text_eq(again.seed, plans[i].seed) && text_eq(again.interval, plans[i].interval));
    }
}
END_TEST

TEST_MAIN_AROUND("sample", up, down, a_random_sample_is_the_known_one,
                 another_seed_or_population_is_another_sample,
                 a_sample_of_more_than_there_is_is_all, what_has_no_amount_can_be_drawn_at_random,
                 a_sample_of_monetary_units_is_the_known_one,
                 an_item_larger_than_the_interval_is_picked_for_certain_and_once,
                 an_item_of_just_the_interval_is_certain_one_below_is_not,
                 zero_negative_and_no_amounts_are_left_out_and_counted,
                 nothing_with_an_amount_is_no_sample_and_no_error, currencies_are_drawn_apart,
                 sums_beyond_64_bits_are_exact, a_plan_is_checked,
                 an_interval_finer_than_a_currency_is_refused, a_plan_is_printed_and_read_again)
