/* Torture: flows of the engine's work (torture_flows.c), done again and again with the n-th
 * allocation, the n-th call of SQLite's file system or the n-th call for a file of ours failing,
 * alone or with all that follow, and each time judged (torture_judge.c). A flow is first done
 * without a fault, which tells how many points there are; each point is a process of its own, on a
 * copy of the book. The same point is the same again, but where threads prove a policy.
 *
 * A process that stops for want of memory for a digest or a signature (an invariant of
 * common/sys/crypt*.c) has said nothing to anybody; then the book it left is judged. */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef TORTURE_SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

#include "tests/fault/torture.h"

#define POINT_SECONDS 120

static const char usage[] =
    "torture [--points N | --all [--slice I/M]] [--seed N] [--flow NAME] [--fault KIND]\n"
    "        [--at N [--for-good]]\n"
    "  --points    so many, drawn by the seed over all flows and kinds of fault (400)\n"
    "  --all       every one; with --slice the I-th part of M, from 0\n"
    "  --flow      of this flow alone, or of several (a,b); --fault: memory, database or files\n"
    "  --at        this point alone, of one flow and kind; --for-good: and all that follow fail\n"
    "Exit: 0 all of it held, 1 a finding (which is named so that it can be run alone), 64 usage.\n";

struct options {
    uint64_t points, seed, at, slice, slices;
    const char *flow, *fault;
    bool all, for_good;
};

/* What the children leave. */
struct shared {
    char finding[2000];
    struct clean clean;
    bool hit;
};

static struct shared *shared;
enum fault judge_fault;
static uint64_t dice, findings, done, stops, unhit;

void judge_fails(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(shared->finding, sizeof shared->finding, fmt, ap);
    va_end(ap);
    _exit(1);
}

static uint64_t roll(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice >> 11;
}

/* ---- one flow ---- */

size_t flow_run(const struct flow *flow, struct told *told)
{
    struct engine *e = engine_new();
    size_t i = 0;
    world_process_new();
    engine_ready(e, &flow->acts[0]);
    while (i < ACTS_MAX && act_is(&flow->acts[i])) {
        engine_act(e, flow, i, &told[i]);
        if (told[i].outcome != act_wants(&flow->acts[i], &told[i])) {
            i++;
            break;
        }
        i++;
    }
    engine_free(e);
    return i;
}

/* ---- children ---- */

/* Its end, as waitpid says; what it wrote to standard error is in `said`. */
static int child_wait(pid_t pid, FILE *to, char *said, size_t size)
{
    int status;
    while (waitpid(pid, &status, 0) != pid)
        ;
    rewind(to);
    const size_t n = fread(said, 1, size - 1, to);
    said[n] = '\0';
    return status;
}

typedef void child_fn(const struct flow *flow, const void *arg);

static int child(child_fn *fn, const struct flow *flow, const void *arg, char *said, size_t size)
{
    FILE *to = tmpfile();
    (void)fflush(stdout);
    shared->finding[0] = '\0';
    const pid_t pid = fork();
    if (to == NULL || pid < 0)
        world_broken("no child can be made");
    if (pid == 0) {
        (void)dup2(fileno(to), STDERR_FILENO);
        (void)alarm(POINT_SECONDS);
        fn(flow, arg);
        _exit(0);
    }
    const int status = child_wait(pid, to, said, size);
    (void)fclose(to);
    return status;
}

/* ---- without a fault ---- */

static void clean_child(const struct flow *flow, const void *arg)
{
    struct told told[ACTS_MAX];
    (void)arg;
    world_take(flow->from);
    fault_set(FAULT_MEMORY, 0, false);
    (void)flow_run(flow, told);
    judge_clean(flow, told, &shared->clean);
}

/* Twice in this process, so that what is made once is there: every child begins with it. */
static void warm_up(const struct flow *flow)
{
    struct told told[ACTS_MAX];
    fault_set(FAULT_MEMORY, 0, false);
    for (int i = 0; i < 2; i++) {
        world_take(flow->from);
        (void)flow_run(flow, told);
    }
}

