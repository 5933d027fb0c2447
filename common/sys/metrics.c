/* Cells in one array, the second label's values beside each other; a histogram's cell is its
 * buckets (each counted alone, added up when printed), the one for +Inf, and the sum. */
#include "common/sys/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/invariant.h"

static size_t values_n(const struct metric *m, size_t label)
{
    return label < m->labels_n ? m->labels[label].values_n : 1;
}

static size_t cell_size(const struct metric *m)
{
    return m->type == METRIC_HISTOGRAM ? m->bounds_n + 2 : 1;
}

struct err metric_init(struct metric *m)
{
    INVARIANT(m->labels_n <= METRIC_LABELS_MAX && m->cells == NULL);
    m->cells = calloc(values_n(m, 0) * values_n(m, 1) * cell_size(m), sizeof *m->cells);
    ENSURE(m->cells != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

void metric_fini(struct metric *m)
{
    free(m->cells);
    m->cells = NULL;
}

static atomic_llong *cell(const struct metric *m, size_t a, size_t b)
{
    const size_t a_n = values_n(m, 0), b_n = values_n(m, 1);
    if (m->cells == NULL)
        return NULL;
    a = a < a_n ? a : a_n - 1;
    b = b < b_n ? b : b_n - 1;
    return &m->cells[(a * b_n + b) * cell_size(m)];
}

void metric_add(struct metric *m, size_t a, size_t b, int64_t n)
{
    atomic_llong *at = cell(m, a, b);
    if (at != NULL)
        atomic_fetch_add_explicit(at, n, memory_order_relaxed);
}

void metric_set(struct metric *m, size_t a, size_t b, int64_t value)
{
    atomic_llong *at = cell(m, a, b);
    if (at != NULL)
        atomic_store_explicit(at, value, memory_order_relaxed);
}

void metric_observe(struct metric *m, size_t a, size_t b, int64_t value)
{
    atomic_llong *at = cell(m, a, b);
    size_t i = 0;
    if (at == NULL)
        return;
    while (i < m->bounds_n && value > m->bounds[i])
        i++;
    atomic_fetch_add_explicit(&at[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&at[m->bounds_n + 1], value, memory_order_relaxed);
}

int64_t metric_value(const struct metric *m, size_t a, size_t b)
{
    const atomic_llong *at = cell(m, a, b);
    int64_t n = 0;
    if (at == NULL)
        return 0;
    if (m->type != METRIC_HISTOGRAM)
        return atomic_load_explicit(at, memory_order_relaxed);
    for (size_t i = 0; i <= m->bounds_n; i++)
        n += atomic_load_explicit(&at[i], memory_order_relaxed);
    return n;
}

/* ---- printing ---- */

void metric_label_print(const char *value, struct buf *out)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            buf_puts(out, "\\n");
        else if (*value == '\\' || *value == '"')
            buf_putf(out, "\\%c", *value);
        else
            buf_putc(out, *value);
    }
}

void metric_seconds_print(int64_t us, struct buf *out)
{
    const char *sign = us < 0 ? "-" : "";
    const uint64_t n = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    buf_putf(out, "%s%" PRIu64 ".%06" PRIu64, sign, n / 1000000, n % 1000000);
}

static void print_value(const struct metric *m, int64_t value, struct buf *out)
{
    if (m->seconds)
        metric_seconds_print(value, out);
    else
        buf_puti(out, value);
}

static const char *type_name(enum metric_type type)
{
    return type == METRIC_COUNTER ? "counter" : type == METRIC_GAUGE ? "gauge" : "histogram";
}

static void print_head(const char *name, const char *help, enum metric_type type, struct buf *out)
{
    buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type_name(type));
}

/* {tool="confirm_match",verdict="ok"}; `le` adds a histogram's bound. */
static void print_labels(const struct metric *m, const size_t at[METRIC_LABELS_MAX],
                         const struct str *le, struct buf *out)
{
    const char *before = "{";
    for (size_t i = 0; i < m->labels_n; i++) {
        buf_putf(out, "%s%s=\"", before, m->labels[i].name);
        metric_label_print(m->labels[i].values[at[i]], out);
        buf_putc(out, '"');
        before = ",";
    }
    if (le != NULL)
        buf_putf(out, "%sle=\"%.*s\"", before, (int)le->len, le->at);
    if (le != NULL || m->labels_n > 0)
        buf_putc(out, '}');
}

