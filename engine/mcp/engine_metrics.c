/* The engine's figures for /metrics: what the spine counted, what the book holds (read on a reader
 * thread, so a scrape waits for no writer), the process. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "engine/call/feeder.h"
#include "engine/call/measure.h"
#include "engine/call/sweeper.h"
#include "engine/mcp/engine_own.h"
#include "engine/mcp/mcp_own.h"
#include "engine/store/escalations.h"
#include "engine/store/runs.h"

#define PAGE_BYTES  ((size_t)1024 * 1024)
#define ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define DAY_US      (INT64_C(86400) * 1000000)

/* One scrape, while the book is read. */
struct scrape {
    struct mcp *mcp;
    struct engine_host *host;
    struct web_req *web;
    struct arena *arena;
    int64_t waiting[ESCALATION_STALE + 1];
    int64_t runs[RUN_STATES], runs_failed;
};

/* On a reader thread. */
static struct err read_book(struct tx *tx, void *arg)
{
    struct scrape *s = arg;
    struct run *rows;
    size_t n;
    TRY(escalations_waiting(tx, s->waiting));
    TRY(runs_live(tx, s->arena, &rows, &n));
    for (size_t i = 0; i < n; i++)
        s->runs[rows[i].state]++;
    return runs_failed_since(tx, tx->now_us - DAY_US, &s->runs_failed);
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    metric_print_one(name, help, METRIC_GAUGE, value, out);
}

static void counter(struct buf *out, const char *name, const char *help, int64_t value)
{
    metric_print_one(name, help, METRIC_COUNTER, value, out);
}

static void print_book(const struct scrape *s, struct buf *out)
{
    buf_puts(out, "# HELP closegate_escalations_waiting Escalations that wait for a human.\n"
                  "# TYPE closegate_escalations_waiting gauge\n");
    for (unsigned i = ESCALATION_PENDING; i <= ESCALATION_STALE; i++)
        if (escalation_is_open((enum escalation_state)i))
            buf_putf(out, "closegate_escalations_waiting{state=\"%s\"} %" PRId64 "\n",
                     escalation_state_name((enum escalation_state)i), s->waiting[i]);
    buf_puts(out, "# HELP closegate_runs Workflow runs that are not over, by state.\n"
                  "# TYPE closegate_runs gauge\n");
    for (int i = RUN_QUEUED; i <= RUN_WAITING_HUMAN; i++)
        buf_putf(out, "closegate_runs{state=\"%s\"} %" PRId64 "\n",
                 fsm_state_name(&fsm_workflow_run, i), s->runs[i]);
    gauge(out, "closegate_runs_failed_last_day", "Workflow runs that failed in the last day.",
          s->runs_failed);
}

static int64_t log_bytes(const char *book_path)
{
    struct buf path;
    struct stat st = {0};
    if (book_path == NULL)
        return 0;
    buf_init(&path, 4096);
    buf_putf(&path, "%s-wal", book_path);
    if (path.failed || stat(buf_text(&path), &st) != 0)
        st.st_size = 0;
    buf_fini(&path);
    return st.st_size;
}

static void print_spine(const struct engine_host *h, struct buf *out)
{
    const struct spine_stats stats = spine_stats(h->options.spine);
    measure_print(out);
    counter(out, "closegate_groups_total", "Groups of calls that were committed or given up.",
            stats.groups);
    gauge(out, "closegate_calls_in_flight", "Calls and reads handed to the spine's threads.",
          stats.in_flight);
    gauge(out, "closegate_jobs", "Long work under way or waiting for its turn.", stats.jobs);
    gauge(out, "closegate_audit_head_seq", "The last audit event's number.", stats.head_seq);
    gauge(out, "closegate_book_writable", "1 while the book can be written.",
          spine_writable(h->options.spine));
    gauge(out, "closegate_wal_bytes", "Size of the write-ahead log.",
          log_bytes(h->options.book_path));
    counter(out, "closegate_wal_wraps_total",
            "Times a long write-ahead log was moved whole between two groups.", stats.log_wraps);
    counter(out, "closegate_auth_refused_total", "Callers refused at authentication.",
            auth_refused(h->options.auth));
}