static void clean_run(const struct flow *flow)
{
    char said[2000];
    shared->clean = (struct clean){0};
    warm_up(flow);
    if (child(clean_child, flow, NULL, said, sizeof said) != 0)
        world_broken("%s fails without a fault: %s%s", flow->name, shared->finding, said);
}

/* ---- one point ---- */

struct point {
    enum fault fault;
    uint64_t at;
    bool for_good;
};

/* What was allocated while the product worked is freed again. */
static void leaks_none(int64_t before)
{
    OPENSSL_thread_stop(); /* what it keeps of the errors of this thread */
#ifdef TORTURE_SANITIZED
    (void)before;
    if (__lsan_do_recoverable_leak_check() != 0)
        judge_fails("allocations are not freed");
#else
    const int64_t left = fault_live() - before;
    if (left > 0)
        judge_fails("%lld allocations are not freed", (long long)left);
#endif
}

static void point_child(const struct flow *flow, const void *arg)
{
    const struct point *p = arg;
    struct told told[ACTS_MAX];
    world_take(flow->from);
    OPENSSL_thread_stop();
    const int64_t before = fault_live();
    fault_set(p->fault, p->at, p->for_good);
    const size_t tried = flow_run(flow, told);
    shared->hit = fault_hit();
    leaks_none(before);
    judge(flow, &shared->clean, told, tried);
}

static void stopped_child(const struct flow *flow, const void *arg)
{
    (void)arg;
    judge_stopped(flow, &shared->clean);
}

static bool may_stop(const struct point *p, int status, const char *said)
{
    const char *broken = strstr(said, "invariant broken:");
    return p->fault == FAULT_MEMORY && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           broken != NULL && strstr(broken, "common/sys/crypt") != NULL;
}

static void finding_tell(const struct flow *flow, const struct point *p, int status,
                         const char *said)
{
    findings++;
    printf("# torture --flow %s --fault %s --at %" PRIu64 "%s\n", flow->name, fault_name(p->fault),
           p->at, p->for_good ? " --for-good" : "");
    if (WIFSIGNALED(status))
        printf("#   the process ended by signal %d\n", WTERMSIG(status));
    for (const char *at = shared->finding; *at != '\0';) {
        const size_t n = strcspn(at, "\n");
        printf("#   %.*s\n", (int)n, at);
        at += n + (at[n] == '\n');
    }
    for (const char *at = said; *at != '\0';) {
        const size_t n = strcspn(at, "\n");
        printf("#     %.*s\n", (int)n, at);
        at += n + (at[n] == '\n');
    }
}

static void point(const struct flow *flow, const struct point *p)
{
    static char said[6000];
    judge_fault = p->fault;
    shared->hit = false;
    int status = child(point_child, flow, p, said, sizeof said);
    if (may_stop(p, status, said)) {
        stops++;
        status = child(stopped_child, flow, NULL, said, sizeof said);
        shared->hit = true;
    }
    done++;
    unhit += !shared->hit;
    if (status != 0)
        finding_tell(flow, p, status, said);
}

/* ---- many ---- */

/* Even over the whole, each at a place of its part that the seed draws. */
static uint64_t points_drawn(const struct flow *flow, enum fault fault, uint64_t n, uint64_t want)
{
    want = want < n ? want : n;
    for (uint64_t i = 0; i < want; i++) {
        const uint64_t from = n * i / want, to = n * (i + 1) / want;
        const struct point p = {
            .fault = fault, .at = 1 + from + roll() % (to - from), .for_good = roll() % 3 == 0};
        point(flow, &p);
    }
    return want;
}

static uint64_t points_all(const struct flow *flow, enum fault fault, uint64_t n,
                           const struct options *o)
{
    uint64_t made = 0;
    for (uint64_t i = 0; i < 2 * n; i++) {
        if (i % o->slices != o->slice)
            continue;
        const struct point p = {.fault = fault, .at = 1 + i / 2, .for_good = i % 2 == 1};
        point(flow, &p);
        made++;
    }
    return made;
}

