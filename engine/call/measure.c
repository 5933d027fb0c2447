/* The spine's metrics. Every combination of labels is printed, zero too, so that a rate has its
 * beginning; therefore tools and actor kinds are two metrics and not one product. */
#include "engine/call/measure.h"

#include <stdlib.h>

static const char *const verdicts[] = {"ok", "pending", "denied", "failed"};
static const char *const kinds[] = {"human", "llm", "engine", "none"};
static const char *const steps[] = {"queue", "plan", "gate", "apply", "record", "read"};
_Static_assert(sizeof steps / sizeof steps[0] == STEP_N, "a name for each step");

/* Microseconds. A gate decision takes fractions of one, a commit on a slow disk many thousands. */
static const int64_t step_us[] = {1,    5,     10,    50,     100,    500,     1000,
                                  5000, 10000, 50000, 100000, 500000, 1000000, 10000000};
static const int64_t commit_us[] = {100,   250,   500,    1000,   2500,   5000,   10000,
                                    25000, 50000, 100000, 250000, 500000, 1000000};
static const int64_t group_n[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

#define BOUNDS(list) .bounds = (list), .bounds_n = sizeof(list) / sizeof((list)[0])
#define VALUES(list) .values = (list), .values_n = sizeof(list) / sizeof((list)[0])

/* Its tools are filled in by measure_init; the last of them stands for what the engine calls on its
 * own account under no published name. */
static struct metric calls = {.name = "closegate_calls_total",
                              .help = "Calls that have their outcome, by tool and verdict.",
                              .type = METRIC_COUNTER,
                              .labels = {{.name = "tool"}, {.name = "verdict", VALUES(verdicts)}},
                              .labels_n = 2};
static struct metric by_actor = {
    .name = "closegate_calls_by_actor_total",
    .help = "The same calls, by the kind of their actor and verdict.",
    .type = METRIC_COUNTER,
    .labels = {{.name = "kind", VALUES(kinds)}, {.name = "verdict", VALUES(verdicts)}},
    .labels_n = 2};
static struct metric step_time = {
    .name = "closegate_call_step_seconds",
    .help = "How long each step of a call took: waiting for its turn, reading the facts (plan), "
            "deciding (gate), the effect (apply), the audit event (record); read: a read's own.",
    .type = METRIC_HISTOGRAM,
    .seconds = true,
    .labels = {{.name = "step", VALUES(steps)}},
    .labels_n = 1,
    BOUNDS(step_us)};
static struct metric group = {.name = "closegate_group_calls",
                              .help = "Calls that share one transaction and one fsync.",
                              .type = METRIC_HISTOGRAM,
                              BOUNDS(group_n)};
static struct metric commit = {.name = "closegate_commit_seconds",
                               .help = "How long a group's commit took, its fsync included.",
                               .type = METRIC_HISTOGRAM,
                               .seconds = true,
                               BOUNDS(commit_us)};

static struct metric *const all[] = {&calls, &by_actor, &step_time, &group, &commit};
#define ALL_N (sizeof all / sizeof all[0])

static const char **names;

static struct err names_make(void)
{
    size_t n = 0;
    while (sweeps[n] != NULL)
        n++;
    names = calloc(tools_n + n + 1, sizeof *names);
    ENSURE(names != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < tools_n; i++)
        names[i] = tools[i]->name;
    for (size_t i = 0; i < n; i++)
        names[tools_n + i] = sweeps[i]->name;
    names[tools_n + n] = "internal";
    calls.labels[0].values = names;
    calls.labels[0].values_n = tools_n + n + 1;
    return OK;
}

struct err measure_init(void)
{
    TRY(names_make());
    for (size_t i = 0; i < ALL_N; i++)
        TRY(metric_init(all[i]));
    return OK;
}

void measure_fini(void)
{
    for (size_t i = 0; i < ALL_N; i++)
        metric_fini(all[i]);
    free(names);
    names = NULL;
}

static size_t tool_index(const struct tool *tool)
{
    size_t i = 0;
    for (; i < tools_n; i++)
        if (tools[i] == tool)
            return i;
    for (; sweeps[i - tools_n] != NULL; i++)
        if (sweeps[i - tools_n] == tool)
            return i;
    return i; /* "internal" */
}

void measure_call(const struct call *c)
{
    /* What was not run has failed, whose kind is not known is of none: both stand last. */
    const size_t verdict = (size_t)c->outcome - CALL_OK, kind = (size_t)c->actor.kind - ACTOR_HUMAN;
    metric_add(&calls, tool_index(c->tool), verdict, 1);
    metric_add(&by_actor, kind, verdict, 1);
}

int64_t measure_step(enum step step, int64_t since_us)
{
    const int64_t now = metric_now_us();
    metric_observe(&step_time, step, 0, now - since_us);
    return now;
}

void measure_queue(int64_t queued_us, int64_t now_us)
{
    metric_observe(&step_time, STEP_QUEUE, 0, now_us > queued_us ? now_us - queued_us : 0);
}

void measure_group(size_t n)
{
    metric_observe(&group, 0, 0, (int64_t)n);
}

void measure_commit(int64_t since_us)
{
    metric_observe(&commit, 0, 0, metric_now_us() - since_us);
}

void measure_print(struct buf *out)
{
    for (size_t i = 0; i < ALL_N; i++)
        metric_print(all[i], out);
}
