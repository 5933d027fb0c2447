/* The matching pass on entries that are also written as CSV, so that somebody else's engine can be
 * asked the same (bench_match.py). Two books:
 *   exact   each event has a reference of its own, on both sides; one in fifty is there twice, one
 *           in forty on one side only
 *   fuzzy   no references: the bank cuts and codes the names, days are late, amounts come again
 * Prints one JSON object: the times of the pass alone, and what it found.
 *   bench_match exact|fuzzy EVENTS FOLDER [ROUNDS] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "engine/recon/pass.h"
#include "tests/bench/clock.h"

struct books {
    struct arena *arena;
    struct recon_entry *entries;
    size_t n;
    uint64_t random;
};

static uint32_t draw(struct books *b, uint32_t below)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return (uint32_t)(b->random >> 20) % below;
}

static const char *const names[] = {"HALDEN",  "BRUNTON", "CASTELL", "DRUMMOND",  "ELVASTON",
                                    "FENWICK", "GARRICK", "HOLLAND", "INVERNESS", "JASMUND"};
static const char *const trades[] = {"FREIGHT", "MACHINERY", "CATERING", "SOFTWARE", "PACKAGING",
                                     "ROOFING", "TEXTILES",  "WELDING",  "OPTICS",   "RENTALS"};

static void add(struct books *b, const struct recon_entry *like, enum recon_side side,
                const char *text, int32_t late)
{
    struct recon_entry *e = &b->entries[b->n++];
    *e = *like;
    e->id = arena_fmt(b->arena, "%c%zu", side == RECON_BANK ? 'b' : 'g', b->n);
    e->side = side;
    e->text = text;
    e->day += late;
}

static struct recon_entry event_of(struct books *b, int64_t amount)
{
    return (struct recon_entry){.amount_minor = amount,
                                .day = 20000 + (int32_t)draw(b, 365),
                                .entity = 1,
                                .account = 1,
                                .cur = "USD"};
}

static void exact(struct books *b, size_t i)
{
    struct recon_entry e = event_of(b, 1000 + (int64_t)draw(b, 50000000));
    const char *text = arena_fmt(b->arena, "%s %s", names[i % 10], trades[i / 10 % 10]);
    e.reference = arena_fmt(b->arena, "INV-%08zu", i);
    uint32_t what = draw(b, 200);
    if (what >= 5)
        add(b, &e, RECON_BANK, text, 0);
    if (what >= 9)
        add(b, &e, RECON_BOOK, text, 0);
    if (what >= 5 && what < 9)
        add(b, &e, RECON_BANK, text, 0);
}

static void fuzzy(struct books *b, size_t i)
{
    struct recon_entry e = event_of(b, 1000 + (int64_t)draw(b, 400000));
    const char *name = names[draw(b, 10)], *trade = trades[draw(b, 10)];
    int cut = 4 + (int)draw(b, 5);
    add(b, &e, RECON_BANK,
        arena_fmt(b->arena, "ACH %s %.*s %u", name, cut, trade, draw(b, 9000000)),
        (int32_t)draw(b, 4));
    add(b, &e, RECON_BOOK, arena_fmt(b->arena, "%s %s %zu - Services", name, trade, i % 500), 0);
}

static void csv_write(const struct books *b, const char *folder)
{
    FILE *f[2];
    for (int side = 0; side < 2; side++) {
        const char *path =
            arena_fmt(b->arena, "%s/%s.csv", folder, side == RECON_BANK ? "bank" : "book");
        f[side] = path == NULL ? NULL : fopen(path, "w");
        if (f[side] == NULL)
            exit(EXIT_FAILURE);
        (void)fprintf(f[side], "id,entity,account,cur,amount,day,reference,text\n");
    }
    for (size_t i = 0; i < b->n; i++) {
        const struct recon_entry *e = &b->entries[i];
        (void)fprintf(f[e->side], "%s,%u,%u,%s,%" PRId64 ",%d,%s,%s\n", e->id, e->entity,
                      e->account, e->cur, e->amount_minor, e->day,
                      e->reference == NULL ? "" : e->reference, e->text);
    }
    if (fclose(f[0]) != 0 || fclose(f[1]) != 0)
        exit(EXIT_FAILURE);
}

static void pass_time(const struct books *b, const char *sep)
{
    struct recon_params params;
    struct recon_result *result = NULL;
    size_t sure = 0;
    recon_params_default(&params);
    int64_t wall = clock_us(CLOCK_MONOTONIC), cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    struct err e = recon_pass(b->entries, b->n, &params, &result);
    wall = clock_us(CLOCK_MONOTONIC) - wall;
    cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    if (e.kind != ERR_NONE) {
        (void)fprintf(stderr, "bench_match: %s\n", e.msg);
        exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < result->matches_n; i++)
        sure += !result->matches[i].ambiguous;
    printf("%s{\"wall_us\":%" PRId64 ",\"cpu_us\":%" PRId64
           ",\"matches\":%zu,\"unambiguous\":%zu,\"exceptions\":%zu}",
           sep, wall, cpu, result->matches_n, sure, result->exceptions_n);
    recon_result_free(result);
}

int main(int argc, char **argv)
{
    if (argc < 4 || (strcmp(argv[1], "exact") != 0 && strcmp(argv[1], "fuzzy") != 0)) {
        (void)fprintf(stderr, "usage: bench_match exact|fuzzy EVENTS FOLDER [ROUNDS]\n");
        return 64;
    }
    size_t events = strtoul(argv[2], NULL, 10), rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    struct books b = {.arena = arena_new((size_t)2 << 30), .random = UINT64_C(88172645463325252)};
    b.entries = calloc(2 * events + 1, sizeof *b.entries);
    if (b.arena == NULL || b.entries == NULL)
        return EXIT_FAILURE;
    for (size_t i = 0; i < events; i++)
        (strcmp(argv[1], "exact") == 0 ? exact : fuzzy)(&b, i);
    csv_write(&b, argv[3]);
    printf("[");
    for (size_t i = 0; i < rounds; i++)
        pass_time(&b, i == 0 ? "" : ",");
    printf("]\n");
    free(b.entries);
    arena_free(b.arena);
    return EXIT_SUCCESS;
}
