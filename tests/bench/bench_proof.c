/* What a proof costs: processor time alone, and the clock with a part on each of two processors.
 * For each policy file given, or the tests' own policies. One run each: a proof is long enough.
 * bench_gate says what a verdict costs alone. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/sys/disk.h"
#include "common/sys/yaml_read.h"
#include "engine/gate/proof.h"
#include "tests/bench/clock.h"
#include "tests/gate/world.h"

static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct err load(struct arena *arena, const char *file, struct proof_of *of)
{
    struct str text;
    struct json *tree;
    struct policy *policy;
    TRY(disk_read(arena, file, (size_t)1 << 20, &text));
    TRY(yaml_read(arena, text, &tree));
    TRY(policy_load(arena, tree, digest, &policy));
    *of = (struct proof_of){.policy = policy, .tree = tree};
    return OK;
}

/* A part on a processor of its own, as an engine proves it (engine/call/admit.c). */
struct part {
    struct proof_of of;
    struct proof_report report;
    struct err err;
};

static void *part_run(void *arg)
{
    struct part *p = arg;
    struct arena *arena = arena_new((size_t)256 << 20);
    p->err = arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                           : policy_prove(arena, &p->of, &p->report);
    arena_free(arena);
    return NULL;
}

/* Milliseconds by the clock with two parts at once; -1 when that could not be. */
static int64_t prove_on_two(const struct proof_of *of)
{
    struct part parts[2] = {{.of = *of}, {.of = *of}};
    pthread_t thread;
    int64_t begun = clock_ns(CLOCK_MONOTONIC);
    parts[0].of.parts = parts[1].of.parts = 2;
    parts[1].of.part = 1;
    if (pthread_create(&thread, NULL, part_run, &parts[1]) != 0)
        return -1;
    (void)part_run(&parts[0]);
    (void)pthread_join(thread, NULL);
    bool done = parts[0].err.kind == ERR_NONE && parts[1].err.kind == ERR_NONE;
    return done ? (clock_ns(CLOCK_MONOTONIC) - begun) / 1000000 : -1;
}

static int prove(struct arena *arena, const char *name, const struct proof_of *of)
{
    struct proof_report r;
    int64_t begun = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct err e = policy_prove(arena, of, &r);
    int64_t took = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begun;
    if (e.kind != ERR_NONE) {
        printf("%s: %s\n", name, e.msg);
        return EXIT_FAILURE;
    }
    printf("%-32s %s, %8lu points (%lu allowed), %8lu verdicts: %4ld ms of processor, %ld ns a "
           "point, %ld ns a verdict%s; %ld ms on two\n",
           name, r.holds ? "holds" : "BROKEN", (unsigned long)r.points, (unsigned long)r.allowed,
           (unsigned long)r.decided, (long)(took / 1000000), (long)(took / (int64_t)r.points),
           (long)(took / (int64_t)r.decided), r.whole ? "" : ", in part", (long)prove_on_two(of));
    if (!r.holds)
        printf("  %s: %s (row %s %s %s)\n", r.finding.invariant, r.finding.what,
               r.finding.verdict.row, ruling_name(r.finding.verdict.ruling),
               reason_name(r.finding.verdict.reason));
    return r.holds ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int code = EXIT_SUCCESS;
    for (int i = 1; i < argc; i++) {
        struct arena *arena = arena_new((size_t)256 << 20);
        struct proof_of of;
        struct err e = load(arena, argv[i], &of);
        if (e.kind != ERR_NONE)
            printf("%s: %s %s\n", argv[i], e.where, e.msg);
        code |= e.kind != ERR_NONE || prove(arena, argv[i], &of) != 0;
        arena_free(arena);
    }
    if (argc > 1)
        return code;
    struct arena *arena = arena_new((size_t)256 << 20);
    const struct world_policies w = world_policies_load(arena);
    for (int i = 0; i < WORLD_POLICIES; i++) {
        const struct proof_of of = {.policy = w.policy[i], .tree = w.tree[i]};
        code |= prove(arena, "the tests' policy", &of);
    }
    arena_free(arena);
    return code;
}
