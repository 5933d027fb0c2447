/* What a verdict with its clause costs: typical asks, each beside the floor, an empty function
 * called the same way in the same run. Best of several rounds. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/clock.h"
#include "tests/gate/world.h"

enum { ROUNDS = 400, CALLS = 1000 }; /* short rounds: the best one was not interrupted */

typedef struct verdict decide(const struct policy *policy, const struct ask *ask);

static struct verdict nothing(const struct policy *policy, const struct ask *ask)
{
    (void)policy;
    return (struct verdict){.row = ask->actor, .clause = "", .pointer = ""};
}

/* Nanoseconds a call, times 10. */
static int64_t measure(decide *volatile *how, const struct policy *policy, const struct ask *ask)
{
    int64_t best = INT64_MAX;
    size_t kept = 0;
    for (int r = 0; r < ROUNDS; r++) {
        int64_t begun = clock_ns(CLOCK_MONOTONIC);
        for (int i = 0; i < CALLS; i++)
            kept += (*how)(policy, ask).clause[0] != '\0';
        int64_t took = (clock_ns(CLOCK_MONOTONIC) - begun) * 10 / CALLS;
        best = took < best ? took : best;
    }
    if (kept > (size_t)ROUNDS * CALLS)
        abort();
    return best;
}

static void report(const char *name, const struct policy *policy, const struct ask *ask)
{
    decide *volatile gate = gate_decide, *volatile floor = nothing;
    struct verdict v = gate_decide(policy, ask);
    int64_t ns = measure(&gate, policy, ask), least = measure(&floor, policy, ask);
    printf("%-34s row %-5s %-5s %4ld.%ld ns, floor %ld.%ld ns\n", name, v.row,
           ruling_name(v.ruling), (long)(ns / 10), (long)(ns % 10), (long)(least / 10),
           (long)(least % 10));
}

static void point(struct world *w, const struct policy *p, size_t kind, enum level level,
                  size_t relation)
{
    const size_t choice[DIMS] = {[DIM_KIND] = kind, [DIM_LEVEL] = level, [DIM_RELATION] = relation};
    world_make(w, p, choice);
}

int main(void)
{
    struct arena *arena = arena_new((size_t)16 << 20);
    struct world w;
    if (arena == NULL)
        return EXIT_FAILURE;
    const struct policy *p = world_policies_load(arena).policy[POLICY_BELOW];
    point(&w, p, 0, LEVEL_SMALL, 0);
    report("the engine confirms a small match", p, &w.ask);
    point(&w, p, 0, LEVEL_ABOVE, 0);
    report("more than materiality", p, &w.ask);
    point(&w, p, 2, LEVEL_SINGLE, 0);
    report("a person confirms", p, &w.ask);
    point(&w, p, 2, LEVEL_SMALL, 2);
    report("a person confirms their own", p, &w.ask);
    point(&w, p, 1, LEVEL_SMALL, 0);
    report("an agent confirms", p, &w.ask);
    w.ask.frozen = true;
    report("a frozen agent", p, &w.ask);
    arena_free(arena);
    return EXIT_SUCCESS;
}
