/* Counting from any thread, printing what Prometheus reads. */
#include "common/sys/metrics.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/test.h"

static const char *const tools[] = {"confirm_match", "a\"b\\c\nd"};
static const char *const verdicts[] = {"ok", "denied", "other"};

static struct metric calls(void)
{
    return (struct metric){.name = "calls_total",
                           .help = "Calls.",
                           .type = METRIC_COUNTER,
                           .labels = {{.name = "tool", .values = tools, .values_n = 2},
                                      {.name = "verdict", .values = verdicts, .values_n = 3}},
                           .labels_n = 2};
}

static const char *printed(const struct metric *m, struct buf *out)
{
    buf_init(out, 1 << 16);
    metric_print(m, out);
    return buf_text(out);
}

START_TEST(every_combination_is_printed_and_labels_are_escaped)
{
    CLEANUP(buf_fini) struct buf out;
    struct metric m = calls();
    ck_ok(metric_init(&m));
    metric_add(&m, 0, 1, 2);
    metric_add(&m, 1, 0, 1);
    ck_assert_str_eq(printed(&m, &out),
                     "# HELP calls_total Calls.\n# TYPE calls_total counter\n"
                     "calls_total{tool=\"confirm_match\",verdict=\"ok\"} 0\n"
                     "calls_total{tool=\"confirm_match\",verdict=\"denied\"} 2\n"
                     "calls_total{tool=\"confirm_match\",verdict=\"other\"} 0\n"
                     "calls_total{tool=\"a\\\"b\\\\c\\nd\",verdict=\"ok\"} 1\n"
                     "calls_total{tool=\"a\\\"b\\\\c\\nd\",verdict=\"denied\"} 0\n"
                     "calls_total{tool=\"a\\\"b\\\\c\\nd\",verdict=\"other\"} 0\n");
    metric_fini(&m);
}
END_TEST

START_TEST(an_index_past_the_end_is_the_last_value)
{
    struct metric m = calls();
    ck_ok(metric_init(&m));
    metric_add(&m, 0, 99, 1);
    metric_add(&m, 99, 99, 5);
    ck_assert_int_eq(metric_value(&m, 0, 2), 1);
    ck_assert_int_eq(metric_value(&m, 1, 2), 5);
    metric_fini(&m);
}
END_TEST

START_TEST(before_it_is_initialised_nothing_is_counted_and_nothing_printed)
{
    CLEANUP(buf_fini) struct buf out;
    struct metric m = calls();
    metric_add(&m, 0, 0, 1);
    metric_set(&m, 0, 0, 7);
    metric_observe(&m, 0, 0, 1);
    ck_assert_int_eq(metric_value(&m, 0, 0), 0);
    ck_assert_str_eq(printed(&m, &out), "");
}
END_TEST

static const int64_t bounds[] = {100, 2500, 1000000};

START_TEST(a_histogram_adds_its_buckets_up_and_ends_with_inf)
{
    CLEANUP(buf_fini) struct buf out;
    struct metric m = {.name = "wait_seconds",
                       .help = "Waits.",
                       .type = METRIC_HISTOGRAM,
                       .seconds = true,
                       .bounds = bounds,
                       .bounds_n = 3};
    ck_ok(metric_init(&m));
    metric_observe(&m, 0, 0, 0);
    metric_observe(&m, 0, 0, 100); /* a bound belongs to its bucket */
    metric_observe(&m, 0, 0, 101);
    metric_observe(&m, 0, 0, 3000000);
    ck_assert_str_eq(printed(&m, &out), "# HELP wait_seconds Waits.\n"
                                        "# TYPE wait_seconds histogram\n"
                                        "wait_seconds_bucket{le=\"0.000100\"} 2\n"
                                        "wait_seconds_bucket{le=\"0.002500\"} 3\n"
                                        "wait_seconds_bucket{le=\"1.000000\"} 3\n"
                                        "wait_seconds_bucket{le=\"+Inf\"} 4\n"
                                        "wait_seconds_sum 3.000201\n"
                                        "wait_seconds_count 4\n");
    ck_assert_int_eq(metric_value(&m, 0, 0), 4);
    metric_fini(&m);
}
END_TEST

START_TEST(a_histograms_label_stands_before_le)
{
    static const int64_t one[] = {1};
    CLEANUP(buf_fini) struct buf out;
    struct metric m = {.name = "n",
                       .help = "N.",
                       .type = METRIC_HISTOGRAM,
                       .labels = {{.name = "tool", .values = tools, .values_n = 1}},
                       .labels_n = 1,
                       .bounds = one,
                       .bounds_n = 1};
    ck_ok(metric_init(&m));
    metric_observe(&m, 0, 0, 2);
    ck_assert_str_eq(printed(&m, &out), "# HELP n N.\n# TYPE n histogram\n"
                                        "n_bucket{tool=\"confirm_match\",le=\"1\"} 0\n"
                                        "n_bucket{tool=\"confirm_match\",le=\"+Inf\"} 1\n"
                                        "n_sum{tool=\"confirm_match\"} 2\n"
                                        "n_count{tool=\"confirm_match\"} 1\n");
    metric_fini(&m);
}
END_TEST

START_TEST(a_gauge_is_what_it_was_set_to_last)
{
    CLEANUP(buf_fini) struct buf out;
    struct metric m = {.name = "g", .help = "G.", .type = METRIC_GAUGE, .seconds = true};
    ck_ok(metric_init(&m));
    metric_set(&m, 0, 0, 5);
    metric_set(&m, 0, 0, -1500000);
    ck_assert_str_eq(printed(&m, &out), "# HELP g G.\n# TYPE g gauge\ng -1.500000\n");
    metric_fini(&m);
}
END_TEST

static void *count(void *arg)
{
    for (int i = 0; i < 100000; i++) {
        metric_observe(arg, 0, 0, i % 200);
    }
    return NULL;
}

START_TEST(threads_lose_no_count)
{
    pthread_t threads[4];
    struct metric m = {
        .name = "h", .help = "H.", .type = METRIC_HISTOGRAM, .bounds = bounds, .bounds_n = 3};
    ck_ok(metric_init(&m));
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count, &m), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(metric_value(&m, 0, 0), 400000);
    metric_fini(&m);
}
END_TEST

START_TEST(seconds_are_exact_decimals)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, 256);
    metric_seconds_print(1, &out);
    buf_putc(&out, ' ');
    metric_seconds_print(INT64_MAX, &out);
    buf_putc(&out, ' ');
    metric_seconds_print(INT64_MIN, &out);
    ck_assert_str_eq(buf_text(&out), "0.000001 9223372036854.775807 -9223372036854.775808");
}
END_TEST

START_TEST(the_process_is_resident_and_has_files_open)
{
    struct metric_process p;
    metric_process(&p);
    ck_assert_int_gt(p.resident_bytes, 100000);
    ck_assert_int_ge(p.open_files, 3);
    ck_assert_int_lt(p.open_files, 1000);
}
END_TEST

TEST_MAIN("metrics", every_combination_is_printed_and_labels_are_escaped,
          an_index_past_the_end_is_the_last_value,
          before_it_is_initialised_nothing_is_counted_and_nothing_printed,
          a_histogram_adds_its_buckets_up_and_ends_with_inf, a_histograms_label_stands_before_le,
          a_gauge_is_what_it_was_set_to_last, threads_lose_no_count, seconds_are_exact_decimals,
          the_process_is_resident_and_has_files_open)