static void print_bucket(const struct metric *m, const size_t at[METRIC_LABELS_MAX], size_t i,
                         int64_t count, struct buf *out)
{
    struct buf bound;
    buf_init(&bound, 64);
    if (i == m->bounds_n)
        buf_puts(&bound, "+Inf");
    else
        print_value(m, m->bounds[i], &bound);
    const struct str le = buf_str(&bound);
    buf_putf(out, "%s_bucket", m->name);
    print_labels(m, at, &le, out);
    buf_putf(out, " %" PRId64 "\n", count);
    buf_fini(&bound);
}

/* The count is the last bucket, so that the two agree whatever is counted meanwhile. */
static void print_histogram(const struct metric *m, const size_t at[METRIC_LABELS_MAX],
                            const atomic_llong *c, struct buf *out)
{
    int64_t count = 0;
    const int64_t sum = atomic_load_explicit(&c[m->bounds_n + 1], memory_order_relaxed);
    for (size_t i = 0; i <= m->bounds_n; i++) {
        count += atomic_load_explicit(&c[i], memory_order_relaxed);
        print_bucket(m, at, i, count, out);
    }
    buf_putf(out, "%s_sum", m->name);
    print_labels(m, at, NULL, out);
    buf_putc(out, ' ');
    print_value(m, sum, out);
    buf_putf(out, "\n%s_count", m->name);
    print_labels(m, at, NULL, out);
    buf_putf(out, " %" PRId64 "\n", count);
}

static void print_cell(const struct metric *m, const size_t at[METRIC_LABELS_MAX], struct buf *out)
{
    const atomic_llong *c = cell(m, at[0], at[1]);
    if (m->type == METRIC_HISTOGRAM) {
        print_histogram(m, at, c, out);
        return;
    }
    buf_puts(out, m->name);
    print_labels(m, at, NULL, out);
    buf_putc(out, ' ');
    print_value(m, atomic_load_explicit(c, memory_order_relaxed), out);
    buf_putc(out, '\n');
}

void metric_print(const struct metric *m, struct buf *out)
{
    size_t at[METRIC_LABELS_MAX];
    if (m->cells == NULL)
        return;
    print_head(m->name, m->help, m->type, out);
    for (at[0] = 0; at[0] < values_n(m, 0); at[0]++)
        for (at[1] = 0; at[1] < values_n(m, 1); at[1]++)
            print_cell(m, at, out);
}

void metric_print_one(const char *name, const char *help, enum metric_type type, int64_t value,
                      struct buf *out)
{
    print_head(name, help, type, out);
    buf_putf(out, "%s %" PRId64 "\n", name, value);
}

/* ---- clock and process ---- */

int64_t metric_now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* What /proc says of this process: opened the first time and kept, so that a confined process
 * (confine.h) need not open anything there. -1 and NULL when that failed. */
static pthread_mutex_t about_lock = PTHREAD_MUTEX_INITIALIZER;
static bool about_opened;
static int about_memory = -1;
static DIR *about_files;

static void about_open(void)
{
    if (about_opened)
        return;
    about_opened = true;
    about_memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    about_files = opendir("/proc/self/fd");
}

/* The second number of statm: resident pages. */
static int64_t resident_bytes(void)
{
    char text[128] = "";
    ssize_t n = about_memory < 0 ? -1 : pread(about_memory, text, sizeof text - 1, 0);
    const char *second = n <= 0 ? NULL : strchr(text, ' ');
    return second == NULL ? 0 : strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* Entries but "." and "..", and but the one that reads them. */
static int64_t open_files(void)
{
    int64_t n = -3;
    if (about_files == NULL)
        return 0;
    rewinddir(about_files);
    while (readdir(about_files) != NULL)
        n++;
    return n < 0 ? 0 : n;
}

void metric_process(struct metric_process *out)
{
    struct rusage used = {0};
    (void)getrusage(RUSAGE_SELF, &used);
    pthread_mutex_lock(&about_lock);
    about_open();
    out->resident_bytes = resident_bytes();
    out->open_files = open_files();
    pthread_mutex_unlock(&about_lock);
    out->cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
                  used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}