/* In a list with commas. */
static bool is_named(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = list; at != NULL;
         at = strchr(at, ',') == NULL ? NULL : strchr(at, ',') + 1) {
        if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

static bool is_wanted(const struct options *o, const struct flow *flow, enum fault fault)
{
    return (o->flow == NULL || is_named(o->flow, flow->name)) &&
           (o->fault == NULL || strcmp(o->fault, fault_name(fault)) == 0);
}

static int plan(const struct options *o)
{
    int n = 0;
    for (size_t i = 0; i < flows_n; i++) {
        for (int k = 0; k < FAULT_N; k++)
            n += is_wanted(o, &flows[i], (enum fault)k);
    }
    return n;
}

static void kind_run(const struct options *o, const struct flow *flow, enum fault fault, int number)
{
    const uint64_t n = shared->clean.counts[fault], before = findings;
    uint64_t made;
    /* the same points, whatever else is wanted */
    dice = (o->seed + 1 + (uint64_t)(flow - flows) * FAULT_N + (uint64_t)fault) *
               UINT64_C(0x9e3779b97f4a7c15) |
           1;
    if (o->at > 0) {
        const struct point p = {.fault = fault, .at = o->at, .for_good = o->for_good};
        point(flow, &p);
        made = 1;
    } else if (o->all) {
        made = points_all(flow, fault, n, o);
    } else {
        made =
            points_drawn(flow, fault, n, (o->points + (uint64_t)plan(o) - 1) / (uint64_t)plan(o));
    }
    printf("%s %d - %s: %s, %" PRIu64 " of %" PRIu64 " points\n",
           findings == before ? "ok" : "not ok", number, flow->name, fault_name(fault), made, n);
    (void)fflush(stdout);
}

static void flow_torture(const struct options *o, const struct flow *flow, int *number)
{
    bool any = false;
    for (int k = 0; k < FAULT_N; k++)
        any |= is_wanted(o, flow, (enum fault)k);
    if (!any)
        return;
    clean_run(flow);
    for (int k = 0; k < FAULT_N; k++) {
        if (is_wanted(o, flow, (enum fault)k))
            kind_run(o, flow, (enum fault)k, ++*number);
    }
}

/* ---- the program ---- */

static bool number_read(const char *text, uint64_t *n)
{
    char *end;
    *n = strtoull(text, &end, 10);
    return text[0] != '\0' && *end == '\0';
}

static bool slice_read(const char *text, struct options *o)
{
    return sscanf(text, "%" SCNu64 "/%" SCNu64, &o->slice, &o->slices) == 2 && o->slice < o->slices;
}

static bool option_read(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--points") == 0)
        return number_read(value, &o->points) && o->points > 0;
    if (strcmp(name, "--seed") == 0)
        return number_read(value, &o->seed);
    if (strcmp(name, "--at") == 0)
        return number_read(value, &o->at) && o->at > 0;
    if (strcmp(name, "--slice") == 0)
        return slice_read(value, o);
    if (strcmp(name, "--flow") == 0)
        o->flow = value;
    else if (strcmp(name, "--fault") == 0)
        o->fault = value;
    else
        return false;
    return true;
}

static bool options_read(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            o->all = true;
        else if (strcmp(argv[i], "--for-good") == 0)
            o->for_good = true;
        else if (i + 1 >= argc || !option_read(o, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    return o->at == 0 || (o->flow != NULL && o->fault != NULL);
}

int main(int argc, char **argv)
{
    struct options o = {.points = 400, .seed = 20261121, .slices = 1};
    int number = 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!options_read(argc, argv, &o) || plan(&o) == 0) {
        (void)fputs(usage, stderr);
        return 64;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return EXIT_FAILURE;
    fault_install();
    tzset(); /* what the first line of the log would have the C library keep */
    world_begin();
    printf("1..%d\n", plan(&o));
    for (size_t i = 0; i < flows_n; i++)
        flow_torture(&o, &flows[i], &number);
    printf("# seed %" PRIu64 ": %" PRIu64 " points, %" PRIu64 " findings; at %" PRIu64
           " the process stopped, at %" PRIu64 " nothing was left to fail\n",
           o.seed, done, findings, stops, unhit);
    world_end();
    return findings == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
