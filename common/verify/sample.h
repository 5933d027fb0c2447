/* Picking a sample from a numbered population so that anybody can pick it again, with a hash tool
 * and a spreadsheet: no generator with a state, no floating point (docs/PBC.md has the recipe, ADR
 * 0014 the reasons).
 *
 * Random: an item's rank is SHA-256 of
 *
 *     closegate-sample/1 LF <seed> LF <population> LF <seq> LF
 *
 * and the n smallest ranks are the sample. Each subset of n is as likely as any other, the order of
 * the population does not matter, and a larger sample of the same seed contains the smaller one.
 *
 * Monetary units (MUS), each currency apart: of the items with a positive amount, in order of seq,
 * laid end to end in minor units, every interval-th unit is hit, from unit `start` on (units count
 * from 1); what is hit is picked, once, however often. An item of at least an interval is so picked
 * for certain. start = 1 + (SHA-256 of
 *
 *     closegate-mus/1 LF <seed> LF <population> LF <currency> LF
 *
 * as a big-endian number) mod interval. Items without an amount, of zero and below have no units:
 * they are left out and counted, to be tested by themselves. */
#ifndef COMMON_VERIFY_SAMPLE_H
#define COMMON_VERIFY_SAMPLE_H

#include "common/base/arena.h"
#include "common/base/decimal.h"
#include "common/base/json.h"
#include "common/base/money.h"

#define SAMPLE_SEED_MAX 100
#define SAMPLE_N_MAX    10000

enum sample_method { SAMPLE_NONE = 0, SAMPLE_RANDOM, SAMPLE_MUS };

struct sample_plan {
    enum sample_method method;
    const char *seed;
    int64_t n; /* RANDOM: how many; MUS: per currency, unless there is an interval */
    const char
        *interval; /* MUS: major units, decimal text, of whatever currency; NULL: total / n */
};

/* ERR_INPUT with "seed", "n" or "interval" as its place. A seed is 1 to SAMPLE_SEED_MAX of
 * A-Z a-z 0-9 . _ -, so that it can be typed again and stand in a file's name. */
MUST_CHECK struct err sample_plan_check(const struct sample_plan *plan);
/* The plan as a document has it, and back: {"method":"none"|"random"|"mus","seed","n","interval"},
 * members that do not apply left out. */
struct json *sample_plan_print(struct arena *arena, const struct sample_plan *plan);
MUST_CHECK struct err sample_plan_read(const struct json *tree, struct sample_plan *plan);

struct sample_item {
    int64_t seq, minor;
    char cur[4]; /* "": no amount */
};

struct sample_pick {
    struct sample_item item;
    int64_t hits; /* MUS: monetary units hit; 1 otherwise */
    bool certain; /* MUS: of at least an interval */
};

/* What was drawn from: one for RANDOM (cur ""), one a currency for MUS. */
struct sample_stratum {
    char cur[4];
    int64_t items, left_out;
    int128 total;            /* minor units of the items */
    int64_t interval, start; /* MUS; 0: nothing to draw from */
    int64_t picked, hits;
};

struct sample {
    struct sample_stratum *strata; /* by currency */
    size_t strata_n;
    struct sample_pick *picks; /* by seq */
    size_t n;
};

/* `items` by rising seq. ERR_INPUT when the interval is none in a currency of the population. */
MUST_CHECK struct err sample_pick(struct arena *arena, const struct sample_plan *plan,
                                  const char *population, const struct sample_item *items, size_t n,
                                  struct sample *sample);

/* Minor units of `cur` as decimal text with all its digits. */
const char *minor_text(struct arena *arena, int128 minor, const char *cur);

#endif