/* Nothing where access tokens are not taken. */
static void print_tokens(const struct engine_host *h, struct buf *out)
{
    struct auth_token_stats stats;
    if (auth_resource(h->options.auth) == NULL)
        return;
    auth_token_stats(h->options.auth, &stats);
    gauge(out, "closegate_tokens_remembered", "Verified access tokens that are known now.",
          (int64_t)stats.remembered);
    buf_putf(out,
             "# HELP closegate_tokens_shown_total Access tokens shown, by whether they were known "
             "or had to be verified.\n"
             "# TYPE closegate_tokens_shown_total counter\n"
             "closegate_tokens_shown_total{known=\"yes\"} %" PRId64 "\n"
             "closegate_tokens_shown_total{known=\"no\"} %" PRId64 "\n",
             stats.hits, stats.misses);
    buf_puts(out,
             "# HELP closegate_tokens_refused_total Callers refused for their access token, or "
             "for want of one, by reason.\n"
             "# TYPE closegate_tokens_refused_total counter\n");
    for (int i = 0; i < AUTH_REASONS; i++)
        buf_putf(out, "closegate_tokens_refused_total{reason=\"%s\"} %" PRId64 "\n",
                 auth_reason_name((enum auth_reason)i), stats.refused[i]);
    const struct prover_stats prover = prover_stats(h->options.prover);
    gauge(out, "closegate_tokens_waiting", "Access tokens that wait to be verified.",
          (int64_t)prover.waiting);
    counter(out, "closegate_tokens_turned_away_total",
            "Access tokens not verified because too many waited.", prover.full);
}

static void print_sweeper(const struct sweeper *sweeper, struct buf *out)
{
    const struct sweeper_stats stats = sweeper_stats(sweeper);
    counter(out, "closegate_sweep_rounds_total", "Rounds of housekeeping begun.", stats.rounds);
    counter(out, "closegate_sweep_calls_total", "Calls of housekeeping.", stats.calls);
    counter(out, "closegate_sweep_acted_total", "Those that changed something.", stats.acted);
    counter(out, "closegate_sweep_failed_total", "Those that failed.", stats.failed);
}

/* Nothing without witnesses. */
static void print_witnesses(const struct engine_host *h, struct buf *out)
{
    struct feeder_stats stats;
    feeder_stats(h->feeder, &stats);
    if (stats.witnesses == 0)
        return;
    const int64_t waits_us = stats.oldest_us == 0 ? 0 : h->options.clock_us() - stats.oldest_us;
    gauge(out, "closegate_witnesses", "Witnesses that are configured.", (int64_t)stats.witnesses);
    gauge(out, "closegate_witnesses_answering", "Those whose last answer was a cosignature.",
          (int64_t)stats.answering);
    gauge(out, "closegate_anchored_seq", "The last event that a quorum of witnesses has cosigned.",
          stats.anchored);
    gauge(out, "closegate_unanchored_seconds", "How long the oldest event waits for its quorum.",
          waits_us / 1000000);
    gauge(out, "closegate_changes_held", "1 while changes are refused for want of witnesses.",
          stats.held);
    counter(out, "closegate_cosignatures_total", "Cosignatures kept.", stats.cosigned);
    counter(out, "closegate_cosignatures_failed_total", "Witnesses asked in vain.", stats.failed);
}

static void print_seconds(struct buf *out, const char *name, const char *help, const char *type,
                          int64_t us)
{
    buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, type, name);
    metric_seconds_print(us, out);
    buf_putc(out, '\n');
}

static void print_process(const struct engine_host *h, struct buf *out)
{
    struct metric_process process;
    metric_process(&process);
    print_seconds(out, "process_start_time_seconds", "When the engine began, since 1970.", "gauge",
                  h->started_us);
    print_seconds(out, "process_cpu_seconds_total", "Processor time of all its threads.", "counter",
                  process.cpu_us);
    gauge(out, "process_resident_memory_bytes", "Resident memory.", process.resident_bytes);
    gauge(out, "process_open_fds", "Open file descriptors.", process.open_files);
}

/* Without the book's own figures when it cannot be read: a scrape must say so, not vanish. */
static void on_read(struct err e, void *arg)
{
    struct scrape *s = arg;
    struct buf out;
    buf_init(&out, PAGE_BYTES);
    print_spine(s->host, &out);
    print_tokens(s->host, &out);
    if (s->host->sweeper != NULL)
        print_sweeper(s->host->sweeper, &out);
    print_witnesses(s->host, &out);
    gauge(&out, "closegate_book_readable", "1 when the book could be read for these figures.",
          e.kind == ERR_NONE);
    if (e.kind == ERR_NONE)
        print_book(s, &out);
    print_process(s->host, &out);
    mcp_metrics_reply(s->mcp, s->web, &out);
    buf_fini(&out);
    arena_free(s->arena); /* s lives in it */
}

void engine_metrics(struct mcp *mcp, struct web_req *web)
{
    struct engine_host *h = mcp->host->ctx;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct scrape *s = arena == NULL ? NULL : ARENA_NEW(arena, struct scrape);
    if (s == NULL) {
        arena_free(arena);
        web_refuse(web, 503, "no memory for this request");
        return;
    }
    *s = (struct scrape){.mcp = mcp, .host = h, .web = web, .arena = arena};
    struct err e = spine_read(h->options.spine, arena, read_book, on_read, s);
    if (e.kind != ERR_NONE)
        on_read(e, s);
}
