/* Figures for Prometheus (text exposition format 0.0.4). A metric is a static struct with one cell
 * for every combination of its labels' values, all known beforehand: counting allocates nothing and
 * takes no lock, from any thread. Values are integers; those of a metric in seconds are counted in
 * microseconds and printed as decimal seconds, so that no floating point is involved.
 *
 *   static struct metric calls = {.name = "closegate_calls_total", .type = METRIC_COUNTER, ...};
 *   metric_add(&calls, tool, verdict, 1);
 *
 * Before metric_init counting is a no-op, so code under test needs no set-up. */
#ifndef COMMON_SYS_METRICS_H
#define COMMON_SYS_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

enum metric_type { METRIC_COUNTER = 0, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS_MAX 2

struct metric_label {
    const char *name;
    const char *const *values;
    size_t values_n;
};

struct metric {
    const char *name; /* [a-z_]+, with its unit: _total, _seconds, _bytes */
    const char *help; /* one sentence */
    enum metric_type type;
    bool seconds; /* values are microseconds */
    struct metric_label labels[METRIC_LABELS_MAX];
    size_t labels_n;
    const int64_t *bounds; /* of a histogram: upper bounds, inclusive, rising; +Inf is implied */
    size_t bounds_n;
    atomic_llong *cells; /* metric_init's */
};

/* The cells, all zero; free with metric_fini. Once; before other threads count. */
MUST_CHECK struct err metric_init(struct metric *m);
void metric_fini(struct metric *m);

/* `a` and `b` are indexes among the values of the first and second label; 0 where there is none. An
 * index past the end counts as the last value, which is therefore a good place for "other". */
void metric_add(struct metric *m, size_t a, size_t b, int64_t n);
void metric_set(struct metric *m, size_t a, size_t b, int64_t value);
void metric_observe(struct metric *m, size_t a, size_t b, int64_t value);

/* A counter's or gauge's value now; of a histogram how many were observed. */
int64_t metric_value(const struct metric *m, size_t a, size_t b);

/* HELP, TYPE and every cell. */
void metric_print(const struct metric *m, struct buf *out);

/* A figure that is read where it is kept: one metric without labels. */
void metric_print_one(const char *name, const char *help, enum metric_type type, int64_t value,
                      struct buf *out);

/* Text as a label's value stands between its quotes: \\, \" and \n are escaped. */
void metric_label_print(const char *value, struct buf *out);
/* "12.000345": microseconds as seconds. */
void metric_seconds_print(int64_t us, struct buf *out);

/* Microseconds of the monotonic clock, to measure with; not the time of day. */
int64_t metric_now_us(void);

/* Of this process; 0 when the kernel does not say. */
struct metric_process {
    int64_t resident_bytes, cpu_us, open_files;
};
void metric_process(struct metric_process *out);

#endif
